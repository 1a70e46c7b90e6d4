"""What the checks of a task look at: the task, a few rows, and all that the core makes of them."""

from __future__ import annotations

import copy
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from nlpengine.data import Origin, Record
from nlpengine.encoding import Encoding
from nlpengine.plugin.contract import Task
from nlpengine.plugin.manager import PluginManager
from nlpengine.plugin.prediction import WindowLogits
from nlpengine.testing.checking import require
from nlpengine.testing.tiny import WORDS, tiny_encoder

ROWS = 8
LEAST_ROWS = 3
WINDOW = 96
"""Tokens that the tiny encoder takes."""

Fields = Mapping[str, Any]
UNIT = (-1.0, 1.0)


@dataclass
class Subject:
    """A task under test.

    Attributes:
        task: The task.
        records: Labelled rows, under the task's own field names; three or more.
        folder: An empty folder, for files.
        options: The task's, where not its defaults.
        best: What the main metric of perfect predictions is.
        bounds: Metric → least and greatest value, where those aren't -1 and 1.
        kept: What checks make once for each other.
    """

    task: Task[Any]
    records: Sequence[Fields]
    folder: Path
    options: Fields = field(default_factory=dict)
    best: float = 1.0
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(
            len(self.records) >= LEAST_ROWS,
            f"{len(self.records)} records: give at least {LEAST_ROWS}, with two labels or more",
        )
        # Before anything was done with it: what it learns must not be in the object.
        self._pristine = _copied(self.task)

    def fresh(self) -> Task[Any]:
        """The task as it was before anything was done with it."""
        return _copied(self._pristine)

    @property
    def rows(self) -> list[Fields]:
        """Eight rows: the records, from the start again where there are fewer."""
        return list(itertools.islice(itertools.cycle(self.records), ROWS))

    @cached_property
    def encoder(self) -> Path:
        """A tiny encoder without dropout, whose vocabulary is the rows' words."""
        words = re.findall(r"\w+", json.dumps(list(self.records), ensure_ascii=False).lower())
        known = dict.fromkeys([*WORDS, *words])
        return tiny_encoder(
            self.folder / "encoder", max_length=WINDOW, words=known, dropout=0.0, layers=1
        )

    @cached_property
    def data(self) -> Path:
        """A folder with the eight rows as train, dev and test."""
        folder = self.folder / "data"
        folder.mkdir()
        lines = "".join(json.dumps(dict(row)) + "\n" for row in self.rows)
        for split in ("train", "dev", "test"):
            (folder / f"{split}.jsonl").write_text(lines, encoding="utf-8")
        return folder

    @cached_property
    def plugins(self) -> PluginManager:
        """A manager that gives the task."""
        return manager_of(self.task)

    def prepare(self, plugins: PluginManager | None = None) -> Any:
        """Read, check and encode the rows as a run does; a fresh encoder and head each time."""
        from nlpengine.encoders.device import choose_device
        from nlpengine.workflow.config import make_config
        from nlpengine.workflow.listener import Listener, Listeners
        from nlpengine.workflow.prepare import prepare

        plugins = plugins or self.plugins
        config = make_config(
            {
                "task": self.task.name, "encoder": str(self.encoder), "data": str(self.data),
                "options": dict(self.options), "epochs": 1, "lr": 3e-3, "batch_size": ROWS,
                "baseline": False, "device": "cpu", "precision": "fp32",
            }
        )  # fmt: skip
        device = choose_device("cpu", "fp32")
        return prepare(config, plugins.task(self.task.name), device, plugins, Listeners(Listener()))

    @cached_property
    def prepared(self) -> Any:
        """One such preparation, shared by the checks that change nothing of it."""
        return self.prepare()

    @cached_property
    def model(self) -> Any:
        """Its model, with a head that is far from zero, so that predictions differ."""
        return stirred(self.prepare().model)

    @cached_property
    def examples(self) -> list[Any]:
        """The eight examples, reviewed."""
        return list(self.prepared.read.train)

    @cached_property
    def encodings(self) -> list[Encoding]:
        """Their windows in training."""
        return list(self.prepared.training.encodings)

    @cached_property
    def windows(self) -> list[list[WindowLogits]]:
        """Their windows in prediction, with the stirred model's logits."""
        grouped: list[list[WindowLogits]] = self.model.windows(
            len(self.examples), self.model.encode(self.examples)
        )
        return grouped

    def adapt(self, row: Fields, line: int = 1) -> Any:
        """An example of a row that was never labelled, or is as it stands."""
        return self.task.adapt(Record(dict(row), Origin("rows.jsonl", line)))

    def bare(self, row: Fields) -> dict[str, Any]:
        """A row with nothing but what a model reads."""
        names = {column.name for column in self.task.inputs}
        return {name: value for name, value in row.items() if name in names}

    def texts(self, row: Fields) -> list[str]:
        """The input fields of a row that hold a text, or a list of texts."""
        return [name for name, value in self.bare(row).items() if is_text(value)]

    def decode(self, example: Any, windows: Sequence[WindowLogits], state: Any = None) -> Any:
        """The prediction for one example."""
        model = self.prepared.model
        return self.task.decode(example, windows, model.labels, model.options, state or {})

    def score(self, predictions: Sequence[Any]) -> Any:
        """Scores of predictions for the eight examples."""
        return self.task.score(self.examples, predictions, self.prepared.model.labels)

    def long_row(self) -> dict[str, Any]:
        """A row of which the last text takes three windows or more."""
        row = self.bare(self.records[0])
        name = self.texts(row)[-1]
        value = row[name]
        words = value if isinstance(value, list) else value.split()
        many = list(itertools.islice(itertools.cycle(words or ["word"]), 3 * WINDOW))
        row[name] = many if isinstance(value, list) else " ".join(many)
        return row


def manager_of(task: Task[Any]) -> PluginManager:
    """A manager that gives one task, and all that is installed."""
    plugins = PluginManager()
    plugins.give(task)
    return plugins


def _copied(task: Task[Any]) -> Task[Any]:
    try:
        return copy.deepcopy(task)
    except Exception:  # it holds something that has no copies, like a module
        return copy.copy(task)


def stirred(model: Any) -> Any:
    """The model as training leaves it, its head filled from a fixed seed."""
    import torch

    model = replace(model, network=model.network.learnt())
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.network.head.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return model


def is_text(value: object) -> bool:
    """A text, or a list of texts."""
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return isinstance(value, str)


def with_logits(
    encodings: Sequence[Encoding], kind: str, size: int, seed: int, scale: float = 1.0
) -> list[WindowLogits]:
    """Windows with logits from N(0, scale), shaped as a head of that kind gives them."""
    generator = np.random.default_rng(seed)
    return [
        WindowLogits(
            replace(encoding, example=0),
            scale
            * generator.standard_normal((size,) if kind == "sequence" else (len(encoding), size)),
        )
        for encoding in encodings
    ]
