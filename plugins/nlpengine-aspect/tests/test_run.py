"""Whole runs: one text, two answers; a head of its own that is saved and opens again."""

import json
import os
import subprocess
import sys

import pytest
import torch
from nlpengine_aspect.head import AspectHead
from safetensors.torch import load_file

from nlpengine import Engine, RowError

THINGS = ("film", "soup", "hotel", "train", "book", "service")


def rows_of(count, seed=0):
    for number in range(seed, seed + count):
        first, second = THINGS[number % 6], THINGS[(number + 1 + number // 6 % 5) % 6]
        words = [("good", "positive"), ("bad", "negative")][:: 1 if number % 2 else -1]
        text = f"the {words[0][0]} {first} and the {words[1][0]} {second}"
        yield {"text": text, "aspect": first, "label": words[0][1], "domain": "even"}
        yield {"text": text, "aspect": second, "label": words[1][1], "domain": "odd"}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for split, count, seed in (("train", 30, 0), ("dev", 10, 30), ("test", 12, 45)):
        lines = [json.dumps(row) + "\n" for row in rows_of(count, seed)]
        (folder / f"{split}.jsonl").write_text("".join(lines))
    return folder


@pytest.fixture(scope="module")
def run(tiny_bert, data, tmp_path_factory, installed):
    return Engine().run(
        "aspect", encoder=str(tiny_bert), data=str(data), epochs=16, lr=5e-3, batch_size=8,
        output=tmp_path_factory.mktemp("runs") / "run",
    )  # fmt: skip


def test_one_text_has_two_answers(run):
    assert run.record.scores.main[1].value > 0.9
    assert "By domain" in [table.title for table in run.record.scores.tables]
    text = "the bad book and the good train"
    assert run.model(text=text, aspect="book").label == "negative"
    assert run.model(text=text, aspect="train").label == "positive"
    whole = next(one for one in run.record.baselines if one.name == "tf-idf text")
    assert whole.score.value <= 0.6
    row = json.loads((run.path / "predictions.jsonl").read_text().splitlines()[0])
    assert row["text"][row["start"] : row["end"]] == row["aspect"]


def test_its_head_is_saved_and_opens_again(run, data):
    again = Engine().load(run.path)
    head = again.network.head
    assert isinstance(head, AspectHead)
    for name, value in run.model.network.head.state_dict().items():
        assert torch.equal(value, head.state_dict()[name])
    stored = load_file(run.path / "model" / "heads.safetensors")
    assert set(stored) == {f"aspect.{name}" for name in head.state_dict()}
    rows = [{name: row[name] for name in ("text", "aspect")} for row in rows_of(8, 60)]
    assert list(again.predict(rows)) == list(run.model.predict(rows))


def test_a_row_without_a_place_stops_no_other(run):
    text = "the bad book and the good train"
    answers = list(run.model.predict(
        [{"text": text, "aspect": "the"}, {"text": text, "start": 8, "end": 12}], errors="return"
    ))  # fmt: skip
    assert isinstance(answers[0], RowError)
    assert answers[1].label == "negative"


def test_commands(run, data, installed, tmp_path):
    def call(*words):
        code = "from nlpengine.cli.main import main; main()"
        path = os.pathsep.join([*installed, *filter(None, sys.path)])
        return subprocess.run(
            [sys.executable, "-c", code, *map(str, words)], capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": path}, timeout=300,
        )  # fmt: skip

    text = "the bad book and the good train"
    done = call("predict", run.path, "--text", text, "--text", "train", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["label"] == "positive"
    scored = call("evaluate", run.path, "--data", data, "--json")
    assert scored.returncode == 0, scored.stderr
    found = json.loads(scored.stdout)["metrics"]["accuracy"]["value"]
    assert found == run.record.scores.main[1].value


def test_a_long_text_is_read_in_windows(run):
    """The aspect counts where it stands, however far on."""
    filler = "it was okay and " * 40
    text = f"{filler}the bad soup was here {filler}"
    found = run.model(text=text, aspect="soup")
    assert found.windows > 2
    # What another window says, where the aspect isn't, has no part in it.
    assert found.scores == run.model(text=f"{text} good good", aspect="soup").scores
