"""Which task a model folder is of, and where that task is now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nlpengine.errors import UsageError
from nlpengine.plugin.contract import Task
from nlpengine.plugin.files import file_reference, recall
from nlpengine.plugin.manager import PluginManager


def find_task(
    folder: Path, card: Mapping[str, Any], asked: str | None, plugins: PluginManager
) -> tuple[Task[Any], tuple[str, ...]]:
    """The task of a model.

    A task in a single file is looked for where a file of that digest was run before; the folder
    itself never says where code is.

    Args:
        folder: The model's, for messages.
        card: Its nlpengine.json; empty for a stock checkpoint.
        asked: What the user named: a task, or a file with one.
        plugins: Where tasks come from.

    Returns:
        The task, and sentences on choices that were made.

    Raises:
        UsageError: Nothing says the task, or it isn't here, or the user named another's.
        PluginError: Its plugin or file fails.
    """
    name: str | None = card.get("task") or asked
    if name is None:
        raise UsageError(
            f"{folder} is a stock checkpoint, which doesn't say its task: name it with --task "
            "(in Python: task=…)."
        )
    file: Mapping[str, str] | None = card.get("task_file")
    if asked is not None and file_reference(asked) is not None:
        return _given(folder, asked, name, file, plugins)
    if asked not in (None, name):
        raise UsageError(f"--task {asked}: {folder} is a model of the task {name!r}.")
    if file is None:
        return plugins.task(name), ()
    named, digest = file["name"], file["sha256"]
    known = plugins.loaded(name)
    if known is not None and known.file is not None and known.file.sha256 == digest:
        return known, ()
    path = recall(digest)
    if path is not None:
        return plugins.task(f"{path}:{name}"), ()
    if name in plugins.task_names():
        note = f"the task {name!r} was the file {named} in training; the installed one is taken"
        return plugins.task(name), (note,)
    raise UsageError(
        f"the task {name!r} of {folder} is the file {named} (sha256 {digest[:12]}…), and no such "
        f"file was run on this machine. Give it: --task ./{named}:{name} (in Python: task=…)."
    )


def _given(
    folder: Path, asked: str, name: str, file: Mapping[str, str] | None, plugins: PluginManager
) -> tuple[Task[Any], tuple[str, ...]]:
    task = plugins.task(asked)
    if name != asked and task.name != name:
        raise UsageError(
            f"--task {asked}: {folder} is a model of the task {name!r}, not {task.name!r}."
        )
    if file is None or task.file is None or file["sha256"] == task.file.sha256:
        return task, ()
    return task, (f"{task.file.path.name} is not the file of training: it was changed since",)
