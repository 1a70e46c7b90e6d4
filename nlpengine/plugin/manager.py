"""Loads plugins one at a time, so that one plugin's failure is never another's.

pluggy's own entry-point loader dies at the first plugin that fails to import and skips a duplicate
name without a word; here every entry point is imported, registered and called on its own, and every
failure is kept with its traceback.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from nlpengine.encoders.locate import find_spec
from nlpengine.encoders.spec import EncoderSpec
from nlpengine.errors import PluginError, UsageError, did_you_mean
from nlpengine.plugin.calling import call
from nlpengine.plugin.contract import Task
from nlpengine.plugin.files import file_reference, load_task_file, remember
from nlpengine.plugin.listing import GROUPS, PluginEntry, Switches, find_plugins

if TYPE_CHECKING:
    from nlpengine.encoders.families import Family
    from nlpengine.plugin.encoder import EncoderOffer

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
        self._given: dict[tuple[str, str], Any] = {}

    def task_names(self) -> list[str]:
        """Names of the installed tasks, from metadata alone."""
        entries = find_plugins("task", self._switches)
        return sorted({entry.name for entry in entries if entry.blocked is None})

    def task(self, name: str) -> Task[Any]:
        """Load a task by name.

        Args:
            name: An installed task's, or a single file's: ``./my_task.py:emotion``.

        Raises:
            UsageError: No such task (with the nearest name and how to list them), or no such file.
            PluginError: Two distributions claim it, or its plugin or file fails.
        """
        found: Task[Any] | None = self._given.get(("task", name)) or self._from_file(name)
        if found is not None:
            return found
        found = self._find("task", name)
        if found is None:
            blocked = any(e.name == name for e in find_plugins("task", self._switches))
            raise self._unknown(name, blocked=blocked)
        return found

    def give(self, task: Task[Any]) -> None:
        """Put a task in under its own name, as if a plugin had offered it."""
        self._given["task", task.name] = task

    def _from_file(self, name: str) -> Task[Any] | None:
        reference = file_reference(name)
        if reference is None:
            return None
        path, wanted = reference
        found = load_task_file(path, wanted)
        if found.file is not None:
            remember(path, found.file.sha256)
        # Under its own name too: models and runs of several tasks know it by that.
        self._given["task", name] = self._given["task", found.name] = found
        return found

    def encoder_names(self) -> list[str]:
        """Names of the encoders that plugins offer, from metadata alone."""
        entries = find_plugins("encoder", self._switches)
        return sorted({entry.name for entry in entries if entry.blocked is None})

    def encoder(self, name: str) -> EncoderOffer | None:
        """What a plugin offers under an encoder's name; None where none does.

        Raises:
            PluginError: Two distributions claim it, or its plugin fails.
        """
        found: EncoderOffer | None = self._find("encoder", name)
        return found

    def encoder_spec(self, name: str) -> EncoderSpec | None:
        """The catalog's row of an encoder, else a plugin's; None where no encoder has that name.

        Raises:
            PluginError: Two distributions claim the name, or its plugin fails.
        """
        spec = find_spec(name)
        if spec is None and (offer := self.encoder(name)) is not None:
            spec = offer.spec
        return spec

    def family(self, model_type: str) -> Family:
        """How models of a ``model_type`` run here: the core's own family, else a plugin's.

        Raises:
            UsageError: None runs them.
        """
        from nlpengine.encoders.families import FAMILIES, family_of

        if model_type not in FAMILIES:
            for name in self.encoder_names():
                offer = self._given.get(("encoder", name)) or self._try("encoder", name)
                if offer is not None and offer.family.name == model_type:
                    family: Family = offer.family
                    return family
        return family_of(model_type)

    def _find(self, kind: str, name: str) -> Any:
        if (kind, name) in self._given:
            return self._given[kind, name]
        entries = [e for e in find_plugins(kind, self._switches) if e.name == name]
        usable = [entry for entry in entries if entry.blocked is None]
        if not usable:
            return None
        if len(usable) > 1:
            owners = " and ".join(f"{e.distribution} {e.version}" for e in usable)
            raise PluginError(
                f"the {kind} {name!r} is offered by {owners}. Uninstall one, or name the plugins "
                "to load in NLPENGINE_LOAD_PLUGINS."
            )
        state, answer = self._load(usable[0])
        if answer is None:
            raise PluginError(
                f"the plugin for {kind} {name!r} failed: {state.reason}\n{state.trace}"
            )
        self._given[kind, name] = answer
        return answer

    def _try(self, kind: str, name: str) -> Any:
        """As `_find`, but a plugin that fails is none: the next one may be what is sought."""
        try:
            return self._find(kind, name)
        except PluginError:
            if self._switches.strict:
                raise
            return None

    def used(self) -> list[dict[str, str]]:
        """The plugins this manager has given out, for the run record."""
        found = []
        for kind in GROUPS:
            for entry in find_plugins(kind, self._switches):
                given = self._given.get((kind, entry.name))
                is_file = getattr(given, "file", None) is not None
                if given is not None and not is_file and entry.blocked is None:
                    owner = {"distribution": entry.distribution, "version": entry.version}
                    found.append({"kind": entry.kind, "name": entry.name, **owner})
        for (kind, name), given in self._given.items():
            if kind == "task" and given.file is not None and name == given.name:
                owner = {"distribution": given.file.name, "version": given.file.sha256[:12]}
                own = {"kind": kind, "name": given.name, **owner, "sha256": given.file.sha256}
                found.append(own)
        return found

    def states(self) -> list[PluginState]:
        """Load every plugin that may load and say how each fared."""
        return [
            self._state(entry) for kind in GROUPS for entry in find_plugins(kind, self._switches)
        ]

    def _state(self, entry: PluginEntry) -> PluginState:
        if entry.blocked is not None:
            return PluginState(entry, "blocked", entry.blocked)
        rivals = [
            other.distribution
            for other in find_plugins(entry.kind, self._switches)
            if other.name == entry.name and other.blocked is None and other != entry
        ]
        state = self._load(entry)[0]
        if state.status == "ok" and rivals:
            return replace(state, status="failed", reason=f"also offered by {', '.join(rivals)}")
        return state

    def _load(self, entry: PluginEntry) -> tuple[PluginState, Any]:
        try:
            answer = call(entry)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # a plugin's sys.exit() at import is a failure, not an exit
            state = PluginState(entry, "failed", _reason(error, entry), traceback.format_exc())
            if self._switches.strict:
                raise PluginError(
                    f"plugin {entry.name!r}: {state.reason}\n{state.trace}"
                ) from error
            return state, None
        return PluginState(entry, "ok"), answer

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


def _reason(error: BaseException, entry: PluginEntry) -> str:
    kind = "" if isinstance(error, PluginError) else f"{type(error).__name__}: "
    return f"{kind}{error} (from {entry.distribution} {entry.version})"
