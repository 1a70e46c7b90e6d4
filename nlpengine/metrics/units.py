"""Units of resampling: the documents, paragraphs … that examples which aren't independent share."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nlpengine.metrics.resampling import resampled_sums, widened
from nlpengine.metrics.scores import FloatArray, IntArray, Score


def unit_places(ids: Sequence[str] | None, n: int, what: str) -> IntArray:
    """The place of each example's unit [n], units numbered as they come.

    Args:
        ids: The unit of each example [n]; None makes each example a unit.
        n: Number of examples.
        what: What a unit is, for the message.

    Raises:
        ValueError: There aren't as many ids as examples.
    """
    if ids is None:
        return np.arange(n, dtype=np.int64)
    if len(ids) != n:
        raise ValueError(f"{len(ids)} {what} for {n} examples")
    index: dict[str, int] = {}
    return np.array([index.setdefault(name, len(index)) for name in ids], dtype=np.int64)


def unit_sums(columns: FloatArray, places: IntArray) -> FloatArray:
    """Sums [units, m] of the examples' columns [n, m], by the places of their units [n]."""
    sums = np.zeros((int(places.max()) + 1, columns.shape[1]))
    np.add.at(sums, places, columns)
    return sums


def share_score(sums: FloatArray, n: int, seed: int = 0) -> Score:
    """Sum of the first column over the sum of the second, both of [units, 2]; 0 ≤ share ≤ 1.

    Args:
        sums: Per unit.
        n: What the score says it rests on.
        seed: Of the resampling.
    """
    drawn = resampled_sums(sums, seed=seed)
    value = float(sums[:, 0].sum() / sums[:, 1].sum())
    share = drawn[:, 0] / np.where(drawn[:, 1] > 0, drawn[:, 1], np.nan)
    return Score(value, *widened(value, share, len(sums), (0.0, 1.0)), n)
