import os
import subprocess
import sys
import types
from pathlib import Path

import pyarrow as pa
import pytest

from nlpengine.data.hub import looks_like_hub_id, read_hub

LABEL = {"names": ["neg", "pos"], "_type": "ClassLabel"}
VALUE = {"dtype": "string", "_type": "Value"}


class FakeSet:
    """The three things that the reader uses of a ``datasets.Dataset``."""

    def __init__(self, columns, features):
        self.table = pa.table(columns)
        self.features = types.SimpleNamespace(to_dict=lambda: features)

    def with_format(self, kind):
        assert kind == "arrow"
        return self

    def iter(self, batch_size):
        for start in range(0, self.table.num_rows, 2):
            yield self.table.slice(start, 2)


def rows(labels):
    columns = {"text": [f"t{i}" for i in range(len(labels))], "label": labels}
    return FakeSet(columns, {"text": VALUE, "label": LABEL})


@pytest.fixture
def hub(monkeypatch):
    """Answers ``load_dataset`` with what the test puts here, and keeps what was asked."""
    fake = types.SimpleNamespace(answer={}, asked=[])

    def load_dataset(name, config=None, revision=None):
        fake.asked.append((name, config, revision))
        if isinstance(fake.answer, Exception):
            raise fake.answer
        return fake.answer

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    return fake


def test_splits_class_names_and_notes(hub):
    hub.answer = {
        "train": rows([0, 1, 1]),
        "validation": rows([1]),
        "test": rows([-1, -1]),
        "unsupervised": rows([-1]),
    }
    splits, fingerprints, notes = read_hub("owner/films")
    assert list(splits) == ["train", "dev", "test"]
    assert [r.fields["label"] for r in splits["train"]] == ["neg", "pos", "pos"]
    assert [str(r.origin) for r in splits["train"]] == [f"owner/films#train:{i}" for i in (1, 2, 3)]
    assert [r.fields["label"] for r in splits["test"]] == [None, None]
    assert list(fingerprints) == [f"owner/films#{name}" for name in ("train", "validation", "test")]
    assert len(set(fingerprints.values())) == 3
    assert notes == (
        "the test split of owner/films has no labels: all of them are -1.",
        "split 'unsupervised' of owner/films was not read.",
    )


@pytest.mark.parametrize(
    ("source", "config", "asked"),
    [
        ("owner/films", None, ("owner/films", None, None)),
        ("owner/films", "big", ("owner/films", "big", None)),
        ("owner/films:small", "big", ("owner/films", "small", None)),
        ("owner/films@v1.0:small", None, ("owner/films", "small", "v1.0")),
        ("owner/films@refs/convert/parquet", None, ("owner/films", None, "refs/convert/parquet")),
    ],
)
def test_ids(hub, source, config, asked):
    hub.answer = {"train": rows([0])}
    read_hub(source, config)
    assert hub.asked == [asked]


@pytest.mark.parametrize("source", ["owner/films", "o/films.v1", "o/f@main:x"])
def test_what_looks_like_an_id(source):
    assert looks_like_hub_id(source)


@pytest.mark.parametrize(
    "source",
    ["films", "./films", "/o/f", "data/train.csv", "data/a.jsonl.gz", "data/a.txt", "a/b/c", "o/"],
)
def test_what_does_not(source):
    assert not looks_like_hub_id(source)


def test_a_malformed_id(refused):
    with refused("films", "not a Hub data set's id", "owner/name@revision"):
        read_hub("films")


def test_a_set_that_cannot_be_had(hub, refused):
    hub.answer = ConnectionError("no\n route")
    with refused(
        "owner/films@v2:big",
        "no file or folder of this name, and no data set owner/films, configuration 'big', "
        "revision 'v2' could be loaded",
        "Check the name, the network",
        "(no route)",
    ):
        read_hub("owner/films@v2:big")


def test_an_error_without_words(hub, refused):
    hub.answer = RuntimeError()
    with refused("owner/films", "(RuntimeError)"):
        read_hub("owner/films")


@pytest.mark.parametrize("value", ["1", "true", "ON"])
def test_offline(hub, refused, monkeypatch, value):
    monkeypatch.setenv("HF_HUB_OFFLINE", value)
    hub.answer = ConnectionError("offline")
    with refused("owner/films", "HF_HUB_OFFLINE is set", "unset it"):
        read_hub("owner/films")


def test_no_split_of_a_known_name(hub, refused):
    hub.answer = {"all": rows([0]), "rest": rows([1])}
    with refused("owner/films", "no split called train", "has all, rest", "Save the one you want"):
        read_hub("owner/films")


def test_two_splits_of_one_kind(hub, refused):
    hub.answer = {"dev": rows([0]), "validation": rows([1])}
    with refused("owner/films", "two splits of this data set are dev: dev, validation", "Save"):
        read_hub("owner/films")


def test_a_row_that_is_wrong_keeps_its_place(hub, refused):
    hub.answer = {"train": rows([0, 1, 1, 7])}
    with refused("owner/films#train:4", "column 'label' holds 7"):
        read_hub("owner/films")


def test_lists_of_classes_become_names_and_answers_stay(hub):
    answers = {"text": ["Ann"], "answer_start": [4]}
    columns = {"tokens": [["Ann", "ran"]], "ner_tags": [[1, 0]], "answers": [answers]}
    tags = {"feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}, "_type": "List"}
    lists = {"feature": VALUE, "_type": "List"}
    features = {"tokens": lists, "ner_tags": tags, "answers": {"text": lists}}
    hub.answer = {"train": FakeSet(columns, features)}
    splits, _, _ = read_hub("owner/names")
    assert dict(splits["train"][0].fields) == {
        "tokens": ["Ann", "ran"],
        "ner_tags": ["B-PER", "O"],
        "answers": answers,
    }


def test_matched_splits_are_taken(hub):
    hub.answer = {"train": rows([0]), "validation_matched": rows([1])}
    hub.answer |= {"validation_mismatched": rows([1, 0])}
    splits, _, notes = read_hub("owner/mnli")
    assert [len(records) for records in splits.values()] == [1, 1]
    assert list(splits) == ["train", "dev"]
    assert notes == ("split 'validation_mismatched' of owner/mnli was not read.",)


@pytest.mark.slow
def test_the_real_library_on_a_set_of_its_own_making(tmp_path):
    """Real ``datasets`` objects behind ``load_dataset``, and its real refusal when offline."""
    code = """
import datasets
from nlpengine.data.hub import read_hub
from nlpengine.errors import DataError

try:
    read_hub("owner/films")
except DataError as error:
    assert "HF_HUB_OFFLINE is set" in str(error), error
else:
    raise AssertionError("loaded")
features = datasets.Features(
    {
        "text": datasets.Value("string"),
        "label": datasets.ClassLabel(names=["neg", "pos"]),
        "tags": datasets.List(datasets.ClassLabel(names=["O", "B"])),
    }
)
made = {"text": ["a", "b"], "label": [1, 0], "tags": [[0, 1], []]}
rows = datasets.Dataset.from_dict(made, features=features)
datasets.load_dataset = lambda *_, **__: datasets.DatasetDict(train=rows, test=rows.select([1]))
splits, _, _ = read_hub("owner/films")
assert [dict(r.fields) for r in splits["train"]] == [
    {"text": "a", "label": "pos", "tags": ["O", "B"]},
    {"text": "b", "label": "neg", "tags": []},
]
assert [r.fields["text"] for r in splits["test"]] == ["b"]
"""
    root = str(Path(__file__).parents[2])
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path), "PYTHONPATH": root}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
