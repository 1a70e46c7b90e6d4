"""Rows of dev or test that also stand in train: their scores would be too good."""

from __future__ import annotations

from collections.abc import Sequence

from nlpengine.data.records import Record, Splits


def leaks(splits: Splits, fields: Sequence[str]) -> tuple[str, ...]:
    """Find rows that stand in two splits, by the fields a model reads, letter for letter.

    Args:
        splits: All rows, before any limit.
        fields: The fields to compare.

    Returns:
        A sentence per pair of splits that share rows, with one such pair of rows.
    """
    parts = {"train": splits.train, "dev": splits.dev, "test": splits.test}
    said = []
    for first, second in (("train", "dev"), ("train", "test"), ("dev", "test")):
        known = {_key(record, fields): record for record in parts[first]}
        shared = [record for record in parts[second] if _key(record, fields) in known]
        if shared:
            twin = known[_key(shared[0], fields)]
            texts = len({_key(record, fields) for record in shared})
            noun = "text" if texts == 1 else "texts"
            said.append(
                f"leak: {texts:,} {noun} of {second} ({len(shared):,} of its "
                f"{len(parts[second]):,} rows) also stand in {first}, {shared[0].origin} in "
                f"{twin.origin} for one: scores on them are too good."
            )
    return tuple(said)


def _key(record: Record, fields: Sequence[str]) -> tuple[object, ...]:
    values = (record.fields.get(name) for name in fields)
    return tuple(value if isinstance(value, str) else repr(value) for value in values)
