"""The one door to data: what the user passed as ``data`` → train, dev and test, checked."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace

from nlpengine.data.arrange import Rows, arrange, limit_rows
from nlpengine.data.checks import check_rows
from nlpengine.data.columns import Column
from nlpengine.data.fields import bound_fields, check_same_fields, to_fields
from nlpengine.data.findings import Finding
from nlpengine.data.labels import (
    as_numbers,
    check_labels,
    is_unlabelled,
    label_key,
    leave_out,
    refuse_kept_back,
    require_labels,
    require_numbers,
)
from nlpengine.data.readers import NO_READERS, Readers
from nlpengine.data.records import Record, SplitName
from nlpengine.data.sources import Source, Table, read_source
from nlpengine.data.split_column import split_by_column
from nlpengine.data.splits import Splits
from nlpengine.errors import DataError

InContext = Callable[[Iterable[Record]], Iterable[Record]]
"""Rows in the order of their file → the same, with what they need of their neighbours."""

Classes = bool | Callable[[Sequence[Record]], bool]
"""Whether labels are classes, or what tells from the records of train."""

_ORDER: tuple[SplitName, ...] = ("train", "dev", "test")


def load_splits(
    source: str,
    columns: Sequence[Column],
    mapping: Mapping[str, str],
    seed: int,
    label: str | None = "label",
    *,
    classes: Classes = True,
    limit: int | None = None,
    formats: Sequence[str] = (),
    left_out: Sequence[str] = (),
    readers: Readers = NO_READERS,
    together: str | None = None,
    in_context: InContext = tuple,
) -> Splits:
    """Load a data set to train on.

    A single file is split by its column of split names, or else 80/10/10. A missing dev split is
    taken from train (10 %, at most 5,000 rows); for a test split that is missing or has no labels
    the dev split stands in. Both by seed, stratified where labels are classes, and said in notes.

    Args:
        source: A file, a folder with train, dev and test as files or as folders, or a Hub id.
        columns: The task's fields.
        mapping: Field → column, from ``--map``.
        seed: Decides every choice of rows; 0 or above.
        label: The field that holds the label; None for a task whose rows have no single one.
        classes: Whether labels are classes, which are then checked (`labels.check_labels`), or what
            tells from train's records: where it says no, labels must be numbers and become floats.
        limit: Keep at most this many rows of each split, chosen by seed; None keeps all.
        formats: Formats that the task reads beside the usual ones: "conll", "squad", "sts".
        left_out: Labels that say that a row has none ("-" in SNLI): left out, with a note.
        readers: Formats of plugins, and the one that ``--format`` names.
        together: A field; where splits are made here, rows with the same text in it stay together.
        in_context: Gets all rows of a split, before any are left out or chosen.

    Raises:
        DataError: Anything wrong with files, rows or labels; the message names file and line.
        UsageError: ``mapping`` names no field of the task's, ``limit`` is too low, or no format.
        PluginError: ``formats`` names one that doesn't exist, or two readers take a file.
    """
    read = read_source(source, None, formats, readers)
    rows, notes = _rows_by_split(read, source, columns, mapping, label, classes is not False)
    rows = {name: tuple(in_context(own)) for name, own in rows.items()}
    if label is not None:
        rows = _with_gold(rows, source, label, left_out, notes)
    are_classes = classes(rows["train"]) if callable(classes) else classes
    key = _class_key(label if are_classes else None)
    splits = arrange(rows, source, seed, label, key, together)
    splits = _labelled(splits, label, are_classes, callable(classes) and not are_classes)
    splits = replace(
        splits,
        fingerprints=read.fingerprints,
        notes=(*read.notes, *notes, *splits.notes),
        findings=_check(splits, columns, label, are_classes),
    )
    return splits if limit is None else limit_rows(splits, limit, seed, key)


def load_records(
    source: str,
    columns: Sequence[Column],
    mapping: Mapping[str, str],
    label: str | None = "label",
    *,
    labelled: bool = False,
    classes: bool = True,
    numbers: bool = False,
    formats: Sequence[str] = (),
    left_out: Sequence[str] = (),
    readers: Readers = NO_READERS,
    in_context: InContext = tuple,
) -> tuple[Rows, tuple[str, ...], dict[str, str]]:
    """Load rows to predict or evaluate on: a file, or the test split alone of a folder or Hub set.

    Of a file with a column of split names, too, the test split alone.

    Args:
        source: See :func:`load_splits`.
        columns: The task's fields.
        mapping: Field → column, from ``--map``.
        label: The field that holds the label, if any.
        labelled: Whether every row must have one.
        classes: Whether labels are classes.
        numbers: Whether labels are numbers, where rows must have labels; they become floats.
        formats: Formats that the task reads beside the usual ones: "conll", "squad", "sts".
        left_out: Labels of rows to leave out, where rows must have labels.
        readers: Formats of plugins, and the one that ``--format`` names.
        in_context: Gets all rows, before any are left out.

    Returns:
        Records, notes, sha256 by file.

    Raises:
        DataError: Anything wrong with files, rows or labels; the message names file and line.
        UsageError: ``mapping`` names a field that the task doesn't have, or the format is none.
        PluginError: ``formats`` names one that doesn't exist, or two readers take a file.
    """
    read = read_source(source, "test", formats, readers)
    split_by_column(read, _taken(columns, mapping))
    tables = [read.whole] if read.whole else read.splits.get("test")
    if not tables:
        raise DataError("no test split here. Pass the file to read", source)
    records, _, notes = to_fields(
        tables, columns, mapping, label, classes=classes, need_label=labelled
    )
    records = tuple(in_context(records))
    if labelled and label is not None:
        records = _with_labels(records, tables[0].path, label, left_out, notes)
        if numbers:
            refuse_kept_back(records, label)
            require_numbers(records, label, "the data")
            records = as_numbers(records, label)
    return records, (*read.notes, *notes), read.fingerprints


def _with_labels(
    records: Rows, path: str, label: str, left_out: Sequence[str], notes: list[str]
) -> Rows:
    """The records that count, each with a label."""
    kept, gone = leave_out(records, label, left_out)
    if gone:
        notes.append(_left_out_note([f"{gone:,} of {len(records):,} rows"], label, left_out))
    if all(record.fields.get(label) is None for record in kept):
        raise DataError(
            f"no row has a label in field {label!r}. Pass a file with labels, perhaps the dev "
            f"split, or name the column with --map {label}=COLUMN",
            path,
        )
    require_labels(kept, label, "the data")
    return kept


def _taken(columns: Sequence[Column], mapping: Mapping[str, str]) -> set[str]:
    """Names of columns that may be fields of the task, lower case."""
    names = {name for column in columns for name in (column.name, *column.aliases)}
    return names | {name.strip().lower() for name in mapping.values()}


def _with_gold(
    rows: Mapping[SplitName, Rows],
    source: str,
    label: str,
    values: Sequence[str],
    notes: list[str],
) -> dict[SplitName, Rows]:
    """The rows but those without gold by convention; a dev or test split of such alone is none.

    All rows that are left have a label, but for a test split that has none.
    """
    made: dict[SplitName, Rows] = {}
    said = []
    for split, records in rows.items():
        kept, gone = leave_out(records, label, values)
        if kept:
            made[split] = kept
        if gone:
            said.append(f"{gone:,} of {len(records):,} rows of {split}")
    if said:
        notes.append(_left_out_note(said, label, values))
    if "train" not in made:
        listed = ", ".join(map(repr, values))
        raise DataError(
            f"every row of train has a label that says there is none ({listed}). Label rows of "
            "train",
            source,
        )
    for split, records in made.items():
        if split != "test" or not is_unlabelled(records, label, made["train"]):
            require_labels(records, label, f"the {split} split")
    return made


def _left_out_note(said: Sequence[str], label: str, values: Sequence[str]) -> str:
    listed = " or ".join(map(repr, values))
    return f"left out, as having no gold (a {label} of {listed}, or none): {', '.join(said)}."


def _class_key(label: str | None) -> Callable[[Record], Hashable]:
    """What records of a class have in common; all of them, where there are no classes."""
    return lambda record: None if label is None else label_key(record, label)


def _labelled(splits: Splits, label: str | None, are_classes: bool, are_numbers: bool) -> Splits:
    """The splits, their classes checked; or with floats for labels, each of which is a number."""
    if label is None:
        return splits
    if are_classes:
        check_labels(splits, label)
    if not are_numbers:
        return splits
    for name in _ORDER:
        require_numbers(getattr(splits, name), label, f"the {name} split")
    train, dev, test = (as_numbers(p, label) for p in (splits.train, splits.dev, splits.test))
    return replace(splits, train=train, dev=dev, test=test)


def _check(
    splits: Splits, columns: Sequence[Column], label: str | None, classes: bool
) -> tuple[Finding, ...]:
    """Look at all rows, by what a model reads and what it should answer."""
    here = {name for record in splits.train for name in record.fields}
    inputs = [c.name for c in columns if c.role == "input" and c.name != label and c.name in here]
    gold = [c.name for c in columns if c.role == "gold" and c.name != label and c.name in here]
    classes = classes and label is not None
    return check_rows(splits, inputs, [*([label] if label else ()), *gold], classes=classes)


def _rows_by_split(
    read: Source,
    source: str,
    columns: Sequence[Column],
    mapping: Mapping[str, str],
    label: str | None,
    classes: bool,
) -> tuple[dict[SplitName, Rows], list[str]]:
    split_by_column(read, _taken(columns, mapping))
    tables: dict[SplitName, list[Table]] = {"train": [read.whole]} if read.whole else read.splits
    if "train" not in tables:
        raise DataError(
            f"no train split; here are {', '.join(tables)}. Add a train file or folder", source
        )
    notes: list[str] = []
    rows: dict[SplitName, Rows] = {}
    trained: frozenset[str] = frozenset()
    bound = bound_fields(columns, label)
    for split in _ORDER:
        if split not in tables:
            continue
        path = tables[split][0].path
        rows[split], fields, said = to_fields(
            tables[split],
            columns,
            mapping,
            label,
            classes=classes,
            need_label=split != "test",
        )
        notes += said
        if split == "train":
            trained = fields
            if label is not None and label not in fields:
                listed = ", ".join(map(repr, rows[split][0].fields))
                raise DataError(
                    f"no column for field {label!r} among {listed}, and training needs labels. "
                    f"Name it with --map {label}=COLUMN",
                    path,
                )
        if split == "test" and label is not None:
            fields |= {label}  # a test split may come without labels, and only without labels
        check_same_fields(trained & bound, fields & bound, tables["train"][0].path, path)
    return rows, notes
