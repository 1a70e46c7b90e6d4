"""Folders, metadata, version and public names say the same; no machine's paths in the sources."""

import ast
import importlib.metadata
import re
import tomllib
from pathlib import Path

import pytest

import nlpengine
from nlpengine.facade import PUBLIC

MACHINE = re.compile("/wo" + r"rk/|/ro" + r"ot/|index-ur" + "l|extra-inde" + "x")
"""Put together here, so that this file doesn't match itself."""
HOSTS = re.compile(r"huggingface\.co\b|hf\.co\b|pypi\.org|pythonhosted|download\.pytorch")
VERSION_HEADING = re.compile(r"^## \[?v?(\d[^\]\s]*)", re.MULTILINE)
SUFFIXES = "py toml md txt json jsonl cfg ini yml yaml sh html"
TEXT = {f".{suffix}" for suffix in SUFFIXES.split()}


@pytest.fixture(scope="module")
def project(root):
    return tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))


def disagreement(folders, packages, entries):
    """What of folders in tasks/, wheel packages and entry points is not the same.

    Args:
        folders: Names of the folders.
        packages: ``packages`` of pyproject.
        entries: Entry point → module.
    """
    found = []
    if packages != ["nlpengine", *(f"tasks/{name}" for name in sorted(folders))]:
        found.append(f"packages: {packages}")
    if sorted(entries.values()) != sorted(folders):
        found.append(f"entry points: {entries}")
    found += [f"{n} = {m}" for n, m in entries.items() if m != f"nlpengine_{n}"]
    return found


def newest_version(changelog):
    """The version of the first heading that has one; None where none has."""
    match = VERSION_HEADING.search(changelog)
    return match and match[1]


def test_folders_packages_and_entry_points_agree(root, project):
    folders = [path.name for path in (root / "tasks").iterdir() if any(path.rglob("*.py"))]
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    entries = project["project"]["entry-points"]["nlpengine.tasks"]
    assert disagreement(folders, packages, entries) == []
    for name in folders:
        assert (root / "tasks" / name / "__init__.py").is_file()
        assert (root / "tasks" / name / "py.typed").is_file()
    assert (root / "nlpengine/py.typed").is_file()


@pytest.mark.parametrize(
    ("folders", "packages", "entries"),
    [
        (["nlpengine_a"], ["nlpengine"], {"a": "nlpengine_a"}),
        (["nlpengine_a"], ["nlpengine", "tasks/nlpengine_a"], {}),
        ([], ["nlpengine", "tasks/nlpengine_a"], {}),
        (["nlpengine_a"], ["nlpengine", "tasks/nlpengine_a"], {"b": "nlpengine_a"}),
        (["nlpengine_a"], ["nlpengine", "tasks/*"], {"a": "nlpengine_a"}),
    ],
)
def test_control_disagreement(folders, packages, entries):
    assert disagreement(folders, packages, entries)


def left_out(paths, patterns):
    """The files that a wheel would lack: hatchling takes all of a package but what git ignores."""
    folders = {pattern.rstrip("/") for pattern in patterns if pattern.endswith("/")}
    endings = {pattern[1:] for pattern in patterns if pattern.startswith("*.")}
    return [
        str(path)
        for path in paths
        if folders & set(path.parts[:-1]) or any(path.name.endswith(end) for end in endings)
    ]


