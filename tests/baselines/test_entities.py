from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nlpengine.baselines import FEATURES, GAZETTEER
from nlpengine.baselines import tagger as tagger_module
from nlpengine.baselines.entities import best_path
from nlpengine.baselines.tagger import word_features, word_shape
from nlpengine.metrics import entity_scores, entity_tags, strict_entities

BOTH = [GAZETTEER, FEATURES]
HOSTILE = [["\ud800", "", "👩‍👩‍👧", "\u202e", "ﷺ"], [], ["a\x00b"], ["ß" * 500]]


def visits(n, seed=0):
    """Sentences in which place and cue, not the name itself, give the type away."""
    rng = np.random.default_rng(seed)
    words, tags = [], []
    for _ in range(n):
        name = "".join(rng.choice(list("aeioubdgklmnrst"), 6)).capitalize()
        if rng.random() < 0.5:
            words.append(["Mr", name, "Smith", "came", "home", "."])
            tags.append(["O", "B-PER", "I-PER", "O", "O", "O"])
        else:
            words.append(["we", "came", "to", name, "yesterday", "."])
            tags.append(["O", "O", "O", "B-LOC", "O", "O"])
    return words, tags


def f1(baseline, train, test):
    found = baseline.predict(*train, test[0], 0).answers
    return entity_scores(
        [strict_entities(tags) for tags in test[1]],
        [strict_entities(tags) for tags in found],
        [len(words) for words in test[0]],
    ).main[1].value  # fmt: skip


def test_features_carry_over_to_new_names_and_the_gazetteer_does_not():
    train, test = visits(150), visits(60, seed=1)
    assert f1(FEATURES, train, test) > 0.95
    assert f1(GAZETTEER, train, test) < 0.2
    assert f1(GAZETTEER, train, train) == 1.0


def test_the_longest_name_wins_with_its_most_frequent_label():
    words = [["New", "York"], ["New", "York", "Times"], ["York"], ["York"], ["York"], ["Times"]]
    tags = [["B-LOC", "I-LOC"], ["B-ORG", "I-ORG", "I-ORG"], ["B-LOC"], ["B-PER"], ["B-PER"], ["O"]]
    test = [["the", "New", "York", "Times", "of", "York"], ["New", "York", "New"], ["new", "york"]]
    found = GAZETTEER.predict(words, tags, test, 0)
    assert found.answers == [
        ["O", "B-ORG", "I-ORG", "I-ORG", "O", "B-PER"],
        ["B-LOC", "I-LOC", "O"],
        ["O", "O"],
    ]
    assert found.note == "3 different entities in 6 training sentences"


def test_equal_counts_go_to_the_first_label_in_order():
    found = GAZETTEER.predict([["x"], ["x"]], [["B-B"], ["B-A"]], [["x", "x"]], 0)
    assert found.answers == [["B-A", "B-A"]]


@pytest.mark.parametrize("baseline", BOTH)
def test_malformed_training_tags_are_read_leniently(baseline):
    words, tags = visits(80)
    loose = [["O" if tag == "O" else f"I-{tag[2:]}" for tag in row] for row in tags]
    assert baseline.predict(words, loose, words, 0) == baseline.predict(words, tags, words, 0)


@pytest.mark.parametrize("baseline", BOTH)
def test_same_input_same_answers_whatever_the_words(baseline):
    words, tags = visits(30)
    words, tags = words + HOSTILE, tags + [["O"] * len(row) for row in HOSTILE]
    one = baseline.predict(words, tags, HOSTILE + words, 1)
    assert one == baseline.predict(words, tags, HOSTILE + words, 1)
    assert [len(row) for row in one.answers] == [len(row) for row in HOSTILE + words]
    for row in one.answers:
        assert entity_tags(strict_entities(row), len(row)) == row
    assert baseline.predict(words, tags, [], 0).answers == []


@pytest.mark.parametrize("baseline", BOTH)
def test_unusable_training_is_refused(baseline):
    with pytest.raises(ValueError, match="at least one example"):
        baseline.predict([], [], [["x"]], 0)
    with pytest.raises(ValueError, match="2 words have 1 tags"):
        baseline.predict([["a", "b"]], [["O"]], [], 0)
    with pytest.raises(ValueError, match="no IOB2 tag"):
        baseline.predict([["a"]], [["X"]], [], 0)


@pytest.mark.parametrize("baseline", BOTH)
@pytest.mark.parametrize(("words", "tags"), [([["a"]], [["O"]]), ([[]], [[]])])
def test_nothing_to_learn(baseline, words, tags):
    assert baseline.predict(words, tags, [["a", "b"], []], 0).answers == [["O", "O"], []]


def test_what_was_learnt_is_said_in_the_note(monkeypatch):
    words, tags = visits(30)
    assert FEATURES.predict([["a"]], [["O"]], [], 0).note.startswith("only one tag in training")
    assert FEATURES.predict([[]], [[]], [], 0).note.startswith("no word in training")
    assert "features of 180 words" in FEATURES.predict(words, tags, [], 0).note
    monkeypatch.setattr(tagger_module, "MAX_ITERATIONS", 1)
    assert "before it converged" in FEATURES.predict(words, tags, [], 0).note


@pytest.mark.parametrize(
    ("word", "shape"),
    [("", ""), ("McDonald's", "XxXxx'x"), ("2,400", "0,00"), ("U.S.", "X.X."), ("...", ".."),
     ("\n\n\n", "\n\n")],
)  # fmt: skip
def test_shapes(word, shape):
    assert word_shape(word) == shape


def test_features_see_neighbours():
    first, second = word_features(["Mr", "Bean"])
    assert {"w=Mr", "l+1=bean", "l-1=<s>", "p=M", "e=mr", "s=Xx"} <= set(first)
    assert {"l-1=mr", "l+1=</s>", "p=Bean", "e=an", "s-1=Xx"} <= set(second)
    assert word_features([]) == []


TAGS = ["B-A", "B-B", "I-A", "I-B", "O"]


@given(hnp.arrays(np.float64, st.tuples(st.integers(0, 4), st.just(5)), elements=st.floats(-9, 0)))
@settings(max_examples=60, deadline=None, derandomize=True)
def test_best_path_is_the_best_of_all_valid_ones(scores):
    n = len(scores)
    found = [TAGS[place] for place in best_path(scores, TAGS)]
    assert entity_tags(strict_entities(found), n) == found
    valid = [
        row
        for row in itertools.product(TAGS, repeat=n)
        if entity_tags(strict_entities(row), n) == list(row)
    ]

    def total(row):
        return sum(scores[word, TAGS.index(tag)] for word, tag in enumerate(row))

    assert total(found) == pytest.approx(max(map(total, valid)))
