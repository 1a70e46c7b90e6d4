"""Call a plugin: import it, register it with a pluggy manager of its own, ask its one hook."""

from __future__ import annotations

import functools
import importlib
import time
from typing import Any

import pluggy

from nlpengine.plugin import hookspecs
from nlpengine.plugin.answers import check_answer
from nlpengine.plugin.faults import Breach, fault_of
from nlpengine.plugin.listing import PluginEntry
from nlpengine.plugin.states import PluginState
from nlpengine.plugin.surroundings import watched


def load(entry: PluginEntry) -> tuple[PluginState, Any]:
    """Import a plugin and ask its hook; global state is as it was afterwards.

    Returns:
        How it fared, and what it gives: a `Task`, an `nlpengine.plugin.encoder.EncoderOffer`, a
        `ReaderSpec` or a `CommandSpec`; None where it failed.

    Raises:
        KeyboardInterrupt: Ctrl-C is Ctrl-C, also where a plugin raises it; a note says whose.
    """
    if entry.kind == "encoder":
        import nlpengine.plugin.encoder  # noqa: F401 - its door needs torch: not the plugin's doing
    remarks: list[str] = []
    answer, error, took = None, None, 0.0
    try:
        with watched(remarks):
            began = time.perf_counter()
            try:
                answer = call(entry)
            finally:
                took = round(1000 * (time.perf_counter() - began), 1)
    except KeyboardInterrupt as stop:
        stop.add_note(
            f"interrupted while the {entry.kind} {entry.name!r} of {entry.owner} was loaded. To do "
            "without it: nlpengine --no-plugins …"
        )
        raise
    except BaseException as failure:  # a plugin's sys.exit() at import is a failure, not an exit
        error = failure
    if error is None:
        return PluginState(entry, "ok", import_ms=took, remarks=tuple(remarks)), answer
    fault = fault_of(error, entry)
    state = PluginState(
        entry, "failed", fault.reason, fault.where, fault.line, fault.way_out, fault.trace,
        took, tuple(remarks),
    )  # fmt: skip
    return state, None


def call(entry: PluginEntry) -> Any:
    """What a plugin gives, checked.

    Raises:
        Breach: It names no module, has no such hook, or what the hook gave is something else.
        BaseException: Whatever the plugin raises.
    """
    plugin = _import(entry)
    manager = pluggy.PluginManager("nlpengine")
    manager.add_hookspecs(hookspecs)
    hook = f"nlpengine_{entry.kind}"
    implementation = getattr(plugin, hook, None)
    try:
        manager.register(plugin, name=entry.name)
        manager.check_pending()  # a misspelt hook name is an error
    except pluggy.PluginValidationError as error:
        said = " ".join(str(error).split())
        raise Breach(said, _named_in(said, plugin)) from error
    answers = getattr(manager.hook, hook)()
    if not answers and implementation is None:
        raise Breach(f"{entry.entry.value} has no hook {hook}", plugin)
    if not answers and not hasattr(implementation, "nlpengine_impl"):
        raise Breach(
            f"{entry.entry.value} implements no hook {hook} (is @hookimpl missing?)", implementation
        )
    if len(answers) != 1:
        raise Breach(f"{hook}() gave nothing", implementation)
    (answer,) = answers
    check_answer(entry, answer, hook, implementation)
    return answer


def _import(entry: PluginEntry) -> Any:
    match = entry.entry.pattern.match(entry.entry.value)
    if match is None:
        raise Breach(f"its entry point {entry.entry.value!r} is no module or module:object")
    module = importlib.import_module(match["module"])
    try:
        return functools.reduce(getattr, filter(None, (match["attr"] or "").split(".")), module)
    except AttributeError as error:
        raise Breach(f"{match['module']} has no {match['attr']!r}", module) from error


def _named_in(said: str, plugin: Any) -> Any:
    """The function that a complaint of pluggy's is about, else the plugin."""
    for name, value in getattr(plugin, "__dict__", {}).items():
        if hasattr(value, "nlpengine_impl") and name in said:
            return value
    return plugin
