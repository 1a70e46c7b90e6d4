"""Scores: a metric's value with its interval and the tables that explain it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


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
class Resampled:
    """The main metric on resampled units, for metrics that are no mean of per-example outcomes.

    Attributes:
        units: How many units are resampled: examples, or the documents that examples come from.
        statistic: Indices of drawn units [r, units] → values [r]; NaN where undefined.
        bounds: The metric's least and greatest possible value.
        bearing: How many of the units bear on the metric, such as those with an entity at all; None
            for all.
    """

    units: int
    statistic: Callable[[IntArray], FloatArray]
    bounds: tuple[float, float] = (0.0, 1.0)
    bearing: int | None = None

    def __call__(self, indices: IntArray) -> FloatArray:
        """The main metric [r] of each row of drawn units [r, units]."""
        return self.statistic(indices)


@dataclass(frozen=True, slots=True)
class Scores:
    """What a task says of its predictions.

    Attributes:
        metrics: Name → score; the task's main metric stands first.
        tables: Per class, confusion, per slice …
        outcomes: Per example [n], the numbers whose mean is the main metric, so that two systems on
            the same examples can be compared in pairs; None where the metric is no such mean, or
            the examples aren't independent.
        resampled: The main metric on resampled units, for the same comparison where there are no
            outcomes.
    """

    metrics: Mapping[str, Score]
    tables: tuple[Table, ...] = ()
    outcomes: FloatArray | None = None
    resampled: Resampled | None = field(default=None, repr=False, compare=False)

    @property
    def main(self) -> tuple[str, Score]:
        """Name and score of the main metric."""
        return next(iter(self.metrics.items()))
