"""Who may import whom, and what importing may cost."""

import subprocess
import sys
from importlib.util import find_spec

import pytest

LEAVES = {"errors", "data", "encoding", "heads", "metrics", "baselines"}
BELOW_REPORT = LEAVES | {"_version", "encoders", "plugin", "workflow"}
ALLOWED: dict[str, set[str]] = {
    "_version": set(),
    "errors": set(),
    "facade": set(),  # it finds the public names by name, at first use
    "data": {"errors"},
    "encoding": {"errors", "data"},
    "heads": {"errors"},
    "metrics": {"errors"},
    "baselines": {"errors", "metrics"},
    "encoders": {"errors", "data", "encoding", "heads"},
    "plugin": {*LEAVES, "_version", "encoders"},
    "workflow": {*LEAVES, "_version", "encoders", "plugin"},
    "report": set(BELOW_REPORT),
    "engine": {*BELOW_REPORT, "report"},
    "cli": {*BELOW_REPORT, "report", "engine", "testing"},
    "testing": {*BELOW_REPORT, "report", "engine"},
}
"""Room → the rooms that it may import, itself aside. The root package holds the facade alone."""

DOOR = ("plugin", "data", "encoding", "heads", "metrics", "baselines", "testing")
"""What tasks and plugins may import, beside the public names of ``nlpengine`` itself."""
DOOR_MODULES = {
    "nlpengine.plugin.encoder",
    "nlpengine.testing.command_contract",
    "nlpengine.testing.encoder_contract",
    "nlpengine.testing.fixtures",
    "nlpengine.testing.reader_contract",
    "nlpengine.testing.task_contract",
    "nlpengine.testing.tiny_configs",
}
"""The door's own modules that stand apart, because they need torch or pytest."""


def room_of(module):
    """The room of a core module; empty for the root package."""
    return [*module.split("."), ""][1]


def wrong_way(source, modules):
    """Imports of a core source that point the wrong way."""
    room = room_of(source.module)
    if not room:
        return []
    if room not in ALLOWED:
        return [f"{source.module}: the room {room!r} has no rule"]
    found = []
    for name in sorted(source.imports()):
        parts = name.split(".")
        if parts[0] == "nlpengine":
            wanted = parts[1] if len(parts) > 1 else ""
            if wanted != room and wanted not in ALLOWED[room]:
                found.append(f"{source.module} imports {name}")
    return found


def strangers(source):
    """Imports of a core source that name a task, a plugin or a bare folder of the checkout."""
    return [
        f"{source.module} imports {name}"
        for name in sorted(source.imports())
        if name.split(".")[0].startswith("nlpengine_") or name.split(".")[0] in ("tasks", "plugins")
    ]


def past_the_door(source, modules, public):
    """Imports of a task's or plugin's source that go past the door."""
    own = source.module.split(".")[0]
    found = []
    for name in sorted(source.imports()):
        parts = name.split(".")
        if parts[0] == "nlpengine":
            inside = parts[1] if len(parts) > 1 else None
            by_facade = inside is None or (len(parts) == 2 and inside in public)
            # nlpengine.data and names in it, but no module of it
            module = ".".join(parts[:3])
            by_door = inside in DOOR and (
                len(parts) == 2 or module not in modules or module in DOOR_MODULES
            )
            bad = not (by_facade or by_door)
        else:
            test = own == "tests"  # a distribution's own, beside its package
            guest = parts[0].startswith("nlpengine_") and parts[0] != own and not test
            bad = guest or parts[0] in ("tasks", "plugins")
        if bad:
            found.append(f"{source.module} imports {name}")
    return found


def in_circles(sources):
    """Files that import each other, by way of others too; packages as such don't count."""
    files = {source.module: source for source in sources if not source.is_package}

    def wanted(source):
        names = (tuple(name.split(".")) for name in source.imports())
        paths = {".".join(parts[:end]) for parts in names for end in (len(parts), len(parts) - 1)}
        return paths & files.keys() - {source.module}

    left = {module: wanted(source) for module, source in files.items()}
    while ready := [module for module, needs in left.items() if not needs & left.keys()]:
        for module in ready:
            del left[module]
    return sorted(left)


@pytest.fixture(scope="module")
def modules(core):
    return {source.module for source in core}


@pytest.fixture(scope="module")
def public():
    from nlpengine.facade import PUBLIC

    return {*PUBLIC, "__version__"}


def test_imports_point_one_way(core, modules):
    assert [bad for source in core for bad in wrong_way(source, modules)] == []


def test_no_files_import_each_other(core, guests):
    assert in_circles([*core, *guests]) == []


def test_control_circles(make_source):
    a = make_source("n.a", "from n.b import x")
    b = make_source("n.b", "if TYPE_CHECKING:\n    from n import c")
    c = make_source("n.c", "def f():\n    import n.a")
    free = make_source("n.d", "import n.e, n.d")
    assert in_circles([a, b, free, make_source("n.e", "")]) == []
    assert in_circles([a, b, c, free]) == ["n.a", "n.b", "n.c"]


def test_every_rule_has_its_room(core):
    rooms = {source.module.split(".")[1] for source in core if "." in source.module}
    assert rooms == set(ALLOWED)


