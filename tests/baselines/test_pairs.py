from __future__ import annotations

import difflib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpengine.baselines import HYPOTHESIS_ONLY, MAJORITY, MEAN, OVERLAP, OVERLAP_REGRESSION
from nlpengine.baselines.overlap import (
    FEATURE_NAMES,
    common_subsequence,
    overlap_features,
    words_of,
)

WORDS = [f"w{i}" for i in range(40)]
HOSTILE = [
    ("", ""),
    ("\ud800", "\udfff x"),
    ("👩‍👩‍👧", "\u202eabc"),
    ("a\x00b", "ﷺ" * 50),
    (" ", "\n"),
]
LABELLED = (HYPOTHESIS_ONLY, OVERLAP)


def paraphrases(n, seed=0):
    """Pairs that share most words, or few; the second alone says nothing."""
    rng = np.random.default_rng(seed)
    pairs, labels, shares = [], [], []
    for _ in range(n):
        words = rng.choice(WORDS, 8, replace=False)
        share = int(rng.integers(0, 9))
        fresh = rng.choice([w for w in WORDS if w not in words], 8 - share, replace=False)
        second = rng.permutation([*words[:share], *fresh])
        pairs.append((" ".join(words), " ".join(second)))
        labels.append("same" if share > 4 else "different")
        shares.append(share / 2)
    return pairs, labels, shares


def right(found, gold):
    return np.mean([a == b for a, b in zip(found, gold, strict=True)])


def test_overlap_tells_what_the_second_text_alone_cannot():
    pairs, labels, _ = paraphrases(300)
    test, gold, _ = paraphrases(200, seed=1)
    found = OVERLAP.predict(pairs, labels, test, 0)
    plain = right(MAJORITY.predict(pairs, labels, test, 0).answers, gold)
    assert right(found.answers, gold) > 0.95 > plain + 0.3
    assert "12 features, most weight on" in found.note
    assert right(HYPOTHESIS_ONLY.predict(pairs, labels, test, 0).answers, gold) < 0.7


def test_the_second_text_alone_gives_itself_away():
    first = [f"they talked {w}" for w in WORDS] * 2
    second = ["nobody talked at all"] * 40 + ["people talked"] * 40
    labels = ["contradiction"] * 40 + ["entailment"] * 40
    pairs = list(zip(first, second, strict=True))
    test = [("x", "nobody came"), ("x", "people came")]
    found = HYPOTHESIS_ONLY.predict(pairs, labels, test, 0)
    assert found.answers == ["contradiction", "entailment"]
    assert found.note.startswith("second text alone; C = ")
    swapped = [("nobody", b) for _, b in test]
    assert HYPOTHESIS_ONLY.predict(pairs, labels, swapped, 0).answers == found.answers


def test_regression_on_overlap():
    pairs, _, shares = paraphrases(300)
    test, _, gold = paraphrases(100, seed=1)
    found = OVERLAP_REGRESSION.predict(pairs, shares, test, 0).answers
    plain = MEAN.predict(pairs, shares, test, 0).answers
    error, base = np.abs(np.subtract(found, gold)).mean(), np.abs(np.subtract(plain, gold)).mean()
    assert error < 0.2 * base
    assert all(type(number) is float and 0 <= number <= 4 for number in found)
    extreme = OVERLAP_REGRESSION.predict(pairs, shares, [("w1 " * 500, "w1 " * 500)], 0)
    assert 0 <= extreme.answers[0] <= 4


@pytest.mark.parametrize("baseline", [*LABELLED, OVERLAP_REGRESSION])
def test_same_input_same_answers_whatever_the_text(baseline):
    pairs, labels, shares = paraphrases(40)
    golds = shares if baseline is OVERLAP_REGRESSION else labels
    golds = [*golds, *golds[:5]]
    one = baseline.predict(pairs + HOSTILE, golds, HOSTILE + pairs[:3], 1)
    assert one == baseline.predict(pairs + HOSTILE, golds, HOSTILE + pairs[:3], 1)
    assert len(one.answers) == 8
    assert baseline.predict(pairs + HOSTILE, golds, [], 0).answers == []
    with pytest.raises(ValueError, match="at least one example"):
        baseline.predict([], [], HOSTILE, 0)


@pytest.mark.parametrize("baseline", LABELLED)
def test_one_label(baseline):
    found = baseline.predict(HOSTILE, ["x"] * 5, [("a", "b")], 0)
    assert found.answers == ["x"]
    assert "only one label in training" in found.note


def test_one_number():
    found = OVERLAP_REGRESSION.predict(HOSTILE, [2] * 5, [("a", "b")], 0)
    assert found.answers == pytest.approx([2.0])


def features(first, second):
    (row,) = overlap_features([(first, second)])
    return dict(zip(FEATURE_NAMES, row.tolist(), strict=True))


def test_features_by_hand():
    found = features("The cat isn't on the mat 5", "A cat is on the mat")
    assert found["first in second"] == pytest.approx(4 / 6)
    assert found["second in first"] == pytest.approx(4 / 6)
    assert found["shared words"] == pytest.approx(4 / 8)
    assert found["common subsequence"] == pytest.approx(2 * 4 / 13)
    assert (found["only one negated"], found["shared numbers"]) == (1.0, 0.0)
    assert features("we cannot", "we can")["only one negated"] == 1.0
    assert features("not a", "never b")["only one negated"] == 0.0


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_features_are_finite_and_shares_are_shares(first, second):
    found = features(first, second)
    assert np.isfinite(list(found.values())).all()
    for name, value in found.items():
        assert "log" in name or name == "length difference" or 0 <= value <= 1, name
    same = features(first, first)
    assert same["shared words"] == same["common subsequence"] == 1.0
    assert found["shared words"] == features(second, first)["shared words"]


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_common_subsequence_agrees_with_its_table(a, b):
    table = np.zeros((len(a) + 1, len(b) + 1), dtype=int)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            longer = max(table[i, j + 1], table[i + 1, j])
            table[i + 1, j + 1] = table[i, j] + 1 if x == y else longer
    assert common_subsequence(a, b) == table[-1, -1]
    blocks = difflib.SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
    assert common_subsequence(a, b) >= sum(block.size for block in blocks)


def test_long_texts_take_no_quadratic_time():
    text = " ".join(f"w{i % 997}" for i in range(20_000))
    assert features(text, text)["common subsequence"] == 1.0
    assert words_of("Don't STOP") == ["don't", "stop"]
