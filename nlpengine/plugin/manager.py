"""Loads plugins one at a time, so that one plugin's failure is never another's.

pluggy's own entry-point loader dies at the first plugin that fails to import and skips a duplicate
name without a word; here every entry point is imported, registered and called on its own, and every
failure is kept with its traceback.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from nlpengine.data.readers import Offered, Readers, ReaderSpec
from nlpengine.encoders.locate import find_spec
from nlpengine.encoders.spec import EncoderSpec
from nlpengine.errors import NlpengineError, PluginError, UsageError, did_you_mean
from nlpengine.plugin.calling import load
from nlpengine.plugin.command import CommandSpec
from nlpengine.plugin.contract import Task
from nlpengine.plugin.faults import culprit_of, plugin_error
from nlpengine.plugin.files import file_reference, load_task_file, remember
from nlpengine.plugin.guarded import guarded_reader, guarded_task
from nlpengine.plugin.listing import PluginEntry, Switches, find_all, find_plugins
from nlpengine.plugin.states import PluginState, state_from_metadata

if TYPE_CHECKING:
    from nlpengine.encoders.families import Family
    from nlpengine.plugin.encoder import EncoderOffer


class PluginManager:
    """Owns the loaded plugins of one engine; no state is global.

    Args:
        switches: Which plugins may load; by default what the environment says.

    Attributes:
        readers: Formats that plugins read; they are loaded when a file asks for one.
    """

    def __init__(self, switches: Switches | None = None) -> None:
        self._switches = switches or Switches.from_environment()
        self._given: dict[tuple[str, str], Any] = {}
        self._remarks: dict[str, None] = {}
        self._files: dict[str, PluginEntry] = {}
        self.readers = Readers(self._load_readers)

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
        if ("task", name) not in self._given and file_reference(name) is not None:
            self._read_file(name)
        found: Task[Any] | None = self._find("task", name)
        if found is None:
            blocked = any(e.name == name for e in find_plugins("task", self._switches))
            raise self._unknown(name, blocked=blocked)
        return found

    def give(self, task: Task[Any]) -> None:
        """Put a task in under its own name, as if a plugin had offered it."""
        self._given["task", task.name] = task

    def loaded(self, name: str) -> Task[Any] | None:
        """The task of a name that was loaded or given before; None where none was."""
        found: Task[Any] | None = self._given.get(("task", name))
        return found

    def _read_file(self, reference: str) -> None:
        task, entry, remarks = load_task_file(reference)
        remember(entry)
        self._note(remarks)
        found = guarded_task(task, entry)
        # Under its own name too: models and runs of several tasks know it by that.
        self._given["task", reference] = self._given["task", task.name] = found
        self._files[task.name] = entry

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

    def command_entries(self) -> list[PluginEntry]:
        """The commands that plugins offer, from metadata alone."""
        return [entry for entry in find_plugins("command", self._switches) if entry.may_load]

    def command(self, name: str) -> CommandSpec | None:
        """A plugin's command; None where none has that name.

        Raises:
            PluginError: Two distributions claim it, or its plugin fails.
        """
        found: CommandSpec | None = self._find("command", name)
        return found

    def _load_readers(self) -> Offered:
        specs: list[tuple[str, ReaderSpec]] = []
        failed = []
        for entry in find_plugins("reader", self._switches):
            if entry.blocked is None:
                try:
                    specs.append((entry.owner, self._find("reader", entry.name)))
                except PluginError as error:
                    if self._switches.strict:
                        raise
                    failed.append(str(error).split("\n")[0])
        return Offered(tuple(specs), tuple(dict.fromkeys(failed)))

    def _find(self, kind: str, name: str) -> Any:
        if (kind, name) in self._given:
            return self._given[kind, name]
        entries = [e for e in find_plugins(kind, self._switches) if e.name == name]
        usable = [entry for entry in entries if entry.may_load]
        refused = [entry for entry in entries if entry.blocked is None and entry.refused]
        if not usable:
            if not refused:
                return None
            raise _refused(refused)
        self._note(f"left out: {_said(entry)}" for entry in refused)
        (entry,) = usable
        state, answer = load(entry)
        if answer is None:
            raise PluginError(
                f"the plugin for {kind} {name!r} failed: {_failure(state)}\n{state.trace}"
            )
        self._note(f"{kind} {name} of {entry.owner} {remark}" for remark in state.remarks)
        self._given[kind, name] = _guarded(entry, answer)
        return self._given[kind, name]

    def _try(self, kind: str, name: str) -> Any:
        """As `_find`, but a plugin that fails is none: the next one may be what is sought."""
        try:
            return self._find(kind, name)
        except PluginError as error:
            if self._switches.strict:
                raise
            self._note([f"left out: {str(error).splitlines()[0]}"])
            return None

    def _note(self, remarks: Iterable[str]) -> None:
        self._remarks.update(dict.fromkeys(remarks))

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said of the plugins so far: who was left out, what was undone."""
        return tuple(self._remarks)

    @contextlib.contextmanager
    def blaming(self) -> Iterator[None]:
        """Turn an exception that arises in a plugin's code into a `PluginError` that names it."""
        try:
            yield
        except NlpengineError:
            raise
        except Exception as error:
            entry = culprit_of(error, [*find_all(self._switches), *self._files.values()])
            if entry is None:
                raise
            where = ["at work", *getattr(error, "__notes__", ())]
            raise plugin_error(error, entry, ", ".join(where)) from error

    def used(self) -> list[dict[str, str]]:
        """The plugins this manager has given out, for the run record."""
        found = []
        for entry in (*find_all(self._switches), *self._files.values()):
            hidden = entry.kind == "task" and entry.name in self._files and entry.file is None
            if (entry.kind, entry.name) in self._given and entry.may_load and not hidden:
                owner = {"distribution": entry.distribution, "version": entry.version}
                digest = {} if entry.file is None else {"sha256": entry.file.sha256}
                found.append({"kind": entry.kind, "name": entry.name, **owner, **digest})
        return found

    def states(self) -> list[PluginState]:
        """Load every plugin that may load, here, and say how each fared."""
        return [self._state(entry) for entry in find_all(self._switches)]

    def _state(self, entry: PluginEntry) -> PluginState:
        state = state_from_metadata(entry) or load(entry)[0]
        if self._switches.strict and state.status in ("failed", "quarantined"):
            raise PluginError(f"plugin {entry.name!r}: {_failure(state)}\n{state.trace}")
        return state

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


def _guarded(entry: PluginEntry, answer: Any) -> Any:
    if isinstance(answer, Task):
        return guarded_task(answer, entry)
    if isinstance(answer, ReaderSpec):
        return guarded_reader(answer, entry)
    return answer


def _refused(entries: Sequence[PluginEntry]) -> PluginError:
    """Why a name can't be had, where metadata forbids all that offer it."""
    kind, name = entries[0].kind, entries[0].name
    if len(entries) > 1:
        owners = " and ".join(entry.owner for entry in entries)
        return PluginError(
            f"the {kind} {name!r} is offered by {owners}. Uninstall one, or name the distributions "
            "to load in NLPENGINE_LOAD_PLUGINS."
        )
    way_out = entries[0].refused.way_out if entries[0].refused else ""
    return PluginError(f"the {kind} {name!r} is quarantined: {_said(entries[0])}. {way_out}")


def _said(entry: PluginEntry) -> str:
    reason = entry.refused.reason if entry.refused else ""
    return f"the {entry.kind} {entry.name!r} of {entry.owner}: {reason}"


def _failure(state: PluginState) -> str:
    place = f"\n  {state.where}: {state.line}" if state.where else ""
    return f"{state.reason}{place}\n  {state.way_out}"
