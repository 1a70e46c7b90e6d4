from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import special

from nlpengine.metrics.calibration import (
    calibration_score,
    expected_calibration_error,
    fit_temperature,
    softmax,
)


def sampled(n, temperature, seed=0):
    """Logits that are right in their probabilities once divided by the temperature."""
    rng = np.random.default_rng(seed)
    true = rng.normal(scale=2, size=(n, 3))
    gold = (softmax(true).cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    return true * temperature, np.minimum(gold, 2)


@given(hnp.arrays(np.float32, (4, 3), elements=st.floats(-1e4, 1e4, width=32)))
@settings(deadline=None, derandomize=True)
def test_softmax_agrees_with_scipy(logits):
    found = softmax(logits, 2.0)
    assert found.dtype == np.float64
    assert found == pytest.approx(special.softmax(logits.astype(float) / 2, axis=-1), abs=1e-12)
    assert found.sum(axis=-1) == pytest.approx(1)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 2.5])
def test_the_temperature_of_the_data_is_found(temperature):
    logits, gold = sampled(4000, temperature)
    assert fit_temperature(logits, gold) == pytest.approx(temperature, rel=0.08)


def test_overconfidence_is_mended():
    logits, gold = sampled(2000, 4.0)
    correct = logits.argmax(axis=1) == gold
    before = expected_calibration_error(softmax(logits), correct)
    after = expected_calibration_error(softmax(logits, fit_temperature(logits, gold)), correct)
    assert before > 0.1
    assert after < 0.04


def test_fitting_stays_within_bounds_and_never_does_harm():
    logits, gold = sampled(200, 1.0)
    assert fit_temperature(np.zeros((200, 3)), gold) == 1.0  # no temperature changes anything
    assert fit_temperature(logits[:19] * 5, gold[:19]) == 1.0  # too few
    hottest = fit_temperature(logits * 1000, (gold + 1) % 3)
    assert hottest == pytest.approx(20.0, rel=0.01)
    coldest = fit_temperature(logits / 1000, gold)
    assert coldest == pytest.approx(0.05, rel=0.01)


@pytest.mark.parametrize("gold", [[3] * 20, [-1] * 20, [0.5] * 20, [0] * 21])
def test_unfit_gold_is_refused(gold):
    with pytest.raises(ValueError, match=r"fit|indices"):
        fit_temperature(np.zeros((20, 3)), gold)


def test_error_by_hand():
    probabilities = [[0.9, 0.1], [0.1, 0.9], [0.6, 0.4], [0.6, 0.4]]
    # 0.9: both right, gap 0.1; 0.6: one of two right, gap 0.1.
    assert expected_calibration_error(probabilities, [1, 1, 1, 0]) == pytest.approx(0.1)
    # Opposite gaps cancel within a bin, not between bins.
    assert expected_calibration_error(probabilities, [1, 0, 1, 1]) == pytest.approx(0.4)
    assert expected_calibration_error(probabilities, [1, 0, 1, 1], bins=1) == pytest.approx(0.0)


@given(st.lists(st.tuples(st.floats(0.5, 1), st.booleans()), min_size=1, max_size=50))
@settings(deadline=None, derandomize=True)
def test_error_agrees_with_its_definition(pairs):
    top, correct = np.array([p for p, _ in pairs]), np.array([c for _, c in pairs])
    total = 0.0
    for place in range(15):
        inside = (top * 15 > place) & (top * 15 <= place + 1)
        if inside.any():
            total += inside.sum() * abs(correct[inside].mean() - top[inside].mean())
    found = expected_calibration_error(np.stack([1 - top, top], axis=1), correct)
    assert found == pytest.approx(total / len(top), abs=1e-9)


def test_interval_tells_calibrated_from_overconfident():
    logits, gold = sampled(1000, 1.0)
    correct = logits.argmax(axis=1) == gold
    good = calibration_score(softmax(logits), correct)
    bad = calibration_score(softmax(logits * 4), correct)
    assert good.low <= good.value <= good.high < bad.low
    assert good.value == expected_calibration_error(softmax(logits), correct)
    single = calibration_score([[0.8, 0.2]], [1])
    assert (single.low, single.high) == pytest.approx((0.2, 0.2))


def test_temperature_must_be_positive():
    with pytest.raises(ValueError, match="positive"):
        softmax([1.0, 2.0], 0.0)
