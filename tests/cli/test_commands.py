"""Every command, with and without --json: what it prints, writes and returns."""

import csv
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nlpengine import ExitCode
from nlpengine.cli.main import COMMANDS

MAIN = "from nlpengine.cli.main import main; main()"
ROWS = [
    {"id": "a", "text": "the soup was good", "stars": "5"},
    {"id": "b", "text": "hate, the hotel", "stars": "1"},
    {"id": "c", "text": "", "stars": ""},
]


def fresh(*words, code=MAIN, **options):
    """Call the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        capture_output=True, text=True, timeout=120, **options,
    )  # fmt: skip


def jsonl(path):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


# --- start-up ---------------------------------------------------------------------------------


def test_help_answers_at_once():
    took = []
    for _ in range(5):
        began = time.perf_counter()
        done = fresh("--help")
        took.append(time.perf_counter() - began)
        assert done.returncode == 0
    assert min(took) < 0.3


def test_help_and_the_list_of_tasks_import_nothing_heavy():
    code = (
        "import sys\n"
        "from nlpengine.cli.main import main\n"
        "def call(*words):\n"
        "    try: main(words)\n"
        "    except SystemExit as stop: assert not stop.code\n"
        "call('--help')\n"
        "heavy = {'torch', 'transformers', 'numpy', 'rich', 'pluggy', 'nlpengine_sentiment'}\n"
        "found = sorted(heavy & sys.modules.keys())\n"
        "call('run', '--help')\n"
        "heavy = {'torch', 'transformers', 'nlpengine_sentiment', 'sklearn', 'pyarrow'}\n"
        "found += sorted(heavy & sys.modules.keys())\n"
        "print('heavy:', found)\n"
    )
    done = fresh(code=code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "heavy: []"
    assert "sentiment" in done.stdout


def test_help_lists_every_command(cli):
    for words in (["--help"], ["-h"]):
        done = cli(*words)
        assert done.code == 0
        for name, (_, line) in COMMANDS.items():
            assert name in done.out
            assert line in done.out
    assert cli("--version").out.startswith("nlpengine, version ")


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help(cli, command):
    done = cli(command, "--help")
    assert done.code == 0
    assert done.out.startswith(f"Usage: nlpengine {command}")
    assert done.err == ""


def test_no_command_shows_the_help_and_is_a_usage_error(cli):
    done = cli()
    assert done.code == ExitCode.USAGE
    assert done.out == ""
    assert "Commands" in done.err


# --- run --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def json_run(tiny, reviews, tmp_path_factory):
    """``run --json`` in a process of its own → what it printed, and the run folder."""
    output = tmp_path_factory.mktemp("json") / "run"
    done = fresh(
        "run", "sentiment", "--encoder", tiny, "--data", reviews, "--epochs", 2, "--lr", 1e-3,
        "--seed", 7, "--label-smoothing", 0.1, "--output", output, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done, output


def test_run_json_prints_one_object_and_all_else_goes_to_stderr(json_run, tiny, reviews):
    done, output = json_run
    found = json.loads(done.stdout)  # one object and nothing beside it
    assert found["task"] == "sentiment"
    assert found["encoder"]["name"] == str(tiny)
    assert found["run_dir"] == str(output)
    assert next(iter(found["metrics"])) == "accuracy"
    for metric in found["metrics"].values():
        assert set(metric) == {"value", "low", "high", "n"}
        assert metric["low"] <= metric["value"] <= metric["high"]
    assert found["metrics"]["accuracy"]["n"] == 12
    assert found["timings"]["train_texts_per_s"] > 0
    assert found["timings"]["predict_texts_per_s"] > 0
    assert found["data"]["source"] == str(reviews)
    assert [found["data"][split] for split in ("train", "dev", "test")] == [24, 8, 12]
    assert found["seed"] == 7
    assert {"python", "nlpengine", "torch", "transformers"} <= found["versions"].keys()
    assert [plugin["name"] for plugin in found["plugins"]] == ["sentiment"]
    assert found["config"]["options"] == {"class_weights": "none", "label_smoothing": 0.1}
    assert "training …" in done.stderr
    assert "dev accuracy" in done.stderr


def test_what_a_run_leaves(json_run):
    done, output = json_run
    record = json.loads((output / "run.json").read_text(encoding="utf-8"))
    assert record == json.loads(done.stdout)
    assert record["status"] == "finished"
    names = {path.name for path in output.iterdir()}
    assert names == {"run.json", "model", "predictions.jsonl", "metrics.jsonl", "report.html"}
    model = {path.name for path in (output / "model").iterdir()}
    wanted = {"config.json", "model.safetensors", "tokenizer.json", "nlpengine.json"}
    assert wanted | {"manifest.json", "tokenizer_config.json"} <= model
    manifest = json.loads((output / "model/manifest.json").read_text())
    assert set(manifest["sha256"]) == model - {"manifest.json"}
    predictions = jsonl(output / "predictions.jsonl")
    assert len(predictions) == 12
    assert set(predictions[0]) >= {"origin", "text", "gold", "label", "score", "scores"}
    metrics = jsonl(output / "metrics.jsonl")
    assert {line["kind"] for line in metrics} == {"step", "evaluation"}
    assert (output / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_run_prints_a_table_and_how_to_go_on(cli, tiny, reviews, tmp_path):
    output = tmp_path / "run"
    done = cli(
        "run", "sentiment", "--encoder", tiny, "--data", reviews, "--epochs", 1, "--no-baseline",
        "--output", output,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "accuracy" in done.out
    assert f"nlpengine predict {output} --text" in done.out
    assert json.loads((output / "run.json").read_text())["baselines"] == []


def test_the_default_output_is_a_new_folder_under_runs(cli, tiny, reviews, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = "run", "sentiment", "--encoder", tiny, "--data", reviews, "--epochs", 1
    found = [cli(*words, "--no-baseline", "--json").json()["run_dir"] for _ in range(2)]
    assert len(set(found)) == 2
    for folder in found:
        assert folder.startswith("runs/sentiment-bert-")
        assert Path(folder, "report.html").is_file()


def test_task_options_are_flags(cli):
    done = cli("run", "sentiment", "--help")
    assert done.code == 0
    for words in (
        "--class-weights [none|balanced]",
        "--label-smoothing FLOAT",
        "--encoder",
        "--json",
    ):
        assert words in done.out
    assert "weighs each class in the loss" in done.out


def test_config_file_and_flags_win(cli, tiny, reviews, tmp_path):
    config = tmp_path / "run.toml"
    config.write_text(
        f'task = "sentiment"\nencoder = "{tiny}"\ndata = "{reviews}"\nepochs = 3\nlr = 1e-3\n'
        'baseline = false\nseed = 3\n[options]\nclass_weights = "balanced"\nlabel_smoothing = 0.2\n'
    )
    done = cli(
        "run", "sentiment", "--config", config, "--epochs", 1, "--label-smoothing", 0.0,
        "--output", tmp_path / "run", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    found = done.json()["config"]
    assert found["epochs"] == 1
    assert found["lr"] == 1e-3
    assert found["seed"] == 3
    assert found["baseline"] is False
    assert found["options"] == {"class_weights": "balanced", "label_smoothing": 0.0}


def test_map_names_the_columns(cli, tiny, tmp_path):
    file = tmp_path / "data.csv"
    lines = [f"{'good' if n % 2 else 'bad'} {n},{n % 2},x" for n in range(40)]
    file.write_text("\n".join(["words,verdict,other", *lines]) + "\n")
    done = cli(
        "run", "sentiment", "--encoder", tiny, "--data", file, "--map", "text=words,label=verdict",
        "--epochs", 1, "--no-baseline", "--output", tmp_path / "run", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.json()["labels"] == ["0", "1"]


# --- predict ----------------------------------------------------------------------------------


def test_predict_a_text(cli, finished_run):
    done = cli("predict", finished_run.path, "--text", "a great film")
    answer = finished_run.model("a great film")
    assert done.code == 0
    assert done.out.splitlines()[0] == f"{answer.label}  {100 * answer.score:.1f} %"
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == [
        answer.label, *(name for name in answer.scores if name != answer.label),
    ]  # fmt: skip
    found = cli("predict", finished_run.path, "--text", "a great film", "--json").json()
    assert found["text"] == "a great film"
    assert found["label"] == answer.label
    assert found["scores"] == pytest.approx(dict(answer.scores))


def test_an_empty_text_and_a_very_long_one_have_a_result(cli, finished_run):
    assert cli("predict", finished_run.path, "--text", "", "--json").json()["label"] in (
        "neg",
        "pos",
    )
    done = cli("predict", finished_run.path, "--text", "good film " * 300, "--json")
    assert done.json()["windows"] > 5
    done = cli("predict", finished_run.path, "--text", "good film " * 300)
    assert "windows: all of the text counts" in done.out


def write(path: Path) -> Path:
    """`ROWS` in the format that the name says."""
    kind = path.suffix[1:]
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    else:
        with path.open("w", newline="", encoding="utf-8") as stream:
            mark = {"csv": ",", "tsv": "\t"}[kind]
            writer = csv.DictWriter(stream, list(ROWS[0]), delimiter=mark, lineterminator="\n")
            writer.writeheader()
            writer.writerows(ROWS)
    return path


@pytest.mark.parametrize("kind", ["csv", "tsv", "jsonl", "parquet"])
def test_predict_a_file(cli, finished_run, tmp_path, kind):
    done = cli("predict", finished_run.path, write(tmp_path / f"rows.{kind}"))
    assert done.code == 0, done.err
    rows = done.rows()
    assert [{name: row[name] for name in ROWS[0]} for row in rows] == ROWS
    for row, given in zip(rows, ROWS, strict=True):
        assert list(row) == ["id", "text", "stars", "label", "score", "scores"]
        assert row["label"] == finished_run.model(given["text"]).label
    assert "3 rows, 0 with errors" in done.err


def test_format_wins_over_the_name(cli, finished_run, tmp_path):
    file = write(tmp_path / "rows.tsv").rename(tmp_path / "rows.dat")
    done = cli("predict", finished_run.path, file, "--format", "tsv")
    assert [row["id"] for row in done.rows()] == ["a", "b", "c"]


def test_predict_lines_of_text(cli, finished_run, tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text('a great film\n\n"hate", the hotel\tÄ\n', encoding="utf-8")
    done = cli("predict", finished_run.path, file)
    assert done.code == 0
    assert [row["text"] for row in done.rows()] == ["a great film", "", '"hate", the hotel\tÄ']


def test_predict_standard_input(finished_run):
    done = fresh("predict", finished_run.path, "-", input="a great film\nhate the hotel\n\n")
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["text"] for row in rows] == ["a great film", "hate the hotel", ""]
    assert rows[0]["label"] == finished_run.model("a great film").label


def test_order_is_kept_over_thousands_of_rows_of_all_lengths(cli, finished_run, tmp_path):
    draw = random.Random(0)
    words = ("good", "bad", "great", "awful", "soup", "hotel", "love", "hate")
    rows = [
        {
            "id": number,
            "text": " ".join(draw.choices(words, k=draw.choice((0, 1, 3, 8, 20, 80)))),
            "more": {"deep": [number, None]},
        }
        for number in range(5_000)
    ]
    file, output = tmp_path / "rows.jsonl", tmp_path / "out.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    done = cli("predict", finished_run.path, file, "--output", output, "--json")
    assert done.code == 0, done.err
    assert done.json() == {"rows": 5_000, "errors": 0, "output": str(output)}
    found = jsonl(output)
    assert [{name: row[name] for name in rows[0]} for row in found] == rows
    for number in draw.sample(range(5_000), 25):
        answer = finished_run.model(rows[number]["text"])
        assert found[number]["scores"] == pytest.approx(dict(answer.scores), abs=1e-5)


def test_a_column_named_like_a_result_is_kept_beside_it(cli, finished_run, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("text,label,score\na great film,mine,0\n")
    (row,) = cli("predict", finished_run.path, file).rows()
    assert row["input_label"] == "mine"
    assert row["input_score"] == "0"
    assert row["label"] in ("neg", "pos")


def test_a_bad_row_never_stops_the_others(cli, finished_run, tmp_path):
    file = tmp_path / "rows.jsonl"
    file.write_text(
        '{"id": 1, "text": "a great film"}\n'
        '{"id": 2}\n'
        '{"id": 3, "text": null}\n'
        '{"id": 4, "text": "half \\ud83d of a pair"}\n'
        '{"id": 5, "text": 7}\n'
        '{"id": 6, "text": ""}\n'
        '{"id": 7, "text": "a whole \\ud83d\\ude00 pair"}\n',
        encoding="utf-8",
    )
    output = tmp_path / "out.jsonl"
    done = cli("predict", finished_run.path, file, "--output", output, "--json")
    assert done.code == ExitCode.ROW_ERRORS
    assert done.json() == {"rows": 7, "errors": 4, "output": str(output)}
    rows = jsonl(output)
    assert [row["id"] for row in rows] == [1, 2, 3, 4, 5, 6, 7]
    assert [row["id"] for row in rows if "label" in row] == [1, 6, 7]
    errors = {row["id"]: row["error"] for row in rows if "error" in row}
    assert "'text' is missing" in errors[2]
    assert "'text' is missing" in errors[3]
    assert "lone surrogate (U+D83D) at character 5" in errors[4]
    assert "'text' is int 7" in errors[5]
    assert rows[3]["text"] == "half \ud83d of a pair"
    assert r"half \ud83d of" in output.read_text(encoding="utf-8").splitlines()[3]
    again = cli("predict", finished_run.path, file)
    assert again.code == ExitCode.ROW_ERRORS
    assert again.rows() == rows
    assert "7 rows, 4 with errors" in again.err


def test_an_output_file_appears_when_it_is_whole(cli, finished_run, tmp_path):
    file, output = tmp_path / "rows.csv", tmp_path / "out.jsonl"
    good = "".join(f"{number},good soup\n" for number in range(5_000))
    file.write_text(f"id,text\n{good}1,too,many\n")
    done = cli("predict", finished_run.path, file, "--output", output)
    assert done.code == ExitCode.DATA
    assert f"{file}:5002: " in done.err
    assert not output.exists()
    partial = tmp_path / "out.jsonl.partial"
    assert str(partial) in done.err
    assert len(jsonl(partial)) == 5_000
    file.write_text(f"id,text\n{good}")
    assert cli("predict", finished_run.path, file, "--output", output).code == 0
    assert len(jsonl(output)) == 5_000
    assert not partial.exists()


def test_predict_map_and_small_batches(cli, finished_run, tmp_path):
    file = tmp_path / "rows.csv"
    file.write_text("words\na great film\nhate the hotel\n")
    words = "predict", finished_run.path, file, "--map", "text=words"
    rows = cli(*words).rows()
    assert [row["words"] for row in rows] == ["a great film", "hate the hotel"]
    small = cli(*words, "--batch-tokens", 4, "--threads", 1).rows()
    for one, other in zip(rows, small, strict=True):
        assert one["scores"] == pytest.approx(other["scores"], abs=1e-5)


# --- the others -------------------------------------------------------------------------------


def test_evaluate(cli, finished_run, reviews):
    done = cli("evaluate", finished_run.path, "--data", reviews, "--json")
    assert done.code == 0, done.err
    found = done.json()
    want = finished_run.record.scores.metrics["accuracy"].to_json()
    assert next(iter(found["metrics"])) == "accuracy"
    assert found["metrics"]["accuracy"] == want
    assert found["data"]["rows"] == 12
    assert found["timings"]["predict_texts_per_s"] > 0
    plain = cli("evaluate", finished_run.path, "--data", reviews / "dev.jsonl")
    assert plain.code == 0
    assert "accuracy" in plain.out
    assert "95 % interval" in plain.out


def test_tasks(cli):
    (task,) = (t for t in cli("tasks", "--json").json()["tasks"] if t["name"] == "sentiment")
    assert task["columns"] == ["text", "label", "slice"]
    assert task["options"] == ["class_weights", "label_smoothing"]
    assert task["demo"] is True
    assert task["summary"] in cli("tasks").out


def test_plugins(cli):
    listed = cli("plugins", "--load", "--json").json()
    assert listed["api"] == "1.0"
    found = {plugin["name"]: plugin for plugin in listed["plugins"]}
    for name in ("qa", "sentiment"):
        assert found[name]["kind"] == "task"
        assert found[name]["distribution"] == "nlpengine"
        assert found[name]["hooks"] == ["nlpengine_task"]
        assert found[name]["api"] == ">=1.0,<2"
        assert found[name]["status"] == "ok"
        assert found[name]["import_ms"] > 0
        assert found[name]["remarks"] == []
    done = cli("plugins")
    assert done.code == 0
    assert done.out.splitlines()[0].split() == [
        "name", "kind", "from", "hook", "API", "status", "ms", "why",
    ]  # fmt: skip
    assert ["sentiment", "task", "nlpengine"] in [
        line.split()[:3] for line in done.out.splitlines()
    ]


def test_no_plugins_keeps_our_own_tasks(cli):
    found = {
        p["name"]: p["status"]
        for p in cli("--no-plugins", "plugins", "--load", "--json").json()["plugins"]
    }
    assert (found["qa"], found["sentiment"]) == ("ok", "ok")
    assert os.environ["NLPENGINE_LOAD_PLUGINS"] == ""


def test_encoders(cli):
    found = cli("encoders", "--json").json()["encoders"]
    names = [row["name"] for row in found]
    assert names[0] == "minilm"
    assert "bert-base" in names
    for row in found:
        assert row["available"] in ("package", "cache", "converted", None)
    done = cli("encoders")
    for row in found:
        assert row["hub_id"] in done.out
    assert "Any local folder" in done.err


def test_doctor(cli):
    found = cli("doctor", "--json").json()
    assert found["device"] in ("cpu", "cuda")
    assert found["threads"] >= 1
    assert found["plugins"]["task qa"] == found["plugins"]["task sentiment"] == "ok"
    assert "torch" in found["versions"]
    done = cli("doctor")
    assert done.code == 0
    for name in found:
        assert name in done.out


def test_data_check_says_what_stands_in_the_way(cli, reviews, tiny, tmp_path):
    good = cli("data", "check", "sentiment", reviews, "--encoder", tiny, "--json").json()
    assert (good["task"], good["source"]) == ("sentiment", str(reviews))
    checks = [finding["check"] for finding in good["findings"]]
    assert checks.count("length") == 3
    assert {"sizes", "balance"} <= set(checks)
    (small,) = [f for f in good["findings"] if f["level"] == "warning" and f["check"] == "sizes"]
    assert small["message"].startswith("12 test rows: differences of less than about 29 points")
    said = cli("data", "check", "sentiment", reviews, "--encoder", tiny).out
    assert "! sizes: 12 test rows" in said
    assert f"{good['warnings']} warning" in said
    strict = cli("data", "check", "sentiment", reviews, "--encoder", tiny, "--strict")
    assert strict.code == 4
    assert "--strict takes it for an error: sizes: 12 test rows" in strict.err
    assert "! sizes: 12 test rows" in strict.out
    strict = cli("data", "check", "sentiment", reviews, "--encoder", tiny, "--strict", "--json")
    assert strict.code == 4
    assert strict.json() == good
    long = cli("data", "check", "sentiment", reviews, "--encoder", tiny, "--max-length", "9999")
    assert long.code == 2
    assert "--max-length 9999" in long.err
    run = cli("run", "sentiment", "--data", reviews, "--encoder", tiny, "--strict",
              "--output", tmp_path / "run")  # fmt: skip
    assert run.code == 4
    assert not (tmp_path / "run").exists()


def test_data_check_takes_the_options_of_the_task(cli, tiny, tmp_path):
    rows = [f"a {n}\tb {n}\t{n % 6}" for n in range(60)]
    (tmp_path / "pairs.tsv").write_text("\n".join(["first\tsecond\tlabel", *rows]) + "\n")
    given = ("data", "check", "pair", tmp_path / "pairs.tsv", "--encoder", tiny, "--json")
    classes = cli(*given).json()
    assert any("taken for 6 classes" in note for note in classes["notes"])
    numbers = cli(*given, "--target", "number").json()
    assert not any("classes" in note for note in numbers["notes"])
    assert "balance" not in {finding["check"] for finding in numbers["findings"]}
    wrong = cli(*given, "--target", "numbers")
    assert wrong.code == 2
    assert "--target" in wrong.err
    options = cli("data", "check", "pair", "--help").out
    assert options.index("--encoder") < options.index("--json") < options.index("--target")
    listed = cli("data", "check", "--help").out
    assert "data check pair --help" in listed
