"""``nlpengine plugins new``: what is made passes its own tests, by the door alone."""

import ast
import json
import os
import subprocess
import sys
import tomllib

import pytest

from nlpengine.cli.main import main
from nlpengine.plugin.scaffold import TEMPLATES

KINDS = ("task", "encoder", "reader", "command")
MOST_LINES = 60


@pytest.fixture
def new(capsys):
    def call(*words):
        with pytest.raises(SystemExit) as stop:
            main(["plugins", "new", *map(str, words)])
        printed = capsys.readouterr()
        return stop.value.code, printed.out, printed.err

    return call


def install_info(folder, site):
    """What pip would write of a distribution, and the environment in which it is found."""
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    info = site / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in entries.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    path = os.pathsep.join([str(folder), str(site), *filter(None, sys.path)])
    return {**os.environ, "PYTHONPATH": path}


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "kind", ["task", pytest.param("encoder", marks=SLOW), pytest.param("reader", marks=SLOW),
             "command"]
)  # fmt: skip
def test_what_is_made_passes_its_tests(new, tmp_path, kind):
    code, _, err = new(f"my-{kind}", "--kind", kind, "--output", tmp_path)
    assert code == 0, err
    folder = tmp_path / f"nlpengine-my-{kind}"
    assert f"cd {folder} && pip install -e '.[test]' && pytest" in err
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib"],
        cwd=folder, env=install_info(folder, tmp_path / "site"), capture_output=True, text=True,
        timeout=500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert "failed" not in done.stdout


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_small_whole_and_by_the_door(new, tmp_path, kind):
    code, out, _ = new("mood", "--kind", kind, "--output", tmp_path, "--json")
    made = json.loads(out)
    folder = tmp_path / "nlpengine-mood"
    assert (code, made["folder"]) == (0, str(folder))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert len(files) == len(made["files"])
    assert {
        "pyproject.toml",
        "README.md",
        "nlpengine_mood/__init__.py",
        "nlpengine_mood/py.typed",
    } <= files
    assert any(name.startswith("tests/test_") for name in files)
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert set(project["entry-points"]) == {"nlpengine.api", f"nlpengine.{kind}s"}
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= (MOST_LINES if kind != "encoder" else 70), path
        assert "{{" not in text
        for node in ast.walk(ast.parse(text)):
            if (
                isinstance(node, ast.ImportFrom)
                and node.module
                and node.module.split(".")[0] == ("nlpengine")
            ):
                inside = node.module.split(".")[1:2]
                assert not inside or inside[0] in ("plugin", "data", "testing"), node.module


def test_a_task_s_body_is_under_60_lines_with_demo_data(new, tmp_path):
    assert new("mood", "--output", tmp_path)[0] == 0  # a task, where nothing is said
    package = tmp_path / "nlpengine-mood/nlpengine_mood"
    assert len((package / "task.py").read_text().splitlines()) < MOST_LINES
    rows = {
        split: [
            json.loads(line)
            for line in (package / f"demo/{split}.jsonl").read_text(encoding="utf-8").splitlines()
        ]
        for split in ("train", "dev", "test")
    }
    texts = [row["text"] for own in rows.values() for row in own]
    assert len(set(texts)) == len(texts) == 36
    assert {row["label"] for row in rows["test"]} == {"question", "request", "statement"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["Mood"], "'Mood' is no name for a plugin: small letters and digits"),
        (["my_mood"], "is no name for a plugin"),
        (["2moods"], "is no name for a plugin"),
        (["mood-"], "is no name for a plugin"),
        (["../mood"], "is no name for a plugin"),
        (["m" * 41], "at most 40 characters"),
        (["sentiment"], "the task 'sentiment' is nlpengine's own. Choose another name."),
        (["bert-base", "--kind", "encoder"], "the encoder 'bert-base' is nlpengine's own"),
        (["csv", "--kind", "reader"], "the reader 'csv' is nlpengine's own"),
        (["run", "--kind", "command"], "the command 'run' is nlpengine's own"),
    ],
)
def test_a_name_that_won_t_do_says_why(new, tmp_path, words, said):
    code, out, err = new(*words, "--output", tmp_path)
    assert (code, out) == (2, "")
    assert said in err
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_says_by_whom(new, install, tmp_path):
    install("shout")
    code, _, err = new("shout", "--output", tmp_path / "new")
    assert code == 2
    assert "the task 'shout' is offered by nlpengine-shout 1.2. Choose another name." in err
    code, _, err = new("shout", "--kind", "reader", "--output", tmp_path / "new")
    assert code == 2
    assert "a package nlpengine_shout is installed already" in err


def test_a_folder_that_exists_is_left_alone(new, tmp_path):
    (tmp_path / "nlpengine-mood").mkdir()
    code, _, err = new("mood", "--output", tmp_path)
    assert code == 2
    assert "nlpengine-mood exists already. Choose another name or --output." in err
    (tmp_path / "file").write_text("")
    code, _, err = new("mood", "--output", tmp_path / "file")
    assert code == 2
    assert "can't be written: Not a directory." in err


def test_templates_are_whole():
    assert {path.name for path in TEMPLATES.iterdir()} == set(KINDS)
    for path in TEMPLATES.rglob("*"):
        assert path.is_dir() or path.suffix in (".j2", ".jsonl", ".typed"), path
