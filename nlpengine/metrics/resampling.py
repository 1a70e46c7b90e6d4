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


def drawn_units(
    n: int, resamples: int = RESAMPLES, seed: int = 0, held: int = _CHUNK
) -> Iterator[IntArray]:
    """Indices [r, n], in chunks of ``held`` numbers, of n units drawn with replacement."""
    rng = np.random.default_rng(seed)
    step = max(1, held // n)
    for start in range(0, resamples, step):
        yield rng.integers(0, n, size=(min(step, resamples - start), n))


def times_drawn(indices: IntArray) -> IntArray:
    """How often each unit [r, n] is among the drawn ones [r, n]."""
    rows, n = indices.shape
    flat = (indices + np.arange(rows)[:, None] * n).ravel()
    return np.bincount(flat, minlength=rows * n).reshape(rows, n)


def resampled_sums(columns: FloatArray, resamples: int = RESAMPLES, seed: int = 0) -> FloatArray:
    """Column sums [resamples, m] of the rows of ``columns`` [n, m] drawn with replacement."""
    chunks = drawn_units(len(columns), resamples, seed)
    return np.concatenate([times_drawn(indices) @ columns for indices in chunks])


def widened(
    value: float,
    resampled: FloatArray,
    units: int,
    bounds: tuple[float, float],
    bearing: int | None = None,
) -> tuple[float, float]:
    """The percentile interval; where its ends are alike, opened by Wilson's share.

    The share that an outcome unseen in so many units may have is granted to either bound: 79 % for
    a single one.

    Args:
        value: The statistic on the sample itself.
        resampled: Its values on resamples; NaN where undefined.
        units: How many units were resampled.
        bounds: The statistic's least and greatest possible value.
        bearing: How many of the units bear on the statistic, such as those with an entity at all;
            None for all.
    """
    low, high = percentile_interval(resampled, value)
    if high - low > 1e-12:
        return low, high
    share, (least, most) = unseen_share(units if bearing is None else bearing), bounds
    return min(low, value - share * (value - least)), max(high, value + share * (most - value))
