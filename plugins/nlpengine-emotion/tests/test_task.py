"""Reading, thresholds, scores and baselines of the emotion task."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nlpengine_emotion.baselines import predict_frequent, predict_one_vs_rest
from nlpengine_emotion.prediction import EmotionPrediction
from nlpengine_emotion.reading import labels_of
from nlpengine_emotion.scoring import label_scores
from nlpengine_emotion.task import Emotion
from nlpengine_emotion.thresholds import best_threshold, sigmoid, tune_thresholds
from sklearn.metrics import f1_score

from nlpengine import DataError
from nlpengine.data import Origin, Record
from nlpengine.metrics import paired_scores
from nlpengine.plugin import Labels
from nlpengine.testing.task_contract import TaskContract

ORIGIN = Origin("rows.jsonl", 7)
NAMES = ("anger", "fear", "joy")


class TestEmotion(TaskContract):
    task = Emotion()
    records = (
        {"text": "a good day at last", "labels": ["joy"]},
        {"text": "they shouted in the dark", "labels": ["anger", "fear"]},
        {"text": "the shop opens at nine", "labels": []},
        {"text": "how dare you shout", "labels": ["anger"]},
    )


# --- reading --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (["joy", "fear"], ("fear", "joy")),
        ([], ()),
        ([3, 10], ("10", "3")),
        ("joy|fear", ("fear", "joy")),
        ("joy, fear", ("fear", "joy")),
        ("mild joy, or so|fear", ("fear", "mild joy, or so")),
        ("joy", ("joy",)),
        ("none", ()),
        (["none"], ("none",)),
    ],
)
def test_labels_as_files_write_them(value, found):
    assert labels_of(value, ORIGIN) == found


@pytest.mark.parametrize(
    "value", ["joy||fear", "joy,joy", ["joy", "joy"], [""], {"joy": 1}, [["joy"]], [True], 2.5]
)
def test_labels_that_are_none(value):
    with pytest.raises(DataError, match=r"rows.jsonl:7: .*(write|Remove)"):
        labels_of(value, ORIGIN)


@given(st.sets(st.text("abc xyz", min_size=1).map(str.strip).filter(bool), min_size=1))
def test_a_list_and_a_string_say_the_same(names):
    listed = labels_of(sorted(names), ORIGIN)
    assert listed == tuple(sorted(names))
    if names != {"none"}:
        assert labels_of("|".join(names), ORIGIN) == listed


def test_a_label_that_training_lacks_is_refused():
    example = Emotion().adapt(Record({"text": "x", "labels": ["envy"]}, ORIGIN))
    with pytest.raises(DataError, match=r"rows.jsonl:7: .*'envy' was never seen"):
        Emotion().check_gold(example, Labels(NAMES))


# --- thresholds -----------------------------------------------------------------------------------


def f1_at(scores, gold, threshold):
    return f1_score(gold, scores >= threshold, zero_division=0)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30).filter(
        lambda rows: any(right for _, right in rows)
    )
)
def test_no_other_threshold_has_a_better_f1(rows):
    scores, gold = np.array([s for s, _ in rows]), np.array([g for _, g in rows])
    chosen = f1_at(scores, gold, best_threshold(scores, gold))
    others = [f1_at(scores, gold, cut) for cut in {*scores[scores > 0], 0.5}]
    assert chosen >= max(others) - 1e-9


def test_one_half_where_it_is_as_good():
    assert best_threshold(np.array([0.9, 0.6, 0.3, 0.1]), np.array([1, 1, 0, 0], bool)) == 0.5
    # Negative control: here it isn't.
    assert best_threshold(np.array([0.4, 0.3, 0.1]), np.array([1, 1, 0], bool)) < 0.3


def test_few_positives_share_a_threshold():
    scores = np.array([[0.3, 0.2, 0.9]] * 6 + [[0.1, 0.05, 0.1]] * 6)
    gold = np.zeros((12, 3), dtype=bool)
    gold[:6, 0] = gold[:2, 1] = gold[:2, 2] = True
    own, *shared = tune_thresholds(scores, gold)
    assert 0.1 < own <= 0.3
    assert shared[0] == shared[1] == best_threshold(scores.ravel(), gold.ravel())
    assert tune_thresholds(scores[:2, 1:], gold[:2, 1:]) == [0.5, 0.5]


def test_probabilities_of_huge_logits():
    assert sigmoid(np.array([-1e6, 0.0, 1e6])).tolist() == [0.0, 0.5, 1.0]


# --- scores ---------------------------------------------------------------------------------------


def test_scores_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    gold, found = rng.random((40, 3)) < 0.4, rng.random((40, 3)) < 0.5
    names = np.array(NAMES)
    scores = label_scores([names[r] for r in gold], [names[r] for r in found], NAMES)
    for name, average in (("micro_f1", "micro"), ("macro_f1", "macro")):
        assert np.isclose(scores.metrics[name].value, f1_score(gold, found, average=average))
    assert np.isclose(scores.metrics["exact_match"].value, (gold == found).all(axis=1).mean())
    assert scores.main[0] == "micro_f1"
    assert scores.main[1].low < scores.main[1].value < scores.main[1].high
    better = label_scores([names[r] for r in gold], [names[r] for r in gold], NAMES)
    difference = paired_scores(better, scores)
    assert difference.low > 0
    assert np.isclose(difference.value, 1 - scores.main[1].value)


def test_nothing_there_and_nothing_found():
    scores = label_scores([()] * 4, [()] * 4, NAMES)
    assert scores.metrics["exact_match"].value == 1.0
    f1 = scores.metrics["micro_f1"]
    assert (f1.value, f1.low, f1.high) == (0.0, 0.0, 1.0)


def test_a_mistake_names_its_surest_wrong_decision():
    task = Emotion()
    example = task.adapt(Record({"text": "x", "labels": ["joy", "fear"]}, ORIGIN))
    right = EmotionPrediction(("fear", "joy"), {"anger": 0.1, "fear": 0.9, "joy": 0.6})
    assert task.mistake(example, right) is None
    wrong = EmotionPrediction(("anger", "fear"), {"anger": 0.8, "fear": 0.9, "joy": 0.1})
    found = task.mistake(example, wrong)
    assert (found.gold, found.predicted, found.detail) == ("fear, joy", "anger, fear", "joy 10 %")
    assert np.isclose(found.score, 0.9)


def test_a_prediction_says_what_it_says():
    found = EmotionPrediction((), {"joy": 0.25, "fear": 0.125}, windows=2)
    assert found.to_text().splitlines()[0] == "none"
    assert json.loads(json.dumps(found.to_json()))["windows"] == 2


# --- baselines ------------------------------------------------------------------------------------

TEXTS = ["what a happy day", "so happy", "dark and eerie", "eerie house", "nine o'clock", "noon"]
GOLDS = [["joy"], ["joy"], ["fear"], ["fear", "joy"], [], []]


def test_the_most_frequent_labels():
    found = predict_frequent(TEXTS, [["joy"]] * 5 + [["fear"]], ["x"] * 2, 0)
    assert found.answers == [["joy"]] * 2
    assert predict_frequent(TEXTS, [["fear", "joy"]] * 6, ["x"], 0).answers == [["fear", "joy"]]


def test_words_tell_labels_apart():
    found = predict_one_vs_rest(TEXTS, GOLDS, ["happy happy", "an eerie dark", "noon"], 0)
    assert found.answers[0] == ["joy"]
    assert "fear" in found.answers[1]
    assert found.answers[2] == []
    assert predict_one_vs_rest(TEXTS, GOLDS, [], 0).answers == []


def test_texts_without_words():
    found = predict_one_vs_rest(["!", "?"], [["joy"], ["joy"]], ["happy"], 0)
    assert found.answers == [["joy"]]
    assert found.note.startswith("no words")
