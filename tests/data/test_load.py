import gzip
import hashlib
import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nlpengine.data import Column, load_records, load_splits, sources
from nlpengine.data.records import Origin, Record
from nlpengine.errors import UsageError

COLUMNS = (
    Column("text", ("sentence", "review")),
    Column("label", ("sentiment",), required=False),
)


def write(folder, **files):
    folder.mkdir(exist_ok=True)
    for name, lines in files.items():
        path = folder / name.replace("__", ".")
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(folder)


def csv_lines(labels, header="text,label", text="t"):
    return [header, *(f"{text}{i},{label}" for i, label in enumerate(labels))]


def load(source, seed=0, mapping=None, **options):
    return load_splits(source, COLUMNS, mapping or {}, seed, **options)


def labels(records):
    return [record.fields.get("label") for record in records]


def sizes(splits):
    return len(splits.train), len(splits.dev), len(splits.test)


# layouts


def test_one_file_is_split_and_said(tmp_path):
    source = write(tmp_path, all__csv=csv_lines("ab" * 50)) + "/all.csv"
    splits = load(source)
    assert sizes(splits) == (80, 10, 10)
    assert Counter(labels(splits.test)) == {"a": 5, "b": 5}
    assert splits.source == source
    assert splits.notes == (
        "no test split and no dev split: the rows were split 80/10/10 by seed 0 into "
        "80 train, 10 dev and 10 test.",
    )
    digest = hashlib.sha256((tmp_path / "all.csv").read_bytes()).hexdigest()
    assert splits.fingerprints == {"all.csv": digest}
    assert load(source) == splits
    assert load(source, seed=1).test != splits.test


def test_a_file_per_split_in_any_format(tmp_path):
    write(tmp_path, train__csv=csv_lines("abab"), valid__tsv=["text\tlabel", "x\ta"])
    (tmp_path / "test.jsonl.gz").write_bytes(gzip.compress(b'{"text": "y", "label": "b"}\n'))
    write(tmp_path, README=["x"], LICENSE__txt=["x"], NOTES__md=["x"], extra__csv=["x"])
    (tmp_path / ".hidden").write_text("x")
    (tmp_path / "src").mkdir()
    splits = load(str(tmp_path))
    assert sizes(splits) == (4, 1, 1)
    assert sorted(splits.fingerprints) == ["test.jsonl.gz", "train.csv", "valid.tsv"]
    assert splits.notes == ("not read, going by the names: extra.csv, src/.",)
    assert str(splits.dev[0].origin) == f"{tmp_path}/valid.tsv:2"


def test_label_text_files_are_said_once(tmp_path):
    files = {name: [f"a one {name}", f"b two {name}"] * 3 for name in ("train", "dev", "test")}
    splits = load(write(tmp_path, **{f"{name}__txt": lines for name, lines in files.items()}))
    assert sizes(splits) == (6, 6, 6)
    assert splits.notes == (
        "files without a telling suffix were read as lines of 'label text', "
        "going by their first lines.",
    )


def test_tabs_without_a_suffix_are_said(tmp_path):
    source = write(tmp_path, rows=["text\tlabel", *(f"t\t{x}" for x in "ab" * 10)]) + "/rows"
    assert "tab-separated with a header" in load(source).notes[0]


def test_shards_are_joined_in_order(tmp_path):
    for index in (1, 0):
        table = pa.table({"text": [f"t{index}", "x"], "label": [index, 1 - index]})
        pq.write_table(table, tmp_path / f"train-0000{index}-of-00002.parquet")
    write(tmp_path, dev__csv=csv_lines("01"), test__csv=csv_lines("01"))
    splits = load(str(tmp_path))
    assert [r.fields["text"] for r in splits.train] == ["t0", "x", "t1", "x"]
    assert labels(splits.train) == ["0", "1", "1", "0"]
    assert splits.train[2].origin == Origin(str(tmp_path / "train-00001-of-00002.parquet"), 1)


def test_a_missing_shard(tmp_path, refused):
    write(tmp_path, **{"train-00001-of-00002__csv": csv_lines("ab")})
    with refused(
        str(tmp_path),
        "the train split needs every shard from train-00000-of-00002 on",
        "here are train-00001-of-00002.csv",
        "Fetch the others",
    ):
        load(str(tmp_path))


