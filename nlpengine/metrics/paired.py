"""Two systems on the same examples: the difference of their main metrics."""

from __future__ import annotations

import numpy as np

from nlpengine.metrics.bootstrap import paired_difference
from nlpengine.metrics.resampling import RESAMPLES, drawn_units, widened
from nlpengine.metrics.scores import Resampled, Score, Scores

HELD = 1_000_000
"""Indices drawn at once; a metric may need several arrays of that size."""


def paired_scores(
    a: Scores, b: Scores, seed: int = 0, *, resamples: int = RESAMPLES
) -> Score | None:
    """The main metric of ``a`` less that of ``b``, with a 95 % interval of paired resampling.

    Both are resampled over the same units. Where both have outcomes, this is `paired_difference` of
    these. Where the difference is the same in every resample (two systems that agree everywhere),
    the share that Wilson leaves to the unseen is granted to either extreme.

    Args:
        a: Scores of one system.
        b: Scores of another on the same examples, by the same metric.
        seed: Same seed, same interval.
        resamples: Number of resamples.

    Returns:
        The difference; None where one of the two can be resampled in no way that both know, or the
        difference is undefined in every resample.

    Raises:
        ValueError: The two rest on different numbers of examples, or on different main metrics.
    """
    (name, first), (other, second) = a.main, b.main
    if name != other:
        raise ValueError(f"{name} and {other} are not to be subtracted")
    if a.outcomes is not None and b.outcomes is not None:
        return paired_difference(a.outcomes, b.outcomes, resamples, seed)
    if a.resampled is None or b.resampled is None:
        return None
    units = a.resampled.units
    if units != b.resampled.units or first.n != second.n:
        raise ValueError(
            f"{first.n} examples in {units} units and {second.n} in {b.resampled.units} are no "
            "pairs"
        )
    drawn = np.concatenate(
        [
            a.resampled(indices) - b.resampled(indices)
            for indices in drawn_units(units, resamples, seed, HELD)
        ]
    )
    if np.isnan(drawn).all():
        return None
    value = first.value - second.value
    least, most = a.resampled.bounds
    extremes = (least - most, most - least)
    bearing = max(_bearing(a.resampled), _bearing(b.resampled))
    return Score(value, *widened(value, drawn, units, extremes, bearing), first.n)


def _bearing(metric: Resampled) -> int:
    return metric.units if metric.bearing is None else metric.bearing
