"""Sentences → sentences with the words of their document that stand around them."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from nlpengine import DataError
from nlpengine.data import Record, WordsExample

NEIGHBOURS = 64
"""Words before and after a sentence that are read with it (Schweter & Akbik 2020, "FLERT", take as
many tokens)."""
FIELD = "neighbours"
"""Where a record holds its `Neighbours`."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What stands around a sentence in its document, as its source has it: nearest words alone.

    Attributes:
        before: Words, or what blanks divide in a text that isn't split yet; in order.
        after: Likewise.
    """

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def neighbours_of(record: Record) -> Neighbours:
    """What `with_neighbours` found; nothing where it wasn't asked."""
    found = record.fields.get(FIELD)
    return found if isinstance(found, Neighbours) else Neighbours()


def word_of(item: object) -> object:
    """What should be the word in an item of a list of words: itself, or an object's ``text``."""
    return item.get("text") if isinstance(item, Mapping) else item


def with_neighbours(rows: Iterable[Record]) -> Iterator[Record]:
    """Give each row the words around it; rows of one document follow each other in their file.

    As many rows are held back as `NEIGHBOURS` words need.

    Args:
        rows: In the order of their file; one that names no document gets nothing.
    """
    before: deque[str] = deque(maxlen=NEIGHBOURS)
    waiting: deque[tuple[Record, list[str]]] = deque()

    def first() -> Record:
        record, own = waiting.popleft()
        behind = itertools.chain.from_iterable(words for _, words in waiting)
        found = Neighbours(tuple(before), tuple(itertools.islice(behind, NEIGHBOURS)))
        before.extend(own)
        return Record({**record.fields, FIELD: found}, record.origin)

    document: tuple[str, str] | None = None
    for row in rows:
        name = row.name("document")
        own = (row.origin.path, name) if name else None
        if own is None or own != document:
            while waiting:
                yield first()
            before.clear()
            document = own
        waiting.append((row, _words(row)))
        while sum(len(words) for _, words in waiting) - len(waiting[0][1]) >= NEIGHBOURS:
            yield first()
    while waiting:
        yield first()


def check_documents(train: Sequence[WordsExample]) -> None:
    """Refuse data without neighbours.

    Raises:
        DataError: No sentence of train has any.
    """
    if not _any_neighbours(train):
        raise DataError(
            "--context document: no two rows that follow each other name the same document. Mark "
            "documents with -DOCSTART- lines, or name a column with --map document=COLUMN; or "
            "leave --context out",
            train[0].origin.path if train else None,
        )


def notes_on_documents(splits: Mapping[str, Sequence[WordsExample]]) -> tuple[str, ...]:
    """A sentence on each split whose sentences stand alone, which the model isn't used to."""
    return tuple(
        f"--context document: no two rows of {name} that follow each other name the same document, "
        "so each is read without neighbours."
        for name, examples in splits.items()
        if examples and not _any_neighbours(examples)
    )


def _any_neighbours(examples: Sequence[WordsExample]) -> bool:
    return any(example.before or example.after for example in examples)


def _words(row: Record) -> list[str]:
    """What a row adds to its neighbours: nothing that would keep them from being read."""
    words, text = row.fields.get("words"), row.fields.get("text")
    if isinstance(words, list | tuple):
        own = [word for word in map(word_of, words) if isinstance(word, str)]
    else:
        own = text.split() if isinstance(text, str) else []
    return [word for word in own if _is_unicode(word)]


def _is_unicode(word: str) -> bool:
    """Whether it is free of lone surrogates, which no tokenizer reads."""
    try:
        word.encode()
    except UnicodeEncodeError:
        return False
    return True
