"""Broken plugins, all installed at once: each is named with its own line, and none touches another.

What a plugin changes of global state is put back and named; the built-in tasks give the same bytes
with and without all of them.
"""

import json
import locale
import logging
import os
import random
import subprocess
import sys
import threading
import time
import warnings
from dataclasses import dataclass, field
from importlib.metadata import entry_points

import numpy as np
import pytest
import torch

from nlpengine import Engine
from nlpengine.plugin import probe
from nlpengine.plugin.contract import Task
from nlpengine.plugin.listing import Switches, find_all
from nlpengine.plugin.manager import PluginManager

DOOR = "from nlpengine.plugin import Classification, Task, hookimpl\n"
HOOK = DOOR + "@hookimpl\ndef nlpengine_task():\n    "
TASK = (
    "from nlpengine.data import Column\n"
    + DOOR
    + "class Mine(Classification):\n"
    + '    name = "{name}"\n    summary = "x"\n    columns = (Column("text"), Column("label"))\n'
    + "    def adapt(self, record):\n        return record\n"
    + "@hookimpl\ndef nlpengine_task():\n    return Mine()\n"
)
"""A task that loads."""


@dataclass(frozen=True)
class Broken:
    """A plugin that isn't right.

    Attributes:
        source: Of its module; ``{name}`` is its name.
        said: In its reason or in one of its remarks.
        line: The line of its own that is shown; empty where none is reached.
        status: Its state.
        out: In the way out.
        installed: More arguments for `install`.
        here: Whether it can be tried in this process.
    """

    source: str
    said: str
    line: str = ""
    status: str = "failed"
    out: str = "pip uninstall"
    installed: dict = field(default_factory=dict)
    here: bool = True


def changes(code, said):
    """One that loads, and changes something on the way."""
    return Broken(code + "\n" + TASK, said, status="ok", out="")


