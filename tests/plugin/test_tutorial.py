"""The tutorial works as it stands: its files are written, its commands are typed, in its order."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from nlpengine.testing.task_checks.listing import CHECKS

TUTORIAL = Path(__file__).parents[2] / "plugins/README.md"
FILE = r"\*\*`(?P<file>[^`]+)`\*\*\n```\w+\n(?P<content>.*?)```"
TYPED = r"```console\n(?P<commands>.*?)```"
STEP = re.compile(f"{FILE}|{TYPED}", re.DOTALL)
NLPENGINE = "from nlpengine.cli.main import main; main()"


@pytest.fixture(scope="module")
def text():
    return TUTORIAL.read_text(encoding="utf-8")


@pytest.fixture
def typed(tmp_path, tiny):
    """Run a command as a reader would type it; runs with a tiny encoder, for one epoch."""
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    environment = {**os.environ, "PYTHONPATH": path, "NLPENGINE_HOME": str(tmp_path / "home")}

    def call(line):
        program, *words = shlex.split(line)
        if program == "pytest":
            words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
        else:
            assert program == "nlpengine", line
            if words[0] == "run":
                words += ["--encoder", str(tiny), "--epochs", "1"]
            words = ["-c", NLPENGINE, *words]
        return subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True,
            text=True, timeout=500, check=False,
        )  # fmt: skip

    return call


def steps(text):
    """(file, content), or (None, command)."""
    for step in STEP.finditer(text):
        if step["file"]:
            yield step["file"], step["content"]
        else:
            yield from ((None, line) for line in step["commands"].splitlines())


@pytest.mark.slow
def test_a_stranger_succeeds(text, typed, tmp_path):
    count = 0
    for file, content in steps(text):
        if file is not None:
            (tmp_path / file).write_text(content, encoding="utf-8")
            continue
        done = typed(content)
        assert done.returncode == 0, f"{content}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        count += 1
        if "predict key-run" in content:
            assert '"keywords"' in done.stdout
        if content.startswith("pytest"):
            assert "failed" not in done.stdout
    assert count >= 14
    assert (tmp_path / "nlpengine-feeling/nlpengine_feeling/task.py").is_file()


def test_the_first_task_runs_as_it_stands(text, typed, tmp_path):
    """The quick half of the test above."""
    (tmp_path / "rows.csv").write_text(
        re.search(r"`rows.csv`\*\*\n```csv\n(.*?)```", text, re.S)[1]
    )
    code = re.search(r"`emotion.py`\*\*\n```python\n(.*?)```", text, re.S)[1]
    assert len(code.splitlines()) < 25
    (tmp_path / "emotion.py").write_text(code, encoding="utf-8")
    done = typed("nlpengine run ./emotion.py:emotion --data rows.csv --output run --no-baseline")
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout


def test_all_code_is_run(text):
    """Blocks of Python are files of the tutorial, but for three that others show in full."""
    loose = re.findall(r"```python\n(.*?)```", STEP.sub("", text), re.DOTALL)
    assert len(loose) == 3
    assert "Engine().run(" in loose[0]
    assert "def score(" in loose[1]
    assert "def nlpengine_task():" in loose[2]


def test_the_loose_blocks_work(text, tiny, tmp_path, monkeypatch):
    """The run in Python, with the task's own metric put into its file."""
    files = {file: content for file, content in steps(text) if file is not None}
    loose = re.findall(r"```python\n(.*?)```", STEP.sub("", text), re.DOTALL)
    own = "\n" + re.sub(r"^(?=.)", "  ", loose[1].rstrip(), flags=re.MULTILINE) + "\n"
    imports = "import dataclasses\nfrom nlpengine.metrics import bootstrap_mean\n"
    first = re.search(r"`emotion.py`\*\*\n```python\n(.*?)```", text, re.DOTALL)[1]
    doc, _, rest = first.partition("\n\n")
    (tmp_path / "emotion.py").write_text(f"{doc}\n{imports}{rest}{own}")
    (tmp_path / "rows.csv").write_text(files["rows.csv"])
    monkeypatch.chdir(tmp_path)
    shown = {}
    exec(loose[0].replace("epochs=1", f"epochs=1, encoder={str(tiny)!r}"), shown)
    assert "sure_and_right" in shown["run"].metrics


def test_the_table_of_checks_is_the_checks(text):
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", text, re.MULTILINE)
    found = {name: said for name, said in rows if name in CHECKS}
    assert found == {name: check.__doc__.splitlines()[0] for name, check in CHECKS.items()}
    assert list(found) == list(CHECKS)


def test_the_distributions_it_names_are_those_that_are_there(text):
    named = set(re.findall(r"^\| `(nlpengine-\w+)` \|", text, re.MULTILINE))
    there = {path.parent.name for path in TUTORIAL.parent.glob("*/pyproject.toml")}
    assert named == there
