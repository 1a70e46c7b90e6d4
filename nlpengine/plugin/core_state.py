"""The core as it was before a plugin was loaded: what the plugin patches is put back and named."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator, Mapping
from typing import Any

_ABSENT = object()


class CoreState:
    """The names of all modules of nlpengine that are imported, of their classes, and of builtins.

    Tables in capitals (``FAMILIES``) are remembered with what they hold.
    """

    def __init__(self) -> None:
        self._owners = list(_owners())
        self._names = [(owner, dict(vars(owner))) for owner in self._owners]
        self._tables = [
            (owner, name, table, dict(table))
            for owner, names in self._names
            for name, table in names.items()
            if name.isupper() and type(table) is dict
        ]

    def restore(self) -> list[str]:
        """Put everything back, and say what it was."""
        found = []
        for owner, before in self._names:
            found += [_put(owner, name, before) for name in _changed(owner, before)]
        for owner, name, table, before in self._tables:
            if len(table) != len(before) or any(
                table.get(key, _ABSENT) is not value for key, value in before.items()
            ):
                table.clear()
                table.update(before)
                found.append(f"patched {owner.__name__}.{name}: put back")
        return found


def _owners() -> Iterator[Any]:
    for name, module in list(sys.modules.items()):
        if name == "nlpengine" or name.startswith("nlpengine."):
            yield module
            for value in list(vars(module).values()):
                if isinstance(value, type) and value.__module__ == name:
                    yield value
    yield builtins


def _changed(owner: Any, before: Mapping[str, Any]) -> list[str]:
    now = vars(owner)
    found = [name for name, value in before.items() if now.get(name, _ABSENT) is not value]
    if isinstance(owner, type):  # a module gets its submodules as new names
        found += [name for name in now if name not in before and not name.startswith("__")]
    return found


def _put(owner: Any, name: str, before: Mapping[str, Any]) -> str:
    if name in before:
        setattr(owner, name, before[name])
    else:
        delattr(owner, name)
    path = f"{owner.__module__}.{owner.__qualname__}" if isinstance(owner, type) else owner.__name__
    return f"patched {path}.{name}: put back"
