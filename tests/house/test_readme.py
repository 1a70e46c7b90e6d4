"""What the README shows runs as it stands there."""

import os
import re
import subprocess
import sys

import pytest

BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def blocks(root):
    """(language, text) of every fenced block."""
    return BLOCK.findall((root / "README.md").read_text(encoding="utf-8"))


def process(folder, *words, path=""):
    environment = {
        **os.environ,
        "PYTHONPATH": f"{path}{os.pathsep}{os.environ.get('PYTHONPATH', '')}",
    }
    return subprocess.run(
        [sys.executable, *map(str, words)], cwd=folder, env=environment, capture_output=True,
        text=True, timeout=500,
    )  # fmt: skip


def test_the_plugin_of_the_readme_runs(blocks, tiny, tmp_path):
    (code,) = (text for _, text in blocks if "class Mood" in text)
    (project,) = (text for language, text in blocks if language == "toml" and "mood" in text)
    package, info = tmp_path / "nlpengine_mood", tmp_path / "nlpengine_mood-0.1.dist-info"
    package.mkdir()
    info.mkdir()
    (package / "__init__.py").write_text(code, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nlpengine-mood\nVersion: 0.1\n")
    entries = re.findall(r'^(\w+) = "(\w+)"$', project, re.MULTILINE)
    (info / "entry_points.txt").write_text(
        "[nlpengine.tasks]\n" + "".join(f"{name} = {value}\n" for name, value in entries)
    )
    rows = [f"a good film {i},glad\na bad film {i},sad\n" for i in range(20)]
    (tmp_path / "data.csv").write_text("text,mood\n" + "".join(rows))
    command = "from nlpengine.cli.main import main; main()"
    done = process(
        tmp_path, "-c", command, "run", "mood", "--encoder", tiny, "--data", "data.csv",
        "--epochs", 1, "--output", "run", "--no-baseline", path=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "accuracy" in done.stdout


@pytest.mark.slow
def test_the_python_of_the_readme_runs(blocks, finished_run, tmp_path):
    """One block after the other, as a reader would type them."""
    python = [text for language, text in blocks if language == "python" and "class " not in text]
    assert len(python) == 3
    given = f"paths = [{str(finished_run.path)!r}] * 2\n"
    done = process(tmp_path, "-c", given + "\n".join(python))
    assert done.returncode == 0, done.stderr
    assert "positive" in done.stdout or "negative" in done.stdout
