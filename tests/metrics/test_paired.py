from __future__ import annotations

import numpy as np
import pytest

from nlpengine.metrics import (
    Resampled,
    Score,
    Scores,
    classification_scores,
    paired_difference,
    paired_scores,
)
from nlpengine.metrics.resampling import unseen_share

GOLD = ["a", "b"] * 30


def test_outcomes_are_preferred():
    a = classification_scores(GOLD, ["a"] * 60, ["a", "b"])
    b = classification_scores(GOLD, GOLD, ["a", "b"])
    assert paired_scores(a, b, 3) == paired_difference(a.outcomes, b.outcomes, seed=3)


def made(values, units=None, **more):
    values = np.asarray(values, dtype=float)
    score = Score(float(values.mean()), 0.0, 1.0, len(values))
    statistic = Resampled(units or len(values), lambda at: values[at].mean(axis=1), **more)
    return Scores({"m": score}, resampled=statistic)


def test_resampling_agrees_with_outcomes():
    rng = np.random.default_rng(0)
    a, b = rng.random(200), rng.random(200)
    gap, known = paired_scores(made(a), made(b)), paired_difference(a, b)
    assert gap.value == pytest.approx(known.value)
    assert (gap.low, gap.high) == pytest.approx((known.low, known.high), abs=0.01)
    assert gap.n == 200


def test_the_same_units_are_drawn_for_both_in_chunks(monkeypatch):
    monkeypatch.setattr("nlpengine.metrics.paired.HELD", 1000)
    seen = []

    def statistic(indices):
        seen.append(indices)
        return indices.mean(axis=1)

    scores = Scores({"m": Score(0.5, 0, 1, 30)}, resampled=Resampled(30, statistic))
    same = paired_scores(scores, scores, resamples=100)
    assert len(seen) == 2 * 4
    assert all(np.array_equal(a, b) for a, b in zip(seen[::2], seen[1::2], strict=True))
    assert max(map(np.size, seen)) <= 1000
    assert (same.low, same.high) == pytest.approx((-unseen_share(30), unseen_share(30)))


def test_agreement_rests_on_the_units_that_bear_on_it():
    ones = made([1.0] * 50, bearing=5)
    assert paired_scores(ones, ones).high == pytest.approx(unseen_share(5))
    single = made([1.0])
    found = paired_scores(single, made([0.0]))
    assert found == Score(1.0, pytest.approx(1 - 2 * unseen_share(1)), 1.0, 1)
    assert found.low < 0


def test_undefined_resamples_are_left_out():
    def sometimes(indices):
        values = indices.mean(axis=1)
        return np.where(values > values.mean(), values, np.nan)

    a = Scores({"m": Score(0.5, 0, 1, 9)}, resampled=Resampled(9, sometimes))
    b = Scores({"m": Score(0.2, 0, 1, 9)}, resampled=Resampled(9, lambda at: np.zeros(len(at))))
    gap = paired_scores(a, b)
    assert np.isfinite([gap.low, gap.high]).all()
    never = Resampled(9, lambda at: np.full(len(at), np.nan))
    assert paired_scores(Scores(a.metrics, resampled=never), b) is None


def test_no_way_to_compare():
    a, b = made([1.0, 0.0]), Scores({"m": Score(0.5, 0, 1, 2)}, outcomes=np.array([1.0, 0.0]))
    assert paired_scores(a, b) is None
    with pytest.raises(ValueError, match="m and other"):
        paired_scores(a, Scores({"other": Score(0.5, 0, 1, 2)}))
    with pytest.raises(ValueError, match="no pairs"):
        paired_scores(a, made([1.0, 0.0, 1.0]))