@pytest.mark.parametrize("other", ["train__tsv", "train-00000-of-00001__csv", "Train__tsv"])
def test_two_files_for_one_split(tmp_path, refused, other):
    write(tmp_path, train__csv=csv_lines("ab"), **{other: csv_lines("ab")})
    names = sorted(["train.csv", other.replace("__", ".")])
    with refused(str(tmp_path), f"{names[0]} and {names[1]} are all the train split", "Leave one"):
        load(str(tmp_path))


def test_folders_of_texts(tmp_path):
    for split in ("train", "dev", "test"):
        for label in ("neg", "pos"):
            (tmp_path / split / label).mkdir(parents=True)
            (tmp_path / split / label / "1.txt").write_text(f"{split} {label}\n")
    splits = load(str(tmp_path))
    assert sizes(splits) == (2, 2, 2)
    assert [r.fields["text"] for r in splits.dev] == ["dev neg", "dev pos"]
    assert len(splits.fingerprints) == 6


def test_a_file_and_a_folder_for_one_split(tmp_path, refused):
    (tmp_path / "test" / "pos").mkdir(parents=True)
    write(tmp_path, test__csv=csv_lines("ab"))
    with refused(str(tmp_path), "test.csv and test/ are both the test split", "Remove one"):
        load(str(tmp_path))


def test_a_folder_without_splits(tmp_path, refused):
    write(tmp_path, data__csv=["x"])
    with refused(str(tmp_path), "no split found", "train.csv", "train/LABEL/*.txt", ".parquet"):
        load(str(tmp_path))


def test_a_split_in_a_format_that_is_not_read(tmp_path, refused):
    write(tmp_path, train__xlsx=["x"])
    with refused(f"{tmp_path}/train.xlsx", ".xlsx is not a supported format"):
        load(str(tmp_path))


@pytest.mark.parametrize("source", ["nowhere", "./no/where", "data/train.csv", "x" * 5000])
def test_nothing_there(refused, source):
    with refused(source, "no such file or folder, and not a Hub data set's id either (owner/name)"):
        load(source)


def test_what_is_no_path_and_looks_like_an_id_is_loaded_from_the_hub(monkeypatch):
    def read_hub(source):
        rows = tuple(
            Record({"Text": f"t{i}", "label": "ab"[i % 2]}, Origin(source, i)) for i in range(40)
        )
        return {"train": rows, "test": rows[:4]}, {"owner/films#train": "0"}, ("said",)

    monkeypatch.setattr(sources, "read_hub", read_hub)
    splits = load("owner/films")
    assert sizes(splits) == (36, 4, 4)
    assert splits.notes[0] == "said"
    assert splits.fingerprints == {"owner/films#train": "0"}
    assert len(load_records("owner/films", COLUMNS, {})[0]) == 4


# missing splits


def test_a_missing_dev_split_is_taken_from_train(tmp_path):
    write(tmp_path, train__csv=csv_lines("a" * 80 + "b" * 20), test__csv=csv_lines("ab", text="u"))
    splits = load(str(tmp_path))
    assert sizes(splits) == (90, 10, 2)
    assert Counter(labels(splits.dev)) == {"a": 8, "b": 2}
    assert splits.notes == ("no dev split: 10 rows of train were set aside by seed 0.",)
    lines = [r.origin.line for r in splits.train]
    assert lines == sorted(lines)


def test_every_class_is_in_dev_and_in_train(tmp_path):
    write(tmp_path, train__csv=csv_lines("a" * 30 + "bbc"), test__csv=csv_lines("ab"))
    splits = load(str(tmp_path))
    assert Counter(labels(splits.dev)) == {"a": 2, "b": 1}
    assert Counter(labels(splits.train)) == {"a": 28, "b": 1, "c": 1}


def test_dev_is_at_most_5000_rows(tmp_path):
    write(tmp_path, train__csv=csv_lines("ab" * 30_000), test__csv=csv_lines("ab"))
    assert sizes(load(str(tmp_path))) == (55_000, 5000, 2)


BARE = {
    "field missing": ["text", "x", "y"],
    "all empty": ["text,label", "x,", "y, "],
    "all -1": ["text,label", "x,-1", "y,-1"],
}


