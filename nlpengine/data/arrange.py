"""Three splits out of those that a data set has, and no more rows of each than wanted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from nlpengine.data.labels import is_unlabelled
from nlpengine.data.records import Record, SplitName
from nlpengine.data.splits import DEFAULT_FRACTIONS, Key, Splits, choose_rows, split_records
from nlpengine.errors import DataError, UsageError

FEWEST_WHOLES = 3
"""Of which some can go to each split."""
DEV_FRACTION = 0.1
MAX_DEV_ROWS = 5000

Rows = tuple[Record, ...]


def arrange(
    rows: Mapping[SplitName, Rows],
    source: str,
    seed: int,
    label: str | None,
    key: Key,
    together: str | None = None,
) -> Splits:
    """Make up for splits that are missing, by seed and stratified by ``key``.

    Args:
        rows: Records per split; train is among them.
        source: What the user passed as ``data``.
        seed: Decides which rows go where.
        label: The field that holds the label, if any: a test split without labels is none.
        key: A record's class.
        together: A field; rows with the same text in it go to the same split.

    Returns:
        Train, dev and test, none empty, and a note on what was done, if anything.

    Raises:
        DataError: Train has too few rows to take the missing splits from.
    """
    train, dev, test = rows["train"], rows.get("dev", ()), rows.get("test", ())
    heads, whole, kept = _wholes(train, together)
    why = "no test split"
    if test and label is not None and is_unlabelled(test, label, train):
        why, test = "the test split has no labels", ()
    if dev and test:
        return Splits(train, dev, test, source)
    if dev:
        test = dev
        train, dev = map(whole, _cut_dev(heads, seed, key))
        note = (
            f"{why}: the dev split ({len(test):,} rows) is the test split here, and "
            f"{len(dev):,} rows of train were set aside as the dev split by seed {seed}."
        )
    elif test:
        train, dev = map(whole, _cut_dev(heads, seed, key))
        note = f"no dev split: {len(dev):,} rows of train were set aside by seed {seed}."
    else:
        made = split_records(heads, DEFAULT_FRACTIONS, seed=seed, key=key)
        train, dev, test = (whole(made[name]) for name in DEFAULT_FRACTIONS)
        note = (
            f"{why} and no dev split: the rows were split 80/10/10 by seed {seed} into "
            f"{len(train):,} train, {len(dev):,} dev and {len(test):,} test."
        )
    if not dev or not test:
        raise DataError(
            f"too few rows to take a dev or test split from ({len(rows['train'])}). Add rows, "
            "three or more of each class, or pass a folder with train, dev and test",
            source,
        )
    return Splits(train, dev, test, source, notes=(note + kept,))


def _wholes(records: Rows, together: str | None) -> tuple[Rows, Callable[[Rows], Rows], str]:
    """The first record of each whole; what gives all records of some wholes, in order; a note."""
    names = [record.name(together) if together else "" for record in records]
    if not any(names):
        return records, lambda chosen: chosen, ""
    members: dict[str | int, list[int]] = {}
    for index, name in enumerate(names):
        members.setdefault(name or index, []).append(index)
    owned = {id(records[own[0]]): own for own in members.values()}

    def whole(chosen: Rows) -> Rows:
        return tuple(records[i] for i in sorted(i for head in chosen for i in owned[id(head)]))

    if len(members) < FEWEST_WHOLES:
        said = f" All rows are of {len(members)} {together}s, which could not stay whole."
        return records, lambda chosen: chosen, said
    heads = tuple(records[own[0]] for own in members.values())
    return heads, whole, f" Rows with the same {together} stayed together."


def _cut_dev(train: Rows, seed: int, key: Key) -> tuple[Rows, Rows]:
    count = min(max(round(len(train) * DEV_FRACTION), len({*map(key, train)})), MAX_DEV_ROWS)
    chosen = set(choose_rows(train, count, seed=seed, key=key, leave_one=True))
    dev = tuple(record for index, record in enumerate(train) if index in chosen)
    return tuple(record for index, record in enumerate(train) if index not in chosen), dev


def limit_rows(splits: Splits, limit: int, seed: int, key: Key) -> Splits:
    """Keep at most ``limit`` rows of each split, chosen by seed, stratified, in their order.

    Raises:
        UsageError: ``limit`` is below the number of train's classes, or below 1.
    """
    least = max(1, len({*map(key, splits.train)}))
    if limit < least:
        raise UsageError(
            f"a limit of {limit} rows is too low: train needs {least}, one of each class."
        )
    kept: dict[SplitName, Rows] = {}
    said = []
    parts: dict[SplitName, Rows] = {
        "train": splits.train,
        "dev": splits.dev,
        "test": splits.test,
    }
    for split, records in parts.items():
        rows = choose_rows(records, limit, seed=seed, key=key)
        kept[split] = tuple(records[index] for index in rows)
        if len(rows) < len(records):
            said.append(f"{len(rows):,} of {len(records):,} rows of {split}")
    if not said:
        return splits
    note = f"limited by seed {seed} to {', '.join(said)}."
    return replace(
        splits,
        train=kept["train"],
        dev=kept["dev"],
        test=kept["test"],
        notes=(*splits.notes, note),
    )