def test_a_wheel_has_the_templates_and_the_demo_sets(root):
    patterns = (root / ".gitignore").read_text(encoding="utf-8").split()
    paths = [
        path.relative_to(root)
        for top in ("nlpengine", "tasks")
        for path in (root / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    ]
    templates = [path for path in paths if "templates" in path.parts]
    assert len(templates) > 20
    assert {path.suffix for path in templates} == {".j2", ".jsonl", ".typed"}
    assert any(path.suffix == ".jsonl" and "demo" in path.parts for path in paths)
    assert left_out(paths, patterns) == []


def test_control_left_out():
    paths = [Path("a/build/x.j2"), Path("a/b.egg-info"), Path("a/build"), Path("a/runs.j2")]
    assert left_out(paths, ["build/", "runs/", "*.egg-info", "!x"]) == [
        "a/build/x.j2", "a/b.egg-info",
    ]  # fmt: skip


def test_tasks_and_plugins_are_no_packages(root):
    assert not (root / "tasks/__init__.py").exists()
    assert not (root / "plugins/__init__.py").exists()


def test_installed_entry_points_are_those_of_pyproject(project):
    found = importlib.metadata.entry_points(group="nlpengine.tasks")
    ours = {e.name: e.value for e in found if e.dist and e.dist.name == "nlpengine"}
    assert ours == project["project"]["entry-points"]["nlpengine.tasks"]


def test_one_version(root, project):
    assert project["project"]["version"] == nlpengine.__version__
    newest = newest_version((root / "CHANGELOG.md").read_text(encoding="utf-8"))
    if newest is None:
        pytest.skip("CHANGELOG.md has no version yet")
    assert newest == nlpengine.__version__


def test_control_newest_version():
    assert newest_version("") is None
    assert newest_version("# Log\n\n## [Unreleased]\n") is None
    assert newest_version("# 9\n## [Unreleased]\n## [0.2.0] - 2026\n## [0.1.0]\n") == "0.2.0"
    assert newest_version("## 1.0rc1\n") == "1.0rc1"


def test_public_names_are_one_list():
    assert set(nlpengine.__all__) == {*PUBLIC, "__version__"}
    assert len(nlpengine.__all__) == len(set(nlpengine.__all__))
    for name in nlpengine.__all__:
        assert getattr(nlpengine, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        nlpengine.Nothing  # noqa: B018 - the access is the test


def typed_names(text):
    """The names that an ``__init__.py`` imports for type checkers → the module."""
    return {
        alias.asname or alias.name: node.module
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def test_type_checkers_see_the_same_names(root):
    found = typed_names((root / "nlpengine/__init__.py").read_text(encoding="utf-8"))
    assert {name: found.get(name) for name in PUBLIC} == PUBLIC
    extra = {"TYPE_CHECKING", "__version__", "__getattr__"}
    assert set(found) - set(PUBLIC) == extra


def test_control_typed_names():
    text = "if TYPE_CHECKING:\n    from a import b, c as d\n"
    assert typed_names(text) == {"b": "a", "d": "a"}


# --- no machine in the sources --------------------------------------------------------------------


def offences(pattern, text):
    """Matches of a pattern, each with its line."""
    lines = enumerate(text.splitlines(), start=1)
    return [f"{number}: {match[0]}" for number, line in lines for match in pattern.finditer(line)]


def texts(root: Path, *tops: str):
    """The project's text files; what git ignores is left out by its name."""
    ignored = {"__pycache__", "results", "runs", "dist", "build", ".venv"}
    for top in tops:
        start = root / top
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            if path.suffix in TEXT and not ignored & set(path.relative_to(root).parts):
                yield path.relative_to(root), path.read_text(encoding="utf-8")


def test_no_path_of_this_machine(root):
    tops = [path.name for path in root.iterdir() if path.suffix in TEXT]
    folders = ("nlpengine", "tasks", "plugins", "tests", "benchmarks", ".ci")
    checked = dict(texts(root, *tops, *folders))
    assert Path("pyproject.toml") in checked
    assert Path("nlpengine/errors.py") in checked
    found = {str(path): bad for path, text in checked.items() if (bad := offences(MACHINE, text))}
    assert found == {}


def test_no_host_in_the_package(root):
    checked = dict(texts(root, "nlpengine", "tasks"))
    found = {str(path): bad for path, text in checked.items() if (bad := offences(HOSTS, text))}
    assert found == {}


def test_control_offences():
    text = "a = 1\nb = '/wo" + "rk/x'\nc = 'https://huggingface.co/x'\n"
    assert offences(MACHINE, text) == ["2: /wo" + "rk/"]
    assert offences(HOSTS, text) == ["3: huggingface.co"]
    assert offences(MACHINE, "framework/x network") == []
    assert offences(MACHINE, "pip --extra-inde" + "x-url x")
