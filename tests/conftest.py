"""Shared fixtures: the tiny encoder, a small labelled folder, a Hub without network, real data."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from nlpengine.testing import tiny_encoder


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """For tiny models threads only wait for each other; commands set as many as there are."""
    torch.set_num_threads(1)


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


# --- a Hub without a network ----------------------------------------------------------------------

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    """``cache`` is the Hub's cache; ``online`` holds what `snapshot_download` would fetch."""

    cache: Path
    online: dict[str, Path] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)

    def publish(self, hub_id, folder, *, fetched=False):
        """Have a folder as a repository; ``fetched``: all of it is in the cache already."""
        self.online[hub_id] = folder
        if fetched:
            self.fetch(hub_id, ["*"])

    def fetch(self, hub_id, patterns):
        """Copy files into the cache, in its real layout."""
        root = self.cache / f"models--{hub_id.replace('/', '--')}"
        snapshot = root / "snapshots" / COMMIT
        snapshot.mkdir(parents=True, exist_ok=True)
        (root / "refs").mkdir(exist_ok=True)
        (root / "refs" / "main").write_text(COMMIT)
        for path in self.online[hub_id].iterdir():
            if any(path.match(pattern) for pattern in patterns):
                shutil.copyfile(path, snapshot / path.name)
        return str(snapshot)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A `FakeHub` that huggingface_hub and nlpengine see, with the network on."""
    import huggingface_hub
    from huggingface_hub import constants

    fake = FakeHub(tmp_path / "hub")
    fake.cache.mkdir()
    real = huggingface_hub.snapshot_download

    def snapshot_download(hub_id, *, revision=None, allow_patterns, local_files_only):
        fake.asked.append((hub_id, revision or "", *([] if local_files_only else ["network"])))
        if local_files_only:
            return real(hub_id, revision=revision, local_files_only=True, cache_dir=fake.cache)
        if hub_id not in fake.online or revision not in (None, "main", COMMIT):
            raise FileNotFoundError(f"404: {hub_id} is not there")
        return fake.fetch(hub_id, allow_patterns)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(fake.cache))
    monkeypatch.setenv("NLPENGINE_HOME", str(tmp_path / "home"))
    return fake


@pytest.fixture
def pickled(tiny, tmp_path):
    """The tiny encoder as it might be published: pytorch_model.bin, with a tied output layer."""
    folder = Path(shutil.copytree(tiny, tmp_path / "pickled"))
    tensors = load_file(folder / "model.safetensors")
    tensors["cls.predictions.decoder.weight"] = tensors["embeddings.word_embeddings.weight"]
    torch.save(tensors, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    return folder
