"""The reader alone, and in a run, an evaluation, a prediction and a check."""

import gzip
import json
from importlib.metadata import entry_points

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlpengine_fasttext.reader import PREFIX, looks_like, nlpengine_reader, read

from nlpengine import DataError, Engine
from nlpengine.testing import tiny_encoder

WORD = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=8)
PLAIN = WORD.filter(lambda word: not word.startswith(PREFIX))


def write(tmp_path, text, name="a.ft"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_line_is_a_label_and_a_text(tmp_path):
    path = write(tmp_path, "__label__pos  What a   day !\n\n  \nGood __label__neg soup\nno label\n")
    first, second, third = read(path)
    assert first.fields == {"label": "pos", "text": "What a day !"}
    assert str(first.origin) == f"{path}:1"
    assert second.fields == {"label": "neg", "text": "Good soup"}
    assert second.origin.line == 4
    assert third.fields == {"text": "no label"}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("__label__a __label__b text", r":2: 2 labels \(a, b\)"),
        ("__label__ text", ":2: __label__ without a label"),
        ("__label__a", ":2: a label without a text"),
    ],
)
def test_what_is_no_such_line_names_its_place(tmp_path, line, problem):
    with pytest.raises(DataError, match=problem):
        list(read(write(tmp_path, f"__label__a b\n{line}\n")))


@given(label=WORD, words=st.lists(PLAIN, min_size=1))
def test_words_and_label_come_back(tmp_path_factory, label, words):
    path = write(tmp_path_factory.mktemp("ft"), f"{PREFIX}{label} {' '.join(words)}\n")
    (record,) = read(path)
    assert record.fields == {"label": label, "text": " ".join(words)}


def test_lines_are_known():
    assert looks_like(["__label__a b", "__label__b c"])
    assert not looks_like(["__label__a b", "b c"])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for split, count in (("train", 40), ("dev", 8), ("test", 8)):
        rows = [
            f"__label__{'pos' if i % 2 else 'neg'} {'good' if i % 2 else 'bad'} soup {split} {i}"
            for i in range(count)
        ]
        (folder / f"reviews-{split}.ft").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    tiny = tiny_encoder(tmp_path_factory.mktemp("tiny") / "bert")
    output = tmp_path_factory.mktemp("run") / "run"
    return Engine().run(
        "sentiment", encoder=str(tiny), data=str(data), epochs=1, baseline=False, output=output
    )


def test_a_folder_of_such_files_trains(run, data):
    assert run.record.data["train"] == 40
    used = {(plugin["kind"], plugin["name"]) for plugin in run.record.plugins}
    assert used == {("task", "sentiment"), ("reader", "fasttext")}


def test_a_file_of_any_name_is_evaluated_when_asked_for(run, data, tmp_path):
    engine = Engine()
    model = engine.load(run.path)
    other = tmp_path / "lines.txt"
    other.write_bytes((data / "reviews-test.ft").read_bytes())
    packed = tmp_path / "lines.ft.gz"
    packed.write_bytes(gzip.compress(other.read_bytes()))
    scores = [
        engine.evaluate(model, data / "reviews-test.ft").scores,
        engine.evaluate(model, packed).scores,
        engine.evaluate(model, other, format="fasttext").scores,
    ]
    assert scores[0].main == scores[1].main == scores[2].main
    assert scores[0].main[1].n == 8


def test_rows_are_predicted(run, data, main):
    done = main("predict", run.path, data / "reviews-test.ft")
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert len(rows) == 8
    assert {"text", "label", "input_label"} <= rows[0].keys()
    assert main("predict", run.path, data / "reviews-test.ft", "--format", "csv").code != 0


def test_a_set_is_checked(run, data, main):
    done = main("data", "check", "sentiment", data, "--encoder", run.path / "model", "--json")
    assert json.loads(done.out)["task"] == "sentiment"


def test_the_entry_point_is_the_reader():
    (entry,) = [e for e in entry_points(group="nlpengine.readers") if e.name == "fasttext"]
    assert entry.load().nlpengine_reader() == nlpengine_reader()
