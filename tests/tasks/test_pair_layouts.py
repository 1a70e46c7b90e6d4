"""Published layouts of sentence pairs, read as they stand."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from nlpengine_pair import Pair, PairOptions

from nlpengine import DataError
from nlpengine.workflow.config import RunConfig
from nlpengine.workflow.reading import read_examples

PAIR = Pair()


def read(source, options=None, **settings):
    config = RunConfig(task="pair", data=str(source), **settings)
    return read_examples(config, PAIR, options or PairOptions())


def table(path, header, rows, separator="\t"):
    lines = [header, *rows]
    path.write_text("".join(separator.join(map(str, line)) + "\n" for line in lines))
    return path


GLUE = {
    "rte": (("index", "sentence1", "sentence2", "label"), ("entailment", "not_entailment")),
    "mnli": (
        ("index", "promptID", "pairID", "genre", "sentence1_binary_parse",
         "sentence2_binary_parse", "sentence1_parse", "sentence2_parse", "sentence1", "sentence2",
         "label1", "gold_label"),
        ("neutral", "entailment", "contradiction"),
    ),
    "qqp": (("id", "qid1", "qid2", "question1", "question2", "is_duplicate"), ("0", "1")),
    "qnli": (("index", "question", "sentence", "label"), ("entailment", "not_entailment")),
    "mrpc": (("Quality", "#1 ID", "#2 ID", "#1 String", "#2 String"), ("0", "1")),
    "hub": (("premise", "hypothesis", "idx", "label"), ("0", "1", "2")),
    "snli": (
        ("gold_label", "sentence1_binary_parse", "sentence1_parse", "sentence1", "sentence2",
         "captionID", "pairID", "label1"),
        ("neutral", "entailment", "contradiction"),
    ),
}  # fmt: skip
TEXTS = {
    ("sentence1", "sentence2"), ("question1", "question2"), ("question", "sentence"),
    ("#1 String", "#2 String"), ("premise", "hypothesis"),
}  # fmt: skip
LABELS = {"label", "gold_label", "is_duplicate", "Quality"}


@pytest.mark.parametrize("name", GLUE)
def test_columns_are_found_by_name(tmp_path, name):
    header, labels = GLUE[name]
    (texts,) = (pair for pair in TEXTS if set(pair) <= set(header))
    rows = []
    for number in range(30):
        row = {column: f"{column} {number}" for column in header}
        row |= {column: labels[number % len(labels)] for column in header if column in LABELS}
        rows.append([row[column] for column in header])
    found = read(table(tmp_path / "train.tsv", header, rows))
    assert found.labels.names == tuple(sorted(labels))
    assert len(found.train) == 24
    for example in found.train:
        number = example.first.rsplit(" ", 1)[1]
        assert example.texts == (f"{texts[0]} {number}", f"{texts[1]} {number}")
    genres = {example.slices.get("genre") is not None for example in found.train}
    assert genres == {"genre" in header}


def sick(path):
    header = (
        "pair_ID", "sentence_A", "sentence_B", "relatedness_score", "entailment_judgment",
        "SemEval_set",
    )  # fmt: skip
    rows = [
        (i, f"a {i}", f"b {i}", f"{1 + i % 9 / 2}", ("NEUTRAL", "ENTAILMENT")[i % 2],
         ("TRAIN", "TRIAL", "TEST")[i % 3])
        for i in range(30)
    ]  # fmt: skip
    return table(path, header, rows)


def test_two_possible_labels_are_the_user_s_choice(tmp_path):
    path = sick(tmp_path / "SICK.txt")
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path}: several columns could be 'label': 'relatedness_score', 'entailment_judgment'. "
        "Choose one with --map label=relatedness_score"
    )
    numbers = read(path, map={"label": "relatedness_score"})
    assert numbers.labels.names == ()
    assert numbers.train[0].label == 1.0
    classes = read(path, map={"label": "entailment_judgment"})
    assert classes.labels.names == ("ENTAILMENT", "NEUTRAL")
    assert [len(part) for part in classes.parts.values()] == [10, 10, 10]


def test_rows_without_a_consensus_are_left_out_and_counted(tmp_path):
    gold = ("neutral", "entailment", "-")
    for split, count in (("train", 30), ("dev", 6), ("test", 6)):
        rows = [
            {
                "gold_label": gold[i % 3], "annotator_labels": ["neutral"], "captionID": "1.jpg#0",
                "sentence1": f"{split} a {i}", "sentence1_binary_parse": "( a )",
                "sentence1_parse": "(ROOT a)", "sentence2": f"b {i}", "sentence2_parse": "(ROOT b)",
            }
            for i in range(count)
        ]  # fmt: skip
        path = tmp_path / f"snli_1.0_{split}.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = read(tmp_path)
    assert [len(part) for part in found.parts.values()] == [20, 4, 4]
    assert found.labels.names == ("entailment", "neutral")
    said = "left out, as having no gold (a label of '-', or none): 10 of 30 rows of train, 2 of 6 "
    assert any(note.startswith(said) for note in found.notes)


def test_snli_from_the_hub_has_no_class_for_no_consensus(tmp_path):
    names = json.dumps({"info": {"features": {"label": {
        "_type": "ClassLabel", "names": ["entailment", "neutral", "contradiction"]}}}})  # fmt: skip
    for split, count in (("train", 40), ("validation", 8), ("test", 8)):
        labels = pa.array([(i % 4) - 1 for i in range(count)], pa.int64())
        texts = {name: [f"{split} {name} {i}" for i in range(count)] for name in ("premise",)}
        made = pa.table({**texts, "hypothesis": [f"b {i}" for i in range(count)], "label": labels})
        made = made.replace_schema_metadata({"huggingface": names})
        pq.write_table(made, tmp_path / f"{split}-00000-of-00001.parquet")
    found = read(tmp_path)
    assert found.labels.names == ("contradiction", "entailment", "neutral")
    assert [len(part) for part in found.parts.values()] == [30, 6, 6]
    assert any("10 of 40 rows of train, 2 of 8 rows of dev" in note for note in found.notes)


def test_of_snli_s_two_files_a_split_one_is_read(tmp_path):
    for split in ("train", "dev", "test"):
        rows = [
            {"gold_label": "ab"[i % 2], "sentence1": f"{split} {i}", "sentence2": "b"}
            for i in range(20)
        ]
        (tmp_path / f"snli_1.0_{split}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
        (tmp_path / f"snli_1.0_{split}.txt").write_text("gold_label\tsentence1\tsentence2\n")
    found = read(tmp_path)
    assert [len(part) for part in found.parts.values()] == [20, 20, 20]
    said = "snli_1.0_dev.txt was not read: snli_1.0_dev.jsonl is read, by the same name."
    assert said in found.notes


def test_slices_may_stand_in_some_files_alone(tmp_path):
    for split in ("train", "dev"):
        rows = [(f"{split} {i}", "b", "xy"[i % 2]) for i in range(20)]
        table(tmp_path / f"{split}.tsv", ("first", "second", "label"), rows)
    rows = [(f"test {i}", "b", "xy"[i % 2], "negation") for i in range(20)]
    table(tmp_path / "test.tsv", ("first", "second", "label", "slice"), rows)
    found = read(tmp_path)
    assert all(example.slices for example in found.test)
    assert not any(example.slices for example in found.train)


def test_numbers_with_commas_are_refused_with_file_and_line(tmp_path):
    rows = [(f"a {i}", f"b {i}", "3,5" if i == 6 else f"{i / 8}") for i in range(20)]
    path = table(tmp_path / "pairs.tsv", ("sentence1", "sentence2", "score"), rows)
    with pytest.raises(DataError, match=r"pairs\.tsv:8: label '3,5' is no number, while"):
        read(path)
    with pytest.raises(DataError, match=r"pairs\.tsv:8: label '3,5' in the \w+ split is no number"):
        read(path, PairOptions(target="number"))


def test_whole_numbers_are_numbers_on_request(tmp_path):
    rows = [(f"a {i}", f"b {i}", i % 6) for i in range(60)]
    path = table(tmp_path / "pairs.tsv", ("sentence1", "sentence2", "similarity"), rows)
    found = read(path)
    assert found.labels.names == tuple("012345")
    assert any("taken for 6 classes" in note for note in found.notes)
    found = read(path, PairOptions(target="number"))
    assert found.labels.names == ()
    assert {type(example.label) for part in found.parts.values() for example in part} == {float}


# --- real data


def test_mrpc(real_data):
    found = read(real_data("mrpc"))
    assert found.labels.names == ("0", "1")
    assert found.labels.positive == "1"
    assert [len(part) for part in found.parts.values()] == [3668, 408, 1725]
    assert found.test[0].first.startswith("PCCW's chief operating officer, Mike Butcher")


def test_rte(real_data):
    found = read(real_data("rte"))
    assert found.labels.positive == "entailment"
    assert [len(part) for part in found.parts.values()] == [2241, 249, 277]


def test_the_sts_benchmark(real_data):
    found = read(real_data("stsb"))
    assert found.labels.names == ()
    assert [len(part) for part in found.parts.values()] == [5749, 1500, 1379]
    assert (found.train[0].second, found.train[0].label) == ("An air plane is taking off.", 5.0)
    assert found.train[0].slices == {"genre": "main-captions"}
    assert any(note.startswith("labels are numbers, 0 to 5") for note in found.notes)
