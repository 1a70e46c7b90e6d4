"""``nlpengine errors``: wrong predictions, surest first."""

import json

import pytest


def write(tmp_path, rows):
    (tmp_path / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def row(gold, label, score, text="soup"):
    return {"origin": "a.csv:2", "text": text, "gold": gold, "label": label, "score": score,
            "scores": {label: score}}  # fmt: skip


@pytest.fixture
def run(tmp_path):
    return write(
        tmp_path,
        [row("a", "a", 0.9), row("a", "b", 0.6, "sure"), row("b", "a", 0.99, "surest")],
    )


def test_wrong_ones_are_listed_surest_first(run, main):
    done = main("errors", run)
    assert done.code == 0
    assert done.out.index("surest") < done.out.index("sure\n")
    assert "99.0 %  b read as a  a.csv:2" in done.out
    assert "2 of 3 are wrong; 2 shown." in done.err
    assert "surest" in main("errors", run, "--least", "0.9").out
    assert "sure\n" not in main("errors", run, "--least", "0.9").out


def test_json_is_one_object(run, main):
    found = json.loads(main("errors", run, "--json", "--most", "1").out)
    assert (found["rows"], found["wrong"]) == (3, 2)
    (only,) = found["errors"]
    assert only["text"] == "surest"


def test_what_is_no_run_of_labels_is_said(tmp_path, main):
    done = main("errors", tmp_path)
    assert done.code == 4
    assert "no predictions.jsonl here" in done.err
    write(tmp_path, [{"origin": "a:1", "text": "x", "gold": 2.5, "value": 1.0}])
    done = main("errors", tmp_path)
    assert done.code == 4
    assert "predictions.jsonl:1: no label, score here" in done.err


def test_it_stands_in_the_help(main):
    assert "errors  from nlpengine-fasttext" in " ".join(main("--help").out.split("\n"))
