"""Checks of rows against rows: what stands twice, in two splits, or with two answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain

from nlpengine.data.findings import Finding, Level, origins
from nlpengine.data.records import Record

Key = tuple[object, ...]
Keyed = Sequence[tuple[Key, Record]]
"""Rows, each with what a model reads of it."""


def check_repeats(
    parts: Mapping[str, Sequence[Record]], inputs: Sequence[str], gold: Sequence[str]
) -> Iterator[Finding]:
    """Look for rows that repeat others.

    Args:
        parts: Rows of train, dev and test.
        inputs: The fields that a model reads; of two, the order is looked at, too.
        gold: The fields with what it should answer.
    """
    keyed = _keyed(parts, inputs)
    yield from _leaks(keyed)
    if len(inputs) == 2:
        yield from _swapped(keyed)
    yield from _duplicates(keyed)
    yield from _conflicts(keyed, gold)
    if len(inputs) == 2:
        yield from _swapped_conflicts(keyed, gold)


def _leaks(parts: Mapping[str, Keyed]) -> Iterator[Finding]:
    """Rows that stand in two splits, by what a model reads, letter for letter."""
    for first, earlier, second, later in _compared(parts):
        known = dict(earlier)
        shared = [(key, record) for key, record in later if key in known]
        if shared:
            key, one = shared[0]
            texts = len({key for key, _ in shared})
            noun = "text" if texts == 1 else "texts"
            yield Finding(
                "leak",
                "warning",
                f"{texts:,} {noun} of {second} ({len(shared):,} of its {len(later):,} "
                f"rows) also stand in {first}, {one.place} in {known[key].place} for one: scores "
                "on them are too good.",
                len(shared),
                origins(record for _, record in shared),
            )


def _swapped(parts: Mapping[str, Keyed]) -> Iterator[Finding]:
    """Pairs that stand in two splits, their texts in the other order."""
    for first, earlier, second, later in _compared(parts):
        known = dict(earlier)
        shared = [
            (record, known[key[::-1]])
            for key, record in later
            if key not in known and key[::-1] in known
        ]
        if shared:
            one, twin = shared[0]
            yield Finding(
                "leak",
                "warning",
                f"{len(shared):,} of {len(later):,} rows of {second} stand in {first} with their "
                f"texts in the other order, {one.place} in {twin.place} for one: where order "
                "makes no difference, scores on them are too good.",
                len(shared),
                origins(record for record, _ in shared),
            )


def _duplicates(parts: Mapping[str, Keyed]) -> Iterator[Finding]:
    for name, records in parts.items():
        first: dict[Key, Record] = {}
        again = []
        for key, record in records:
            if first.setdefault(key, record) is not record:
                again.append((key, record))
        if again:
            key, one = again[0]
            yield Finding(
                "duplicates",
                "warning" if name != "train" else "info",
                f"{len(again):,} of {len(records):,} rows of {name} repeat an earlier one, "
                f"{one.place} that of {first[key].place} for one.",
                len(again),
                origins(record for _, record in again),
            )


def _conflicts(parts: Mapping[str, Keyed], gold: Sequence[str]) -> Iterator[Finding]:
    """The same input with two answers: no model can get both right."""
    first: dict[Key, Record] = {}
    pairs: list[tuple[Record, Record]] = []
    for key, record in _all(parts):
        twin = first.setdefault(key, record)
        if _key(twin, gold) != _key(record, gold):
            pairs.append((twin, record))
    if pairs:
        said = "1 row repeats" if len(pairs) == 1 else f"{len(pairs):,} rows repeat"
        said += f" an earlier one with another answer, {_example(*pairs[0], gold)}."
        yield _conflict("warning", said, pairs)


def _swapped_conflicts(parts: Mapping[str, Keyed], gold: Sequence[str]) -> Iterator[Finding]:
    """Pairs in both orders with two answers; entailment's may be, as its order means something."""
    first: dict[Key, Record] = {}
    pairs: list[tuple[Record, Record]] = []
    for key, record in _all(parts):
        first.setdefault(key, record)
        twin = None if key == key[::-1] else first.get(key[::-1])
        if twin is not None and _key(twin, gold) != _key(record, gold):
            pairs.append((twin, record))
    if pairs:
        said = "1 row is" if len(pairs) == 1 else f"{len(pairs):,} rows are"
        said += (
            " an earlier one with its texts in the other order and another answer, "
            f"{_example(*pairs[0], gold)}: one of two is wrong where order makes no difference."
        )
        yield _conflict("info", said, pairs)


def _conflict(level: Level, said: str, pairs: Sequence[tuple[Record, Record]]) -> Finding:
    rows = origins(record for pair in pairs for record in pair)
    return Finding("conflict", level, said, len(pairs), rows)


def _example(one: Record, other: Record, gold: Sequence[str]) -> str:
    """Where two rows are that contradict each other, and what they say."""
    values = " and ".join(", ".join(map(_short, _key(row, gold))) for row in (one, other))
    return f"{other.place} that of {one.place} for one ({values})"


def _short(value: object, most: int = 40) -> str:
    text = repr(value)
    return text if len(text) <= most else text[: most - 1] + "…"


def _key(record: Record, fields: Sequence[str]) -> Key:
    """What some fields say; a blank more or less makes no other text."""
    values = (record.fields.get(name) for name in fields)
    return tuple(" ".join(v.split()) if isinstance(v, str) else repr(v) for v in values)


def _keyed(parts: Mapping[str, Sequence[Record]], fields: Sequence[str]) -> Mapping[str, Keyed]:
    """Each split's rows with their keys, made once; a split that stands in for two is one."""
    distinct = {id(records): records for records in parts.values()}
    made = {
        number: [(_key(record, fields), record) for record in records]
        for number, records in distinct.items()
    }
    return {name: made[id(records)] for name, records in parts.items()}


def _all(parts: Mapping[str, Keyed]) -> Iterator[tuple[Key, Record]]:
    """Each row once, where a split stands in for another."""
    return chain(*{id(rows): rows for rows in parts.values()}.values())


def _compared(parts: Mapping[str, Keyed]) -> Iterator[tuple[str, Keyed, str, Keyed]]:
    """Two splits at a time: the one to be learned from or chosen by, and the other."""
    for first, second in (("train", "dev"), ("train", "test"), ("dev", "test")):
        if parts[first] is not parts[second]:  # where one stands in for another, that is said
            yield first, parts[first], second, parts[second]
