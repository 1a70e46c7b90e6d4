"""Fixtures for the tests of plugin authors.

No entry point loads them into everybody's pytest; ask for them where they are wanted::

    pytest_plugins = ["nlpengine.testing.fixtures"]  # in a test module or the root conftest.py
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from nlpengine.engine import Engine
from nlpengine.testing.tiny import tiny_encoder, tiny_encoder_of

ROWS = {
    "glad": ("a good film", "the soup was good", "love the hotel", "very fine service i love it"),
    "sad": ("a bad film", "the soup was bad", "hate the hotel", "very slow service i hate it"),
}
SPLITS = {"train": range(6), "dev": range(6, 8), "test": range(8, 10)}

MakeEncoder = Callable[[str], Path]


@dataclass(frozen=True)
class Ended:
    """A command that has ended.

    Attributes:
        code: Its exit code.
        out: What it printed on standard output.
        err: What it printed on standard error.
    """

    code: int
    out: str
    err: str


Command = Callable[..., Ended]


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny BERT: ``encoder=str(tiny_bert)``."""
    return tiny_encoder(tmp_path_factory.mktemp("tiny") / "bert")


@pytest.fixture(scope="session")
def tiny_encoders(tmp_path_factory: pytest.TempPathFactory) -> MakeEncoder:
    """Family (a ``model_type`` of the core) → the folder of a tiny encoder of it, made once."""
    home, made = tmp_path_factory.mktemp("tiny-encoders"), dict[str, Path]()

    def call(family: str) -> Path:
        if family not in made:
            made[family] = tiny_encoder_of(family, home / family)
        return made[family]

    return call


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with train, dev and test as JSONL: texts of two labels, easily told apart."""
    folder = tmp_path_factory.mktemp("tiny-data")
    for split, numbers in SPLITS.items():
        rows = [
            {"text": f"{texts[number % 4]} {number}", "label": label}
            for number in numbers
            for label, texts in ROWS.items()
        ]
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    return folder


@pytest.fixture
def engine() -> Engine:
    """An engine of its own."""
    return Engine()


@pytest.fixture
def nlpengine(capsys: pytest.CaptureFixture[str]) -> Command:
    """The command line in this process: ``nlpengine("tasks", "--json").out``."""
    # As the shell finds it: what commands import may import this.
    (script,) = {
        e.value: e for e in entry_points(group="console_scripts", name="nlpengine")
    }.values()
    main = script.load()

    def call(*words: object) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        printed = capsys.readouterr()
        return Ended(int(stop.value.code or 0), printed.out, printed.err)

    return call
