"""Checks of a task in a process of its own: what importing it costs, and hash seeds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from nlpengine.testing.checking import NotApplicable, require
from nlpengine.testing.task_checks.subject import Subject

HEAVY = ("torch", "transformers", "tensorflow")
SECONDS = 60

SCRIPT = """
import importlib, importlib.util, json, sys
module, path, name, rows, options = json.load(sys.stdin)
try:
    found = importlib.import_module(module)
except ModuleNotFoundError:  # a file that is on no path: a test, or a single file
    spec = importlib.util.spec_from_file_location("task_under_test", path)
    found = importlib.util.module_from_spec(spec)
    sys.modules["task_under_test"] = found
    spec.loader.exec_module(found)
kind = found
for part in name.split("."):
    kind = getattr(kind, part)
task = kind()
heavy = sorted(sys.modules.keys() & set({heavy!r}))
from nlpengine.data import Origin, Record
made = [task.adapt(Record(row, Origin("rows.jsonl", n))) for n, row in enumerate(rows, start=1)]
chosen = task.options(**options)
if hasattr(task, "settle"):
    chosen, _ = task.settle(made, chosen)
reviewed, _ = task.review({{"train": made, "dev": [], "test": []}}, chosen)
names = task.label_set(reviewed["train"], chosen).names
print("\\n" + json.dumps({{"heavy": heavy, "names": list(names)}}))
"""


def _fresh(subject: Subject, hash_seed: int) -> Any:
    """Import, make and ask the task in a new process; once for each seed."""
    key = f"process {hash_seed}"
    if key not in subject.kept:
        subject.kept[key] = _call(subject, hash_seed)
    return subject.kept[key]


def _call(subject: Subject, hash_seed: int) -> Any:
    kind = type(subject.task)
    source = sys.modules.get(kind.__module__)
    path = getattr(source, "__file__", None)
    if "<" in kind.__qualname__ or path is None:
        raise NotApplicable("the task is defined inside a function: no process can import it")
    given = [kind.__module__, path, kind.__qualname__, list(subject.records), dict(subject.options)]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONHASHSEED": str(hash_seed),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(heavy=HEAVY)], input=json.dumps(given), text=True,
        capture_output=True, env=environment, timeout=SECONDS, check=False,
        encoding="utf-8", errors="replace",
    )  # fmt: skip
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise AssertionError(f"in a new process the task fails: {last}\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def registration(subject: Subject) -> None:
    """Importing the task imports no torch: listings and --help stay quick."""
    heavy = _fresh(subject, 1)["heavy"]
    require(
        not heavy,
        f"importing the task imports {', '.join(heavy)}: import it inside the methods that need it",
    )


def hash_seeds(subject: Subject) -> None:
    """Labels have one order in every process: no set's or hash's order is in them."""
    first, second = (_fresh(subject, seed)["names"] for seed in (1, 2))
    require(
        first == second,
        f"labels are {first} in one process and {second} in another: sort them",
    )
