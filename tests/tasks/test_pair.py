"""The pair task by itself: labels, options, the label that F1 is of, numbers, both orders."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nlpengine_pair import Pair, PairOptions

from nlpengine import DataError, RowError, UsageError
from nlpengine.data import Origin, PairExample, Record
from nlpengine.encoding import Encoding
from nlpengine.plugin import Labels, Number, Prediction, WindowLogits

PAIR = Pair()
AUTO = PairOptions()


def records(labels):
    return [Record({"label": label}, Origin("f", i)) for i, label in enumerate(labels, start=1)]


def examples(labels, slices=()):
    return [
        PairExample(f"a {i}", f"b {i}", label, Origin("f", i), {"genre": s} if (s := g) else {})
        for i, (label, g) in enumerate(
            zip(labels, slices or [""] * len(labels), strict=True), start=1
        )
    ]


def window(logits, tokens=4, number=0):
    ids = np.zeros(tokens, dtype=np.int32)
    return WindowLogits(
        Encoding(ids, ids, 0, number, 0, tokens, 0), np.asarray(logits, dtype=np.float64)
    )


# --- classes or numbers


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["5.000", "3.800"], False),
        (["0", "2.5", None], False),
        (["0", "1"], True),
        (["1.0", "5.0"], True),
        (["entailment", "neutral"], True),
        (["nan", "inf"], True),
        (["1", "n/a", "3"], True),
    ],
)
def test_the_labels_say_which(labels, classes):
    assert PAIR.has_classes(records(labels), AUTO) is classes
    for target in ("classes", "number"):
        options = PairOptions(target=target)
        assert PAIR.has_classes(records(labels), options) is (target == "classes")


@pytest.mark.parametrize(
    ("labels", "line", "said"),
    [
        (["2.8", "3,5", "4.1"], 2, "label '3,5' is no number, while the labels of other rows are"),
        (["2.8", "3.5", "nan"], 3, "label 'nan' is no number, while the labels of other rows are"),
        (["1", "4", "3,5"], 3, "label '3,5' is no number, while the labels of other rows are"),
        (["2,8", "3,5"], 1, "label '2,8' is no number, while it looks like one"),
        (["2.8", "3,5", "3,5"], 2, "label '3,5' is no number, while the labels of other rows are"),
    ],
)
def test_numbers_with_a_slip_are_no_classes(labels, line, said):
    with pytest.raises(DataError) as caught:
        PAIR.has_classes(records(labels), AUTO)
    assert str(caught.value) == (
        f"f:{line}: {said}. Write numbers with digits and a point, like 3.5; or say --target "
        "classes if labels are names of classes"
    )
    assert PAIR.has_classes(records(labels), PairOptions(target="classes"))


def test_two_numbers_are_classes_however_they_are_written():
    with pytest.raises(
        DataError, match=r"^f:4: label '1\.0' is also written '1' \(f:2\), and there"
    ):
        PAIR.has_classes(records(["0", "1", "0", "1.0"]), AUTO)
    assert not PAIR.has_classes(records(["0", "1", "1.0"]), PairOptions(target="number"))
    assert not PAIR.has_classes(records(["3", "3.000", "4", "5"]), AUTO)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.text(max_size=4))
def test_one_slip_among_numbers_is_never_passed_over(numbers, slip):
    labels = [*map(repr, numbers), "2.25"]
    assert not PAIR.has_classes(records(labels), AUTO)
    strange = f"x{slip}"
    with pytest.raises(DataError):
        PAIR.has_classes(records([*labels, strange]), AUTO)


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([0.5, 5.0], "labels are numbers, 0.5 to 5: a number is predicted. For classes: --target"),
        (["3", "0", "10"], "labels are whole numbers, 0 to 10: they were taken for 3 classes. To "),
        (["0", "1"], "F1 is that of the label '1'; --positive names another"),
        (["a", "b", "c"], ""),
    ],
)
def test_what_labels_were_taken_for_is_said(labels, said):
    settled, notes = PAIR.settle(examples(labels), AUTO)
    assert settled.target == ("number" if isinstance(labels[0], float) else "classes")
    assert settled.positive == ("1" if labels == ["0", "1"] else "")
    assert len(notes) == bool(said)
    assert "".join(notes).startswith(said)
    assert PAIR.settle(examples(labels), settled) == (settled, ())


def test_labels_of_numbers_have_no_names():
    labels = PAIR.label_set(examples([2.5, 1.0]), AUTO)
    assert (labels.names, labels.positive) == ((), None)
    head = PAIR.head(labels, PAIR.options())
    assert (head.kind, head.size) == ("sequence", 1)
    assert PAIR.gold(examples([2.5])[0], window([0]).encoding, labels) == 2.5
    with pytest.raises(DataError, match="f:1: the label 'a' is no number"):
        PAIR.check_gold(examples(["a"])[0], labels)
    with pytest.raises(DataError, match="no gold here"):
        PAIR.check_gold(examples([None])[0], labels)
    for wrong in ({"class_weights": "balanced"}, {"label_smoothing": 0.1}):
        with pytest.raises(UsageError, match="is for classes, and the labels here are numbers"):
            PAIR.label_set(examples([2.5, 1.0]), PairOptions(**wrong))


def test_labels_of_classes():
    labels = PAIR.label_set(examples(["no", "yes", "no"]), PairOptions(class_weights="balanced"))
    assert labels == Labels(("no", "yes"), (0.75, 1.5), "yes")
    assert PAIR.head(labels, PAIR.options()).size == 2
    with pytest.raises(DataError, match="the label 'maybe' was never seen in training"):
        PAIR.check_gold(examples(["maybe"])[0], labels)


@pytest.mark.parametrize(
    ("names", "positive"),
    [
        (("0", "1"), "1"),
        (("entailment", "not_entailment"), "entailment"),
        (("Different", "Same"), "Same"),
        (("False", "True"), "True"),
        (("a", "b"), None),
        (("same", "yes"), None),
        (("contradiction", "entailment", "neutral"), None),
    ],
)
def test_the_label_that_f1_is_of(names, positive):
    assert PAIR.label_set(examples(names), AUTO).positive == positive
    assert PAIR.stock_labels(names).positive == positive
    chosen = PairOptions(positive=names[0])
    assert PAIR.label_set(examples(names), chosen).positive == names[0]
    with pytest.raises(UsageError, match=r"--positive c: the labels are "):
        PAIR.label_set(examples(names), PairOptions(positive="c"))


def test_no_number_is_positive():
    with pytest.raises(UsageError, match="--positive 1: the labels here are numbers"):
        PAIR.label_set(examples([2.5]), PairOptions(positive="1"))


def test_a_stock_checkpoint_of_one_label_gives_numbers():
    assert PAIR.stock_labels(("LABEL_0",)).names == ()
    assert PAIR.stock_labels(()).names == ()
    assert PAIR.stock_labels(("LABEL_0", "LABEL_1")).names == ("LABEL_0", "LABEL_1")


# --- loss, decoding, scores


def test_the_loss_of_numbers_is_the_squared_error():
    logits = torch.tensor([[1.0], [2.0], [4.0]], requires_grad=True)
    gold = torch.tensor([1.0, 0.0, 5.0], dtype=torch.float64)
    summed, weight = PAIR.loss(logits, gold, Labels(()), AUTO)
    assert (summed.item(), weight.item()) == (5.0, 3.0)
    summed.backward()
    assert logits.grad[:, 0].tolist() == [0.0, 4.0, -2.0]


def test_windows_meet_in_the_mean_of_their_logits():
    parts = [window([1.0], 6, 0), window([4.0], 3, 1)]
    answer = PAIR.decode(examples([2.5])[0], parts, Labels(()), AUTO, {})
    assert answer == Number(2.0, 2)
    assert answer.to_json() == {"value": 2.0, "windows": 2}
    assert answer.to_text() == "2\n  (2 windows: all of the text counts)"
    assert Number(3.14159).to_json() == {"value": 3.14159}
    assert Number(3.14159).to_text() == "3.142"
    classes = PAIR.decode(
        examples(["a"])[0], [window([0.0, 2.0]), window([2.0, 0.0])], Labels(("a", "b")), AUTO, {}
    )
    assert classes.scores == pytest.approx({"a": 0.5, "b": 0.5})
    assert classes.windows == 1  # two readings, each of one window


def test_scores_of_numbers():
    gold = examples([0.0, 1.0, 2.5, 4.0, 5.0, 3.0], ["news"] * 4 + ["talk"] * 2)
    found = [Number(x) for x in (0.5, 1.5, 3.0, 3.5, 4.5, 2.5)]
    scores = PAIR.score(gold, found, Labels(()))
    assert list(scores.metrics) == ["spearman", "pearson"]
    assert scores.main[1].value == pytest.approx(scores.metrics["spearman"].value)
    errors, genre = scores.tables
    assert errors.title == "Errors in the label's unit"
    assert [row[:2] for row in errors.rows] == [
        ("mean absolute error", 0.5),
        ("mean squared error", 0.25),
    ]
    assert genre.columns == ("value", "spearman", "n")
    # Of two examples no correlation is given.
    assert [(row[0], row[1] is None, row[2]) for row in genre.rows] == [
        ("news", False, 4),
        ("talk", True, 2),
    ]
    assert scores.resampled is not None


def test_scores_of_classes():
    labels = Labels(("0", "1"), None, "1")
    found = [Prediction(x, 1.0, {"0": float(x == "0"), "1": float(x == "1")}) for x in "0111"]
    scores = PAIR.score(examples(["0", "1", "1", "0"], ["a", "a", "b", "b"]), found, labels)
    assert list(scores.metrics) == ["accuracy", "f1", "macro_f1", "mcc", "ece"]
    assert scores.metrics["f1"].value == pytest.approx(0.8)
    assert [table.title for table in scores.tables][2:] == ["By genre"]
    three = PAIR.score(
        examples(["0", "1", "1", "0"]), found, dataclasses.replace(labels, positive=None)
    )
    assert "f1" not in three.metrics


def test_the_worst_mistakes_of_numbers_are_the_farthest():
    near, far = examples([2.5, 1.0])
    wrong = PAIR.mistake(far, Number(4.25))
    assert (wrong.gold, wrong.predicted, wrong.detail) == ("1", "4.25", "off by 3.25")
    assert wrong.score > PAIR.mistake(near, Number(2.4)).score
    sure = PAIR.mistake(examples(["a"])[0], Prediction("b", 0.9, {"a": 0.1, "b": 0.9}))
    assert (sure.score, sure.detail) == (0.9, "")


def test_baselines_suit_the_labels():
    names = [baseline.name for baseline in PAIR.baselines_for(Labels(("a", "b")))]
    assert names == ["majority", "hypothesis only", "overlap"]
    assert [b.name for b in PAIR.baselines_for(Labels(()))] == ["mean", "overlap"]
    inputs = [PAIR.baseline_input(example) for example in examples([0.5, 1.5, 2.5])]
    for baseline in PAIR.baselines_for(Labels(())):
        (answer,) = baseline.predict(inputs, [0.5, 1.5, 2.5], inputs[:1], 0).answers
        assert isinstance(PAIR.from_baseline(answer, examples([1.0])[0], Labels(())), Number)


# --- texts


def test_texts_must_be_strings():
    whole = {"first": "a", "second": "b"}
    assert PAIR.adapt(Record(whole | {"label": 2.5}, Origin("f", 1))).label == 2.5
    assert PAIR.adapt(Record(whole | {"label": 1}, Origin("f", 1))).label == "1"
    assert PAIR.adapt(Record(whole, Origin("f", 1))).label is None
    assert PAIR.adapt(Record({"first": "a", "second": ""}, Origin("f", 1))).texts == ("a", "")
    for wrong in ({"first": "a"}, {"first": "a", "second": None}, {"first": 1, "second": "b"}):
        with pytest.raises(RowError, match=r"f:1: the field '(first|second)' is"):
            PAIR.adapt(Record(wrong, Origin("f", 1)))


@given(st.text(), st.text())
def test_both_orders_are_read_where_order_is_to_make_no_difference(first, second):
    one = PairExample(first, second, None, Origin("f", 1))
    other = PairExample(second, first, None, Origin("f", 1))
    assert PAIR.readings(one, AUTO) == (one.texts,)
    symmetric = PairOptions(symmetric=True)
    assert sorted(PAIR.readings(one, symmetric)) == sorted(PAIR.readings(other, symmetric))
    assert PAIR.readings(one, symmetric)[0] == one.texts
