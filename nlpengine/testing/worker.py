"""One process that runs checks on a plugin and writes down each as it ends.

``python -m nlpengine.testing.worker REPORT`` reads a `Job` as JSON from standard input. A line of
REPORT is ``{"checks": […]}``, ``{"began": NAME}`` or ``{"result": …}``: where the process dies,
the last line says in which check.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlpengine.errors import PluginError
from nlpengine.testing.checking import Check, NotApplicable, Result, run_check

Say = Callable[[Mapping[str, Any]], None]
NO_FILE = "give a file of this format with --data"


@dataclass(frozen=True, slots=True)
class Job:
    """What to check.

    Attributes:
        target: An entry point's name, or ``FILE.py:NAME``.
        kind: Of plugin.
        data: Rows for a task, a file for a reader; None for its own demo set.
        only: Checks to run; all of them where empty.
        done: Checks to leave out: they were run.
        options: The task's, where not its defaults.
    """

    target: str
    kind: str
    data: str | None = None
    only: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


def work(job: Job, folder: Path, say: Say) -> None:
    """Load the plugin and run the checks of its kind, one after the other."""
    say({"began": "loads"})
    plugin, checks = _prepared(job, folder, say)
    if plugin is None:
        return
    checks = {name: check for name, check in checks.items() if not job.only or name in job.only}
    say({"checks": ["loads", *checks]})
    if "loads" not in job.done:
        say({"result": Result("loads", "ok").to_json()})
    for name, check in checks.items():
        if name not in job.done:
            say({"began": name})
            say({"result": run_check(name, check, plugin, {}).to_json()})


def _prepared(job: Job, folder: Path, say: Say) -> tuple[Any, Mapping[str, Check]]:
    """The subject and its checks; None where it can't be loaded, which is said."""
    found: list[tuple[Any, Mapping[str, Check]]] = []

    def loads(subject: object) -> None:
        found.append(_subject(job, _loaded(job), folder))

    result = run_check("loads", loads, None, {})
    if result.status == "ok":
        return found[0]
    say({"checks": ["loads"]})
    say({"result": result.to_json()})
    return None, {}


def _loaded(job: Job) -> Any:
    """What the plugin gives.

    Raises:
        PluginError: It fails.
    """
    from nlpengine.plugin.calling import load
    from nlpengine.plugin.files import file_reference, load_task_file
    from nlpengine.plugin.listing import Switches, find_plugins

    if file_reference(job.target) is not None:
        return load_task_file(job.target)[0]
    entries = [e for e in find_plugins(job.kind, Switches()) if e.name == job.target]
    for entry in entries:
        if entry.refused is not None:
            raise PluginError(f"{entry.refused.reason}. {entry.refused.way_out}")
    state, answer = load(entries[0])
    if answer is None:
        raise PluginError(f"{state.reason} {state.where}: {state.line}\n{state.trace}")
    return answer


def names_of(kind: str) -> list[str]:
    """The checks of a kind of plugin."""
    return list(_checks(kind, Path()))


def _checks(kind: str, folder: Path) -> Mapping[str, Check]:
    if kind == "task":
        from nlpengine.testing.task_checks.listing import CHECKS as OF_TASKS

        return OF_TASKS
    if kind == "reader":
        from nlpengine.testing.reader_checks import CHECKS as OF_READERS

        return OF_READERS
    if kind == "command":
        from nlpengine.testing.command_checks import CHECKS as OF_COMMANDS

        return OF_COMMANDS
    from nlpengine.testing.encoder_checks import checks_of

    return checks_of(folder)


def _subject(job: Job, plugin: Any, folder: Path) -> tuple[Any, Mapping[str, Check]]:
    checks = _checks(job.kind, folder)
    if job.kind == "task":
        from nlpengine.testing.made_up import rows_for
        from nlpengine.testing.task_checks.subject import Subject

        return Subject(plugin, rows_for(plugin, job.data), folder, job.options), checks
    if job.kind != "reader":
        return plugin, checks
    from nlpengine.testing.reader_checks import ReaderSubject

    if job.data is None:
        alone = ("hostile", "refuses")
        known = {name: check if name in alone else _no_file for name, check in checks.items()}
        return ReaderSubject(plugin, "", (), folder, None), known
    rows = [dict(record.fields) for record in plugin.read(job.data)]
    text = Path(job.data).read_text(encoding="utf-8")
    return ReaderSubject(plugin, text, rows, folder, None), checks


def _no_file(subject: object) -> None:
    raise NotApplicable(NO_FILE)


def main() -> None:
    """Read a job, do it, report."""
    job = Job(**json.load(sys.stdin))
    with (
        open(sys.argv[1], "a", encoding="utf-8") as report,
        tempfile.TemporaryDirectory(prefix="nlpengine-check-") as folder,
    ):

        def say(line: Mapping[str, Any]) -> None:
            report.write(json.dumps(line) + "\n")
            report.flush()

        work(job, Path(folder), say)


if __name__ == "__main__":
    main()
