"""Splits by the names that published files, columns and Hub sets have."""

import pytest

from nlpengine.data import Column, load_records, load_splits
from nlpengine.data.sources import read_source
from nlpengine.data.split_names import split_of

COLUMNS = [Column("text"), Column("label", required=False)]


def write(folder, *names, text="text\tlabel\nx\ta\ny\tb\n"):
    for name in names:
        (folder / name).write_text(text)
    return str(folder)


def files(folder, **options):
    read = read_source(str(folder), **options)
    found = {
        split: [table.path.removeprefix(f"{folder}/") for table in tables]
        for split, tables in read.splits.items()
    }
    return found, read.notes


@pytest.mark.parametrize(
    ("stem", "split"),
    [
        ("sts-train", "train"),
        ("msr_paraphrase_test", "test"),
        ("snli_1.0_train", "train"),
        ("SICK_trial", "dev"),
        ("SICK_test_annotated", "test"),
        ("multinli_1.0_dev_matched", "dev"),
        ("emerging.dev", "dev"),
        ("train-v2.0", "train"),
        ("test-test", "test"),
        ("wnut17train", None),
        ("training", "train"),
        ("latest", None),
        ("train_test", None),
        ("dev_of_train", None),
    ],
)
def test_a_stem_names_a_split(stem, split):
    assert split_of(stem) == split


def test_published_names(tmp_path):
    write(tmp_path, "SICK_train.tsv", "SICK_trial.tsv", "SICK_test_annotated.tsv")
    write(tmp_path, "train_notes.md", "README_train.tsv", "train_notes.pdf", "train_notes", "x.csv")
    found, notes = files(tmp_path)
    assert found == {
        "train": ["SICK_train.tsv"],
        "dev": ["SICK_trial.tsv"],
        "test": ["SICK_test_annotated.tsv"],
    }
    assert notes == ["not read, going by the names: train_notes, train_notes.pdf, x.csv."]


def test_a_whole_name_wins(tmp_path):
    write(tmp_path, "train.tsv", "train_words.tsv", "other-dev.tsv", "test.tsv", "test.a.tsv")
    found, notes = files(tmp_path)
    assert found == {"train": ["train.tsv"], "dev": ["other-dev.tsv"], "test": ["test.tsv"]}
    assert notes == ["not read, going by the names: test.a.tsv, train_words.tsv."]


@pytest.mark.parametrize(
    "names",
    [
        ("SICK_test.tsv", "SICK_test_annotated.tsv"),
        ("a_test_matched.tsv", "b_test_mismatched.tsv"),
        ("test_matched.csv", "test_mismatched.tsv"),
        ("test_a.tsv", "test_matched.tsv", "test_mismatched.tsv"),
    ],
)
def test_two_files_for_one_split(tmp_path, refused, names):
    write(tmp_path, "train.tsv", *names)
    with refused(str(tmp_path), " and ".join(names), "are all the test split. Leave one of them"):
        files(tmp_path)


def test_mnli_matched_is_dev(tmp_path):
    write(tmp_path, "multinli_1.0_train.tsv", "multinli_1.0_dev_matched.tsv")
    write(tmp_path, "multinli_1.0_dev_mismatched.tsv", "test_matched.tsv", "test_mismatched.tsv")
    found, notes = files(tmp_path)
    assert found["dev"] == ["multinli_1.0_dev_matched.tsv"]
    assert found["test"] == ["test_matched.tsv"]
    assert notes == [
        "multinli_1.0_dev_mismatched.tsv was not read: multinli_1.0_dev_matched.tsv is the dev "
        "split. To evaluate on it too: nlpengine evaluate RUN --data "
        f"{tmp_path}/multinli_1.0_dev_mismatched.tsv",
        "test_mismatched.tsv was not read: test_matched.tsv is the test split. To evaluate on it "
        f"too: nlpengine evaluate RUN --data {tmp_path}/test_mismatched.tsv",
    ]


