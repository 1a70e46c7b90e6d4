"""Scores: a metric's value with its interval and the tables that explain it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Score:
    """One metric.

    Attributes:
        value: Point estimate, a fraction of 1 (or the metric's own unit).
        low: Lower end of the 95 % interval.
        high: Upper end.
        n: Examples it rests on.
    """

    value: float
    low: float
    high: float
    n: int

    def to_json(self) -> dict[str, float | int]:
        """The form run.json and ``--json`` use."""
        return {"value": self.value, "low": self.low, "high": self.high, "n": self.n}


Cell = str | int | float | Score | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table for terminal, report and JSON; the core prints it without knowing the task."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def to_json(self) -> dict[str, object]:
        """Column names and rows, scores expanded."""
        rows = [[c.to_json() if isinstance(c, Score) else c for c in row] for row in self.rows]
        return {"title": self.title, "columns": list(self.columns), "rows": rows}


@dataclass(frozen=True, slots=True)
class Scores:
    """What a task says of its predictions.

    Attributes:
        metrics: Name → score; the task's main metric stands first.
        tables: Per class, confusion, per slice …
        outcomes: Per example [n], the numbers whose mean is the main metric, so that two systems on
            the same examples can be compared in pairs; None where the metric is no such mean.
    """

    metrics: Mapping[str, Score]
    tables: tuple[Table, ...] = ()
    outcomes: npt.NDArray[np.float64] | None = None

    @property
    def main(self) -> tuple[str, Score]:
        """Name and score of the main metric."""
        return next(iter(self.metrics.items()))
