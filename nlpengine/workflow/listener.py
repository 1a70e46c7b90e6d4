"""What a run tells while it goes on; the command line draws it, the run folder keeps it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import IO

from nlpengine.metrics import Score


@dataclass(frozen=True, slots=True)
class StepReport:
    """A logged optimiser step.

    Attributes:
        step: 1-based.
        steps: Of the whole training.
        epoch: 1-based.
        epochs: Of the whole training.
        loss: Mean since the last report.
        lr: Learning rate of this step.
        gradient_norm: Before clipping.
        texts_per_s: Windows trained per second since the last report.
        tokens_per_s: Likewise.
        seconds: Since training began, evaluations included.
    """

    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float
    lr: float
    gradient_norm: float
    texts_per_s: float
    tokens_per_s: float
    seconds: float


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """An evaluation on the dev split while training.

    Attributes:
        step: Optimiser steps done.
        epoch: 1-based.
        metric: Name of the task's main metric.
        score: Its value.
        best: Whether it is the best so far.
    """

    step: int
    epoch: int
    metric: str
    score: Score
    best: bool


class Listener:
    """Told what happens; the base class ignores everything."""

    def note(self, sentence: str) -> None:
        """A choice that was made, or something the user should know."""

    def phase(self, name: str, total: int | None = None) -> None:
        """A new phase begins: "training", "test" …; ``total`` units of work where known."""

    def step(self, report: StepReport) -> None:
        """Optimiser steps were done."""

    def evaluated(self, report: EvaluationReport) -> None:
        """The dev split was evaluated."""


class Listeners(Listener):
    """Several listeners as one.

    Args:
        listeners: Told in this order.
    """

    def __init__(self, *listeners: Listener) -> None:
        self._listeners = listeners
        self.notes: list[str] = []

    def note(self, sentence: str) -> None:
        """Keep and pass on."""
        self.notes.append(sentence)
        for listener in self._listeners:
            listener.note(sentence)

    def phase(self, name: str, total: int | None = None) -> None:
        """Pass on."""
        for listener in self._listeners:
            listener.phase(name, total)

    def step(self, report: StepReport) -> None:
        """Pass on."""
        for listener in self._listeners:
            listener.step(report)

    def evaluated(self, report: EvaluationReport) -> None:
        """Pass on."""
        for listener in self._listeners:
            listener.evaluated(report)


class MetricsFile(Listener):
    """Writes metrics.jsonl: a line per logged step and per evaluation.

    Args:
        path: The file; made anew.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def __enter__(self) -> MetricsFile:
        self._file = self._path.open("w", encoding="utf-8")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def step(self, report: StepReport) -> None:
        """One line."""
        self._write({"kind": "step", **asdict(report)})

    def evaluated(self, report: EvaluationReport) -> None:
        """One line."""
        line = {"kind": "evaluation", **asdict(report)}
        self._write({**line, "score": report.score.to_json()})

    def _write(self, line: dict[str, object]) -> None:
        if self._file is not None:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()