@pytest.mark.parametrize("test", [*BARE.values(), None], ids=[*BARE, "no test"])
def test_dev_stands_in_for_a_test_split_without_labels(tmp_path, test):
    write(tmp_path, train__csv=csv_lines("ab" * 20), dev__csv=csv_lines("abab", text="d"))
    if test:
        write(tmp_path, test__csv=test)
    splits = load(str(tmp_path))
    assert sizes(splits) == (36, 4, 4)
    assert splits.test[0].origin.path == str(tmp_path / "dev.csv")
    assert splits.dev[0].origin.path == str(tmp_path / "train.csv")
    why = "the test split has no labels" if test else "no test split"
    assert splits.notes == (
        f"{why}: the dev split (4 rows) is the test split here, and 4 rows of train were set aside "
        "as the dev split by seed 0.",
    )


def test_minus_one_is_a_label_where_train_has_it(tmp_path):
    write(
        tmp_path,
        train__csv=csv_lines(["1", "-1"] * 2),
        dev__csv=csv_lines(["1", "-1"]),
        test__csv=csv_lines(["-1"]),
    )
    assert labels(load(str(tmp_path)).test) == ["-1"]


def test_train_alone_is_split_even_beside_a_test_split_without_labels(tmp_path):
    write(tmp_path, train__csv=csv_lines("ab" * 10), test__csv=["text", "x"])
    splits = load(str(tmp_path))
    assert sizes(splits) == (16, 2, 2)
    assert splits.notes[0].startswith("the test split has no labels and no dev split: ")


def test_no_train(tmp_path, refused):
    write(tmp_path, dev__csv=csv_lines("ab"), test__csv=csv_lines("ab"))
    with refused(str(tmp_path), "no train split; here are dev, test", "Add a train file"):
        load(str(tmp_path))


@pytest.mark.parametrize("rows", ["ab", "aabb"])
def test_too_few_rows_to_split(tmp_path, refused, rows):
    source = write(tmp_path, all__csv=csv_lines(rows)) + "/all.csv"
    with refused(
        source, f"too few rows to take a dev or test split from ({len(rows)})", "three or more"
    ):
        load(source)


# fields


def test_fields_are_renamed_and_other_columns_kept(tmp_path):
    header = "id,Sentence,label,source"
    lines = [header, *(f"{i},t{i},{'ab'[i % 2]},web" for i in range(20))]
    splits = load(write(tmp_path, a__csv=lines) + "/a.csv")
    first = splits.train[0]
    assert dict(first.fields) == {"id": "0", "text": "t0", "label": "a", "source": "web"}


def test_a_mapped_column_hides_one_of_the_fields_name(tmp_path):
    lines = ["text,body,label", *(f"short{i},long{i},{'ab'[i % 2]}" for i in range(20))]
    source = write(tmp_path, a__csv=lines) + "/a.csv"
    splits = load(source, mapping={"text": "body"})
    assert dict(splits.train[0].fields) == {"text": "long0", "label": "a"}
    assert splits.notes[0] == f"column 'text' of {source} was left out: 'body' is read as 'text'."


def test_files_with_other_fields(tmp_path, refused):
    columns = (*COLUMNS, Column("topic", required=False))
    write(
        tmp_path,
        train__csv=["text,label,topic", "x,a,t", "y,b,t"],
        dev__csv=csv_lines("ab"),
        test__csv=csv_lines("ab"),
    )
    with refused(
        f"{tmp_path}/dev.csv",
        f"its fields (label, text) are not those of {tmp_path}/train.csv (label, text, topic)",
        "same columns",
    ):
        load_splits(str(tmp_path), columns, {}, 0)


def test_shards_with_other_fields(tmp_path, refused):
    files = {
        "train-00000-of-00002__csv": csv_lines("ab"),
        "train-00001-of-00002__csv": ["text", "x"],
    }
    write(tmp_path, **files)
    with refused(f"{tmp_path}/train-00001-of-00002.csv", "its fields (text) are not those of"):
        load(str(tmp_path))


def test_dev_without_a_label_column(tmp_path, refused):
    write(tmp_path, train__csv=csv_lines("ab"), dev__csv=["text", "x"], test__csv=csv_lines("ab"))
    with refused(f"{tmp_path}/dev.csv", "its fields (text) are not those of"):
        load(str(tmp_path))


def test_train_without_a_label_column(tmp_path, refused):
    source = write(tmp_path, all__csv=["text,class", "x,a"]) + "/all.csv"
    with refused(source, "no column for field 'label' among 'text', 'class'", "--map label=COLUMN"):
        load(source)


