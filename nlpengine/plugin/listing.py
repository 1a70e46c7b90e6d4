"""Who offers what, from package metadata alone: nothing is imported, so a listing is quick."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points

GROUPS = {"task": "nlpengine.tasks", "encoder": "nlpengine.encoders"}
"""Kind of plugin → entry-point group. A kind is added with the first plugin that uses it."""


@dataclass(frozen=True, slots=True)
class PluginEntry:
    """One entry point.

    Attributes:
        kind: A key of `GROUPS`.
        name: The entry point's name.
        distribution: The distribution that brings it.
        version: Its version.
        entry: To load it from.
        blocked: Why the switches keep it from loading; None where they don't.
    """

    kind: str
    name: str
    distribution: str
    version: str
    entry: EntryPoint
    blocked: str | None = None


@dataclass(frozen=True, slots=True)
class Switches:
    """Which plugins may load.

    Attributes:
        only: Names to load; None for all. From ``NLPENGINE_LOAD_PLUGINS=a,b`` (empty: none), or
            empty by ``--no-plugins``. nlpengine's own tasks are not switched off.
        strict: Make every plugin's failure an error at once (``NLPENGINE_STRICT_PLUGINS=1``).
    """

    only: frozenset[str] | None = None
    strict: bool = False

    @classmethod
    def from_environment(cls) -> Switches:
        """The switches as the environment sets them."""
        listed = os.environ.get("NLPENGINE_LOAD_PLUGINS")
        only = (
            None if listed is None else frozenset(filter(None, map(str.strip, listed.split(","))))
        )
        return cls(only=only, strict=os.environ.get("NLPENGINE_STRICT_PLUGINS") == "1")


def find_plugins(kind: str, switches: Switches) -> Sequence[PluginEntry]:
    """The entry points of a kind, sorted by name; nothing is imported."""
    found = []
    for entry in entry_points(group=GROUPS[kind]):
        dist = entry.dist
        owner = dist.name if dist else "unknown"
        off = switches.only is not None and owner != "nlpengine" and entry.name not in switches.only
        found.append(
            PluginEntry(
                kind=kind,
                name=entry.name,
                distribution=owner,
                version=dist.version if dist else "?",
                entry=entry,
                blocked="switched off by NLPENGINE_LOAD_PLUGINS or --no-plugins" if off else None,
            )
        )
    # A checkout on the path beside its own installation lists an entry twice: owner, value alike.
    unique = {(p.name, p.distribution, p.entry.value): p for p in found}
    return sorted(unique.values(), key=lambda p: (p.name, p.distribution))
