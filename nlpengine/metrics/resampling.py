"""Resampling with replacement, vectorised, and the interval that comes of it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

RESAMPLES = 2000
_Z = 1.959963984540054  # the normal distribution's 97.5 % point
_CHUNK = 4_000_000  # numbers held at once while resampling


def unseen_share(n: int) -> float:
    """What share an outcome never seen in n examples may still have: Wilson's end for 0 of n."""
    return _Z**2 / (n + _Z**2)


def percentile_interval(resampled: FloatArray, *also: float) -> tuple[float, float]:
    """The middle 95 % of the defined resampled values, widened to hold the numbers in ``also``."""
    defined = resampled[~np.isnan(resampled)]
    ends = [float(end) for end in np.quantile(defined, [0.025, 0.975])] if defined.size else []
    held = [number for number in (*ends, *also) if not np.isnan(number)]
    if not held:
        raise ValueError("the statistic is undefined in every resample")
    return min(held), max(held)


def resampled_tables(counts: IntArray, resamples: int, seed: int) -> Iterator[IntArray]:
    """Tables [r, k, k], in chunks, of the examples of ``counts`` [k, k] drawn with replacement."""
    rng = np.random.default_rng(seed)
    flat = counts.ravel()
    seen = np.flatnonzero(flat)
    n = int(flat.sum())
    step = max(1, _CHUNK // flat.size)
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        tables = np.zeros((size, flat.size), dtype=np.int64)
        tables[:, seen] = rng.multinomial(n, flat[seen] / n, size=size)
        yield tables.reshape(size, *counts.shape)


def resampled_sums(columns: FloatArray, resamples: int = RESAMPLES, seed: int = 0) -> FloatArray:
    """Column sums [resamples, m] of the rows of ``columns`` [n, m] drawn with replacement."""
    rng = np.random.default_rng(seed)
    n = len(columns)
    step = max(1, _CHUNK // n)
    sums = np.empty((resamples, columns.shape[1]))
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = rng.integers(0, n, size=(size, n)) + np.arange(size)[:, None] * n
        times = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        sums[start : start + size] = times @ columns
    return sums