def test_a_required_column_is_missing(tmp_path, refused):
    source = write(tmp_path, all__csv=["words,label", "x,a"]) + "/all.csv"
    with refused(source, "no column for field 'text'", "--map text=COLUMN"):
        load(source)


def test_a_mapped_label_may_be_missing_where_labels_may(tmp_path, refused):
    lines = csv_lines("ab" * 20, "text,class")
    write(tmp_path, train__csv=lines, dev__csv=lines, test__csv=["text", "x"])
    assert sizes(load(str(tmp_path), mapping={"label": "class"})) == (36, 4, 40)
    source = str(tmp_path / "test.csv")
    assert labels(load_records(source, COLUMNS, {"label": "class"})[0]) == [None]
    with refused(source, "no column 'class' for field 'label'"):
        load_records(source, COLUMNS, {"label": "class"}, labelled=True)


def test_a_required_value_is_missing(tmp_path, refused):
    source = str(tmp_path / "a.jsonl")
    rows = ['{"text": "x", "label": "a"}', '{"label": "b"}']
    write(tmp_path, a__jsonl=rows)
    with refused(f"{source}:2", "no value in column 'text' (field 'text')", "remove the row"):
        load(source)


def test_an_unknown_mapped_field(tmp_path):
    source = write(tmp_path, all__csv=csv_lines("ab")) + "/all.csv"
    with pytest.raises(UsageError, match="no field 'txt'"):
        load(source, mapping={"txt": "text"})


# labels


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "True"),
        (False, "False"),
        (1, "1"),
        (0, "0"),
        (1.0, "1.0"),
        (-0.5, "-0.5"),
        (" a ", "a"),
    ],
)
def test_labels_become_strings(tmp_path, value, text):
    rows = [json.dumps({"text": "x", "label": x}) for x in [value, "other"] * 5]
    splits = load(write(tmp_path, a__jsonl=rows) + "/a.jsonl")
    assert set(labels(splits.train)) == {text, "other"}


@pytest.mark.parametrize(("value", "kind"), [(["a"], "a list"), ({"a": 1}, "an object")])
def test_a_class_is_no_list(tmp_path, refused, value, kind):
    rows = [json.dumps({"text": "x", "label": value})]
    source = write(tmp_path, a__jsonl=rows) + "/a.jsonl"
    with refused(f"{source}:1", f"'label' is {kind}", "a string or a number", "--map label=COLUMN"):
        load(source)


def test_labels_that_are_no_classes(tmp_path):
    rows = [json.dumps({"text": "x", "label": [i]}) for i in range(20)]
    splits = load(write(tmp_path, a__jsonl=rows) + "/a.jsonl", classes=False)
    assert sizes(splits) == (16, 2, 2)
    assert all(isinstance(label, list) for label in labels(splits.train))


def test_a_task_without_a_label_column(tmp_path):
    write(tmp_path, train__csv=["text", *"abcdefghij"], test__csv=["text", "x"])
    splits = load_splits(str(tmp_path), [Column("text")], {}, 0, None)
    assert sizes(splits) == (9, 1, 1)


@pytest.mark.parametrize("split", ["train", "dev", "test"])
@pytest.mark.parametrize("empty", ["", "  "])
def test_a_row_without_a_label(tmp_path, refused, split, empty):
    files = {name: csv_lines("abab") for name in ("train__csv", "dev__csv", "test__csv")}
    files[f"{split}__csv"] = csv_lines(["a", empty, "b", empty])
    write(tmp_path, **files)
    with refused(
        f"{tmp_path}/{split}.csv:3",
        f"no label in field 'label'; the {split} split has 2 rows like this of 4",
        "Label or remove",
    ):
        load(str(tmp_path))


def test_one_row_without_a_label(tmp_path, refused):
    source = write(tmp_path, all__csv=csv_lines(["a", "b", ""])) + "/all.csv"
    with refused(f"{source}:4", "has 1 row like this of 3"):
        load(source)


@pytest.mark.parametrize("split", ["dev", "test"])
def test_a_label_that_train_lacks(tmp_path, refused, split):
    files = {name: csv_lines("abab") for name in ("train__csv", "dev__csv", "test__csv")}
    files[f"{split}__csv"] = csv_lines("abc")
    write(tmp_path, **files)
    with refused(
        f"{tmp_path}/{split}.csv:4",
        f"label 'c' in the {split} split doesn't stand in train, which has 'a', 'b'",
        "add rows with it to train",
    ):
        load(str(tmp_path))


