from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval import metrics as seqeval
from seqeval.scheme import IOB2

from nlpengine.metrics import (
    Score,
    entity_scores,
    entity_tags,
    lenient_entities,
    paired_scores,
    strict_entities,
)
from nlpengine.metrics.entity_errors import KINDS, entity_errors
from nlpengine.metrics.resampling import unseen_share

TAGS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-creative-work", "I-creative-work"]
SENTENCES = st.lists(
    st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from(TAGS)), min_size=1, max_size=9),
    min_size=1,
    max_size=8,
)


def tagged(pairs):
    return [[a for a, _ in row] for row in pairs], [[b for _, b in row] for row in pairs]


def scored(gold, predicted, **more):
    return entity_scores(
        [strict_entities(tags) for tags in gold],
        [strict_entities(tags) for tags in predicted],
        [len(tags) for tags in gold],
        gold_tags=gold,
        predicted_tags=predicted,
        **more,
    )


def table(scores, title):
    (found,) = [t for t in scores.tables if t.title == title]
    return found


@given(SENTENCES)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_agrees_with_seqeval(pairs):
    gold, predicted = tagged(pairs)
    scores = scored(gold, predicted)
    strict = {"mode": "strict", "scheme": IOB2}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # seqeval on ratios of nothing
        expected = {
            "f1": seqeval.f1_score(gold, predicted, **strict),
            "precision": seqeval.precision_score(gold, predicted, **strict),
            "recall": seqeval.recall_score(gold, predicted, **strict),
            "f1_default": seqeval.f1_score(gold, predicted),
        }
        if table(scores, "Per type").rows:  # seqeval divides by the number of types
            expected["macro_f1"] = seqeval.f1_score(gold, predicted, average="macro", **strict)
            per_type = seqeval.classification_report(gold, predicted, output_dict=True, **strict)
    for name, value in expected.items():
        score = scores.metrics[name]
        assert score.value == pytest.approx(value, abs=1e-12), name
        assert 0 <= score.low <= score.value <= score.high <= 1
    for label, precision, recall, f1, support in table(scores, "Per type").rows:
        told = per_type[label]
        assert (precision or 0) == pytest.approx(told["precision"], abs=1e-12)
        assert (recall or 0) == pytest.approx(told["recall"], abs=1e-12)
        assert f1.value == pytest.approx(told["f1-score"], abs=1e-12)
        assert support == told["support"]
    assert json.loads(json.dumps([s.to_json() for s in scores.metrics.values()]))


@given(SENTENCES)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_tags_and_entities_go_both_ways(pairs):
    for tags in tagged(pairs)[0]:
        entities = strict_entities(tags)
        well_formed = entity_tags(entities, len(tags))
        assert strict_entities(well_formed) == lenient_entities(well_formed) == entities
        assert set(entities) <= set(lenient_entities(tags))


def test_readings_differ_on_malformed_tags_only():
    tags = ["O", "I-PER", "I-PER", "O", "B-LOC", "I-PER"]
    assert strict_entities(tags) == [("LOC", 4, 5)]
    assert lenient_entities(tags) == [("PER", 1, 3), ("LOC", 4, 5), ("PER", 5, 6)]
    metrics = scored([tags], [["O", "B-PER", "I-PER", "O", "B-LOC", "O"]]).metrics
    assert metrics["f1"].value == pytest.approx(2 / 3)
    assert metrics["f1_default"].value == pytest.approx(4 / 5)


def test_main_metric_order_and_token_accuracy():
    gold, predicted = [["B-PER", "I-PER", "O", "O"]], [["B-PER", "O", "O", "O"]]
    scores = scored(gold, predicted)
    assert list(scores.metrics) == [
        "f1", "precision", "recall", "macro_f1", "token_accuracy", "f1_default",
    ]  # fmt: skip
    accuracy = scores.metrics["token_accuracy"]
    assert (accuracy.value, accuracy.n) == (0.75, 4)
    assert accuracy.value == seqeval.accuracy_score(gold, predicted)
    assert scores.outcomes is None
    plain = entity_scores([[("PER", 0, 2)]], [[]], [4])
    assert "f1_default" not in plain.metrics


@pytest.mark.parametrize(
    ("gold", "predicted", "kinds"),
    [
        ([("A", 0, 2)], [("A", 0, 2)], ["exact"]),
        ([("A", 0, 2)], [("B", 0, 2)], ["right span, wrong type"]),
        ([("A", 0, 2)], [("A", 0, 3)], ["overlapping span, right type"]),
        ([("A", 0, 2)], [("B", 1, 3)], ["overlapping span, wrong type"]),
        ([("A", 0, 2)], [], ["missed"]),
        ([], [("A", 0, 2)], ["spurious"]),
        ([("A", 0, 2)], [("A", 2, 3)], ["missed", "spurious"]),
        # One long prediction over two gold entities: the larger share is its partner.
        ([("A", 0, 1), ("A", 1, 4)], [("A", 0, 4)], ["overlapping span, right type", "missed"]),
        # An exact pair comes before an overlap.
        ([("A", 0, 2), ("A", 2, 4)], [("A", 2, 4), ("B", 0, 1)],
         ["exact", "overlapping span, wrong type"]),
    ],
)  # fmt: skip
def test_kinds_of_error(gold, predicted, kinds):
    assert entity_errors(gold, predicted) == kinds


