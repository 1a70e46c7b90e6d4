from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from nlpengine.metrics import Score, paired_scores, regression_scores
from nlpengine.metrics.regression import _pearson, _Ranks, _spearman
from nlpengine.metrics.resampling import drawn_units, times_drawn, unseen_share

NUMBERS = st.lists(
    st.tuples(st.integers(-5, 5).map(lambda i: i / 3), st.floats(-1e3, 1e3).map(lambda f: f)),
    min_size=1,
    max_size=30,
)


@given(NUMBERS)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_agrees_with_scipy(pairs):
    x, y = (np.array(side) for side in zip(*pairs, strict=True))
    metrics = regression_scores(x, y).metrics
    assert list(metrics) == ["spearman", "pearson", "mse", "mae"]
    if len(x) > 1 and np.ptp(x) > 0 and np.ptp(y) > 1e-6:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scipy on two examples
            spearman, pearson = stats.spearmanr(x, y).statistic, stats.pearsonr(x, y).statistic
        assert metrics["spearman"].value == pytest.approx(spearman, abs=1e-12)
        assert metrics["pearson"].value == pytest.approx(pearson, abs=1e-12)
    assert metrics["mse"].value == pytest.approx(((x - y) ** 2).mean(), rel=1e-12)
    assert metrics["mae"].value == pytest.approx(np.abs(x - y).mean(), rel=1e-12)
    for score in metrics.values():
        assert score.low <= score.value <= score.high
        assert "NaN" not in json.dumps(score.to_json())


def test_resamples_are_ranked_anew():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 6, 40) / 2, rng.integers(0, 9, 40).astype(float)
    (indices,) = drawn_units(40, 50)
    found = _spearman(_Ranks(x), _Ranks(y), times_drawn(indices))
    linear = _pearson(x, y, times_drawn(indices))
    for row, rank, straight in zip(indices, found, linear, strict=True):
        assert rank == pytest.approx(stats.spearmanr(x[row], y[row]).statistic, abs=1e-12)
        assert straight == pytest.approx(stats.pearsonr(x[row], y[row]).statistic, abs=1e-12)


@pytest.mark.parametrize("constant", [0.1, 1e9, -3.0, 0.0])
def test_a_constant_has_no_correlation(constant):
    gold = [0.5, 1.5, 4.0, 2.0]
    for pair in ((gold, [constant] * 4), ([constant] * 4, gold)):
        metrics = regression_scores(*pair).metrics
        assert metrics["spearman"] == metrics["pearson"] == Score(0.0, 0.0, 0.0, 4)
    single = regression_scores([1.0], [3.0]).metrics
    assert single["spearman"] == Score(0.0, 0.0, 0.0, 1)
    assert single["mse"] == Score(4.0, 4.0, 4.0, 1)


def test_constant_resamples_do_not_correlate():
    x = np.array([0.1, 0.1, 0.1, 7.3])
    times = np.array([[2, 1, 1, 0], [0, 0, 0, 4], [1, 1, 1, 1]])
    assert _pearson(x, x, times).tolist() == pytest.approx([0, 0, 1])
    assert _spearman(_Ranks(x), _Ranks(x), times).tolist() == [0, 0, 1]


def test_coverage_of_spearman():
    rng = np.random.default_rng(3)
    true = 6 / np.pi * np.arcsin(0.7 / 2)  # of a bivariate normal distribution with r = 0.7
    held = 0
    for seed in range(100):
        x = rng.normal(size=150)
        y = 0.7 * x + np.sqrt(1 - 0.49) * rng.normal(size=150)
        score = regression_scores(x, y, seed=seed).metrics["spearman"]
        held += score.low <= true <= score.high
    assert held >= 87


def test_all_right_is_not_certain():
    gold = np.arange(20) / 4
    metrics = regression_scores(gold, gold).metrics
    u = unseen_share(20)
    assert metrics["spearman"].value == metrics["spearman"].high == 1.0
    assert metrics["spearman"].low == pytest.approx(1 - 2 * u)
    assert (metrics["mae"].low, metrics["mae"].high) == pytest.approx((0, u * 4.75))
    shifted = regression_scores(gold, gold + 10).metrics["mae"]
    assert shifted.low < shifted.value == shifted.high == pytest.approx(10)


@pytest.mark.parametrize("gold", [range(3), range(4), range(5), [0] * 6 + [1] * 6])
def test_a_few_right_are_not_certain_though_some_resamples_are_constant(gold):
    score = regression_scores(list(gold), list(gold)).metrics["spearman"]
    assert score.value == score.high == 1.0
    assert score.low < 0.8


def test_differences_of_two_systems():
    rng = np.random.default_rng(1)
    gold = rng.random(300) * 5
    good = regression_scores(gold, gold + rng.normal(size=300) * 0.5)
    bad = regression_scores(gold, gold + rng.normal(size=300) * 3)
    gap = paired_scores(good, bad)
    assert 0 < gap.low < gap.value < gap.high
    assert gap.value == pytest.approx(good.main[1].value - bad.main[1].value)
    beside_mean = paired_scores(good, regression_scores(gold, [2.5] * 300))
    assert beside_mean.value == good.main[1].value
    same = paired_scores(good, good)
    assert (same.low, same.high) == pytest.approx((-2 * unseen_share(300), 2 * unseen_share(300)))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: regression_scores([], []), "scored"),
        (lambda: regression_scores([1.0], [1.0, 2.0]), "scored"),
        (lambda: regression_scores([[1.0]], [[1.0]]), "scored"),
        (lambda: regression_scores([1.0], [float("nan")]), "finite"),
        (lambda: regression_scores([float("inf")], [0.0]), "finite"),
    ],
)
def test_unusable_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
