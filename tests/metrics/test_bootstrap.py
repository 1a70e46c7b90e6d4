from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from nlpengine.metrics.bootstrap import bootstrap_cells, bootstrap_mean, paired_difference
from nlpengine.metrics.confusion import accuracy, macro_f1, mcc
from nlpengine.metrics.resampling import resampled_sums, unseen_share


def test_coverage_of_the_accuracy_interval():
    rng = np.random.default_rng(11)
    held = 0
    for repetition in range(300):
        right = int(rng.binomial(200, 0.85))
        low, high = bootstrap_cells(
            [[right, 200 - right], [0, 0]], accuracy, resamples=1000, seed=repetition
        )
        held += low <= 0.85 <= high
    assert 0.90 <= held / 300 <= 0.98


def test_coverage_of_paired_differences():
    rng = np.random.default_rng(5)
    held = 0
    for repetition in range(300):
        a, b = rng.random(200) < 0.85, rng.random(200) < 0.80
        score = paired_difference(a, b, resamples=1000, seed=repetition)
        held += score.low <= 0.05 <= score.high
    assert 0.90 <= held / 300 <= 0.98


def test_interval_excludes_a_wrong_value():
    low, high = bootstrap_cells([[90, 10], [10, 90]], accuracy)
    assert 0.8 < low < 0.9 < high < 1
    moved = bootstrap_mean(np.random.default_rng(0).normal(1.0, 1.0, 400))
    assert 0 < moved.low < moved.value < moved.high
    better = paired_difference([1] * 60 + [0] * 40, [1] * 30 + [0] * 70)
    assert better.low > 0
    assert better.value == pytest.approx(0.3)


def test_width_agrees_with_the_normal_approximation():
    values = np.random.default_rng(1).normal(size=1000)
    score = bootstrap_mean(values)
    expected = 2 * 1.96 * values.std() / np.sqrt(1000)
    assert score.high - score.low == pytest.approx(expected, rel=0.08)
    low, high = bootstrap_cells([[400, 100], [100, 400]], accuracy)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.8 * 0.2 / 1000), rel=0.08)


def test_table_and_examples_give_the_same_interval():
    counts = np.array([[50, 8, 2], [5, 30, 5], [1, 4, 15]])
    gold, predicted = np.divmod(np.repeat(np.arange(9), counts.ravel()), 3)
    rng = np.random.default_rng(3)
    drawn = []
    for _ in range(2000):
        at = rng.integers(0, 120, 120)
        table = np.bincount(gold[at] * 3 + predicted[at], minlength=9).reshape(1, 3, 3)
        drawn.append(macro_f1(table)[0])
    assert bootstrap_cells(counts, macro_f1) == pytest.approx(
        np.quantile(drawn, [0.025, 0.975]), abs=0.01
    )


@pytest.mark.parametrize("n", [1, 2, 20, 500])
def test_wilson_where_the_bootstrap_collapses(n):
    wilson = binomtest(n, n).proportion_ci(method="wilson")
    assert unseen_share(n) == pytest.approx(1 - wilson.low)
    expected = pytest.approx((wilson.low, 1.0))
    assert bootstrap_cells([[n - 1, 0], [0, 1]], accuracy) == expected
    assert bootstrap_cells([[n, 0], [0, 0]], accuracy) == expected
    score = bootstrap_mean([1] * n)
    assert (score.low, score.high) == expected
    none = bootstrap_mean([0] * n)
    assert (none.low, none.high) == pytest.approx((0.0, 1 - wilson.low))
    assert bootstrap_cells([[0, n], [0, 0]], accuracy) == pytest.approx((0.0, 1 - wilson.low))


@pytest.mark.parametrize("statistic", [macro_f1, mcc])
def test_a_perfect_table_is_no_proof_of_perfection(statistic):
    low, high = bootstrap_cells([[10, 0], [0, 10]], statistic)
    assert 0.5 < low < 0.9
    assert high == 1.0
    # Balanced: the open end's F1 is its accuracy, its correlation 2 × accuracy - 1.
    expected = 1 - unseen_share(20)
    assert low == pytest.approx(expected if statistic is macro_f1 else 2 * expected - 1)


def test_a_single_example_proves_nothing():
    score = bootstrap_mean([0.0])
    assert (score.value, score.low, score.n) == (0, 0, 1)
    assert score.high == pytest.approx(unseen_share(1))
    difference = paired_difference([1], [0])
    assert difference.low < 0 < difference.value == difference.high == 1


def test_agreement_on_few_examples_leaves_room_for_a_difference():
    score = paired_difference([1, 0] * 10, [1, 0] * 10)
    u = unseen_share(20)
    assert (score.low, score.value, score.high) == pytest.approx((-u, 0, u))
    always = paired_difference([1] * 20, [0] * 20)
    assert (always.low, always.value, always.high) == pytest.approx((1 - 2 * u, 1, 1))
    alike = paired_difference([0.3] * 20, [0.1] * 20)
    assert alike.low == alike.value == alike.high


def test_difference_is_antisymmetric_and_pairing_narrows_it():
    rng = np.random.default_rng(2)
    a = (rng.random(500) < 0.8).astype(float)
    b = np.where(rng.random(500) < 0.05, 1 - a, a)
    forth, back = paired_difference(a, b), paired_difference(b, a)
    assert forth.value == pytest.approx(-back.value)
    assert forth.low == pytest.approx(-back.high, abs=0.005)
    shuffled = paired_difference(a, rng.permutation(b))
    assert forth.high - forth.low < 0.5 * (shuffled.high - shuffled.low)


def test_resampled_sums_are_reproducible_and_cross_chunks():
    columns = np.random.default_rng(0).normal(size=(3000, 2))  # several chunks
    sums = resampled_sums(columns, 2000, seed=4)
    assert np.array_equal(sums, resampled_sums(columns, 2000, seed=4))
    assert not np.array_equal(sums, resampled_sums(columns, 2000, seed=5))
    assert len(np.unique(sums[:, 0])) == 2000
    assert sums.mean(axis=0) == pytest.approx(columns.sum(axis=0), abs=5)


@given(st.lists(st.integers(0, 30), min_size=9, max_size=9).filter(any), st.integers(0, 99))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_intervals_hold_their_value_and_stay_in_range(cells, seed):
    counts = np.array(cells).reshape(3, 3)
    for statistic, least in ((accuracy, 0), (macro_f1, 0), (mcc, -1)):
        low, high = bootstrap_cells(counts, statistic, resamples=200, seed=seed)
        assert least <= low <= statistic(counts[None])[0] <= high <= 1
        assert (low, high) == bootstrap_cells(counts, statistic, resamples=200, seed=seed)


def test_many_labels_are_resampled_in_chunks():
    counts = np.eye(150, dtype=int) * 3
    counts[0, 1] = 50
    low, high = bootstrap_cells(counts, accuracy)
    assert low < 0.9 < high


@pytest.mark.parametrize(
    "call",
    [
        lambda: bootstrap_cells([[0, 0], [0, 0]], accuracy),
        lambda: bootstrap_cells([[1, -1], [0, 1]], accuracy),
        lambda: bootstrap_cells([[1, 2]], accuracy),
        lambda: bootstrap_cells([[1, 2], [1, 1]], lambda t: np.full(len(t), np.nan)),
        lambda: bootstrap_mean([]),
        lambda: bootstrap_mean([1.0, float("nan")]),
        lambda: paired_difference([1, 0], [1]),
    ],
)
def test_unusable_input_is_refused(call):
    with pytest.raises(ValueError, match=r"no|undefined"):
        call()