BROKEN = {
    "raises": Broken("x = 1\nraise ValueError('no luck')", "ValueError: no luck",
                     "raise ValueError('no luck')"),
    "exits": Broken("import sys\nsys.exit(3)", "SystemExit: 3", "sys.exit(3)"),
    "syntax": Broken("def (:", "SyntaxError: ", "def (:"),
    "needs": Broken("import a_module_nobody_has", "No module named 'a_module_nobody_has'",
                    "import a_module_nobody_has", out="It needs a_module_nobody_has"),
    "too-new": Broken("raise ValueError", "written for API >=1.99,<2, newer than", "",
                      "quarantined", "pip install -U nlpengine", {"api": "1.99"}),
    "too-old": Broken("raise ValueError", "written for API >=0.3,<1, older than", "",
                      "quarantined", "pip install -U nlpengine-too-old", {"api": "0.3"}),
    "unparsable": Broken("raise ValueError", "its API version 'soon' is no MAJOR.MINOR", "",
                         "quarantined", installed={"api": "soon"}, out="pip install -U"),
    "sentiment": Broken("raise ValueError", "the task 'sentiment' is nlpengine's own", "",
                        "quarantined", "choose another name",
                        {"distribution": "nlpengine-rival"}),
    "twin": Broken("raise ValueError", "also offered by nlpengine-other-twin 1.2", "",
                   "quarantined", "Uninstall one"),
    "twin ": Broken("raise ValueError", "also offered by nlpengine-twin 1.2", "", "quarantined",
                    "Uninstall one", {"distribution": "nlpengine-other-twin"}),
    "misspelt": Broken(HOOK.replace("_task", "_tsk") + "pass", "unknown hook 'nlpengine_tsk'",
                       "def nlpengine_tsk():", out="nlpengine plugins check misspelt"),
    "signature": Broken(HOOK.replace("()", "(name)") + "pass", "name", "def nlpengine_task(name):"),
    "silent": Broken(HOOK + "return None", "gave nothing", "def nlpengine_task():"),
    "wrong-type": Broken(HOOK + "return 'a task'", "gave str, not a Task",
                         "def nlpengine_task():"),
    "a-class": Broken(HOOK + "return Task", "must return an instance", "def nlpengine_task():"),
    "misnamed": Broken(TASK.replace("{name}", "other"), "a task named 'other'",
                       "def nlpengine_task():"),
    "hook-raises": Broken(HOOK + "return {{}}['x']", "KeyError: 'x'", "return {}['x']"),
    "interrupts": Broken("raise KeyboardInterrupt", "KeyboardInterrupt", "raise KeyboardInterrupt",
                         here=False),
    "recursion": Broken("def f():\n    f()\nf()", "RecursionError: ", "f()"),
    "no-module": Broken("", "No module named 'no_such_module'", out="pip install --force-reinstall",
                        installed={"value": "no_such_module"}),
    "no-attribute": Broken("x = 1", "nlpengine_no_attribute has no 'Offer'", "x = 1",
                           installed={"value": "nlpengine_no_attribute:Offer"}),
    "no-reference": Broken("", "'one two three' is no module", "",
                           installed={"value": "one two three"}),
    "no-hook": Broken("x = 1", "has no hook nlpengine_task", "x = 1"),
    "unmarked": Broken("def nlpengine_task():\n    pass", "is @hookimpl missing?",
                       "def nlpengine_task():"),
    "no-columns": Broken(TASK.replace('    columns = (Column("text"), Column("label"))\n', ""),
                         "the task Mine has no 'columns'", "class Mine(Classification):"),
    "no-name": Broken(TASK.replace('    name = "{name}"\n', ""), "has no 'name'",
                      "class Mine(Classification):"),
    "no-dataclass": Broken(TASK.replace('    summary', "    options = dict\n    summary"),
                           "options that are no dataclass", "class Mine(Classification):"),
    "damaged": Broken("raise ValueError", "its package metadata can't be read", "",
                      "quarantined", "remove", {"metadata": False}),
    "slow": Broken("import time\ntime.sleep(2)\n" + TASK, "", status="ok", out=""),
    "prints": changes("print('hello')", "wrote to standard output: 'hello'"),
    "complains": changes("import sys\nprint('oh', file=sys.stderr)", "wrote to standard error"),
    "warns": changes("import warnings\nwarnings.simplefilter('ignore')", "filters of warnings"),
    "moves": changes("import os\nos.chdir('/')", "the working directory"),
    "environment": changes("import os\nos.environ['HF_HUB_OFFLINE'] = '7'",
                           "the environment variable HF_HUB_OFFLINE"),
    "locale": changes("import locale\nlocale.setlocale(locale.LC_ALL, 'C.UTF-8')", "the locale"),
    "threads": changes("import threading\nthreading.Thread(target=threading.Event().wait, "
                       "name='leak', daemon=True).start()", "started the thread 'leak'"),
    "patches": changes("import nlpengine.data.load\nnlpengine.data.load.load_splits = None",
                       "patched nlpengine.data.load.load_splits"),
    "patches-a-class": changes("from nlpengine.plugin import Task as T\nT.check_gold = None",
                               "patched nlpengine.plugin.contract.Task.check_gold"),
    "patches-a-table": changes("from nlpengine.data.sources import READERS\nREADERS.clear()",
                               "patched nlpengine.data.sources.READERS"),
    "builtins": changes("import builtins\nbuiltins.sorted = list", "patched builtins.sorted"),
    "replaces": changes("import json, sys\nsys.modules['json'] = sys", "replaced the module json"),
    "handlers": changes("import logging\nlogging.getLogger().addHandler(logging.NullHandler())",
                        "the root logger's handlers"),
    "hooks": changes("import sys\nsys.excepthook = print", "sys.excepthook"),
    "numbers": changes("import numpy\nnumpy.seterr(all='raise')", "numpy's error handling"),
    "dice": changes("import random, numpy\nrandom.seed(1)\nnumpy.random.seed(1)", ""),
    "torch": changes("import torch\ntorch.set_default_dtype(torch.float64)\n"
                     "torch.set_grad_enabled(False)", "torch's default dtype"),
    "deprecated": changes("from nlpengine.plugin.api import warn_deprecated\n"
                          "warn_deprecated('old()', use='new()', gone_in='2.0')",
                          "old() is deprecated and goes with API 2.0: use new()."),
    "crashes": Broken("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
                      "ended the process by SIGSEGV", here=False),
    "leaves": Broken("import os\nos._exit(0)", "ended the process without an answer", here=False),
}  # fmt: skip
"""Plugin's name → it."""


@pytest.fixture
def broken(install):
    """All of them, installed; name → what is expected."""

    def call(leave_out=()):
        for key, plugin in BROKEN.items():
            if key not in leave_out:
                install(key.strip(), plugin.source.format(name=key), **plugin.installed)
        return {key: plugin for key, plugin in BROKEN.items() if key not in leave_out}

    return call


def of(states, key):
    """A plugin's state."""
    wanted = BROKEN[key].installed.get("distribution", f"nlpengine-{key.strip()}")
    folder = f"{wanted.replace('-', '_')}-1.2.dist-info"
    (found,) = [s for s in states if s.entry.distribution in (wanted, folder)]
    return found


def check(state, plugin):
    said = " ".join((state.reason, *state.remarks))
    assert state.status == plugin.status, said
    assert plugin.said in said
    assert plugin.out in state.way_out
    if plugin.line:
        assert state.line == plugin.line
        file, _, number = state.where.rpartition(":")
        assert os.path.basename(file).startswith("nlpengine_")
        with open(file) as stream:
            assert stream.read().split("\n")[int(number) - 1].strip() == plugin.line
    if state.status == "ok" and not plugin.said:
        assert state.remarks == ()


GLOBAL = {
    "folder": os.getcwd,
    "environment": lambda: dict(os.environ),
    "locale": lambda: locale.setlocale(locale.LC_ALL),
    "filters": lambda: list(warnings.filters),
    "handlers": lambda: list(logging.getLogger().handlers),
    "excepthook": lambda: sys.excepthook,
    "stdout": lambda: (sys.stdout, sys.stderr),
    "errors": np.geterr,
    "dice": lambda: (
        random.getstate(),
        np.random.get_state()[1].tolist(),
        np.random.get_state()[2],
    ),
    "torch": lambda: (torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_num_threads()),
    "core": lambda: (Task.check_gold, sorted, sys.modules["json"]),
}


