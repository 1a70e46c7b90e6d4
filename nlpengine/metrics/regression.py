"""Scores of predicted numbers: rank and linear correlation, squared and absolute error."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from nlpengine.metrics.bootstrap import bootstrap_mean
from nlpengine.metrics.resampling import (
    drawn_units,
    times_drawn,
    unseen_share,
    widened,
)
from nlpengine.metrics.scores import FloatArray, IntArray, Resampled, Score, Scores

BOUNDS = (-1.0, 1.0)
"""Of a correlation."""
HELD = 1_000_000
"""Numbers drawn at once: ranking them takes several arrays of that size."""


def regression_scores(gold: npt.ArrayLike, predicted: npt.ArrayLike, seed: int = 0) -> Scores:
    """Spearman's and Pearson's correlation, mean squared and mean absolute error.

    The correlations are those of scipy's ``spearmanr`` (ties share their mean rank) and
    ``pearsonr``. A constant has no correlation with anything: there, also in a resample, it counts
    as 0, as Matthews' does in classification.

    Args:
        gold: Right numbers [n]; at least one.
        predicted: Predicted numbers [n].
        seed: Of the resampling.

    Raises:
        ValueError: Lengths differ, there are no examples, or a number is not finite.
    """
    x, y = np.asarray(gold, dtype=np.float64), np.asarray(predicted, dtype=np.float64)
    if x.ndim != 1 or x.shape != y.shape or x.size == 0:
        raise ValueError(f"{x.shape} gold and {y.shape} predicted numbers can't be scored")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ValueError("gold and predicted numbers must be finite")
    ranked, linear = partial(_spearman, _Ranks(x), _Ranks(y)), partial(_pearson, x, y)
    once = np.ones((1, len(x)), dtype=np.int64)
    values = float(ranked(once)[0]), float(linear(once)[0])
    drawn = np.concatenate(
        [
            np.stack([ranked(times), linear(times)], axis=1)
            for times in map(times_drawn, drawn_units(len(x), seed=seed, held=HELD))
        ]
    )
    metrics = {
        name: _correlation(values[column], drawn[:, column], x, y)
        for column, name in enumerate(("spearman", "pearson"))
    }
    spread = float(np.ptp(x))
    metrics["mse"] = _error((x - y) ** 2, spread**2, seed)
    metrics["mae"] = _error(np.abs(x - y), spread, seed)
    resampled = Resampled(len(x), partial(_resampled, ranked), BOUNDS)
    return Scores(metrics, resampled=resampled)


class _Ranks:
    """Numbers [n] made ready for ranking any resample of them without sorting it."""

    def __init__(self, values: FloatArray) -> None:
        _, starts, self._places = np.unique(
            values[(order := np.argsort(values, kind="stable"))],
            return_index=True,
            return_inverse=True,
        )
        self._order, self._starts = order, starts
        self._back = np.argsort(order, kind="stable")

    def centred(self, times: IntArray) -> FloatArray:
        """Rank less the mean rank [r, n], where each number is there so many times [r, n].

        A number there c times after b smaller ones has the mean of ranks b + 1 to b + c: halves,
        which floats hold exactly.
        """
        alike = np.add.reduceat(times[:, self._order], self._starts, axis=1)
        until = alike.cumsum(axis=1)
        ranks: FloatArray = until - (alike + until[:, -1:]) / 2
        return ranks[:, self._places[self._back]]


def _spearman(x: _Ranks, y: _Ranks, times: IntArray) -> FloatArray:
    first, second = x.centred(times), y.centred(times)
    weights = times.astype(np.float64)
    covariance, spread, other = (
        np.einsum("rn,rn,rn->r", weights, a, b)
        for a, b in ((first, second), (first, first), (second, second))
    )
    return _quotient(covariance, spread, other)


def _pearson(x: FloatArray, y: FloatArray, times: IntArray) -> FloatArray:
    a, b = _standard(x), _standard(y)
    sums = times @ np.stack([a, b, a * b, a * a, b * b], axis=1)
    first, second, product, square, other = sums.T
    n = times.sum(axis=1)
    spreads = []
    for total, squares in ((first, square), (second, other)):
        spread = squares - total**2 / n
        # Of a constant resample only rounding is left.
        spreads.append(np.where(spread > 1e-12 * squares, spread, 0.0))
    return _quotient(product - first * second / n, *spreads)


def _standard(values: FloatArray) -> FloatArray:
    """Centred and scaled to 1 at most: squares then neither overflow nor cancel."""
    if np.ptp(values) == 0:
        return np.zeros(len(values))
    centred = values - values.mean()
    scaled: FloatArray = centred / np.abs(centred).max()
    return scaled


def _quotient(covariance: FloatArray, spread: FloatArray, other: FloatArray) -> FloatArray:
    """Correlation [r], 0 where one side is constant."""
    varied = (spread > 0) & (other > 0)
    root = np.sqrt(np.where(varied, spread * other, 1.0))
    return np.clip(np.where(varied, covariance / root, 0.0), -1.0, 1.0)


def _resampled(statistic: Callable[[IntArray], FloatArray], indices: IntArray) -> FloatArray:
    return statistic(times_drawn(indices))


def _correlation(value: float, drawn: FloatArray, x: FloatArray, y: FloatArray) -> Score:
    n = len(x)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return Score(0.0, 0.0, 0.0, n)
    return Score(value, *widened(value, drawn, n, BOUNDS), n)


def _error(values: FloatArray, worst: float, seed: int) -> Score:
    """Mean error; where all are alike, an unseen one may be as large as gold is wide."""
    n, value = len(values), float(values[0])
    if n == 1 or np.ptp(values) > 0:
        return bootstrap_mean(values, seed=seed)
    share = unseen_share(n)
    return Score(value, value - share * value, value + share * max(0.0, worst - value), n)
