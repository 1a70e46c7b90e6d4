"""A task in a single file: ``./my_task.py:emotion``, for tasks that are no distribution (yet)."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import json
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from nlpengine.errors import PluginError, UsageError, did_you_mean
from nlpengine.plugin import hookspecs
from nlpengine.plugin.answers import check_task
from nlpengine.plugin.contract import Task
from nlpengine.plugin.faults import Breach, fault_of
from nlpengine.plugin.listing import GROUPS, PluginEntry, TaskFile
from nlpengine.plugin.surroundings import watched


def file_reference(text: str) -> tuple[Path, str | None] | None:
    """``FILE.py:NAME`` or ``FILE.py`` → the file and the task's name; None for anything else.

    >>> file_reference("sentiment")
    >>> file_reference("./my_task.py:emotion")
    (PosixPath('my_task.py'), 'emotion')
    """
    if text.endswith(".py"):
        return Path(text), None
    path, mark, name = text.rpartition(".py:")
    return (Path(path + ".py"), name) if mark else None


def load_task_file(reference: str) -> tuple[Task[Any], PluginEntry, tuple[str, ...]]:
    """Import a file and give the task of a name in it, its `Task.file` filled in.

    The file is imported as a module of its own, by what it holds: two versions of one file are two
    modules. Its folder doesn't join ``sys.path``.

    Args:
        reference: ``FILE.py:NAME``; ``FILE.py`` where it has a single task.

    Returns:
        The task, an entry that messages can name, and what the file did that it should not.

    Raises:
        UsageError: No such file, or no such task in it.
        PluginError: The file fails to import, or holds no task.
    """
    path, name = file_reference(reference) or (Path(reference), None)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.") from error
    file = TaskFile(path, hashlib.sha256(content).hexdigest())
    entry = _entry(file, name or path.stem)
    remarks: list[str] = []
    try:
        with watched(remarks):
            tasks = {task.name: task for task in _tasks(_module(entry))}
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit() in the file is a failure, not an exit
        fault = fault_of(error, entry)
        raise PluginError(f"the task file {path} failed: {fault}\n{fault.trace}") from error
    task = _chosen(tasks, path, name)
    task.file = file
    return task, _entry(file, task.name), tuple(f"the task file {path} {said}" for said in remarks)


def _chosen(tasks: dict[str, Task[Any]], path: Path, name: str | None) -> Task[Any]:
    if not tasks:
        raise PluginError(
            f"{path} holds no task: write a subclass of nlpengine.plugin.Task with a name and all "
            "its methods, or a hook nlpengine_task()."
        )
    if name is None and len(tasks) > 1:
        raise UsageError(
            f"{path} has several tasks, {', '.join(sorted(tasks))}: name one, like "
            f"{path}:{min(tasks)}"
        )
    if name is not None and name not in tasks:
        raise UsageError(
            f"{path} has no task {name!r}.{did_you_mean(name, tasks)} "
            f"It has {', '.join(sorted(tasks))}."
        )
    return tasks[name] if name else next(iter(tasks.values()))


def _entry(file: TaskFile, name: str) -> PluginEntry:
    point = EntryPoint(name, f"nlpengine_file_{file.sha256[:16]}", GROUPS["task"])
    return PluginEntry("task", name, file.path.name, file.sha256[:12], point, file=file)


def _module(entry: PluginEntry) -> ModuleType:
    name, path = entry.package, entry.file.path if entry.file else Path()
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise Breach(f"{path} can't be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _tasks(module: ModuleType) -> Iterator[Task[Any]]:
    """Instances and complete classes of the module's own, then what its hook gives."""
    for value in list(vars(module).values()):
        if isinstance(value, Task):
            yield _checked(value)
        elif (
            inspect.isclass(value)
            and issubclass(value, Task)
            and value.__module__ == module.__name__
            and not inspect.isabstract(value)
            and hasattr(value, "name")
        ):
            yield _checked(value())
    manager = pluggy.PluginManager("nlpengine")
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    manager.check_pending()
    for answer in manager.hook.nlpengine_task():
        if not isinstance(answer, Task):
            raise Breach(f"nlpengine_task() gave {type(answer).__name__}, not a Task", module)
        yield _checked(answer)


def _checked(task: Task[Any]) -> Task[Any]:
    check_task(task)
    return task


# --- which files were run here --------------------------------------------------------------------
# A model folder names its task's file by digest alone: a path in it would have whoever opens a
# stranger's model run the stranger's choice of code. Where a file is that its owner ran before is
# remembered on this machine, so that nothing new is run.


def remember(entry: PluginEntry) -> None:
    """Keep where a task's file is; not, where the cache can't be written."""
    if entry.file is None:
        return
    known = _known() | {entry.file.sha256: str(entry.file.path.resolve())}
    place = _place()
    staging = place.with_name(f".{place.name}.tmp")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        staging.write_text(json.dumps(known, indent=2) + "\n", encoding="utf-8")
        staging.replace(place)
    except OSError:
        return  # then the file has to be given


def recall(sha256: str) -> Path | None:
    """Where the file of a digest was last; None where it isn't there as it was."""
    path = _known().get(sha256)
    if path is None:
        return None
    try:
        found = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return None
    return Path(path) if found == sha256 else None


def _place() -> Path:
    from nlpengine.encoders.converted import home

    return home() / "task_files.json"


def _known() -> dict[str, str]:
    try:
        content = json.loads(_place().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