def test_shards_of_a_named_set(tmp_path):
    write(tmp_path, "x_train-00000-of-00002.tsv", "x_train-00001-of-00002.tsv", "x_dev.tsv")
    found, _ = files(tmp_path)
    assert found["train"] == ["x_train-00000-of-00002.tsv", "x_train-00001-of-00002.tsv"]


def test_conll_files_count_where_the_task_reads_them(tmp_path):
    write(tmp_path, "emerging.train.conll", "emerging.dev.conll", text="Ann\tB-PER\n")
    assert list(files(tmp_path, formats=["conll"])[0]) == ["dev", "train"]
    write(tmp_path, "train.tsv")
    found, notes = files(tmp_path)
    assert list(found) == ["train"]
    assert notes == ["not read, going by the names: emerging.dev.conll, emerging.train.conll."]


# a column of splits


def sick(tmp_path, *splits, column="SemEval_set"):
    lines = [f"t{i}\t{'ab'[i // 4 % 2]}\t{split}\n" for i, split in enumerate(splits)]
    return write(tmp_path, "SICK.txt", text=f"text\tlabel\t{column}\n" + "".join(lines))


def load(folder, **options):
    return load_splits(f"{folder}/SICK.txt", COLUMNS, {}, 0, **options)


def test_a_column_splits_a_file(tmp_path):
    source = sick(tmp_path, *["TRAIN", "TEST", "Train", "TRIAL"] * 4)
    splits = load(source)
    assert [len(rows) for rows in (splits.train, splits.dev, splits.test)] == [8, 4, 4]
    assert splits.test[0].origin.line == 3
    assert splits.notes[1:] == (
        "the file was split by its column 'SemEval_set': 8 train (TRAIN, Train), 4 dev (TRIAL), "
        "4 test (TEST).",
    )
    assert list(splits.fingerprints) == ["SICK.txt"]
    records, notes, _ = load_records(f"{source}/SICK.txt", COLUMNS, {}, labelled=True)
    assert [record.origin.line for record in records] == [3, 7, 11, 15]
    assert "was split by its column" in notes[1]


def test_a_column_of_two_splits_leaves_the_rest_to_the_usual_way(tmp_path):
    splits = load(sick(tmp_path, *["train", "train", "train", "test"] * 10, column="split"))
    assert len(splits.test) == 10
    assert splits.notes[-1] == "no dev split: 3 rows of train were set aside by seed 0."


@pytest.mark.parametrize(
    ("column", "values", "note"),
    [
        ("kind", ["train", "test"], ""),
        ("set", ["a", "b"], ""),
        ("set", ["train", "train"], "column 'set' was not used to split the file: all rows are of"),
        ("set", ["dev", "test"], "column 'set' was not used to split the file: no row is of train"),
        ("set", ["a", "test"], "column 'set' was not used to split the file: 'a' ("),
        ("split", ["train", "extra"], "column 'split' was not used to split the file: 'extra' ("),
    ],
)
def test_a_column_that_does_not_split(tmp_path, column, values, note):
    splits = load(sick(tmp_path, *values * 20, column=column))
    assert "split 80/10/10 by seed 0" in splits.notes[-1]
    assert len(splits.notes) == 2 + bool(note)
    assert note in splits.notes[1]


def test_a_field_of_the_task_is_no_column_of_splits(tmp_path):
    source = sick(tmp_path, *["train", "test"] * 20, column="Set")
    columns = [*COLUMNS, Column("slice", ("set",), required=False)]
    splits = load_splits(f"{source}/SICK.txt", columns, {}, 0)
    assert "80/10/10" in splits.notes[-1]


def test_two_columns_of_splits(tmp_path, refused):
    text = "text\tlabel\tsplit\tset\n" + "x\ta\ttrain\ttrain\ny\tb\ttest\ttest\n"
    source = write(tmp_path, "SICK.txt", text=text)
    with refused(f"{source}/SICK.txt", "columns 'split' and 'set' both hold names of splits"):
        load(source)
