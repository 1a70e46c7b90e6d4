"""Whole runs: training, prediction, evaluation, a folder that opens again."""

import json
import os
import subprocess
import sys

import pytest

from nlpengine import DataError, Engine

WORDS = {"joy": "good", "fear": "awful", "anger": "bad"}


def rows_of(count, seed=0):
    names = sorted(WORDS)
    for number in range(seed, seed + count):
        own = [name for bit, name in enumerate(names) if number >> bit & 1]
        words = [WORDS[name] for name in own]
        yield {"text": f"the {' and '.join(words) or 'slow'} film", "labels": own}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for split, count, seed in (("train", 48, 0), ("dev", 24, 48), ("test", 16, 72)):
        lines = [json.dumps(row) + "\n" for row in rows_of(count, seed)]
        (folder / f"{split}.jsonl").write_text("".join(lines))
    return folder


@pytest.fixture(scope="module")
def run(tiny_bert, data, tmp_path_factory, installed):
    return Engine().run(
        "emotion", encoder=str(tiny_bert), data=str(data), epochs=25, lr=5e-3, batch_size=8,
        output=tmp_path_factory.mktemp("runs") / "run",
    )  # fmt: skip


def test_it_learns(run):
    assert run.record.scores.main[0] == "micro_f1"
    assert run.record.scores.main[1].value > 0.9
    assert set(run.model.state["thresholds"]) == set(WORDS)
    assert [baseline.name for baseline in run.record.baselines] == ["frequent", "tf-idf"]
    assert all(baseline.difference is not None for baseline in run.record.baselines)
    lines = (run.path / "predictions.jsonl").read_text().splitlines()
    assert set(json.loads(lines[0])) >= {"text", "gold", "labels", "scores"}


def test_it_opens_again(run, data):
    again = Engine().load(run.path)
    texts = ["a good film", "the awful and bad film", "slow"]
    assert list(again.predict(texts)) == list(run.model.predict(texts))
    config = json.loads((run.path / "model" / "config.json").read_text())
    assert config["problem_type"] == "multi_label_classification"


def test_a_row_keeps_its_columns(run, installed, tmp_path):
    rows = tmp_path / "rows.csv"
    rows.write_text("id,text\n1,the good film\n2,\n")
    code = "from nlpengine.cli.main import main; main()"
    path = os.pathsep.join([*installed, *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", code, "predict", str(run.path), str(rows), "--output", "-"],
        capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, _ = map(json.loads, done.stdout.splitlines())
    assert first["id"] == "1"
    assert set(first["scores"]) == set(WORDS)


def test_strings_are_labels_too(tiny_bert, tmp_path, installed):
    lines = [f"{row['text']},{'|'.join(row['labels']) or 'none'}\n" for row in rows_of(60)]
    (tmp_path / "data.csv").write_text("text,emotions\n" + "".join(lines))
    run = Engine().run(
        "emotion", encoder=str(tiny_bert), data=str(tmp_path / "data.csv"), epochs=1,
        output=tmp_path / "run", baseline=False,
    )  # fmt: skip
    assert run.record.labels == sorted(WORDS)


def test_a_blank_is_no_gold(tiny_bert, tmp_path, installed):
    (tmp_path / "data.csv").write_text("text,labels\n" + "good,joy\nbad,anger\nslow,\n" * 5)
    with pytest.raises(DataError, match=r"data.csv:4: no label in field 'labels'"):
        Engine().run("emotion", encoder=str(tiny_bert), data=str(tmp_path / "data.csv"))
