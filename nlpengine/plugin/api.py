"""The version of the door: what a plugin declares, what is checked before it is imported.

A plugin says in its package metadata which API it was written for, as the name of an entry point::

    [project.entry-points."nlpengine.api"]
    "1.0" = "nlpengine.plugin"

Within a major version the door only grows: new hook arguments, methods with a default, names. So
"1.0" stands for every 1.x from 1.0 on. A plugin that works with two majors has two such entries;
one that declares nothing is taken for written for `FIRST`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

API_VERSION = "1.0"
"""The door's version: a minor one adds, a major one may remove what has warned before."""
FIRST = "1.0"
"""What a plugin without a declaration was written for."""
API_GROUP = "nlpengine.api"
"""The entry-point group of declarations."""

_VERSION = re.compile(r"(\d+)\.(\d+)")


class ApiDeprecationWarning(DeprecationWarning):
    """A plugin uses something of the door that will go; ``plugins doctor`` shows these too."""


def warn_deprecated(old: str, *, use: str, gone_in: str, stacklevel: int = 2) -> None:
    """Warn a plugin that calls something old.

    Args:
        old: What was called.
        use: What to call instead.
        gone_in: The API version without it.
        stacklevel: As for `warnings.warn`, counted from the caller of this function.
    """
    warnings.warn(
        f"{old} is deprecated and goes with API {gone_in}: use {use}.",
        ApiDeprecationWarning,
        stacklevel=stacklevel + 1,
    )


@dataclass(frozen=True, slots=True)
class ApiRange:
    """The API versions that a plugin declares.

    Attributes:
        names: As declared, sorted; empty where nothing is.
    """

    names: tuple[str, ...]

    def problem(self, version: str = API_VERSION) -> str | None:
        """Why the plugin doesn't fit a version; None where it does."""
        major, minor = _parsed(version) or (0, 0)
        wanted = self.names or (FIRST,)
        found = []
        for name in wanted:
            parsed = _parsed(name)
            if parsed is None:
                return f"its API version {name!r} is no MAJOR.MINOR"
            if parsed[0] == major and parsed[1] <= minor:
                return None
            found.append(parsed)
        which = "newer" if min(found) > (major, minor) else "older"
        return f"written for API {self}, {which} than {version}, which is here"

    def is_newer(self, version: str = API_VERSION) -> bool:
        """Whether all that is declared is newer than a version."""
        here = _parsed(version) or (0, 0)
        return all((_parsed(name) or (0, 0)) > here for name in self.names or (FIRST,))

    def __str__(self) -> str:
        """``>=1.0,<2``; alternatives with ``or``."""
        return _ranges(self.names or (FIRST,)) + ("" if self.names else " (not declared)")


NONE_DECLARED = ApiRange(())


def _ranges(names: Sequence[str]) -> str:
    said = []
    for name in names:
        parsed = _parsed(name)
        said.append(f">={name},<{parsed[0] + 1}" if parsed else repr(name))
    return " or ".join(said)


def _parsed(name: str) -> tuple[int, int] | None:
    match = _VERSION.fullmatch(name)
    return (int(match[1]), int(match[2])) if match else None
