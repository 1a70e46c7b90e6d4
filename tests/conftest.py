"""Shared fixtures: the tiny encoder, a small labelled folder, where real data may lie."""

import json
from pathlib import Path

import pytest
import torch

from nlpengine.testing import tiny_encoder

torch.set_num_threads(1)  # tiny models: threads would only wait for each other

DATA = Path(__file__).parents[1].parent / "shared" / "data"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT folder."""
    return tiny_encoder(tmp_path_factory.mktemp("tiny") / "bert")


@pytest.fixture(scope="session")
def real_data():
    """Folder name → path of a real data set; skips where it isn't there."""

    def find(name: str) -> Path:
        path = DATA / name
        if not path.exists():
            pytest.skip(f"real data {name} is not here")
        return path

    return find


GOOD = ("the soup was good", "a great film", "love the hotel", "very fine service i love it")
BAD = ("the soup was awful", "a dull bad film", "hate the hotel", "very slow service i hate it")


@pytest.fixture(scope="session")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train, dev and test in JSONL: easy, two classes."""
    folder = tmp_path_factory.mktemp("reviews")
    numbers = {"train": range(12), "dev": range(12, 16), "test": range(16, 22)}
    for split, chosen in numbers.items():
        rows = []
        for number in chosen:
            rows += [
                {"id": f"{split}-{number}-{label}", "text": f"{text} {number}", "label": label}
                for label, texts in (("pos", GOOD), ("neg", BAD))
                for text in [texts[number % 4]]
            ]
        (folder / f"{split}.jsonl").write_text(
            "".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8"
        )
    return folder


@pytest.fixture(scope="session")
def finished_run(tiny: Path, reviews: Path, tmp_path_factory: pytest.TempPathFactory):
    """A run of the tiny encoder on the reviews."""
    from nlpengine import Engine

    output = tmp_path_factory.mktemp("runs") / "run"
    return Engine().run(
        "sentiment", encoder=str(tiny), data=str(reviews), output=output, epochs=10, lr=3e-3,
        batch_size=8, warmup=0.1,
    )  # fmt: skip
