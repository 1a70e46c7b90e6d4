"""Loads plugins one at a time, so that one plugin's failure is never another's.

pluggy's own entry-point loader dies at the first plugin that fails to import and skips a duplicate
name without a word; here every entry point is imported, registered and called on its own, and every
failure is kept with its traceback.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass, replace
from typing import Any, Literal

import pluggy

from nlpengine.errors import PluginError, UsageError, did_you_mean
from nlpengine.plugin import hookspecs
from nlpengine.plugin.contract import Task
from nlpengine.plugin.listing import PluginEntry, Switches, find_plugins

Status = Literal["ok", "blocked", "failed"]


@dataclass(frozen=True, slots=True)
class PluginState:
    """A plugin after an attempt to load it.

    Attributes:
        entry: The entry point.
        status: "ok"; "blocked" by a switch; "failed".
        reason: Why it isn't ok, one line.
        trace: The traceback of a failure.
    """

    entry: PluginEntry
    status: Status
    reason: str = ""
    trace: str = ""


class PluginManager:
    """Owns the loaded plugins of one engine; no state is global.

    Args:
        switches: Which plugins may load; by default what the environment says.
    """

    def __init__(self, switches: Switches | None = None) -> None:
        self._switches = switches or Switches.from_environment()
        self._tasks: dict[str, Task[Any]] = {}

    def task_names(self) -> list[str]:
        """Names of the installed tasks, from metadata alone."""
        entries = find_plugins("task", self._switches)
        return sorted({entry.name for entry in entries if entry.blocked is None})

    def task(self, name: str) -> Task[Any]:
        """Load a task by name.

        Raises:
            UsageError: No such task (with the nearest name and how to list them).
            PluginError: Two distributions claim it, or its plugin fails.
        """
        if name in self._tasks:
            return self._tasks[name]
        entries = [e for e in find_plugins("task", self._switches) if e.name == name]
        usable = [entry for entry in entries if entry.blocked is None]
        if not usable:
            raise self._unknown(name, blocked=bool(entries))
        if len(usable) > 1:
            owners = " and ".join(f"{e.distribution} {e.version}" for e in usable)
            raise PluginError(
                f"the task {name!r} is offered by {owners}. Uninstall one, or name the plugins to "
                "load in NLPENGINE_LOAD_PLUGINS."
            )
        state, task = self._load(usable[0])
        if task is None:
            raise PluginError(f"the plugin for task {name!r} failed: {state.reason}\n{state.trace}")
        self._tasks[name] = task
        return task

    def used(self) -> list[dict[str, str]]:
        """The plugins this manager has given out, for the run record."""
        found = []
        for entry in find_plugins("task", self._switches):
            if entry.name in self._tasks and entry.blocked is None:
                owner = {"distribution": entry.distribution, "version": entry.version}
                found.append({"kind": entry.kind, "name": entry.name, **owner})
        return found

    def states(self) -> list[PluginState]:
        """Load every plugin that may load and say how each fared."""
        return [self._state(entry) for entry in find_plugins("task", self._switches)]

    def _state(self, entry: PluginEntry) -> PluginState:
        if entry.blocked is not None:
            return PluginState(entry, "blocked", entry.blocked)
        rivals = [
            other.distribution
            for other in find_plugins("task", self._switches)
            if other.name == entry.name and other.blocked is None and other != entry
        ]
        state = self._load(entry)[0]
        if state.status == "ok" and rivals:
            return replace(state, status="failed", reason=f"also offered by {', '.join(rivals)}")
        return state

    def _load(self, entry: PluginEntry) -> tuple[PluginState, Task[Any] | None]:
        try:
            task = _call(entry)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin's sys.exit() at import is a failure, not an exit
            state = PluginState(entry, "failed", _reason(error, entry), traceback.format_exc())
            if self._switches.strict:
                raise PluginError(
                    f"plugin {entry.name!r}: {state.reason}\n{state.trace}"
                ) from error
            return state, None
        return PluginState(entry, "ok"), task

    def _unknown(self, name: str, *, blocked: bool) -> UsageError:
        if blocked:
            return UsageError(
                f"the task {name!r} is switched off by NLPENGINE_LOAD_PLUGINS or --no-plugins."
            )
        names = self.task_names()
        if not names:
            return UsageError(
                "no tasks are installed, not even nlpengine's own: this is a source tree that was "
                "never installed. Run: pip install -e ."
            )
        return UsageError(
            f"unknown task {name!r}.{did_you_mean(name, names)} Installed: {', '.join(names)}. "
            "List them with: nlpengine tasks"
        )


def _call(entry: PluginEntry) -> Task[Any]:
    """Import a plugin into a pluggy manager of its own and call its hook."""
    pluggy_manager = pluggy.PluginManager("nlpengine")
    pluggy_manager.add_hookspecs(hookspecs)
    pluggy_manager.register(entry.entry.load(), name=entry.name)
    pluggy_manager.check_pending()  # a misspelt hook name is an error
    answers = pluggy_manager.hook.nlpengine_task()
    if len(answers) != 1:
        raise PluginError(
            f"{entry.entry.value} implements no hook nlpengine_task (is @hookimpl missing?)"
        )
    (task,) = answers
    if not isinstance(task, Task):
        raise PluginError(f"nlpengine_task() gave {type(task).__name__}, not a Task")
    if task.name != entry.name:
        raise PluginError(
            f"nlpengine_task() gave a task named {task.name!r}; the entry point is {entry.name!r}"
        )
    return task


def _reason(error: BaseException, entry: PluginEntry) -> str:
    kind = "" if isinstance(error, PluginError) else f"{type(error).__name__}: "
    return f"{kind}{error} (from {entry.distribution} {entry.version})"
