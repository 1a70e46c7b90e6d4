from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from nlpengine.metrics.classification import classification_scores
from nlpengine.metrics.scores import Score

LABELS = ("neg", "neutral", "pos", "unused")
PAIRS = st.lists(
    st.tuples(st.sampled_from(LABELS[:3]), st.sampled_from(LABELS[:3])), min_size=1, max_size=40
)


def table(scores, title):
    (found,) = [t for t in scores.tables if t.title == title]
    return found


@given(PAIRS)
@settings(max_examples=80, deadline=None, derandomize=True)
def test_agrees_with_scikit_learn(pairs):
    gold, predicted = map(list, zip(*pairs, strict=True))
    scores = classification_scores(gold, predicted, LABELS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn on labels that don't occur
        expected = {
            "accuracy": reference.accuracy_score(gold, predicted),
            "macro_f1": reference.f1_score(gold, predicted, average="macro"),
            "mcc": reference.matthews_corrcoef(gold, predicted),
        }
        matrix = reference.confusion_matrix(gold, predicted, labels=LABELS)
        per_class = reference.precision_recall_fscore_support(
            gold, predicted, labels=LABELS, zero_division=np.nan
        )
    assert list(scores.metrics) == ["accuracy", "macro_f1", "mcc"]
    for name, value in expected.items():
        score = scores.metrics[name]
        assert score.value == pytest.approx(value, abs=1e-12)
        assert score.low <= score.value <= score.high
        assert score.n == len(gold)
    confusion = table(scores, "Confusion (rows: gold, columns: predicted)")
    assert confusion.columns == ("gold", *LABELS)
    assert confusion.rows == tuple(
        (label, *row) for label, row in zip(LABELS, matrix.tolist(), strict=True)
    )
    for row, right in zip(
        table(scores, "Per class").rows, zip(*per_class, strict=True), strict=True
    ):
        label, precision, recall, f1, support = row
        told = [precision, recall, f1.value if f1 else None, support]
        told = [np.nan if cell is None else cell for cell in told]
        assert told == pytest.approx(list(right), nan_ok=True), label
        if f1:
            assert 0 <= f1.low <= f1.value <= f1.high <= 1
    assert scores.outcomes.mean() == pytest.approx(expected["accuracy"])


def test_main_metric_and_outcomes():
    scores = classification_scores(["a", "b", "b"], ["a", "b", "a"], ["a", "b"])
    name, score = scores.main
    assert name == "accuracy"
    assert score.value == pytest.approx(2 / 3)
    assert scores.outcomes.tolist() == [1.0, 1.0, 0.0]


def test_mcc_separates_skill_from_the_majority():
    gold = ["pos"] * 90 + ["neg"] * 10
    constant = classification_scores(gold, ["pos"] * 100, ["neg", "pos"]).metrics
    assert constant["accuracy"].value == 0.9
    assert constant["mcc"] == Score(0.0, 0.0, 0.0, 100)
    guessing = np.random.default_rng(0).permutation(gold).tolist()
    chance = classification_scores(gold, guessing, ["neg", "pos"]).metrics["mcc"]
    assert chance.low < 0 < chance.high
    skilled = ["pos"] * 88 + ["neg"] * 10 + ["pos"] * 2
    assert classification_scores(gold, skilled, ["neg", "pos"]).metrics["mcc"].low > 0.4


def test_all_right_is_not_certain():
    gold = ["a", "b"] * 10
    scores = classification_scores(gold, gold, ["a", "b"])
    for score in scores.metrics.values():
        assert score.value == score.high == 1.0
        assert score.low < 0.9
    for row in table(scores, "Per class").rows:
        assert row[3].value == 1.0
        assert 0.7 < row[3].low < 0.9


def test_intervals_of_f1_of_one_class():
    gold = ["a"] * 100 + ["b"] * 100
    predicted = ["a"] * 80 + ["b"] * 100 + ["a"] * 20
    rows = table(classification_scores(gold, predicted, ["a", "b"]), "Per class").rows
    f1 = rows[0][3]
    assert f1.value == pytest.approx(0.8)
    assert 0.72 < f1.low < 0.78
    assert 0.82 < f1.high < 0.88
    missed = classification_scores(["a"] * 8 + ["b"] * 92, ["b"] * 100, ["a", "b"])
    rare = table(missed, "Per class").rows[0]
    assert rare[:3] == ("a", None, 0.0)
    assert rare[3].value == rare[3].low == 0.0
    assert 0.3 < rare[3].high < 0.7


def test_slices_from_weakest_to_strongest():
    gold = ["a"] * 7
    predicted = ["a", "b", "b", "a", "a", "a", "b"]
    domain = ["web", "web", "web", "book", "book", "book", "app"]
    scores = classification_scores(gold, predicted, ["a", "b"], slices={"domain": domain})
    found = table(scores, "By domain")
    assert found.columns == ("value", "accuracy", "n")
    assert [(row[0], round(row[1].value, 3), row[2]) for row in found.rows] == [
        ("app", 0.0, 1),
        ("web", 0.333, 3),
        ("book", 1.0, 3),
    ]
    assert found.rows[2][1].low < 0.5


def test_calibration_comes_last_and_follows_the_column_order():
    gold = ["a", "b"] * 50
    right = np.array([[0.9, 0.1], [0.1, 0.9]] * 50)
    scores = classification_scores(gold, gold, ["a", "b"], probabilities=right)
    assert list(scores.metrics) == ["accuracy", "macro_f1", "mcc", "ece"]
    assert scores.metrics["ece"].value == pytest.approx(0.1)
    swapped = classification_scores(gold, gold, ["b", "a"], probabilities=right)
    assert swapped.metrics["ece"].value == pytest.approx(0.9)


def test_seed_decides_the_interval_only():
    gold, predicted = ["a", "b", "b", "a"] * 30, ["a", "b", "a", "a"] * 30
    one = classification_scores(gold, predicted, ["a", "b"], seed=1)
    again = classification_scores(gold, predicted, ["a", "b"], seed=1)
    other = classification_scores(gold, predicted, ["a", "b"], seed=2)
    assert one.metrics == again.metrics
    assert one.tables == again.tables
    assert one.metrics["mcc"] != other.metrics["mcc"]
    assert one.metrics["mcc"].value == other.metrics["mcc"].value


@pytest.mark.parametrize(
    ("gold", "predicted", "labels", "more", "says"),
    [
        ([], [], ["a"], {}, "scored"),
        (["a"], ["a", "a"], ["a"], {}, "scored"),
        (["c"], ["a"], ["a", "b"], {}, "'c' is not among the 2 labels"),
        (["a"], ["a"], ["a", "a"], {}, "twice"),
        (["a"], ["a"], ["a", "b"], {"probabilities": [[1.0]]}, r"\(1, 1\), not \(1, 2\)"),
        (["a"], ["a"], ["a", "b"], {"probabilities": [[1.5, -0.5]]}, "between 0 and 1"),
        (["a"], ["a"], ["a", "b"], {"slices": {"x": []}}, "slice 'x' has 0 values"),
    ],
)
def test_unusable_input_is_refused(gold, predicted, labels, more, says):
    with pytest.raises(ValueError, match=says):
        classification_scores(gold, predicted, labels, **more)


def test_importing_brings_in_no_heavy_library():
    code = (
        "import sys, nlpengine.metrics.classification, nlpengine.baselines.tfidf;"
        "print(sorted({'torch', 'sklearn', 'scipy'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@given(PAIRS)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_f1_of_the_positive_label(pairs):
    gold, predicted = map(list, zip(*pairs, strict=True))
    scores = classification_scores(gold, predicted, LABELS, positive="pos")
    assert list(scores.metrics) == ["accuracy", "f1", "macro_f1", "mcc"]
    f1 = scores.metrics["f1"]
    expected = reference.f1_score(gold, predicted, labels=["pos"], average="micro", zero_division=0)
    assert f1.value == pytest.approx(expected, abs=1e-12)
    assert 0 <= f1.low <= f1.value <= f1.high <= 1
    assert f1.n == len(gold)


def test_a_positive_label_that_occurs_nowhere():
    scores = classification_scores(["neg"] * 9, ["neg"] * 9, LABELS, positive="pos")
    assert scores.metrics["f1"] == Score(0.0, 0.0, 1.0, 9)
    with pytest.raises(ValueError, match="'x' is not among the 4 labels"):
        classification_scores(["neg"], ["neg"], LABELS, positive="x")
