"""Tables → records under the task's field names, labels as strings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from nlpengine.data.columns import Column, resolve_columns
from nlpengine.data.labels import label_text
from nlpengine.data.records import Record
from nlpengine.data.sources import Table
from nlpengine.errors import DataError


def to_fields(
    tables: Sequence[Table],
    columns: Sequence[Column],
    mapping: Mapping[str, str],
    label: str | None,
    *,
    classes: bool = True,
    need_label: bool = True,
) -> tuple[tuple[Record, ...], frozenset[str], list[str]]:
    """Rename the columns of one split's tables to the task's fields.

    Columns that are no field keep their names. A label that is a class becomes a string or None.

    Args:
        tables: The split's tables, in order; a table without rows has no say.
        columns: The task's fields.
        mapping: Field → column, from ``--map``.
        label: The label's field; None where the task has none.
        classes: Whether labels are classes; otherwise lists and objects may be labels too.
        need_label: Whether a column that ``mapping`` names for the label must be there.

    Returns:
        The records; the fields that the tables have; notes.

    Raises:
        DataError: No row at all, a required column or value is missing, two tables of the split
            have different inputs, or a class label is no string or number.
        UsageError: ``mapping`` names a field that the task doesn't have.
    """
    # Whether labels must be there is not the columns' business: prediction has none.
    columns = [replace(c, required=False) if c.name == label else c for c in columns]
    records: list[Record] = []
    notes: list[str] = []
    fields: frozenset[str] | None = None
    first, bound = tables[0].path, bound_fields(columns, label)
    for table in tables:
        if not table.records:
            continue
        names = _columns(table)
        if not need_label and label is not None and mapping.get(label) not in names:
            mapping = {field: name for field, name in mapping.items() if field != label}
        found = resolve_columns(names, columns, mapping, table.path)
        if fields is None:
            fields, first = frozenset(found), table.path
        check_same_fields(fields & bound, bound.intersection(found), first, table.path)
        renamed = _renamed(table, found, [c.name for c in columns if c.required], notes)
        if label in found:
            renamed = [_with_label(record, label, classes) for record in renamed]
        records += renamed
    if fields is None:
        raise DataError("no rows. A data file needs at least one", first)
    return tuple(records), fields, notes


def check_same_fields(
    fields: frozenset[str], others: frozenset[str], path: str, other_path: str
) -> None:
    """Refuse two tables of one data set that don't have the same inputs and label.

    Raises:
        DataError: A field stands in one of them only.
    """
    if fields != others:
        raise DataError(
            f"its fields ({', '.join(sorted(others))}) are not those of {path} "
            f"({', '.join(sorted(fields))}). All files of a data set need the same columns",
            other_path,
        )


def bound_fields(columns: Sequence[Column], label: str | None) -> frozenset[str]:
    """Fields that all files of a data set have or none: inputs and the label.

    Slices, ids and further gold may stand in some files alone: each row goes by what it has.
    """
    return frozenset(c.name for c in columns if c.role == "input" or c.name == label)


def _columns(table: Table) -> list[str]:
    """All columns in the order of first appearance; JSON lines needn't all have the same."""
    names: dict[str, None] = {}
    for record in table.records:
        if record.fields.keys() - names.keys():
            names.update(dict.fromkeys(record.fields))
    return list(names)


def _renamed(
    table: Table, found: Mapping[str, str], required: Sequence[str], notes: list[str]
) -> list[Record]:
    taken = set(found.values())
    made: list[Record] = []
    hidden: set[str] = set()
    for record in table.records:
        values = {
            field: record.fields[name] for field, name in found.items() if name in record.fields
        }
        for field in required:
            if values.get(field) is None:
                raise DataError(
                    f"no value in column {found[field]!r} (field {field!r}). Fill it in, or "
                    "remove the row",
                    record.origin.path,
                    record.origin.line,
                )
        for name, value in record.fields.items():
            if name in taken:
                continue
            if name in found:
                hidden.add(name)
            else:
                values[name] = value
        made.append(Record(values, record.origin))
    for name in sorted(hidden):
        notes.append(
            f"column {name!r} of {table.path} was left out: {found[name]!r} is read as {name!r}."
        )
    return made


def _with_label(record: Record, label: str, classes: bool) -> Record:
    value = record.fields.get(label)
    if not classes and isinstance(value, list | tuple | dict):
        return record
    text = label_text(value, record.origin, label)
    return Record({**record.fields, label: text}, record.origin)
