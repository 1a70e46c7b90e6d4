"""F1 of sets: what was found, what was guessed and what is there, counted and resampled."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

import numpy as np

from nlpengine.metrics.resampling import resampled_sums, times_drawn, widened
from nlpengine.metrics.scores import Cell, FloatArray, IntArray, Resampled, Score, Table

HITS, GUESSED, SUPPORT = 0, 1, 2
"""Columns of counts: right guesses, guesses, and what is there to be guessed."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Counts of units and of resamples of these: entities of documents, labels of texts.

    A ratio of nothing is 0, with an interval from 0 to 1, as nothing is known; in the table it is
    None. Make one with `Hits.of`.

    Attributes:
        counts: [units, kinds, 3].
        drawn: The same of resampled units, summed [resamples, kinds, 3].
        n: What the scores say they rest on.
    """

    counts: FloatArray
    drawn: FloatArray
    n: int

    @classmethod
    def of(cls, counts: FloatArray, n: int | None = None, seed: int = 0) -> Hits:
        """Resample the units of counts [units, kinds, 3].

        Args:
            counts: Hits, guesses and support per unit and kind; at least one unit.
            n: Number of examples, where units are no examples.
            seed: Of the resampling.
        """
        units, kinds, _ = counts.shape
        whole = np.asarray(counts, dtype=np.float64)
        drawn = resampled_sums(whole.reshape(units, 3 * kinds), seed=seed)
        return cls(whole, drawn.reshape(len(drawn), kinds, 3), units if n is None else n)

    def f1(self) -> Score:
        """Micro F1: of all kinds together."""
        return f1_score(self.counts.sum(axis=1), self.drawn.sum(axis=1), self.n)

    def precision(self) -> Score:
        """Share of the guesses that are right."""
        return self._ratio(GUESSED)

    def recall(self) -> Score:
        """Share of what is there that was guessed."""
        return self._ratio(SUPPORT)

    def macro_f1(self) -> Score:
        """Mean F1 of the kinds that occur, in support or guesses."""
        counts = self.counts[:, self.counts.sum(axis=(0, 2)) > 0]
        if counts.shape[1] == 0:
            return Score(0.0, 0.0, 1.0, self.n)
        f1 = _f1(self.drawn)
        occur = ~np.isnan(f1)
        means = np.where(occur, f1, 0).sum(axis=1) / np.where(
            occur.any(axis=1), occur.sum(axis=1), 1
        )
        means[~occur.any(axis=1)] = np.nan
        value = float(_f1(counts.sum(axis=0)).mean())
        bearing = _bearing(counts.sum(axis=1))
        return Score(value, *widened(value, means, len(counts), (0.0, 1.0), bearing), self.n)

    def resampled(self) -> Resampled:
        """Micro F1 for comparisons in pairs."""
        whole = self.counts.sum(axis=1)
        return Resampled(len(whole), partial(_resampled_f1, whole), bearing=_bearing(whole))

    def table(
        self, title: str, kind: str, names: tuple[str, ...], *, counted: str = "support"
    ) -> Table:
        """Precision, recall, F1 and support per kind.

        Args:
            title: Of the table.
            kind: Heading of the names' column.
            names: Of the kinds.
            counted: Heading of the last column; "support" counts examples.
        """
        rows: list[tuple[Cell, ...]] = []
        for place, name in enumerate(names):
            own = self.counts[:, place]
            hits, guessed, support = own.sum(axis=0).astype(int).tolist()
            f1 = f1_score(own, self.drawn[:, place], guessed + support - hits)
            precision = hits / guessed if guessed else None
            recall = hits / support if support else None
            rows.append((name, precision, recall, f1 if guessed + support else None, support))
        return Table(title, (kind, "precision", "recall", "f1", counted), tuple(rows))

    def _ratio(self, below: int) -> Score:
        """Hits over another column."""
        counts, drawn = self.counts.sum(axis=1), self.drawn.sum(axis=1)
        top, bottom = counts[:, HITS].sum(), counts[:, below].sum()
        if bottom == 0:
            return Score(0.0, 0.0, 1.0, self.n)
        shares = drawn[:, HITS] / np.where(drawn[:, below] > 0, drawn[:, below], np.nan)
        bearing = int((counts[:, below] > 0).sum())
        value = float(top / bottom)
        return Score(value, *widened(value, shares, len(counts), (0.0, 1.0), bearing), self.n)


def f1_score(counts: FloatArray, drawn: FloatArray, n: int) -> Score:
    """F1 of counts [units, 3], resampled [r, 3].

    The share J of hits among all items is a proportion and F1 = 2J / (1 + J): where the bootstrap
    collapses, Wilson's open end of J gives that of F1.
    """
    value = float(_f1(counts.sum(axis=0)))
    if math.isnan(value):
        return Score(0.0, 0.0, 1.0, n)
    share, shares = value / (2 - value), (f1 := _f1(drawn)) / (2 - f1)
    low, high = widened(share, shares, len(counts), (0.0, 1.0), _bearing(counts))
    # The way there and back rounds; the ends still hold the value.
    return Score(value, min(value, 2 * low / (1 + low)), max(value, 2 * high / (1 + high)), n)


def _f1(counts: FloatArray) -> FloatArray:
    """F1 [...] of counts [..., 3]; NaN where there is nothing."""
    either = counts[..., GUESSED] + counts[..., SUPPORT]
    result: FloatArray = 2 * counts[..., HITS] / np.where(either > 0, either, np.nan)
    return result


def _resampled_f1(whole: FloatArray, indices: IntArray) -> FloatArray:
    return _f1(times_drawn(indices) @ whole)


def _bearing(counts: FloatArray) -> int:
    """How many units have anything at all."""
    return int((counts.sum(axis=1) > 0).sum())
