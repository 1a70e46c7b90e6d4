"""A task in a single file: ``./my_task.py:emotion``, for tasks that are no distribution (yet)."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import json
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from nlpengine.errors import PluginError, UsageError, did_you_mean
from nlpengine.plugin import hookspecs
from nlpengine.plugin.contract import Task


@dataclass(frozen=True, slots=True)
class TaskFile:
    """Where a task in a single file came from.

    Attributes:
        name: The file's name.
        sha256: Hex, of what the file held when it was loaded.
    """

    name: str
    sha256: str


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


def load_task_file(path: Path, name: str | None) -> Task[Any]:
    """Import a file and give the task of a name in it, its `Task.file` filled in.

    The file is imported as a module of its own, by what it holds: two versions of one file are two
    modules. Its folder doesn't join ``sys.path``.

    Args:
        path: The file.
        name: The task's name; None where the file has a single task.

    Raises:
        UsageError: No such file, or no such task in it.
        PluginError: The file fails to import, or holds no task.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.") from error
    digest = hashlib.sha256(content).hexdigest()
    try:
        tasks = {task.name: task for task in _tasks(_module(path, digest))}
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # sys.exit() in the file is a failure, not an exit
        kind = "" if isinstance(error, PluginError) else f"{type(error).__name__}: "
        raise PluginError(
            f"the task file {path} failed: {kind}{error}\n{traceback.format_exc()}"
        ) from error
    task = tasks.get(name) if name else next(iter(tasks.values()), None)
    if not tasks:
        raise PluginError(
            f"{path} holds no task: write a subclass of nlpengine.plugin.Task with a name and all "
            "its methods, or a hook nlpengine_task()."
        )
    if task is None:
        raise UsageError(
            f"{path} has no task {name!r}.{did_you_mean(str(name), tasks)} "
            f"It has {', '.join(sorted(tasks))}."
        )
    if name is None and len(tasks) > 1:
        raise UsageError(
            f"{path} has several tasks, {', '.join(sorted(tasks))}: name one, like "
            f"{path}:{min(tasks)}"
        )
    task.file = TaskFile(path.name, digest)
    return task


def _module(path: Path, digest: str) -> ModuleType:
    name = f"nlpengine_file_{digest[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise PluginError(f"{path} can't be imported")
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
            yield value
        elif (
            inspect.isclass(value)
            and issubclass(value, Task)
            and value.__module__ == module.__name__
            and not inspect.isabstract(value)
            and hasattr(value, "name")
        ):
            yield value()
    manager = pluggy.PluginManager("nlpengine")
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    manager.check_pending()
    for answer in manager.hook.nlpengine_task():
        if not isinstance(answer, Task):
            raise PluginError(f"nlpengine_task() gave {type(answer).__name__}, not a Task")
        yield answer


# --- which files were run here --------------------------------------------------------------------
# A model folder names its task's file by digest alone: a path in it would have whoever opens a
# stranger's model run the stranger's choice of code. Where a file is that its owner ran before is
# remembered on this machine, so that nothing new is run.


def remember(path: Path, sha256: str) -> None:
    """Keep where a file of this digest is; silently not, where the cache can't be written."""
    known = _known() | {sha256: str(path.resolve())}
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
