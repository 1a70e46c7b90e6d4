"""The layouts of published data sets, as they stand. Skipped where the folder isn't there."""

from collections import Counter
from pathlib import Path

import pytest

from nlpengine.data import Column, labels_are_numbers, load_records, load_splits, recognise_scheme

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
COLUMNS = [Column("text", ("sentence", "review")), Column("label", ("sentiment",), required=False)]

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the published data sets aren't here")


@pytest.mark.parametrize(
    ("name", "sizes", "labels", "words"),
    [
        ("sst2-sentences", (6920, 872, 1821), "0 1", "'label text'"),
        ("sst5-sentences", (8544, 1101, 2210), "0 1 2 3 4", "'label text'"),
        ("sst2-glue", (62349, 5000, 872), "0 1", "no test split: the dev split (872 rows)"),
        ("tweets-3way", (8000, 2000, 4284), "negative neutral positive", ""),
        ("movie-reviews", (1400, 200, 400), "neg pos", ""),
        ("imdb", (22500, 2500, 25000), "0 1", "2,500 rows of train were set aside by seed 0"),
    ],
)
def test_splits(name, sizes, labels, words):
    if not (SHARED / name).is_dir():
        pytest.skip(f"{name} isn't here")
    splits = load_splits(str(SHARED / name), COLUMNS, {}, seed=0)
    assert (len(splits.train), len(splits.dev), len(splits.test)) == sizes
    for part in (splits.train, splits.dev, splits.test):
        assert sorted({record.fields["label"] for record in part}) == labels.split()
        assert all(isinstance(record.fields["text"], str) for record in part)
    assert words in " ".join(splits.notes)
    assert bool(splits.notes) == bool(words)


def test_the_blank_before_the_tab_stays():
    path = SHARED / "sst2-glue" / "dev.tsv"
    if not path.is_file():
        pytest.skip("sst2-glue isn't here")
    records, _, fingerprints = load_records(str(path), COLUMNS, {})
    assert records[0].fields["text"] == "it 's a charming and often affecting journey . "
    assert records[0].origin.line == 2
    assert list(fingerprints) == ["dev.tsv"]


def test_a_dev_split_cut_from_train_keeps_the_balance():
    if not (SHARED / "imdb").is_dir():
        pytest.skip("imdb isn't here")
    splits = load_splits(str(SHARED / "imdb"), COLUMNS, {}, seed=1, limit=100)
    assert len(splits.train) == len(splits.dev) == len(splits.test) == 100
    assert Counter(record.fields["label"] for record in splits.dev) == {"0": 50, "1": 50}


def load(name, columns, label, **options):
    if not (SHARED / name).is_dir():
        pytest.skip(f"{name} isn't here")
    splits = load_splits(str(SHARED / name), columns, {}, 0, label, **options)
    return splits, (len(splits.train), len(splits.dev), len(splits.test))


@pytest.mark.parametrize(
    ("name", "sizes", "words", "entities", "notes"),
    [
        ("wnut17", (3394, 1009, 1287), (62730, 15733, 23394), (1975, 836, 1079), 0),
        ("ncbi-disease", (5424, 923, 940), (135701, 23969, 24497), (5134, 787, 960), 1),
    ],
)
def test_names(name, sizes, words, entities, notes):
    columns = [Column("words"), Column("tags", required=False)]
    splits, found = load(name, columns, "tags", classes=False, formats=["conll"])
    assert found == sizes
    parts = (splits.train, splits.dev, splits.test)
    assert tuple(sum(len(record.fields["words"]) for record in part) for part in parts) == words
    schemes = [recognise_scheme(part) for part in parts]
    assert tuple(scheme.entities for scheme in schemes) == entities
    assert [(scheme.scheme, scheme.repairs) for scheme in schemes] == [("IOB2", 0)] * 3
    said = [note for note in splits.notes if not note.startswith("leak: ")]
    assert len(said) == notes
    assert all("were read as CoNLL" in note for note in said)


@pytest.mark.parametrize(
    ("name", "sizes"),
    [
        ("squad1", (11178, 699, 2975)),
        ("squad1-part", (2165, 189, 556)),
        ("squad2-part", (4596, 357, 1125)),
    ],
)
def test_questions(name, sizes):
    columns = [Column("question"), Column("context"), Column("answers", required=False)]
    splits, found = load(name, columns, "answers", classes=False, formats=["squad"])
    assert found == sizes
    for record in (*splits.train, *splits.dev, *splits.test):
        fields = record.fields
        gold = fields["answers"]
        assert bool(gold) is not fields.get("is_impossible", False)
        for answer in gold:
            start = answer["answer_start"]
            assert fields["context"][start : start + len(answer["text"])] == answer["text"]
    assert splits.notes[0].startswith(".json files were read as one SQuAD document each")


PAIRS = [
    Column("text1", ("sentence1", "#1 string")),
    Column("text2", ("sentence2", "#2 string")),
    Column("label", ("score", "quality"), required=False),
]


@pytest.mark.parametrize(
    ("name", "rows", "sizes", "labels", "words"),
    [
        ("mrpc", 4076 + 1725, (3668, 408, 1725), "0 1", "no dev split: 408 rows of train"),
        ("rte", 2490 + 277, (2241, 249, 277), "entailment not_entailment", "no test split"),
    ],
)
def test_pairs(name, rows, sizes, labels, words):
    splits, found = load(
        name,
        PAIRS,
        "label",
        formats=["sts"],
        classes=lambda records: not labels_are_numbers(records, "label"),
    )
    assert found == sizes
    assert sum(sizes) == rows
    assert sorted({record.fields["label"] for record in splits.train}) == labels.split()
    assert words in " ".join(splits.notes)


def test_the_sts_benchmark():
    splits, found = load(
        "stsb",
        PAIRS,
        "label",
        formats=["sts"],
        classes=lambda records: not labels_are_numbers(records, "label"),
    )
    assert found == (5749, 1500, 1379)
    first = splits.train[0].fields
    assert (first["text1"], first["label"]) == ("A plane is taking off.", 5.0)
    assert splits.notes[0] == (
        ".csv files were read as the STS benchmark's (tabs, no header, score in column 5, "
        "sentences in 6 and 7), going by their first lines."
    )
