"""``nlpengine plugins check``: what fails is named, also where it hangs or crashes."""

import json

import pytest

from nlpengine.cli.main import main

SOURCE = '''
from nlpengine.data import Column, TextExample
from nlpengine.plugin import Classification, hookimpl, label_of


class Mood(Classification[TextExample]):
    """Mood."""

    name = "mood"
    summary = "the mood of a text"
    columns = (Column("text"), Column("label", required=False, role="gold"))

    def adapt(self, record):
        """A text with its label."""
        return TextExample(record.text("text"), label_of(record), record.origin)

    def decode(self, example, windows, labels, options, state):
        """As it is, but for one thing."""
        {body}
        return super().decode(example, windows, labels, options, state)


@hookimpl
def nlpengine_task():
    """The task."""
    return Mood()
'''


def source(body="pass"):
    return SOURCE.replace("{body}", body)


@pytest.fixture
def check(capsys, tmp_path):
    def call(*words):
        with pytest.raises(SystemExit) as stop:
            main(["plugins", "check", *map(str, words)])
        printed = capsys.readouterr()
        return stop.value.code, printed.out, printed.err

    return call


@pytest.fixture
def file(tmp_path):
    def write(body="pass"):
        path = tmp_path / "my_task.py"
        path.write_text(source(body))
        return path

    return write


def checks_of(out):
    found = json.loads(out)
    return found, {row["name"]: row for row in found["checks"]}


def test_a_good_file_passes_on_made_up_rows(check, file):
    code, out, err = check(f"{file()}:mood", "--json")
    found, rows = checks_of(out)
    assert (code, found["failed"]) == (0, 0), out
    assert (found["kind"], err) == ("task", "")
    assert rows["loads"]["status"] == rows["overfits"]["status"] == "ok"
    assert rows["offsets"]["reason"] == "a sequence head has no spans"
    assert rows["demo"]["status"] == "skipped"
    assert rows["demo"]["reason"] == "the task has no demo set"


def test_a_failure_is_a_row_with_its_reason_and_exit_code_3(check, file):
    path = file("windows = windows[:1]")
    words = (f"{path}:mood", "--check", "long_text", "--check", "labels")
    code, out, err = check(*words)
    assert code == 3
    assert [line.split()[0] for line in out.splitlines()] == [
        "check", "loads", "labels", "long_text",
    ]  # fmt: skip
    assert "failed" in out
    assert "part of a long text is dropped" in out
    assert "2 ok, 1 failed" in err
    assert "Traceback" not in out
    assert "AssertionError: window" in check(*words, "--traceback")[1]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("import ctypes; ctypes.string_at(0)", "crashed the process (SIGSEGV)"),
        pytest.param(
            "import os; print('bye', flush=True); os._exit(5)",
            "ended the process with exit code 5: bye",
            marks=pytest.mark.slow,
        ),
        pytest.param("import sys; sys.exit(4)", "SystemExit: 4", marks=pytest.mark.slow),
    ],
)
def test_what_ends_the_process_is_named_and_the_rest_is_run(check, file, body, said):
    path = file(f"if abs(windows[0].logits).max() > 1e3:\n            {body}")
    code, out, _ = check(f"{path}:mood", "--check", "total", "--check", "alone", "--json")
    found, rows = checks_of(out)
    assert code == 3
    assert rows["total"]["status"] == "failed"
    assert said in rows["total"]["reason"]
    assert rows["alone"]["status"] == "ok"
    assert found["failed"] == 1


def test_a_hang_is_named_and_ended(check, file):
    path = file("while True: pass")
    words = ("--check", "total", "--check", "alone", "--timeout", "12")
    code, out, _ = check(f"{path}:mood", *words, "--json")
    _, rows = checks_of(out)
    assert code == 3
    assert rows["total"]["reason"] == "didn't end within 12 seconds"
    assert rows["alone"]["status"] == "skipped"
    assert rows["alone"]["reason"] == "not run: total didn't end within 12 seconds"


def test_an_unknown_check_is_a_mistake_of_the_call(check, file):
    code, _, err = check(f"{file()}:mood", "--check", "overfit")
    assert code == 2
    assert "--check overfit: a task has no such check. Did you mean 'overfits'? It has " in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import time\ntime.sleep(100)", "didn't end within 4 seconds"),
        ("import os\nos.abort()", "crashed the process (SIGABRT)"),
        ("raise ValueError('no luck')", "ValueError: no luck"),
        ("x = 1", "holds no task"),
    ],
)
def test_one_that_does_not_load_has_a_single_row(check, tmp_path, text, said):
    path = tmp_path / "their.py"
    path.write_text(text)
    code, out, _ = check(f"{path}:mood", "--timeout", "4", "--json")
    _, rows = checks_of(out)
    assert (code, list(rows)) == (3, ["loads"])
    assert said in rows["loads"]["reason"]


def test_installed_ones_are_found_by_name_and_kind(check, install):
    install("mood", source())
    install("broken", "import a_module_nobody_has")
    code, out, _ = check("mood", "--check", "spec", "--json")
    assert (code, checks_of(out)[0]["failed"]) == (0, 0), out
    code, out, _ = check("broken", "--json")
    assert code == 3
    assert "a_module_nobody_has" in checks_of(out)[1]["loads"]["reason"]
    code, _, err = check("modo")
    assert code == 2
    assert "no plugin 'modo' is installed. Did you mean 'mood'? See: nlpengine plugins" in err
    assert check("mood", "--kind", "reader")[0] == 2


def test_a_name_of_two_kinds_asks_which(check, install):
    install("mood", source())
    install("mood", "", distribution="other", kind="reader")
    code, _, err = check("mood")
    assert code == 2
    assert "'mood' is reader and task: say which with --kind." in err


def test_no_such_file_is_a_mistake_of_the_call(check, tmp_path):
    code, _, err = check(tmp_path / "nowhere.py:mood")
    assert code == 2
    assert "nowhere.py: no such file." in err


def test_rows_may_be_given(check, file, tmp_path):
    rows = tmp_path / "rows.csv"
    lines = [f"a {word} film {n},{word}" for n in range(6) for word in ("good", "bad", "odd")]
    rows.write_text("text,label\n" + "\n".join(lines) + "\n")
    code, out, _ = check(f"{file()}:mood", "--data", rows, "--check", "labels", "--json")
    assert code == 0, out
    code, out, _ = check(f"{file()}:mood", "--data", tmp_path / "nowhere.csv", "--json")
    assert code == 3
    assert "nowhere.csv" in checks_of(out)[1]["loads"]["reason"]
