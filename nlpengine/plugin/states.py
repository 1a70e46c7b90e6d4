"""How a plugin fared, for listings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from nlpengine.plugin.listing import PluginEntry

Status = Literal["ok", "blocked", "failed", "quarantined", "not loaded"]
"""ok: loaded. blocked: by a switch. failed: while it was loaded. quarantined: not imported, going
by its metadata. not loaded: nobody has tried, or it takes longer than the listing waits."""


@dataclass(frozen=True, slots=True)
class PluginState:
    """A plugin after an attempt to load it.

    Attributes:
        entry: The entry point.
        status: See `Status`.
        reason: Why it isn't ok, one line.
        where: ``file:line`` in the plugin where it failed; empty where no line of it did.
        line: The source there.
        way_out: What to do.
        trace: The traceback of a failure.
        import_ms: What importing it and calling its hook took; None where that wasn't done.
        remarks: What it did while loading that it should not; all of it is undone, where it can be.
    """

    entry: PluginEntry
    status: Status
    reason: str = ""
    where: str = ""
    line: str = ""
    way_out: str = ""
    trace: str = ""
    import_ms: float | None = None
    remarks: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """A row of ``plugins --json``."""
        entry = self.entry
        return {
            "kind": entry.kind,
            "name": entry.name,
            "distribution": entry.distribution,
            "version": entry.version,
            "hooks": [] if entry.kind == "?" else [f"nlpengine_{entry.kind}"],
            "api": str(entry.api),
            "status": self.status,
            "reason": self.reason,
            "where": self.where,
            "line": self.line,
            "way_out": self.way_out,
            "import_ms": self.import_ms,
            "remarks": list(self.remarks),
            "traceback": self.trace,
        }


def state_from_metadata(entry: PluginEntry) -> PluginState | None:
    """The state of a plugin that is not to be imported; None for one that may load."""
    if entry.blocked is not None:
        return PluginState(entry, "blocked", entry.blocked)
    if entry.refused is not None:
        refused = entry.refused
        return PluginState(entry, "quarantined", refused.reason, way_out=refused.way_out)
    return None
