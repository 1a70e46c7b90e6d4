"""A single file whose rows say their split in a column, as SICK's does."""

from __future__ import annotations

from collections.abc import Collection

from nlpengine.data.records import Record, SplitName
from nlpengine.data.sources import Source, Table
from nlpengine.data.split_names import SPLIT_WORDS
from nlpengine.errors import DataError

_COLUMNS = ("split", "semeval_set", "set", "subset", "partition")


def split_by_column(read: Source, taken: Collection[str]) -> None:
    """Part the table of a single file by its column of split names, if it has one.

    A column counts if it is called like one (split, set, subset, partition, SemEval_set), every
    value is a split's name (train, dev, valid, trial, test …, in any case), and train and another
    are among them. What is done, and why a column is not used, is said in the source's notes.

    Args:
        read: A source; its whole table becomes splits.
        taken: Columns that are fields of the task, lower case.

    Raises:
        DataError: Two columns could be it.
    """
    table = read.whole
    if table is None or not table.records:
        return
    named = [
        name
        for name in table.records[0].fields
        if name.strip().lower() in _COLUMNS and name.strip().lower() not in taken
    ]
    parting = [name for name in named if _parts(table, name, read.notes)]
    if len(parting) > 1:
        raise DataError(
            f"columns {' and '.join(map(repr, parting))} both hold names of splits. Leave one",
            table.path,
        )
    if parting:
        _part(read, table, parting[0])


def _parts(table: Table, column: str, notes: list[str]) -> bool:
    """Whether the column parts the table; where it nearly does, a note says why not."""
    strangers = [r for r in table.records if _split(r, column) is None]
    found = {_split(record, column) for record in table.records} - {None}
    if not strangers and "train" in found and len(found) > 1:
        return True
    # Columns of these names hold all sorts of things: one without any split's name isn't meant.
    if found:
        why = "no row is of train" if "train" not in found else "all rows are of train"
        if strangers:
            value = strangers[0].fields.get(column)
            why = f"{value!r} ({strangers[0].origin}) is no split's name"
        notes.append(f"column {column!r} was not used to split the file: {why}.")
    return False


def _split(record: Record, column: str) -> SplitName | None:
    value = record.fields.get(column)
    return SPLIT_WORDS.get(value.strip().lower()) if isinstance(value, str) else None


def _part(read: Source, table: Table, column: str) -> None:
    rows: dict[SplitName, list[Record]] = {"train": [], "dev": [], "test": []}
    spelt: dict[SplitName, dict[str, None]] = {"train": {}, "dev": {}, "test": {}}
    for record in table.records:
        split = _split(record, column)
        if split is not None:
            rows[split].append(record)
            spelt[split][str(record.fields[column])] = None
    counts = [
        f"{len(records):,} {split} ({', '.join(spelt[split])})"
        for split, records in rows.items()
        if records
    ]
    read.notes.append(f"the file was split by its column {column!r}: {', '.join(counts)}.")
    read.splits = {
        split: [Table(table.path, tuple(records))] for split, records in rows.items() if records
    }
    read.whole = None
