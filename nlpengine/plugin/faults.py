"""What went wrong in a plugin, where in its own code, and what its user can do."""

from __future__ import annotations

import contextlib
import inspect
import linecache
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from nlpengine.errors import PluginError
from nlpengine.plugin.listing import PluginEntry


class Breach(PluginError):
    """A plugin breaks its contract without an exception of its own.

    Args:
        problem: What is wrong.
        culprit: The function whose answer it is, or the module, where there is one.
    """

    def __init__(self, problem: str, culprit: Any = None) -> None:
        super().__init__(problem)
        self.place = _place_of(culprit)


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure of a plugin.

    Attributes:
        reason: What happened, one line.
        where: ``file:line`` in the plugin; empty where no line of it was reached.
        line: The source there.
        way_out: What to do.
        trace: The whole traceback.
    """

    reason: str
    where: str
    line: str
    way_out: str
    trace: str

    def __str__(self) -> str:
        """Several lines: reason, place, way out."""
        place = f"\n  {self.where}: {self.line}" if self.where else ""
        return f"{self.reason}{place}\n  {self.way_out}"


def fault_of(error: BaseException, entry: PluginEntry) -> Fault:
    """An exception of a plugin, explained."""
    kind = "" if isinstance(error, PluginError) else f"{type(error).__name__}: "
    said = str(error).split("\n")[0]
    where, line = _where(error, entry)
    return Fault(
        reason=f"{kind}{said} (from {entry.owner})",
        where=where,
        line=line,
        way_out=_way_out(error, entry),
        trace="".join(traceback.format_exception(error)),
    )


def plugin_error(error: BaseException, entry: PluginEntry, doing: str) -> PluginError:
    """The error that a user sees when a plugin fails in the middle of something.

    Args:
        error: What the plugin raised.
        entry: The plugin.
        doing: What it was doing: "in decode()", "while it was loaded".
    """
    fault = fault_of(error, entry)
    return PluginError(f"the plugin for {entry.kind} {entry.name!r} failed {doing}: {fault}")


def culprit_of(error: BaseException, entries: Sequence[PluginEntry]) -> PluginEntry | None:
    """The plugin in whose code, or below it, an exception arose; None where it is nobody's."""
    packages = {entry.package: entry for entry in entries if entry.may_load}
    for frame in reversed(_frames(error)):
        found = packages.get(_package(frame))
        if found is not None:
            return found
    return None


def _where(error: BaseException, entry: PluginEntry) -> tuple[str, str]:
    if isinstance(error, Breach):
        return error.place
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        text = error.text or linecache.getline(error.filename, error.lineno)
        return f"{error.filename}:{error.lineno}", text.strip()
    for frame in reversed(_frames(error)):
        if _package(frame) == entry.package:
            file, number = frame.tb_frame.f_code.co_filename, frame.tb_lineno
            return f"{file}:{number}", linecache.getline(file, number).strip()
    return "", ""


def _frames(error: BaseException) -> list[TracebackType]:
    frames = []
    step = error.__traceback__
    while step is not None:
        frames.append(step)
        step = step.tb_next
    return frames


def _package(frame: TracebackType) -> str:
    return str(frame.tb_frame.f_globals.get("__name__", "")).partition(".")[0]


def _place_of(culprit: Any) -> tuple[str, str]:
    """Where a function or a class is written, or the module's file."""
    while hasattr(culprit, "__wrapped__"):
        culprit = culprit.__wrapped__
    code = getattr(getattr(culprit, "__func__", culprit), "__code__", None)
    if code is not None:
        # The line of "def", not that of the first decorator.
        number = code.co_firstlineno
        while linecache.getline(code.co_filename, number).lstrip().startswith("@"):
            number += 1
        line = linecache.getline(code.co_filename, number).strip()
        return f"{code.co_filename}:{number}", line
    if isinstance(culprit, type):
        with contextlib.suppress(OSError, TypeError):
            lines, number = inspect.getsourcelines(culprit)
            own = next((place for place, line in enumerate(lines) if line.startswith("class")), 0)
            return f"{inspect.getsourcefile(culprit)}:{number + own}", lines[own].strip()
    file = getattr(culprit, "__file__", None)
    return (f"{file}:1", linecache.getline(str(file), 1).strip()) if file else ("", "")


def _way_out(error: BaseException, entry: PluginEntry) -> str:
    if isinstance(error, ModuleNotFoundError) and error.name:
        missing = error.name.partition(".")[0]
        if missing == entry.package:
            return (
                f"Its installation is damaged: pip install --force-reinstall {entry.distribution}"
            )
        without = "" if entry.file is not None else f", or pip uninstall {entry.distribution}"
        return f"It needs {missing}: install that{without}"
    if entry.file is not None:
        return f"Mend {entry.file.path}"
    without = f"pip uninstall {entry.distribution}"
    if isinstance(error, Breach):
        return f"Its author's move (nlpengine plugins check {entry.name}). To do without: {without}"
    return f"Tell its author, or do without it: {without}"