@given(SENTENCES)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_kinds_account_for_every_entity(pairs):
    gold, predicted = tagged(pairs)
    rows = table(scored(gold, predicted), "Entities by kind of error").rows
    assert tuple(row[0] for row in rows) == KINDS
    count = dict(row[:2] for row in rows)
    paired = sum(count[kind] for kind in KINDS[:4])
    assert paired + count["missed"] == sum(len(strict_entities(tags)) for tags in gold)
    assert paired + count["spurious"] == sum(len(strict_entities(tags)) for tags in predicted)
    shares = [row[2] for row in rows]
    assert shares == [None] * 6 or sum(shares) == pytest.approx(1)


def test_no_entity_at_all_is_zero_and_unknown():
    scores = scored([["O", "O"]] * 3, [["O", "O"]] * 3)
    for name in ("f1", "precision", "recall", "macro_f1", "f1_default"):
        assert scores.metrics[name] == Score(0.0, 0.0, 1.0, 3)
    assert table(scores, "Per type").rows == ()
    silent = scored([["B-A", "O"]] * 20, [["O", "O"]] * 20)
    assert silent.metrics["precision"] == Score(0.0, 0.0, 1.0, 20)
    assert silent.metrics["recall"].high == pytest.approx(unseen_share(20))
    assert table(silent, "Per type").rows[0][1] is None
    assert paired_scores(scores, scores) is None
    empty = entity_scores([[]], [[]], [0])
    assert empty.metrics["token_accuracy"] == Score(0.0, 0.0, 1.0, 0)


def test_all_right_is_not_certain_and_rests_on_what_bears_on_it():
    gold = [["B-A", "O"]] * 20 + [["O", "O"]] * 500
    f1 = scored(gold, gold).metrics["f1"]
    u = unseen_share(20)
    assert (f1.low, f1.value, f1.high) == pytest.approx((2 * (1 - u) / (2 - u), 1, 1))
    recall = scored(gold, gold).metrics["recall"]
    assert recall.low == pytest.approx(1 - u)


def random_scores(share, documents, seed):
    """Sentences of one entity; whole documents are harder than others."""
    rng = np.random.default_rng(seed)
    hard = dict.fromkeys(documents)
    hard = {name: rng.random() < 0.5 for name in hard}
    gold, predicted = [], []
    for name in documents:
        gold.append([("A", 0, 1)])
        right = rng.random() < (share - 0.4 if hard[name] else share)
        predicted.append([("A", 0, 1)] if right else [("A", 1, 2)])
    return gold, predicted, [3] * len(gold)


def test_documents_are_resampled_as_wholes():
    documents = [str(i // 20) for i in range(400)]
    data = random_scores(0.95, documents, 0)
    by_document = entity_scores(*data, documents=documents).metrics["f1"]
    by_sentence = entity_scores(*data).metrics["f1"]
    assert by_document.value == by_sentence.value
    assert by_document.high - by_document.low > 1.5 * (by_sentence.high - by_sentence.low)


def test_paired_difference_of_f1():
    documents = [str(i // 5) for i in range(200)]
    gold, good, lengths = random_scores(0.95, documents, 1)
    _, bad, _ = random_scores(0.7, documents, 2)
    a = entity_scores(gold, good, lengths, documents=documents)
    b = entity_scores(gold, bad, lengths, documents=documents)
    gap = paired_scores(a, b)
    assert gap.value == pytest.approx(a.main[1].value - b.main[1].value)
    assert 0 < gap.low < gap.value < gap.high
    assert gap == paired_scores(a, b)
    back = paired_scores(b, a)
    assert (back.low, back.high) == pytest.approx((-gap.high, -gap.low))
    same = paired_scores(a, a)
    assert (same.low, same.high) == pytest.approx((-unseen_share(40), unseen_share(40)))
    with pytest.raises(ValueError, match="no pairs"):
        paired_scores(a, entity_scores(gold, bad, lengths))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: entity_scores([], [], []), "0 and 0 sentences"),
        (lambda: entity_scores([[]], [], [1]), "1 and 0 sentences, lengths of 1"),
        (lambda: entity_scores([[("A", 0, 2)]], [[]], [1]), "no entity in 1 words"),
        (lambda: entity_scores([[("A", 1, 1)]], [[]], [2]), "no entity in 2 words"),
        (lambda: entity_scores([[("A", 0, 2), ("B", 1, 2)]], [[]], [2]), "shares a word"),
        (lambda: entity_scores([[]], [[]], [1], documents=[]), "0 documents for 1 examples"),
        (lambda: entity_scores([[]], [[]], [1], gold_tags=[["O"]], predicted_tags=[[]]), "fit"),
        (lambda: strict_entities(["E-A"]), "'E-A' is no IOB2 tag"),
        (lambda: lenient_entities(["B-"]), "'B-' is no IOB2 tag"),
        (lambda: strict_entities([""]), "'' is no IOB2 tag"),
    ],
)
def test_unusable_input_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()
