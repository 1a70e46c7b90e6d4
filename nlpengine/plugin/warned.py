"""Filters of warnings that a plugin sets while it is loaded, and deprecations that it meets."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

from nlpengine.plugin.api import ApiDeprecationWarning

Filter = tuple[Any, ...]
"""(action, pattern of the message, category, pattern of the module, line), as `warnings` has it."""


@contextlib.contextmanager
def watched_warnings(remarks: list[str]) -> Iterator[None]:
    """Undo filters that hold for all code, and note what of the door is deprecated.

    Filters for a message, a module or a category of a library's own stay: importing numpy sets
    such.

    Args:
        remarks: Gets a sentence on each.
    """
    added: list[Filter] = []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", ApiDeprecationWarning)
            before, show = list(warnings.filters), warnings.showwarning

            def note(message: Any, category: type[Warning], *rest: Any, **more: Any) -> None:
                if issubclass(category, ApiDeprecationWarning):
                    remarks.append(str(message))
                else:
                    show(message, category, *rest, **more)

            warnings.showwarning = note
            try:
                yield
            finally:
                added = [own for own in warnings.filters if own not in before]
                gone = [own for own in before if own not in warnings.filters]
                if gone or any(map(_is_blanket, added)):
                    remarks.append("changed the filters of warnings for all code: put back")
                if warnings.showwarning is not note:
                    remarks.append("replaced warnings.showwarning: put back")
    finally:
        for own in reversed(added):
            if not _is_blanket(own):
                _add(own)


def _is_blanket(own: Filter) -> bool:
    _, message, category, module, _ = own
    return message is None and module is None and category.__module__ == "builtins"


def _add(own: Filter) -> None:
    action, message, category, module, line = own
    message, module = (
        pattern if pattern is None or isinstance(pattern, str) else pattern.pattern
        for pattern in (message, module)
    )
    warnings.filterwarnings(action, message or "", category, module or "", line)
