"""Records: what every reader yields.

A record is one row as the file has it. Values from text files are strings, always: ``NA``, ``01``
and ``True`` stay what they are. The origin of a row travels with it, so that any later message can
name file and line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from nlpengine.errors import RowError

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

    @property
    def place(self) -> str:
        """``file:line``, and the id that the row itself has: a whole file may be one line."""
        own = self.name("id")
        return f"{self.origin} ({own})" if own else str(self.origin)

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

    def name(self, field: str) -> str:
        """What a field names the row or its whole by, numbers as text; "" where it is blank."""
        value = self.fields.get(field)
        return "" if value is None or not str(value).strip() else str(value)
