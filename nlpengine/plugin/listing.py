"""Who offers what, from package metadata alone: nothing is imported, so a listing is quick."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import Distribution, EntryPoint, distributions
from pathlib import Path

from nlpengine.plugin.api import API_GROUP, API_VERSION, NONE_DECLARED, ApiRange

GROUPS = {
    "task": "nlpengine.tasks",
    "encoder": "nlpengine.encoders",
    "reader": "nlpengine.readers",
    "command": "nlpengine.commands",
}
"""Kind of plugin → entry-point group. A kind is added with the first plugin that uses it."""
KINDS = {group: kind for kind, group in GROUPS.items()}

OURS = "nlpengine"
"""The core's own distribution; what it offers can't be taken by another."""
COMMAND_NAMES = frozenset(
    ("run", "predict", "evaluate", "data", "encoders", "tasks", "plugins", "doctor")
)
"""The core's own commands, which no plugin replaces."""
FORMAT_NAMES = frozenset(
    ("csv", "tsv", "jsonl", "parquet", "labelled", "text", "conll", "squad", "sts")
)
"""The core's own formats, which no plugin replaces."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plugin is not imported, going by its metadata.

    Attributes:
        reason: One line.
        way_out: What to do.
    """

    reason: str
    way_out: str


@dataclass(frozen=True, slots=True)
class TaskFile:
    """A single file that is a task.

    Attributes:
        path: Where it is.
        sha256: Hex, of what it held when it was loaded.
    """

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class PluginEntry:
    """One entry point.

    Attributes:
        kind: A key of `GROUPS`; "?" for a distribution whose entry points can't be read.
        name: The entry point's name.
        distribution: The distribution that brings it.
        version: Its version.
        entry: To load it from.
        blocked: Why the switches keep it from loading; None where they don't.
        api: The API versions that its distribution declares.
        refused: Why it is quarantined; None where it may load.
        file: The single file that it is (``./my_task.py:emotion``); None for what is installed.
    """

    kind: str
    name: str
    distribution: str
    version: str
    entry: EntryPoint
    blocked: str | None = None
    api: ApiRange = NONE_DECLARED
    refused: Refusal | None = None
    file: TaskFile | None = None

    @property
    def owner(self) -> str:
        """Distribution and version."""
        return f"{self.distribution} {self.version}"

    @property
    def package(self) -> str:
        """The top of the module that it names."""
        return re.split(r"[.:\s\[]", self.entry.value.strip(), maxsplit=1)[0]

    @property
    def may_load(self) -> bool:
        """Whether neither a switch nor its metadata keeps it out."""
        return self.blocked is None and self.refused is None


@dataclass(frozen=True, slots=True)
class Switches:
    """Which plugins may load.

    Attributes:
        only: Names to load, of plugins or distributions; None for all. From
            ``NLPENGINE_LOAD_PLUGINS=a,b`` (empty: none), or empty by ``--no-plugins``. nlpengine's
            own tasks are not switched off.
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

    def block(self, entry: PluginEntry) -> PluginEntry:
        """An entry with what the switches say of it."""
        if self.only is None or entry.distribution == OURS:
            return entry
        if {entry.name, entry.distribution} & self.only:
            return entry
        return replace(entry, blocked="switched off by NLPENGINE_LOAD_PLUGINS or --no-plugins")


def find_all(switches: Switches) -> list[PluginEntry]:
    """All entry points, by kind and name; nothing is imported.

    A distribution whose metadata is damaged is listed as one, and hides no other.
    """
    found: dict[str, list[PluginEntry]] = {}
    for distribution in distributions():
        entries = [switches.block(entry) for entry in _entries(distribution)]
        if entries:  # the first of a name on the path is the one that imports are from
            found.setdefault(_normal(entries[0].distribution), entries)
    order = [*GROUPS, "?"]
    entries = sorted(
        (entry for own in found.values() for entry in own),
        key=lambda e: (order.index(e.kind), e.name, e.distribution),
    )
    fitting = [entry if entry.refused else replace(entry, refused=_api(entry)) for entry in entries]
    usable = [entry for entry in fitting if entry.may_load]
    return [replace(e, refused=_clash(e, usable)) if e.may_load else e for e in fitting]


def find_plugins(kind: str, switches: Switches) -> Sequence[PluginEntry]:
    """The entry points of a kind, sorted by name; nothing is imported."""
    return [entry for entry in find_all(switches) if entry.kind == kind]


def _entries(distribution: Distribution) -> Iterator[PluginEntry]:
    """What a distribution offers; importlib's own listing ends at the first damaged file."""
    try:
        text = distribution.read_text("entry_points.txt") or ""
    except (OSError, UnicodeError) as error:
        file = _path(distribution) / "entry_points.txt"
        # Other damage is none of our business.
        if file.is_file() and b"nlpengine." in file.read_bytes():
            yield _damaged(distribution, error)
        return
    if "nlpengine." not in text:
        return
    try:
        points = list(distribution.entry_points)
        metadata = distribution.metadata  # read from the file anew each time
        name, version = metadata["Name"], metadata["Version"]
    except Exception as error:  # whatever importlib makes of a damaged file
        yield _damaged(distribution, error)
        return
    if not name:
        yield _damaged(distribution, ValueError("METADATA is missing, or has no Name"))
        return
    declared = [point.name for point in points if point.group == API_GROUP]
    api = ApiRange((API_VERSION,) if name == OURS else tuple(sorted(declared)))
    for point in points:
        if point.group in KINDS:
            kind = KINDS[point.group]
            yield PluginEntry(kind, point.name, name, version or "?", point, api=api)


def _damaged(distribution: Distribution, error: Exception) -> PluginEntry:
    folder = _path(distribution)
    refusal = Refusal(
        f"its package metadata can't be read: {type(error).__name__}: {error}",
        f"Install it again (pip install --force-reinstall), or remove {folder}",
    )
    return PluginEntry("?", "?", folder.name, "?", EntryPoint("?", "?", "?"), refused=refusal)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _path(distribution: Distribution) -> Path:
    """Its metadata's folder, where it is one."""
    return Path(str(getattr(distribution, "_path", "a distribution without a folder")))


def _api(entry: PluginEntry) -> Refusal | None:
    problem = entry.api.problem()
    if problem is None:
        return None
    what = OURS if entry.api.is_newer() else entry.distribution
    return Refusal(problem, f"Upgrade: pip install -U {what}")


def _clash(entry: PluginEntry, usable: Sequence[PluginEntry]) -> Refusal | None:
    """What keeps an entry from its name: the core's own comes first, and equals bar each other."""
    if entry.distribution == OURS:
        return None
    rivals = [
        other
        for other in usable
        if (other.kind, other.name) == (entry.kind, entry.name) and other is not entry
    ]
    if any(other.distribution == OURS for other in rivals) or entry.name in core_names(entry.kind):
        return Refusal(
            f"the {entry.kind} {entry.name!r} is nlpengine's own",
            f"Its author must choose another name. To be rid of it: pip uninstall "
            f"{entry.distribution}",
        )
    if not rivals:
        return None
    return Refusal(
        f"also offered by {', '.join(other.owner for other in rivals)}",
        "Uninstall one, or name the distributions to load in NLPENGINE_LOAD_PLUGINS.",
    )


def core_names(kind: str) -> frozenset[str]:
    """The core's own names of a kind, beside its entry points."""
    if kind == "encoder":
        from nlpengine.encoders.catalog import CATALOG

        return frozenset(spec.name for spec in CATALOG)
    return {"command": COMMAND_NAMES, "reader": FORMAT_NAMES}.get(kind, frozenset())
