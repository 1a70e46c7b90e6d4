"""Records: what every reader yields, and the splits they come in.

A record is one row as the file has it. Values from text files are strings, always: ``NA``, ``01``
and ``True`` stay what they are. The origin of a row travels with it, so that any later message can
name file and line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from nlpengine.errors import RowError

if TYPE_CHECKING:
    from nlpengine.data.findings import Finding

SplitName = Literal["train", "dev", "test"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record stands: a file and its 1-based line (for Parquet and Hub sets, the row)."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Record:
    """One row: column name → value (a string, or a JSON value where the format has them)."""

    fields: Mapping[str, object]
    origin: Origin

    def text(self, name: str) -> str:
        """A field that must be a string.

        Raises:
            RowError: It is missing or something else.
        """
        value = self.fields.get(name)
        if isinstance(value, str):
            return value
        found = "is missing" if value is None else f"is {type(value).__name__} {value!r:.60}"
        raise RowError(
            f"the field {name!r} {found}, not a string.", self.origin.path, self.origin.line
        )


@dataclass(frozen=True, slots=True)
class Splits:
    """The records of a data set, per split.

    Attributes:
        train: Rows to learn from; empty where only an evaluation set was given.
        dev: Rows to choose the best epoch on.
        test: Rows to report on.
        source: What the user passed as ``data``.
        fingerprints: sha256 of every file that was read, by path relative to the source.
        notes: Sentences for the user and the run record on every choice made for them
            ("no dev split: 692 rows of train were set aside by seed 0").
        findings: What a look at all rows brought up: leaks, duplicates, conflicts …
    """

    train: tuple[Record, ...]
    dev: tuple[Record, ...]
    test: tuple[Record, ...]
    source: str
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
