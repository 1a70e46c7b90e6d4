"""Checks of rows, before any model: what would make a score too good, too bad or meaningless.

Rows that repeat others: `repeats`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from itertools import chain

from nlpengine.data.findings import KEPT, Finding, listed, origins
from nlpengine.data.records import Record
from nlpengine.data.repeats import check_repeats
from nlpengine.data.splits import Splits

SMALL_TEST = 100
RARE_CLASS = 10
UNEVEN = 0.8
MOST_CLASSES = 30
"""With more values than this a label column is no set of classes worth listing."""

# Not the legitimate neighbours: tab, line feed, carriage return.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff]")
_REPLACED = re.compile("\ufffd")
# UTF-8 bytes that were read as Latin-1 or Windows-1252: é as Ã©, ’ as â€™.
_MISREAD = re.compile("[ÂÃ][\u0080-\u00bf]|â€|ï»¿")
_MARKS = (
    (_REPLACED, "the replacement character U+FFFD: letters were lost when it was converted"),
    (_MISREAD, "letters like 'Ã©': UTF-8 that was read as another encoding"),
    (_CONTROL, "control characters"),
)


def check_rows(
    splits: Splits, inputs: Sequence[str], gold: Sequence[str], *, classes: bool
) -> tuple[Finding, ...]:
    """Look at all rows.

    Args:
        splits: All rows, before any limit.
        inputs: The fields that a model reads.
        gold: The fields with what it should answer.
        classes: Whether the first of them is a class.
    """
    parts = {"train": splits.train, "dev": splits.dev, "test": splits.test}
    return (
        *_sizes(parts),
        *(_balance(parts, gold[0]) if classes and gold else ()),
        *check_repeats(parts, inputs, gold),
        *_empty(parts, inputs),
        *_encoding(parts, inputs),
        *_marked(parts, "quotes", lambda r: any(map(_is_quoted, _texts(r, inputs))), _QUOTED),
    )


def _sizes(parts: Mapping[str, Sequence[Record]]) -> Iterator[Finding]:
    sizes = ", ".join(f"{len(records):,} {name}" for name, records in parts.items())
    yield Finding("sizes", "info", f"{sizes} rows.")
    if len(parts["test"]) < SMALL_TEST:
        yield Finding(
            "sizes",
            "warning",
            f"{len(parts['test'])} test rows: differences of less than about "
            f"{100 / max(1, len(parts['test'])) ** 0.5:.0f} points can't be seen with so few.",
        )


def _balance(parts: Mapping[str, Sequence[Record]], label: str) -> Iterator[Finding]:
    for name, records in parts.items():
        counts = Counter(str(record.fields.get(label)) for record in records)
        if not counts or len(counts) > MOST_CLASSES:
            continue
        shares = ", ".join(
            f"{value!r} {count:,} ({count / len(records):.0%})"
            for value, count in counts.most_common()
        )
        yield Finding("balance", "info", f"{name}: {shares}.")
        if name != "train":
            continue
        most, times = counts.most_common(1)[0]
        if times > UNEVEN * len(records):
            yield Finding(
                "balance",
                "warning",
                f"{times / len(records):.0%} of train is {most!r}: accuracy says little here; look "
                "at macro F1 and the majority baseline.",
            )
        rare = [value for value, count in counts.items() if count < RARE_CLASS]
        if rare:
            yield Finding(
                "balance",
                "warning",
                f"fewer than {RARE_CLASS} rows of train are {', '.join(map(repr, sorted(rare)))}: "
                "too few to learn from.",
                sum(counts[value] for value in rare),
            )


def _empty(parts: Mapping[str, Sequence[Record]], inputs: Sequence[str]) -> Iterator[Finding]:
    def blank(record: Record) -> bool:
        values = [record.fields.get(name) for name in inputs if name in record.fields]
        return any(isinstance(value, str) and not value.strip() for value in values)

    yield from _marked(parts, "empty", blank, "have an empty text")


def _encoding(parts: Mapping[str, Sequence[Record]], inputs: Sequence[str]) -> Iterator[Finding]:
    for pattern, what in _MARKS:

        def marked(record: Record, pattern: re.Pattern[str] = pattern) -> bool:
            return any(pattern.search(text) for text in _texts(record, inputs))

        yield from _marked(parts, "encoding", marked, f"have {what}")


_QUOTED = (
    "have a text in quotes with doubled quotes inside (quoting as in CSV; in TSV quotes are "
    "letters like any other: save it as .csv, or without quoting)"
)


def _is_quoted(text: str) -> bool:
    inner = text[1:-1]
    return text[:1] == text[-1:] == '"' and '""' in inner and '"' not in inner.replace('""', "")


def _texts(record: Record, inputs: Sequence[str]) -> Iterator[str]:
    for name in inputs:
        value = record.fields.get(name)
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | tuple):
            yield from (item for item in value if isinstance(item, str))


def _marked(
    parts: Mapping[str, Sequence[Record]],
    check: str,
    test: Callable[[Record], bool],
    what: str,
) -> Iterator[Finding]:
    found = [record for record in _distinct(chain(*parts.values())) if test(record)]
    if found:
        rows = origins(found)
        noun = "row has" if len(found) == 1 else "rows have"
        said = what.removeprefix("have ")
        yield Finding(
            check,
            "warning",
            f"{len(found):,} {noun} {said}: {listed(rows, len(found))}.",
            len(found),
            rows[:KEPT],
        )


def _distinct(records: Iterator[Record]) -> Iterator[Record]:
    """Each row once, where a split stands in for another."""
    seen: set[Hashable] = set()
    for record in records:
        if id(record) not in seen:
            seen.add(id(record))
            yield record
