"""Which column of a file is which field of a task: inferred by name, or mapped by the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from nlpengine.errors import DataError, UsageError, did_you_mean

Role = Literal["input", "gold", "about"]


@dataclass(frozen=True, slots=True)
class Column:
    """A field that a task reads.

    Attributes:
        name: The field's name in the task and in ``--map name=column``.
        aliases: Column names, lower case, that mean this field in published data sets.
        required: Whether a file without it is an error. Labels are not: prediction has none.
        role: "input" is what a model reads; "gold" what it should answer; "about" what else is
            kept, like slices and ids.
    """

    name: str
    aliases: tuple[str, ...] = ()
    required: bool = True
    role: Role = "input"


def needed_names(inputs: Sequence[Column]) -> tuple[str, ...]:
    """Names of the inputs that nothing can be predicted without: one at least."""
    return tuple(column.name for column in inputs if column.required) or (inputs[0].name,)


def resolve_columns(
    available: Sequence[str], wanted: Iterable[Column], mapping: Mapping[str, str], path: str
) -> dict[str, str]:
    """Find the file's column for each field of a task.

    A mapped name wins, then the field's own name, then the one alias that is present; letter case
    is ignored in the last two. Two candidates are never chosen between.

    Args:
        available: The file's column names, in order.
        wanted: The task's fields.
        mapping: Field → column, from ``--map``.
        path: The file, for messages.

    Returns:
        Field name → the file's column; optional fields that the file lacks are absent.

    Raises:
        UsageError: ``mapping`` names a field the task doesn't have.
        DataError: A mapped or required column is missing, or two columns could be the field.
    """
    columns = list(wanted)
    names = [column.name for column in columns]
    for unknown in mapping.keys() - set(names):
        raise UsageError(
            f"--map {unknown}=…: this task has no field {unknown!r}; it has {', '.join(names)}."
            + did_you_mean(unknown, names)
        )
    found: dict[str, str] = {}
    for column in columns:
        choice = _choose(column, available, mapping, path)
        if choice is not None:
            found[column.name] = choice
    return found


def _choose(
    column: Column, available: Sequence[str], mapping: Mapping[str, str], path: str
) -> str | None:
    listed = ", ".join(repr(name) for name in available)
    if column.name in mapping:
        wanted = mapping[column.name]
        if wanted not in available:
            raise DataError(
                f"no column {wanted!r} for field {column.name!r}; the file has {listed}."
                + did_you_mean(wanted, available),
                path,
            )
        return wanted
    own = [name for name in available if name.strip().lower() == column.name]
    candidates = own or [name for name in available if name.strip().lower() in column.aliases]
    if len(candidates) > 1:
        raise DataError(
            f"several columns could be {column.name!r}: {', '.join(map(repr, candidates))}. "
            f"Choose one with --map {column.name}={candidates[0]}",
            path,
        )
    if not candidates and column.required:
        raise DataError(
            f"no column for field {column.name!r} among {listed}. "
            f"Name it with --map {column.name}=COLUMN",
            path,
        )
    return candidates[0] if candidates else None
