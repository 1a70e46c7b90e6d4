"""Calibration: whether "90 % sure" is right 9 times in 10 (Guo et al., 2017, arXiv:1706.04599)."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from nlpengine.metrics.resampling import RESAMPLES, percentile_interval, resampled_sums
from nlpengine.metrics.scores import Score

FloatArray = npt.NDArray[np.float64]

BINS = 15
COOLEST, HOTTEST = 0.05, 20.0
"""Bounds of a fitted temperature."""
FEWEST = 20
"""With fewer examples no temperature is fitted."""


def softmax(logits: npt.ArrayLike, temperature: float = 1.0) -> FloatArray:
    """Probabilities of logits [..., k] / temperature, in float64 and without overflow."""
    return np.exp(_log_softmax(np.asarray(logits, dtype=np.float64), temperature))


def _log_softmax(logits: FloatArray, temperature: float) -> FloatArray:
    if not temperature > 0:
        raise ValueError(f"a temperature is positive, not {temperature}")
    shifted = (logits - logits.max(axis=-1, keepdims=True)) / temperature
    result: FloatArray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return result


def fit_temperature(logits: npt.ArrayLike, gold: npt.ArrayLike) -> float:
    """The single temperature in [0.05, 20] that minimises the negative log-likelihood.

    Dividing all logits by it leaves every prediction as it is. Fit it on data that the model wasn't
    trained on.

    Args:
        logits: [n, k].
        gold: Indices of the right labels [n].

    Returns:
        The temperature; 1.0 for fewer than 20 examples, where no temperature does better, or where
        no example is wrong: then ever colder would be ever better, and nothing was learned.
    """
    from scipy.optimize import minimize_scalar

    scores = np.asarray(logits, dtype=np.float64)
    right = np.asarray(gold)
    if scores.ndim != 2 or right.shape != scores.shape[:1] or not np.isfinite(scores).all():
        raise ValueError(
            f"logits {scores.shape} and gold {right.shape} don't fit, or aren't finite"
        )
    if len(right) < FEWEST:
        return 1.0
    if (
        not np.issubdtype(right.dtype, np.integer)
        or right.min() < 0
        or right.max() >= scores.shape[1]
    ):
        raise ValueError(f"gold must be indices below {scores.shape[1]}")

    if (scores.argmax(axis=1) == right).all():
        return 1.0

    def loss(log_temperature: float) -> float:
        chosen = _log_softmax(scores, math.exp(log_temperature))[np.arange(len(right)), right]
        return float(-chosen.mean())

    bounds = (math.log(COOLEST), math.log(HOTTEST))
    found = float(minimize_scalar(loss, bounds=bounds, method="bounded").x)
    return math.exp(found) if loss(found) < loss(0.0) else 1.0


def expected_calibration_error(
    probabilities: npt.ArrayLike, correct: npt.ArrayLike, bins: int = BINS
) -> float:
    """Top-label expected calibration error.

    The examples are binned by the probability of their top label, in equal-width bins closed on the
    right; the error is the mean gap between a bin's accuracy and its mean probability, each bin
    weighing as many examples as it has.

    Args:
        probabilities: [n, k].
        correct: Whether the top label is right, 0/1 [n].
        bins: Number of bins.
    """
    gaps = _binned_gaps(probabilities, correct, bins)
    return float(np.abs(gaps.sum(axis=0)).sum() / len(gaps))


def calibration_score(
    probabilities: npt.ArrayLike,
    correct: npt.ArrayLike,
    bins: int = BINS,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Score:
    """`expected_calibration_error` with its bootstrap interval.

    With few examples the error is overestimated, for chance alone makes gaps, and resampling adds
    to that: read the interval's high end as cautious.
    """
    gaps = _binned_gaps(probabilities, correct, bins)
    n = len(gaps)
    value = float(np.abs(gaps.sum(axis=0)).sum() / n)
    if n == 1:
        return Score(value, value, value, n)
    drawn = np.abs(resampled_sums(gaps, resamples, seed)).sum(axis=1) / n
    return Score(value, *percentile_interval(drawn, value), n)


def _binned_gaps(probabilities: npt.ArrayLike, correct: npt.ArrayLike, bins: int) -> FloatArray:
    """Per example [n, bins]: right (0/1) less its top probability, in the column of its bin."""
    table = np.asarray(probabilities, dtype=np.float64)
    right = np.asarray(correct, dtype=np.float64)
    if table.ndim != 2 or 0 in table.shape or right.shape != table.shape[:1]:
        raise ValueError(f"probabilities {table.shape} and outcomes {right.shape} don't fit")
    if not ((table >= 0) & (table <= 1 + 1e-6)).all():
        raise ValueError("probabilities must lie between 0 and 1")
    top = table.max(axis=1)
    column = np.clip(np.ceil(top * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.zeros((len(top), bins))
    gaps[np.arange(len(top)), column] = right - top
    return gaps
