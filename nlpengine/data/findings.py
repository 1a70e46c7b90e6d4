"""Findings: what a look at the data brought up, each with the rows to look at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from nlpengine.data.records import Record
from nlpengine.errors import DataError

Level = Literal["info", "warning"]

SHOWN = 3
"""Rows that a message names; all of them are in the JSON, up to `KEPT`."""
KEPT = 20


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a data set.

    Attributes:
        check: Which check found it: "leak", "duplicates", "conflict" …
        level: "warning" where a result could mislead because of it; "info" else.
        message: A sentence for a person.
        count: Rows concerned; 0 where it is about the whole.
        rows: ``file:line`` of the first of them, with their ids where they have any.
    """

    check: str
    level: Level
    message: str
    count: int = 0
    rows: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """JSON values."""
        return {
            "check": self.check,
            "level": self.level,
            "message": self.message,
            "count": self.count,
            "rows": list(self.rows),
        }

    def __str__(self) -> str:
        return f"{self.check}: {self.message}"


def origins(records: Iterable[Record]) -> tuple[str, ...]:
    """Where the first records are."""
    return tuple(record.place for record, _ in zip(records, range(KEPT), strict=False))


def listed(rows: Sequence[str], count: int) -> str:
    """``a:1, a:7 and 12 more``."""
    shown = ", ".join(rows[:SHOWN])
    return shown if count <= SHOWN else f"{shown} and {count - SHOWN:,} more"


def require_clean(findings: Iterable[Finding], source: str) -> None:
    """Make warnings errors.

    Raises:
        DataError: There are warnings; it says all of them.
    """
    warnings = [str(finding) for finding in findings if finding.level == "warning"]
    if warnings:
        said = "1 warning, and --strict takes it for an error: "
        if len(warnings) > 1:
            said = f"{len(warnings)} warnings, and --strict takes them for errors: "
        raise DataError(said + " ".join(warnings), source)
