from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpengine.metrics import (
    answer_scores,
    best_threshold,
    exact_match,
    normalise_answer,
    paired_scores,
    token_f1,
)
from nlpengine.metrics.resampling import unseen_share

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


def table(scores, title):
    (found,) = [t for t in scores.tables if t.title == title]
    return found


@pytest.fixture(scope="module")
def questions():
    """Question id → right answers, of the published test file."""
    path = SHARED / "squad2-part" / "test.json"
    if not path.is_file():
        pytest.skip("squad2-part isn't here")
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    return {
        qa["id"]: [answer["text"] for answer in qa["answers"]]
        for article in articles
        for paragraph in article["paragraphs"]
        for qa in paragraph["qas"]
    }


@pytest.mark.parametrize("case", [0, 1, 2])
def test_agrees_with_the_official_evaluation(questions, case):
    folder = SHARED / "qa-scorer-cases"
    if not folder.is_dir():
        pytest.skip("qa-scorer-cases isn't here")

    def part(name):
        path = folder / f"case{case}.{name}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    official, predicted, doubt = part("official"), part("predictions"), part("na_prob")
    order = list(doubt or questions)
    scores = answer_scores(
        [questions[name] for name in order],
        [predicted[name] for name in order],
        no_answer_probabilities=doubt and [doubt[name] for name in order],
    )
    told = {name: 100 * score.value for name, score in scores.metrics.items()}
    for kind, exact, f1, n in table(scores, "By answerability").rows:
        told |= {f"{kind}_exact": 100 * exact.value, f"{kind}_f1": 100 * f1.value}
        told[f"{kind}_total"] = n
    if doubt:
        for name, best, threshold in table(scores, "Best no-answer threshold").rows:
            assert best == scores.metrics[f"best_{name}"]
            told[f"best_{name}_thresh"] = threshold
    told["total"] = scores.main[1].n
    assert told == pytest.approx(official, abs=1e-9)
    assert scores.main[0] == "f1"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("The  Eiffel Tower!", "eiffel tower"),
        ("U.S.", "us"),
        ("a-b the-end", "ab theend"),
        ("an apple, a day", "apple day"),
        ("Athens", "athens"),
        ("\u00a0A\u3000B\n", "b"),
        ("«Ça»", "«ça»"),  # only ASCII punctuation is dropped
        ("the", ""),
        ("the.an", "thean"),
        ("a\u0301", "\u0301"),  # the official form, oddities included
        ("", ""),
    ],
)
def test_normalised(text, form):
    assert normalise_answer(text) == form


@given(st.text(max_size=40))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_normalising_leaves_nothing_to_drop(text):
    form = normalise_answer(text)
    assert form == " ".join(form.split())
    assert not {"a", "an", "the"} & set(form.split())
    # Lower-casing itself isn't idempotent in all of Unicode.
    if form.lower() == form:
        assert normalise_answer(form) == form


WORDS = st.lists(st.sampled_from(["the", "cat", "sat", "mats", "."]), max_size=5).map(" ".join)


@given(st.lists(WORDS, max_size=3), WORDS)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_exact_is_at_most_f1(gold, predicted):
    f1, exact = token_f1(gold, predicted), exact_match(gold, predicted)
    assert 0 <= exact <= f1 <= 1
    assert token_f1([*gold, predicted], predicted) == 1.0 or not normalise_answer(predicted)


def test_several_golds_and_none():
    assert token_f1(["cat", "the black cat"], "black cat!") == 1.0
    assert token_f1(["black cat"], "cat") == pytest.approx(2 / 3)
    assert token_f1(["cat cat dog"], "cat cat cat") == pytest.approx(2 / 3)
    assert (token_f1([], ""), token_f1([], "x"), token_f1(["x"], "")) == (1.0, 0.0, 0.0)
    assert exact_match(["the", "..."], "") == exact_match([], "a") == 1.0


def test_the_threshold_silences_the_doubtful():
    gold = [["x"], [], [], ["y"]]
    predicted = ["x", "z", "z", "y"]
    doubt = [0.1, 0.9, 0.2, 0.8]
    plain = answer_scores(gold, predicted, no_answer_probabilities=doubt)
    assert plain.metrics["exact"].value == 0.5
    strict = answer_scores(gold, predicted, no_answer_probabilities=doubt, no_answer_threshold=0.5)
    assert strict.metrics["exact"].value == 0.5
    assert strict.outcomes.tolist() == [1.0, 1.0, 0.0, 0.0]
    assert strict.metrics["best_exact"].value == plain.metrics["best_exact"].value == 0.75
    assert table(plain, "Best no-answer threshold").rows[0][2] == 0.1


def test_best_threshold_by_hand():
    values = np.array([1.0, 0.5, 1.0])
    answerable, answered = np.array([True, True, False]), np.array([True, True, True])
    outcomes, at = best_threshold(values, np.array([0.3, 0.7, 0.5]), answerable, answered)
    assert (outcomes.tolist(), at) == ([1.0, 0.0, 1.0], 0.3)
    nothing = best_threshold(np.zeros(3), np.array([0.3, 0.7, 0.5]), answerable, answered)
    assert (nothing[0].tolist(), nothing[1]) == ([0.0, 0.0, 1.0], 0.0)


def test_kinds_without_questions():
    rows = table(answer_scores([["x"]], ["x"]), "By answerability").rows
    assert [(row[0], row[3]) for row in rows] == [("HasAns", 1), ("NoAns", 0)]
    assert rows[1][1] is rows[1][2] is None


def test_groups_are_resampled_as_wholes_and_compared():
    rng = np.random.default_rng(0)
    groups = [str(i // 10) for i in range(300)]
    right = np.repeat(rng.random(30) < 0.6, 10)
    gold = [["x"]] * 300
    predicted = ["x" if r else "y" for r in right]
    grouped, single = answer_scores(gold, predicted, groups=groups), answer_scores(gold, predicted)
    wide, narrow = grouped.main[1], single.main[1]
    assert wide.value == narrow.value
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)
    assert grouped.outcomes is None
    assert single.outcomes.mean() == narrow.value
    all_right = answer_scores(gold, ["x"] * 300, groups=groups)
    assert all_right.main[1].low == pytest.approx(1 - unseen_share(30))
    gap = paired_scores(all_right, grouped)
    assert gap.value == pytest.approx(1 - wide.value)
    assert gap.low < gap.value < gap.high
    assert paired_scores(grouped, single) is None


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: answer_scores([], []), "0 questions and 0 answers"),
        (lambda: answer_scores([[]], []), "1 questions and 0 answers"),
        (lambda: answer_scores([[]], [""], groups=[]), "0 groups for 1 examples"),
        (lambda: answer_scores([[]], [""], no_answer_probabilities=[]), "not 1 finite"),
        (lambda: answer_scores([[]], [""], no_answer_probabilities=[float("nan")]), "finite"),
    ],
)
def test_unusable_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
