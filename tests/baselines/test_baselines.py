from __future__ import annotations

import numpy as np
import pytest

from nlpengine.baselines import tfidf
from nlpengine.baselines.baseline import MAJORITY, MEAN
from nlpengine.baselines.tfidf import TFIDF, stratified_sample

GOOD = ["I love this film", "a great and moving story", "wonderful, I'd watch it again"]
BAD = ["I hate this film", "a dull and endless story", "terrible, I'd rather sleep"]


def reviews(n, seed=0):
    """Texts whose label only word pairs and apostrophes give away."""
    rng = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(n):
        label = str(rng.choice(["neg", "pos"]))
        verdict = "wasn't good" if label == "neg" else "was good"
        filler = rng.choice(["film", "actor", "plot", "music", "end"], 3)
        texts.append(f"{' '.join(filler)} {verdict}")
        labels.append(label)
    return texts, labels


def test_majority():
    found = MAJORITY.predict(["x", "y", "z"], ["b", "a", "b"], ["1", "2"], 0)
    assert found.answers == ["b", "b"]
    assert found.note == "always 'b', the label of 2 of 3 training texts"


def test_mean():
    found = MEAN.predict(["x", "y"], [1.0, 4.0], ["1", "2"], 0)
    assert found.answers == [2.5, 2.5]
    assert found.note == "always 2.5, the mean of 2 training examples"
    assert MEAN.predict(["x"], [3], [], 0).answers == []


def test_majority_of_equals_is_the_first_sorted():
    assert MAJORITY.predict(["x", "y"], ["b", "a"], ["1"], 0).answers == ["a"]


@pytest.mark.parametrize("baseline", [MAJORITY, TFIDF])
def test_no_test_texts(baseline):
    assert baseline.predict(GOOD + BAD, ["pos"] * 3 + ["neg"] * 3, [], 0).answers == []


@pytest.mark.parametrize("baseline", [MAJORITY, MEAN, TFIDF])
@pytest.mark.parametrize(("texts", "labels"), [([], []), (["a"], []), (["a"], ["x", "y"])])
def test_training_without_labels_is_refused(baseline, texts, labels):
    with pytest.raises(ValueError, match="at least one example"):
        baseline.predict(texts, labels, ["t"], 0)


def test_tfidf_learns_what_the_majority_cannot():
    texts, labels = reviews(120)
    test, gold = reviews(60, seed=1)
    found = TFIDF.predict(texts, labels, test, 0)
    assert found.answers == gold
    assert all(type(label) is str for label in found.answers)
    plain = MAJORITY.predict(texts, labels, test, 0).answers
    assert np.mean([a == b for a, b in zip(plain, gold, strict=True)]) < 0.7
    assert "3-fold cross-validation on 120 of 120 training texts" in found.note


def test_labels_unrelated_to_the_texts_are_not_learnt():
    texts, labels = reviews(200)
    shuffled = np.random.default_rng(0).permutation(labels).tolist()
    test, gold = reviews(200, seed=1)
    found = TFIDF.predict(texts, shuffled, test, 0).answers
    assert 0.25 < np.mean([a == b for a, b in zip(found, gold, strict=True)]) < 0.75


def test_same_seed_same_result():
    texts, labels = reviews(50)
    assert TFIDF.predict(texts, labels, GOOD, 3) == TFIDF.predict(texts, labels, GOOD, 3)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("I don't like it", ["i", "don't", "like", "it"]),
        ("It isn’t a film", ["it", "isn’t", "a", "film"]),
        ("'quoted' 5 stars!", ["quoted", "5", "stars"]),
    ],
)
def test_negations_and_short_words_stay(text, tokens):
    vectorizer = tfidf._vectorizer(1)
    words = [t for t in vectorizer.build_analyzer()(text) if " " not in t]
    assert words == tokens


def test_rare_features_are_dropped_only_from_many_texts():
    assert tfidf._vectorizer(2_000).min_df == 1
    assert tfidf._vectorizer(2_001).min_df == 2


def test_one_label_is_said_in_the_note():
    found = TFIDF.predict(GOOD, ["pos"] * 3, BAD, 0)
    assert found.answers == ["pos"] * 3
    assert found.note.startswith("only one label in training: always 'pos'")


@pytest.mark.parametrize("texts", [["", " ", ""], ["!!", "...", "🙂"]])
def test_texts_without_words_fall_back_and_say_so(texts):
    found = TFIDF.predict(texts, ["b", "a", "b"], ["fine"], 0)
    assert found.answers == ["b"]
    assert found.note.startswith("no words to learn from: always 'b'")


def test_nothing_left_after_dropping_rare_features_says_so(monkeypatch):
    monkeypatch.setattr(tfidf, "MANY_TEXTS", 2)
    found = TFIDF.predict(["one", "two", "three"], ["b", "a", "b"], ["one"], 0)
    assert found.note.startswith("no words to learn from")


def test_other_errors_of_the_features_are_not_swallowed(monkeypatch):
    monkeypatch.setattr(tfidf, "MAX_FEATURES", -1)
    with pytest.raises(ValueError, match="max_features"):
        TFIDF.predict(GOOD + BAD, ["pos"] * 3 + ["neg"] * 3, ["x"], 0)


def test_folds_follow_the_smallest_label():
    found = TFIDF.predict(GOOD + BAD[:2], ["pos"] * 3 + ["neg"] * 2, ["I hate it"], 0)
    assert "2-fold cross-validation on 5 of 5" in found.note


def test_single_texts_of_a_label_sit_out_the_choice_but_are_learnt():
    texts = GOOD * 3 + BAD * 3 + ["utterly indescribable whatsit"]
    labels = ["pos"] * 9 + ["neg"] * 9 + ["odd"]
    found = TFIDF.predict(texts, labels, GOOD, 0)
    assert "3-fold cross-validation on 18 of 19" in found.note
    alone = TFIDF.predict(["good one", "bad one"], ["pos", "neg"], ["so good", "so bad"], 0)
    assert alone.answers == ["pos", "neg"]
    assert "too few texts per label" in alone.note


def test_stopping_early_is_said_in_the_note(monkeypatch):
    monkeypatch.setattr(tfidf, "MAX_ITERATIONS", 1)
    texts, labels = reviews(40)
    assert "before it converged" in TFIDF.predict(texts, labels, GOOD, 0).note


def test_choice_is_made_on_a_sample(monkeypatch):
    monkeypatch.setattr(tfidf, "CV_TEXTS", 30)
    texts, labels = reviews(90)
    assert "on 30 of 90 training texts" in TFIDF.predict(texts, labels, GOOD, 0).note


def test_samples_keep_the_labels_shares():
    labels = np.array(["a"] * 700 + ["b"] * 290 + ["c"] * 10, dtype=object)
    rows = stratified_sample(labels, 100, 0)
    assert len(set(rows.tolist())) == 100
    counts = {label: int((labels[rows] == label).sum()) for label in "abc"}
    assert counts == {"a": pytest.approx(70, abs=2), "b": pytest.approx(29, abs=2), "c": 1}
    assert not np.array_equal(rows, stratified_sample(labels, 100, 1))
    assert np.array_equal(stratified_sample(labels, 1000, 0), np.arange(1000))
