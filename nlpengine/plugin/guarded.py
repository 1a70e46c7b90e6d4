"""Plugins at work: what they raise in the middle of a run names them, not the core."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from nlpengine.data import Origin, ReaderSpec, Record
from nlpengine.errors import NlpengineError
from nlpengine.heads import HeadSpec
from nlpengine.metrics import Scores
from nlpengine.plugin.contract import Task
from nlpengine.plugin.faults import Breach, plugin_error
from nlpengine.plugin.listing import PluginEntry
from nlpengine.plugin.prediction import Labels


def _has(*names: str) -> Callable[[Any], bool]:
    return lambda answer: all(hasattr(answer, name) for name in names)


def _is(*types: type[Any]) -> Callable[[Any], bool]:
    return lambda answer: isinstance(answer, types)


def _is_pair(answer: Any) -> bool:
    return isinstance(answer, tuple) and len(answer) == 2


def _are_texts(answer: Any) -> bool:
    return isinstance(answer, Sequence) and not isinstance(answer, str) and len(answer) > 0


ANSWERS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "adapt": (_has("texts", "origin"), "an example (with texts and origin)"),
    "review": (_is_pair, "a pair of examples by split and notes"),
    "label_set": (_is(Labels), "Labels"),
    "stock_labels": (_is(Labels), "Labels"),
    "head": (_is(HeadSpec), "a HeadSpec"),
    "readings": (_are_texts, "a sequence of texts, at least one"),
    "loss": (_is_pair, "a pair of summed loss and summed weight"),
    "decode": (_has("to_json", "to_text"), "an Answer (with to_json and to_text)"),
    "from_baseline": (_has("to_json", "to_text"), "an Answer (with to_json and to_text)"),
    "score": (_is(Scores), "Scores"),
    "tune": (_is(Mapping), "a mapping"),
}
"""Method of a task → what its answer must be, and that in words."""


class GuardedTask:
    """A task of a plugin that gives what it must, and whose exceptions name the plugin.

    It stands for the task: the core's calls come through here, the task's own among its methods
    don't.

    Args:
        task: The task.
        entry: Whose it is.
    """

    def __init__(self, task: Task[Any], entry: PluginEntry) -> None:
        self._task = task
        self._entry = entry

    def __repr__(self) -> str:
        return repr(self._task)

    @property  # type: ignore[misc]  # mypy knows __class__ as no property, which Python allows
    def __class__(self) -> type[Any]:
        """The task's: this is one for all who ask."""
        return type(self._task)

    def __getattr__(self, name: str) -> Any:
        with blamed(self._entry, f"in {name}"):
            value = getattr(self._task, name)
        if name.startswith("__") or not inspect.isroutine(value):
            return value
        if name == "in_context" and getattr(value, "__func__", None) is not Task.in_context:
            return self._in_context
        return self._guarded(name, cast(Callable[..., Any], value))

    def _in_context(self, rows: Iterable[Record], options: Any) -> Iterator[Record]:
        """The task's rows as it gives them: all of them, in their order."""
        waiting: deque[Origin] = deque()

        def given() -> Iterator[Record]:
            for row in rows:
                waiting.append(row.origin)
                yield row

        source, method = given(), self._task.in_context
        with blamed(self._entry, "in in_context()"):
            for row in method(source, options):
                if not isinstance(row, Record) or not waiting or row.origin != waiting.popleft():
                    raise Breach(f"in_context() gave {row!r:.60} out of turn", method)
                yield row
            if waiting or next(source, None) is not None:
                raise Breach("in_context() gave fewer rows than it got", method)

    def _guarded(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        right, wanted = ANSWERS.get(name, (None, ""))

        @functools.wraps(method)
        def call(*args: Any, **named: Any) -> Any:
            with blamed(self._entry, f"in {name}()"):
                answer = method(*args, **named)
                if right is not None and not right(answer):
                    raise Breach(f"{name}() gave {answer!r:.60}, not {wanted}", method)
            return answer

        vars(self)[name] = call  # the next time it is found at once
        return call


def guarded_task(task: Task[Any], entry: PluginEntry) -> Task[Any]:
    """A task that blames its plugin for what goes wrong in it."""
    return cast(Task[Any], GuardedTask(task, entry))


def guarded_reader(spec: ReaderSpec, entry: PluginEntry) -> ReaderSpec:
    """A reader that blames its plugin for what goes wrong in it; wrong data stays wrong data."""

    def read(path: str) -> Iterator[Record]:
        with blamed(entry, f"in read({path!r})"):
            for number, record in enumerate(spec.read(path), start=1):
                if not isinstance(record, Record):
                    raise Breach(f"row {number} is {record!r:.60}, not a Record", spec.read)
                yield record

    def looks_like(lines: Sequence[str]) -> bool:
        if spec.looks_like is None:
            return False
        with blamed(entry, "in looks_like()"):
            return bool(spec.looks_like(lines))

    return dataclasses.replace(spec, read=read, looks_like=looks_like)


@contextlib.contextmanager
def blamed(entry: PluginEntry, doing: str) -> Iterator[None]:
    """Turn what a plugin raises inside into a `PluginError` that names it.

    Args:
        entry: The plugin.
        doing: What it is doing, for the message: "in decode()".
    """
    try:
        yield
    except Breach as error:
        raise plugin_error(error, entry, doing) from error
    except NlpengineError:
        raise
    except (Exception, SystemExit) as error:
        if _is_out_of_memory(error):  # the core does the step again with less
            raise
        raise plugin_error(error, entry, doing) from error


def _is_out_of_memory(error: BaseException) -> bool:
    if "torch" not in sys.modules:
        return isinstance(error, MemoryError)
    from nlpengine.encoders.device import is_out_of_memory

    return is_out_of_memory(error)
