"""95 % percentile bootstrap intervals, and what stands in for them where a bootstrap sees nothing.

A sample whose outcomes are all alike (20 of 20 right) gives the same value in every resample, and
the percentile interval collapses to "100 % [100, 100]". There, the open end is that of Wilson's
score interval for a proportion of 0 or 1 (E. B. Wilson, 1927, "Probable inference, the law of
succession, and statistical inference", JASA 22:209-212): 20 of 20 becomes "100 % [84, 100]". A
single example says nothing of its spread: low = high = value.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nlpengine.metrics.resampling import (
    RESAMPLES,
    percentile_interval,
    resampled_sums,
    resampled_tables,
    unseen_share,
)
from nlpengine.metrics.scores import Score

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Statistic = Callable[[npt.NDArray[np.number]], FloatArray]
"""Tables of counts [r, k, k] → one number each [r]; NaN where a table leaves it undefined."""


def bootstrap_cells(
    counts: npt.ArrayLike, statistic: Statistic, resamples: int = RESAMPLES, seed: int = 0
) -> tuple[float, float]:
    """Interval of a statistic of a confusion table.

    Drawing n examples with replacement is a multinomial draw over the table's cells, so this is the
    bootstrap of the examples itself, not an approximation. Where all examples are right, or all
    wrong, the interval reaches to the statistic's value at the table whose accuracy is Wilson's
    open end.

    Args:
        counts: Examples per gold (row) and predicted (column) label [k, k].
        statistic: Gets tables [r, k, k] (at the open end, of fractional counts), returns [r].
        resamples: Number of resamples.
        seed: Same seed, same interval.

    Returns:
        Low and high end; the statistic's own value lies between them.
    """
    table: IntArray = np.asarray(counts, dtype=np.int64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or (table < 0).any():
        raise ValueError(f"not a square table of counts: shape {table.shape}")
    if not table.any():
        raise ValueError("no examples to resample")
    value = float(statistic(table[None])[0])
    also = [value]
    if np.trace(table) in (0, table.sum()):
        also.append(float(statistic(_open_table(table)[None])[0]))
    drawn = [statistic(tables) for tables in resampled_tables(table, resamples, seed)]
    return percentile_interval(np.concatenate(drawn), *also)


def _open_table(counts: IntArray) -> FloatArray:
    """A table all right or all wrong, with the share Wilson leaves open moved to the other side."""
    n = int(counts.sum())
    gold = counts.sum(axis=1)
    if np.trace(counts) == 0:
        target = np.diag(gold).astype(np.float64)
    else:
        # Errors fall as the labels' frequencies have it, among the labels that occur.
        target = np.outer(gold, counts.sum(axis=0)).astype(np.float64)
        np.fill_diagonal(target, 0.0)
        if not target.any():  # a single label occurs: take it for any one other
            only = int(gold.argmax())
            target[only, (only + 1) % len(counts)] = 1.0
    share = unseen_share(n)
    opened: FloatArray = (1 - share) * counts + share * n * target / target.sum()
    return opened


def bootstrap_mean(values: npt.ArrayLike, resamples: int = RESAMPLES, seed: int = 0) -> Score:
    """Mean of values [n] with its interval.

    Values all 0 or all 1 count as a proportion, with Wilson's open end.
    """
    array = _sample(values)
    return _mean(array, (0.0, 1.0) if _binary(array) else None, resamples, seed)


def paired_difference(
    a: npt.ArrayLike, b: npt.ArrayLike, resamples: int = RESAMPLES, seed: int = 0
) -> Score:
    """Mean of a - b over the same examples [n], resampling pairs.

    For 0/1 outcomes the resampling is an exact multinomial over the differences -1, 0 and 1; where
    these are all alike (two systems that agree everywhere), the share that Wilson leaves to the
    unseen is granted to either extreme, so that agreement on 20 examples isn't proof of equality.
    """
    first, second = _sample(a), _sample(b)
    if first.shape != second.shape:
        raise ValueError(f"{len(first)} and {len(second)} values are no pairs")
    bounds = (-1.0, 1.0) if _binary(first) and _binary(second) else None
    return _mean(first - second, bounds, resamples, seed)


def _sample(values: npt.ArrayLike) -> FloatArray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"not a non-empty list of finite numbers: shape {array.shape}")
    return array


def _binary(values: FloatArray) -> bool:
    return bool(((values == 0) | (values == 1)).all())


def _mean(
    values: FloatArray, bounds: tuple[float, float] | None, resamples: int, seed: int
) -> Score:
    n, value = len(values), float(values.mean())
    distinct, counts = np.unique(values, return_counts=True)
    if len(distinct) == 1:
        least, most = bounds or (value, value)
        share = unseen_share(n)
        return Score(value, value - share * (value - least), value + share * (most - value), n)
    if bounds:  # few distinct values: their counts are multinomial
        drawn = np.random.default_rng(seed).multinomial(n, counts / n, size=resamples) @ distinct
    else:
        drawn = resampled_sums(values[:, None], resamples, seed)[:, 0]
    return Score(value, *percentile_interval(drawn / n, value), n)