def test_many_known_labels_are_cut_short(tmp_path, refused):
    names = [f"n{i:02}" for i in range(30)]
    write(
        tmp_path, train__csv=csv_lines(names), dev__csv=csv_lines(["x"]), test__csv=csv_lines(names)
    )
    with refused(f"{tmp_path}/dev.csv:2", "'n18', 'n19' and 10 more"):
        load(str(tmp_path))


def test_only_one_class(tmp_path, refused):
    source = write(tmp_path, all__csv=csv_lines("a" * 20)) + "/all.csv"
    with refused(source, "only one class: every row of train is labelled 'a'", "two classes"):
        load(source)
    assert sizes(load(source, classes=False)) == (16, 2, 2)


@pytest.mark.parametrize(
    ("name", "text"),
    [("all.csv", "text,label\n"), ("all.jsonl", ""), ("all.jsonl", "\n \n")],
)
def test_no_rows(tmp_path, refused, name, text):
    (tmp_path / name).write_text(text)
    with refused(f"{tmp_path}/{name}", "no rows. A data file needs at least one"):
        load(f"{tmp_path}/{name}")


def test_an_empty_shard_is_no_error(tmp_path):
    files = {
        "test-00000-of-00002__csv": ["text,label"],
        "test-00001-of-00002__csv": csv_lines("ab"),
    }
    write(tmp_path, train__csv=csv_lines("abab"), dev__csv=csv_lines("ab"), **files)
    assert sizes(load(str(tmp_path))) == (4, 2, 2)


# limit


def test_limit(tmp_path):
    write(
        tmp_path,
        train__csv=csv_lines("aaab" * 100),
        dev__csv=csv_lines("aaab" * 10, text="d"),
        test__csv=csv_lines("ab", text="u"),
    )
    splits = load(str(tmp_path), limit=20)
    assert sizes(splits) == (20, 20, 2)
    assert Counter(labels(splits.train)) == {"a": 15, "b": 5}
    lines = [r.origin.line for r in splits.train]
    assert lines == sorted(lines)
    assert splits.notes == ("limited by seed 0 to 20 of 400 rows of train, 20 of 40 rows of dev.",)
    assert load(str(tmp_path), limit=20) == splits
    assert load(str(tmp_path), limit=1000).notes == ()


def test_a_limit_that_is_too_low(tmp_path):
    source = write(tmp_path, all__csv=csv_lines("ab" * 20)) + "/all.csv"
    with pytest.raises(UsageError, match="a limit of 1 rows is too low: train needs 2"):
        load(source, limit=1)


# records alone


def test_records_of_a_file_need_no_labels(tmp_path):
    source = write(tmp_path, a__csv=["review", "x", "y"]) + "/a.csv"
    records, notes, fingerprints = load_records(source, COLUMNS, {})
    assert [dict(record.fields) for record in records] == [{"text": "x"}, {"text": "y"}]
    assert notes == ()
    assert list(fingerprints) == ["a.csv"]


def test_records_of_a_folder_are_its_test_split_alone(tmp_path):
    write(tmp_path, train__csv=["broken"], test__csv=csv_lines("ab"))
    records, _, fingerprints = load_records(str(tmp_path), COLUMNS, {}, labelled=True)
    assert labels(records) == ["a", "b"]
    assert list(fingerprints) == ["test.csv"]


def test_records_of_a_folder_without_a_test_split(tmp_path, refused):
    write(tmp_path, train__csv=csv_lines("ab"))
    with refused(str(tmp_path), "no test split here. Pass the file to read"):
        load_records(str(tmp_path), COLUMNS, {})


def test_records_that_should_have_labels(tmp_path, refused):
    source = write(tmp_path, a__csv=csv_lines(["a", ""])) + "/a.csv"
    assert labels(load_records(source, COLUMNS, {})[0]) == ["a", None]
    with refused(f"{source}:3", "no label in field 'label'; the data has 1 row like this of 2"):
        load_records(source, COLUMNS, {}, labelled=True)
    source = write(tmp_path, b__csv=["text", "x"]) + "/b.csv"
    with refused(source, "no row has a label in field 'label'", "dev split", "--map label=COLUMN"):
        load_records(source, COLUMNS, {}, labelled=True)
