"""Labels that are numbers, and labels that say that there is none."""

import pytest

from nlpengine.data import Column, labels_are_numbers, load_records, load_splits, parse_number
from nlpengine.data.records import Origin, Record

COLUMNS = [Column("text"), Column("label", required=False)]


def are_classes(records):
    return not labels_are_numbers(records, "label")


def rows(labels):
    return [Record({"label": label}, Origin("f", i)) for i, label in enumerate(labels)]


def write(folder, **labels):
    for split, values in labels.items():
        lines = [f"{split}{i},{label}\n" for i, label in enumerate(values)]
        (folder / f"{split}.csv").write_text("text,label\n" + "".join(lines))
    return str(folder)


@pytest.mark.parametrize(
    ("labels", "numbers"),
    [
        (["0", "2.5"], True),
        (["5.000", "3.800"], True),
        (["3", "3.000"], True),
        ([".5", "-1e-2"], True),
        ([" 2.5", None], True),
        (["0", "1"], False),
        (["1", "01"], False),
        (["-1", "+1"], False),
        (["1.0", "5.0"], False),
        (["2.5", "a"], False),
        (["2.5", "nan"], False),
        (["2.5", "1e999"], False),
        (["2,5", "1"], False),
        ([], False),
    ],
)
def test_labels_are_numbers(labels, numbers):
    assert labels_are_numbers(rows(labels), "label") is numbers


@pytest.mark.parametrize("text", ["", "nan", "inf", "1_0", "٣", "0x1", "1e400", "1 2", "."])
def test_what_is_no_number(text):
    assert parse_number(text) is None


def test_numbers_are_neither_stratified_nor_one_class(tmp_path):
    source = write(tmp_path, train=[f"{i / 4:.3f}" for i in range(20)], dev=["9.9"])
    splits = load_splits(source, COLUMNS, {}, 0, classes=are_classes)
    assert [len(part) for part in (splits.train, splits.dev, splits.test)] == [18, 2, 1]
    assert splits.test[0].fields["label"] == 9.9
    assert {type(record.fields["label"]) for record in splits.train} == {float}
    assert len(load_splits(source, COLUMNS, {}, 0, classes=are_classes, limit=5).train) == 5
    write(tmp_path, train=["2.5"] * 20)
    assert len(load_splits(source, COLUMNS, {}, 0, classes=are_classes).train) == 18


def test_whole_numbers_are_classes(tmp_path, refused):
    source = write(tmp_path, train="0101", dev="2", test="01")
    with refused(f"{source}/dev.csv:2", "label '2' in the dev split doesn't stand in train"):
        load_splits(source, COLUMNS, {}, 0, classes=are_classes)


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_a_label_that_is_no_number(tmp_path, refused, split):
    parts = {name: ["1.5", "2.5"] for name in ("train", "dev", "test")}
    parts[split] = ["1.5", "two"]
    source = write(tmp_path, **parts)
    with refused(
        f"{source}/{split}.csv:3",
        f"label 'two' in the {split} split is no number, and the labels of this data set are. "
        "Write it with digits and a point, like 2.5, or remove the row",
    ):
        load_splits(source, COLUMNS, {}, 0, classes=lambda records: False)


def test_a_test_split_without_numbers(tmp_path):
    source = write(tmp_path, train=["1.5", "2.5"] * 10, dev=["1.5"], test=["-1", "-1"])
    splits = load_splits(source, COLUMNS, {}, 0, classes=are_classes)
    assert splits.notes[0].startswith("the test split has no labels: ")


# left out


def test_rows_without_gold_by_convention_are_counted(tmp_path):
    source = write(tmp_path, train=["a", "b", "-"] * 4, dev=["a", "-"], test=["b", "-", "x"])
    options = {"left_out": ["-", "x"]}
    splits = load_splits(source, COLUMNS, {}, 0, **options)
    assert [len(part) for part in (splits.train, splits.dev, splits.test)] == [8, 1, 1]
    assert splits.notes == (
        "left out, as a label of '-' or 'x' says that there is none: 4 of 12 rows of train, 1 of "
        "2 rows of dev, 2 of 3 rows of test.",
    )
    path = f"{source}/test.csv"
    records, notes, _ = load_records(path, COLUMNS, {}, labelled=True, **options)
    assert [record.fields["label"] for record in records] == ["b"]
    assert notes == ("left out, as a label of '-' or 'x' says that there is none: 2 of 3 rows.",)
    assert len(load_records(path, COLUMNS, {}, **options)[0]) == 3


def test_a_test_split_of_nothing_else_is_none(tmp_path):
    source = write(tmp_path, train="ab" * 20, dev="ab", test="--")
    splits = load_splits(source, COLUMNS, {}, 0, left_out=["-"])
    assert splits.notes[0].endswith("2 of 2 rows of test.")
    assert splits.notes[1].startswith("no test split: the dev split (2 rows) is the test split")


def test_train_of_nothing_else(tmp_path, refused):
    with refused(
        str(tmp_path), "every row of train has a label that says there is none ('-')", "Label rows"
    ):
        load_splits(write(tmp_path, train="----"), COLUMNS, {}, 0, left_out=["-"])


def test_records_of_nothing_else(tmp_path, refused):
    source = write(tmp_path, test="--")
    with refused(f"{source}/test.csv", "no row has a label in field 'label'"):
        load_records(source, COLUMNS, {}, labelled=True, left_out=["-"])
