"""Splits, and how they are made by seed: stratified, deterministic, in the order of the file."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from nlpengine.data.findings import Finding
from nlpengine.data.records import Record

DEFAULT_FRACTIONS: Mapping[str, float] = {"train": 0.8, "dev": 0.1, "test": 0.1}

Key = Callable[[Record], Hashable]


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


def split_records(
    records: Sequence[Record],
    fractions: Mapping[str, float] = DEFAULT_FRACTIONS,
    *,
    seed: int,
    key: Key,
) -> dict[str, tuple[Record, ...]]:
    """Part records into splits, each class in the same proportions.

    A class's share of a split is within one row of its fraction, but for this: a class with as many
    rows as there are splits, or more, has at least one in each. A class with fewer rows goes to the
    largest fractions first, so that what is tested has been learnt.

    Args:
        records: The rows [n].
        fractions: Split → fraction; above 0, summing to 1.
        seed: Decides, with ``records``, the result entirely; 0 or above.
        key: A record's class; a constant key splits without regard to classes.

    Returns:
        Split → its records in the order of ``records``. Every record stands in exactly one.

    Raises:
        ValueError: The fractions aren't above 0 or don't sum to 1.
    """
    if min(fractions.values(), default=0) <= 0 or abs(sum(fractions.values()) - 1) > 1e-9:
        raise ValueError(f"fractions must be above 0 and sum to 1, not {dict(fractions)}")
    random = np.random.Generator(np.random.Philox(seed))
    rows: dict[str, list[int]] = {name: [] for name in fractions}
    for members in _classes(records, key):
        counts = _shares([Fraction(part) for part in fractions.values()], len(members))
        if len(members) >= len(counts):
            _at_least_one(counts, [1] * len(counts))
        shuffled = random.permutation(members).tolist()
        start = 0
        for name, count in zip(fractions, counts, strict=True):
            rows[name] += shuffled[start : start + count]
            start += count
    return {name: tuple(records[i] for i in sorted(chosen)) for name, chosen in rows.items()}


def choose_rows(
    records: Sequence[Record], count: int, *, seed: int, key: Key, leave_one: bool = False
) -> list[int]:
    """Choose rows by seed, each class in proportion and at least once where ``count`` allows.

    Args:
        records: The rows [n].
        count: How many to choose; all where it is n or above.
        seed: Decides, with ``records``, the result entirely; 0 or above.
        key: A record's class.
        leave_one: Never choose all rows of a class; fewer than ``count`` may be chosen then.

    Returns:
        Indices of the chosen rows, ascending.
    """
    random = np.random.Generator(np.random.Philox(seed))
    classes = _classes(records, key)
    most = [len(members) - leave_one for members in classes]
    count = min(count, sum(most))
    # Weighed by what may be taken, not by size: so no share can be more than may be taken.
    counts = _shares([Fraction(room) for room in most], count)
    _at_least_one(counts, most)
    chosen: list[int] = []
    for members, share in zip(classes, counts, strict=True):
        chosen += random.permutation(members).tolist()[:share]
    return sorted(chosen)


def _classes(records: Sequence[Record], key: Key) -> list[list[int]]:
    """Row numbers per class, classes in the order in which they first stand in the file."""
    classes: dict[Hashable, list[int]] = {}
    for index, record in enumerate(records):
        classes.setdefault(key(record), []).append(index)
    return list(classes.values())


def _shares(weights: Sequence[Fraction], total: int) -> list[int]:
    """Part ``total`` by weight: whole numbers, each within one of its exact share (largest
    remainders).

    Fractions, not floats: a remainder must not depend on rounding, or ties would fall by accident.
    """
    weights = [weight.limit_denominator(10**9) for weight in weights]
    whole = sum(weights) or 1
    exact = [weight * total / whole for weight in weights]
    counts = [int(share) for share in exact]
    by_remainder = sorted(range(len(counts)), key=lambda i: (counts[i] - exact[i], -weights[i], i))
    for index in by_remainder[: total - sum(counts)]:
        counts[index] += 1
    return counts


def _at_least_one(counts: list[int], most: Sequence[int]) -> None:
    """Give each empty place that has room one from the largest, while the largest can spare it."""
    for index, count in enumerate(counts):
        largest = max(range(len(counts)), key=counts.__getitem__)
        if count == 0 and most[index] > 0 and counts[largest] > 1:
            counts[largest] -= 1
            counts[index] += 1