def test_the_rules_themselves_have_no_circle():
    done: set[str] = set()
    while left := {room for room in ALLOWED if room not in done}:
        ready = {room for room in left if ALLOWED[room] <= done}
        assert ready, f"a circle among {sorted(left)}"
        done |= ready


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("nlpengine.data.x", "from nlpengine.encoding import Encoding"),
        ("nlpengine.errors", "import nlpengine.data"),
        ("nlpengine.encoding.x", "from nlpengine import encoders"),
        ("nlpengine.heads.x", "from nlpengine.encoders.families import FAMILIES"),
        ("nlpengine.metrics.x", "def f():\n    import nlpengine.encoders.spec as s"),
        ("nlpengine.baselines.x", "if TYPE_CHECKING:\n    from nlpengine.workflow.run import Run"),
        ("nlpengine.plugin.x", "from nlpengine.workflow import run"),
        ("nlpengine.workflow.x", "from ..report import html"),
        ("nlpengine.workflow.x", "from nlpengine.engine import Engine"),
        ("nlpengine.report.x", "from nlpengine.engine import Engine"),
        ("nlpengine.engine", "from .cli import main"),
        ("nlpengine.data.x", "import nlpengine"),
        ("nlpengine.data.x", "from nlpengine import Engine"),
        ("nlpengine.attic.x", "import os"),
    ],
)
def test_control_wrong_way(make_source, modules, module, line):
    assert len(wrong_way(make_source(module, line), modules)) == 1


def test_control_right_way(make_source, modules):
    text = "import os, numpy\nfrom nlpengine.errors import DataError\nfrom . import lines\n"
    assert wrong_way(make_source("nlpengine.data.x", text), modules) == []
    package = make_source("nlpengine.data", "from .lines import x\nfrom .. import errors", True)
    assert wrong_way(package, modules) == []


def test_the_core_knows_no_task(core):
    assert [bad for source in core for bad in strangers(source)] == []


@pytest.mark.parametrize(
    "line", ["import nlpengine_sentiment", "from nlpengine_ner.task import x", "import tasks.x",
             "from plugins import x"]
)  # fmt: skip
def test_control_strangers(make_source, line):
    assert len(strangers(make_source("nlpengine.cli.x", line))) == 1


def test_tasks_and_plugins_come_in_by_the_door(guests, modules, public):
    assert any(source.module.startswith("nlpengine_sentiment") for source in guests)
    assert [bad for source in guests for bad in past_the_door(source, modules, public)] == []


@pytest.mark.parametrize(
    "line",
    [
        "from nlpengine.data.columns import Column",
        "import nlpengine.data.columns",
        "from nlpengine.data import columns",
        "from nlpengine import workflow",
        "from nlpengine.errors import DataError",
        "from nlpengine.plugin.manager import PluginManager",
        "def f():\n    from nlpengine.encoders.locate import locate",
        "from nlpengine import facade",
        "from nlpengine_ner import x",
        "import tasks.nlpengine_ner",
        "import plugins",
    ],
)
def test_control_past_the_door(make_source, modules, public, line):
    assert len(past_the_door(make_source("nlpengine_x.task", line), modules, public)) == 1


def test_control_by_the_door(make_source, modules, public):
    text = (
        "import nlpengine\nimport nlpengine.data\nfrom nlpengine import DataError, __version__\n"
        "from nlpengine.data import Column\nfrom nlpengine.plugin import Task\n"
        "from nlpengine_x.other import y\nfrom .other import z\nimport numpy, torch\n"
        "from nlpengine.testing import tiny_encoder\n"
    )
    assert past_the_door(make_source("nlpengine_x.task", text), modules, public) == []


# --- what importing costs -------------------------------------------------------------------------


def fresh(code, *words):
    """The standard output of a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


HEAVY = (
    "import importlib, sys\n"
    "for name in sys.argv[1:]:\n"
    "    importlib.import_module(name)\n"
    "    for heavy in sorted({'torch', 'transformers', 'tensorflow'} & sys.modules.keys()):\n"
    "        print(name, heavy)\n"
)


def test_what_needs_no_torch_imports_none(modules):
    rooms = ("metrics", "baselines", "data", "plugin")
    light = [n for n in sorted(modules) if room_of(n) in rooms and n not in DOOR_MODULES]
    more = ["nlpengine", "nlpengine.errors", "nlpengine.encoding", "nlpengine.heads"]
    commands = sorted(name for name in modules if name.startswith("nlpengine.cli."))
    assert len(light) > 20
    tasks = "nlpengine_ner", "nlpengine_sentiment"
    assert fresh(HEAVY, *more, *light, *commands, *tasks) == []


def test_control_heavy():
    assert fresh(HEAVY, "nlpengine.errors", "nlpengine.heads.sequence") == [
        "nlpengine.heads.sequence torch"
    ]


ALONE = (
    "import importlib, random, sys\n"
    "names = sys.argv[1:]\n"
    "random.Random(0).shuffle(names)\n"
    "for name in names:\n"
    "    for other in [m for m in sys.modules if m.split('.')[0].startswith('nlpengine')]:\n"
    "        del sys.modules[other]\n"
    "    try: importlib.import_module(name)\n"
    "    except BaseException as error: print(name, type(error).__name__, error)\n"
    "print('done', len(names))\n"
)
"""Each with none of ours imported before it; the third parties stay, for the time's sake."""


def test_every_module_imports_alone(modules, guests):
    # Plugins are distributions of their own, and tested where they are installed.
    tasks = {
        s.module
        for s in guests
        if s.module.startswith("nlpengine_") and find_spec(s.module.split(".")[0])
    }
    names = sorted(modules | tasks)
    assert fresh(ALONE, *names) == [f"done {len(names)}"]


def test_control_alone(tmp_path, monkeypatch):
    (tmp_path / "nlpengine_bad.py").write_text("import nlpengine.no_such_room")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=":")
    found = fresh(ALONE, "nlpengine.errors", "nlpengine_bad")
    assert found[0].startswith("nlpengine_bad ModuleNotFoundError")
    assert found[-1] == "done 2"