def test_every_culprit_is_named_with_its_own_line(broken):
    plugins = broken()
    before = {name: get() for name, get in GLOBAL.items()}
    states = probe.survey(everything=True)
    assert {name for name, get in GLOBAL.items() if get() != before[name]} == set()
    for key, plugin in plugins.items():
        check(of(states, key), plugin)
    assert of(states, "slow").import_ms > 2000
    assert of(states, "raises").import_ms < 2000
    (ours,) = [
        s for s in states if s.entry.distribution == "nlpengine" and s.entry.name == "sentiment"
    ]
    assert ours.status == "ok"
    assert ours.remarks == ()
    assert ours.entry.api.problem() is None


def test_here_too_and_global_state_is_as_it_was(broken, capsys):
    plugins = broken([key for key, plugin in BROKEN.items() if not plugin.here])
    before = {name: get() for name, get in GLOBAL.items()}
    threads = set(threading.enumerate())
    states = PluginManager().states()
    assert {name for name, get in GLOBAL.items() if get() != before[name]} == set()
    assert [t.name for t in set(threading.enumerate()) - threads] == ["leak"]
    for key, plugin in plugins.items():
        if key not in ("complains", "torch"):  # seen from outside alone; what torch began with
            check(of(states, key), plugin)
    assert "torch's gradients" in " ".join(of(states, "torch").remarks)
    assert capsys.readouterr().out == ""


def run(engine, tiny, reviews, output):
    done = engine.run(
        "sentiment", encoder=str(tiny), data=str(reviews), epochs=1, lr=1e-3, baseline=False,
        output=output,
    )  # fmt: skip
    return (done.path / "predictions.jsonl").read_bytes(), done.metrics


def test_our_own_tasks_give_the_same_bytes(broken, tiny, reviews, tmp_path):
    alone = run(Engine(), tiny, reviews, tmp_path / "alone")
    broken([key for key, plugin in BROKEN.items() if not plugin.here])
    engine = Engine()
    engine.plugins.states()
    assert run(engine, tiny, reviews, tmp_path / "beside") == alone


def test_the_listing_waits_for_nobody(broken, install, tmp_path):
    """In a process of its own, as a user has it; a plugin hangs, and the answer is one object."""
    broken()
    install("hangs", "import time\ntime.sleep(1000)")
    code = "from nlpengine.cli.main import main; main()"
    path = os.pathsep.join([str(tmp_path / "site"), *filter(None, sys.path)])
    began = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, "plugins", "--json"], capture_output=True, text=True,
        timeout=100, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert time.monotonic() - began < 30  # 1.3 s on an idle machine
    assert done.returncode == 0, done.stderr
    rows = {row["distribution"]: row for row in json.loads(done.stdout)["plugins"]}
    assert rows["nlpengine-hangs"]["status"] == rows["nlpengine-slow"]["status"] == "not loaded"
    assert "nlpengine plugins --load" in rows["nlpengine-hangs"]["reason"]
    assert rows["nlpengine-too-new"]["api"] == ">=1.99,<2"
    assert rows["nlpengine-raises"]["api"] == ">=1.0,<2 (not declared)"
    assert rows["nlpengine-raises"]["hooks"] == ["nlpengine_task"]


def test_what_hangs_is_given_up_even_by_who_waits(install, monkeypatch):
    install("hangs", "import time\ntime.sleep(1000)")
    monkeypatch.setattr(probe, "PATIENT_S", 1.0)
    states = {s.entry.name: s for s in probe.survey(everything=True)}
    assert states["hangs"].status == "failed"
    assert "was still loading after 1 s" in states["hangs"].reason


def test_without_fork_they_are_loaded_here(install, monkeypatch):
    install("raises", BROKEN["raises"].source)
    monkeypatch.delattr(os, "fork")
    states = {s.entry.name: s for s in probe.survey(everything=True)}
    assert states["raises"].status == "failed"


@pytest.mark.parametrize(
    "content", ["[nlpengine.tasks]\nno equals sign\n", b"[nlpengine.tasks]\nx\xff = y\n"]
)
def test_damaged_entry_points_hide_no_other(install, content):
    install("shout")
    file = install("worse").parent / "nlpengine_worse-1.2.dist-info/entry_points.txt"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    entries = {entry.distribution: entry for entry in find_all(Switches())}
    assert entries["nlpengine-shout"].may_load
    assert "nlpengine" in entries
    worse = entries["nlpengine_worse-1.2.dist-info"]
    assert worse.kind == "?"
    assert "can't be read" in worse.refused.reason
    with pytest.raises((TypeError, UnicodeDecodeError)):  # the control: importlib's own listing
        entry_points(group="nlpengine.tasks")


def test_others_damage_is_none_of_ours(install):
    file = install("worse").parent / "nlpengine_worse-1.2.dist-info/entry_points.txt"
    file.write_bytes(b"[console_scripts]\nx\xff = y\n")
    assert not [e for e in find_all(Switches()) if "worse" in e.distribution]
