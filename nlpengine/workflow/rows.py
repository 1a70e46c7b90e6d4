"""Rows to predict: as records of their task's fields, in context, a chunk at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from nlpengine.data import Origin, Record

CHUNK = 2048
"""Rows that bulk prediction tokenises, sorts and holds at a time: memory stays flat."""

Row = str | Mapping[str, object] | Record
"""What can be predicted: a text, or a row with the task's fields."""


def as_records(rows: Iterable[Row], names: Iterable[str]) -> Iterator[Record]:
    """Rows as records; one without an origin is named by its number.

    Args:
        rows: Read as the records are consumed.
        names: The fields that a plain text is.
    """
    names = tuple(names)
    for number, row in enumerate(rows, start=1):
        if isinstance(row, Record):
            yield row
        else:
            fields = dict.fromkeys(names, row) if isinstance(row, str) else row
            yield Record(fields, Origin("input", number))


Made = TypeVar("Made")
Answer = TypeVar("Answer")


def in_chunks(
    rows: Iterable[Record],
    prepare: Callable[[Sequence[Record]], Made],
    answer: Callable[[Made], Iterable[Answer]],
) -> Iterator[Answer]:
    """Answers to rows, `CHUNK` at a time; the next are prepared while these are answered.

    What the source of rows raises is raised when all rows before it are answered.

    Args:
        rows: Read as the answers are consumed.
        prepare: Runs in a thread of its own.
        answer: Runs in the caller's.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        ahead = None
        for chunk in _chunks(rows):
            following = None if isinstance(chunk, Exception) else pool.submit(prepare, chunk)
            if ahead is not None:
                yield from answer(ahead.result())
            if isinstance(chunk, Exception):
                raise chunk
            ahead = following
        if ahead is not None:
            yield from answer(ahead.result())


def _chunks(rows: Iterable[Record]) -> Iterator[list[Record] | Exception]:
    """Rows, `CHUNK` at a time; where their source fails, those before it and then its error."""
    chunk: list[Record] = []
    failed: Exception | None = None
    try:
        for row in rows:
            chunk.append(row)
            if len(chunk) == CHUNK:
                yield chunk
                chunk = []
    except Exception as error:
        failed = error
    if chunk:
        yield chunk
    if failed is not None:
        yield failed
