"""Where results go: files, links, pipes, devices, full disks; and what is said of them."""

import json
import os
import resource
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nlpengine import Engine, ExitCode

MAIN = "from nlpengine.cli.main import main; main()"


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.csv"
    path.write_text("text\ngood soup\nbad soup\n")
    return path


def jsonl(path):
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def fresh(*words, **options):
    """Call the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", MAIN, *map(str, words)],
        stderr=subprocess.PIPE, text=True, timeout=240, **options,
    )  # fmt: skip


def test_gold_of_a_row_with_an_error_makes_way_from_the_first_row_on(cli, finished_run, tmp_path):
    file = tmp_path / "rows.jsonl"
    rows = [
        {"text": None, "label": "gold", "windows": 1}, {"text": "good", "label": "gold"},
        {"text": "good", "label": "gold", "input_label": "mine", "error": ""},
    ]  # fmt: skip
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    done = cli("predict", finished_run.path, file)
    first, second, third = done.rows()
    assert first == {
        "text": None, "input_label": "gold", "input_windows": 1,
        "error": "the field 'text' is missing, not a string.",
    }  # fmt: skip
    assert second["input_label"] == "gold"
    assert (third["input_input_label"], third["input_label"]) == ("gold", "mine")
    assert third["input_error"] == ""
    assert "error" not in third
    assert "3 rows, 1 with errors" in done.err
    assert done.code == ExitCode.ROW_ERRORS


def test_a_pipe_stays_one(cli, finished_run, texts, tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    # If the pipe is replaced, nobody ever opens it for writing: the thread must not hold us.
    reader = threading.Thread(target=lambda: read.extend(jsonl(pipe)), daemon=True)
    reader.start()
    assert cli("predict", finished_run.path, texts, "--output", pipe).code == 0
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    reader.join(60)
    assert [row["text"] for row in read] == ["good soup", "bad soup"]
    assert not list(tmp_path.glob("*.partial"))


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_followed(cli, finished_run, texts, tmp_path, there):
    (tmp_path / "far").mkdir()
    real, link = tmp_path / "far" / "real.jsonl", tmp_path / "link.jsonl"
    if there:
        real.write_text("old\n")
    link.symlink_to(real)
    assert cli("predict", finished_run.path, texts, "--output", link).code == 0
    assert link.is_symlink()
    assert not real.is_symlink()
    assert len(jsonl(real)) == 2
    assert sorted(path.name for path in tmp_path.rglob("*.partial")) == []


@pytest.mark.parametrize("linked", [False, True])
def test_the_rows_that_are_read_are_not_written_over(cli, finished_run, texts, tmp_path, linked):
    before, output = texts.read_bytes(), texts
    if linked:
        output = tmp_path / "link"
        output.symlink_to(texts)
    done = cli("predict", finished_run.path, texts, "--output", output)
    assert done.code == ExitCode.USAGE
    assert f"--output {output}: the rows are read from this very file. Name another." in done.err
    assert texts.read_bytes() == before
    assert not list(tmp_path.glob("*.partial"))


def test_nor_are_those_of_standard_input(finished_run, tmp_path):
    file = tmp_path / "texts.txt"
    file.write_text("good soup\n")
    with file.open() as stream:
        done = fresh("predict", finished_run.path, "-", "--output", file, stdin=stream)
    assert done.returncode == ExitCode.USAGE
    assert "the rows are read from this very file" in done.stderr
    assert file.read_text() == "good soup\n"


def test_a_partial_file_without_a_row_is_none(cli, finished_run, tmp_path):
    file, output = tmp_path / "d.csv", tmp_path / "o.jsonl"
    file.write_text("words\na\n")
    done = cli("predict", finished_run.path, file, "--output", output)
    assert done.code == ExitCode.DATA
    assert "finished so far" not in done.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.csv"]


def test_rows_before_a_broken_one_are_kept(cli, finished_run, tmp_path):
    file, output = tmp_path / "d.jsonl", tmp_path / "o.jsonl"
    file.write_text('{"text": "good"}\n{"text": "bad"}\nbroken\n{"text": "good"}\n')
    done = cli("predict", finished_run.path, file, "--output", output)
    assert done.code == ExitCode.DATA
    assert f"{file}:3: " in done.err
    assert f"the rows finished so far are in {output}.partial" in done.err
    assert [row["text"] for row in jsonl(f"{output}.partial")] == ["good", "bad"]
    assert [row["text"] for row in cli("predict", finished_run.path, file).rows()] == [
        "good", "bad",
    ]  # fmt: skip


# --- a disk that is full --------------------------------------------------------------------------

full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is Linux's")


@full
@pytest.mark.parametrize(
    ("words", "unbuffered", "what"),
    [
        (("predict", "{run}", "{texts}"), "", "standard output"),
        (("tasks", "--json"), "", "standard output"),
        (("tasks", "--json"), "1", "the output"),  # whose error leaves nothing to know it by
    ],
)
def test_a_full_disk_is_no_bug_of_ours(finished_run, texts, words, unbuffered, what):
    words = [word.format(run=finished_run.path, texts=texts) for word in words]
    with open("/dev/full", "w") as stdout:
        done = fresh(*words, stdout=stdout, env=os.environ | {"PYTHONUNBUFFERED": unbuffered})
    assert done.returncode == ExitCode.USAGE, done.stderr
    said = done.stderr.splitlines()
    assert said[-1] == (
        f"nlpengine: {what}: No space left on device. Make room there, or write elsewhere."
    )
    assert "Exception" not in done.stderr


def test_a_full_device_is_named(cli, finished_run, texts, tmp_path):
    device = tmp_path / "full"  # one of our own: whoever may make it might replace the system's
    try:
        os.mknod(device, 0o600 | stat.S_IFCHR, os.makedev(1, 7))
        device.open("w").close()
    except OSError as error:
        pytest.skip(f"no devices can be made here: {error}")
    done = cli("predict", finished_run.path, texts, "--output", device)
    assert done.code == ExitCode.USAGE
    assert f"--output {device}: No space left on device. Make room there" in done.err
    assert stat.S_ISCHR(device.stat().st_mode)


def limited():
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_rows_that_a_disk_has_no_room_for(finished_run, tmp_path):
    file, output = tmp_path / "texts.txt", tmp_path / "o.jsonl"
    file.write_text("good soup\n" * 1_000)
    done = fresh("predict", finished_run.path, file, "--output", output, preexec_fn=limited)
    assert done.returncode == ExitCode.USAGE, done.stderr
    assert f"--output {output}: File too large. Raise the limit" in done.stderr
    assert f"the rows finished so far are in {output}.partial" in done.stderr
    assert not output.exists()


def test_a_model_that_a_disk_has_no_room_for(tiny, reviews, tmp_path):
    """What safetensors raises is no OSError, and so has no number to go by."""
    output = tmp_path / "run"
    done = fresh(
        "run", "sentiment", "--encoder", tiny, "--data", reviews, "--epochs", 1, "--no-baseline",
        "--output", output, preexec_fn=limited,
    )  # fmt: skip
    assert done.returncode == ExitCode.USAGE, done.stderr
    said = "".join(done.stderr.splitlines())
    assert f"nlpengine: {output / 'model'}: File too large. Raise the limit" in said
    assert not (output / "model").exists()


@pytest.mark.parametrize("error", [PermissionError(13, "no", "x.json"), OSError(5, "oh", "x.json")])
def test_what_a_machine_refuses_is_no_bug_of_ours(cli, monkeypatch, error):
    def broken(*given, **named):
        raise error

    monkeypatch.setattr("nlpengine.plugin.probe.survey", broken)
    done = cli("plugins")
    assert done.code == ExitCode.USAGE
    assert f"x.json: {os.strerror(error.errno)}. " in done.err
    assert "bug" not in done.err


def test_control_another_error_of_the_system_is_one(cli, monkeypatch):
    def broken(*given, **named):
        raise FileNotFoundError(2, "oh", "x.json")

    monkeypatch.setattr("nlpengine.plugin.probe.survey", broken)
    done = cli("plugins")
    assert done.code == ExitCode.INTERNAL
    assert "This is a bug in nlpengine." in done.err


# --- text that was cut ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cutting(tiny, reviews, tmp_path_factory):
    return Engine().run(
        "sentiment", encoder=str(tiny), data=str(reviews), epochs=1, long_text="truncate",
        baseline=False, output=tmp_path_factory.mktemp("runs") / "run",
    )  # fmt: skip


def test_text_that_a_model_cuts_is_counted(cli, cutting, finished_run, tmp_path):
    file = tmp_path / "rows.jsonl"
    rows = [
        {"text": text, "label": "pos"}
        for text in ("good " * 62, "good " * 63, "good", "good " * 300)
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    note = "· texts truncated to 64 tokens, as the model was trained to: 2"
    done = cli("predict", cutting.path, file)
    assert done.code == 0
    assert note in done.err
    scored = cli("evaluate", cutting.path, "--data", file, "--json").json()
    assert "2 of 4 texts were truncated to 64 tokens, as asked" in scored["notes"]
    # One row that can't be encoded has the others read one by one: none is counted twice.
    with file.open("a") as stream:
        stream.write('{"text": "half \\ud83d of a pair"}\n')
    done = cli("predict", cutting.path, file)
    assert "5 rows, 1 with errors" in done.err
    assert note in done.err
    assert "trained to: 1" in cli("predict", cutting.path, "--text", rows[3]["text"]).err
    # Controls: what is read in windows isn't cut, nor is what fits.
    assert "truncated" not in cli("predict", finished_run.path, file).err
    assert "truncated" not in cli("predict", cutting.path, "--text", rows[0]["text"]).err
