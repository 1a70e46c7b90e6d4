"""Records → examples: words with tags, or a text with the characters of its entities marked."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from nlpengine import RowError
from nlpengine.data import Column, Record, WordsExample
from nlpengine_ner.neighbours import neighbours_of, word_of

COLUMNS = (
    Column("text", ("sentence",), required=False),
    Column("words", ("tokens",), required=False),
    Column("tags", ("ner_tags",), required=False, role="gold"),
    Column("entities", ("spans",), required=False, role="gold"),
    Column("document", ("document_id", "doc_id", "doc"), required=False, role="about"),
)
"""The fields, and what published sets call their columns."""

TEXT_LEFT_OUT = (
    "texts that are not made of their words and so not read (characters count in the words joined)"
)
ENTITIES_LEFT_OUT = "rows with tags, whose entities were not read"
BLANK_ENDS = "entities that begin or end with a blank, read without it"
BLANK_LABELS = "tags and labels with blanks around the label, read without them"

Marked = tuple[int, int, str]
"""Start, end, label."""


def read_example(record: Record) -> WordsExample:
    """Make an example of a record.

    Words come first; a text that isn't made of them is left out, and so are marked characters
    beside tags, each with a remark. Marked characters count in the text.

    Raises:
        RowError: Neither text nor words, or gold that doesn't belong to them.
    """
    remarks: list[str] = []
    text = None if record.fields.get("text") is None else record.text("text")
    words = _words(record)
    tags = _tags(record, words, remarks)
    spans = None if tags is not None else _entities(record, text, remarks)
    if tags is not None and record.fields.get("entities"):
        remarks.append(ENTITIES_LEFT_OUT)
    places = None
    if words is not None:
        if text is not None:
            needed = bool(spans) or (tags is None and not words)
            places = _places(words, text, record, needed, remarks)
        if text is None or places is None:
            # As the encoder reads them; an empty word has a place of its own too.
            text, places = " ".join(words), _joined(words)
    if text is None:
        raise _wrong(
            record,
            "neither 'text' (a string) nor 'words' (a list of strings) is here, and a row needs "
            "one of them. Name the column with --map text=COLUMN or --map words=COLUMN",
        )
    name, around = record.name("document"), neighbours_of(record)
    return WordsExample(
        text, places, tags, record.origin, name, spans, tuple(remarks), around.before, around.after
    )


def _wrong(record: Record, problem: str) -> RowError:
    return RowError(problem, record.origin.path, record.origin.line)


def _words(record: Record) -> list[str] | None:
    value = record.fields.get("words")
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise _wrong(
            record,
            f"'words' is {value!r:.60}, not a list of strings. Split it, or name a column of text "
            "with --map text=COLUMN",
        )
    words = [word_of(item) for item in value]
    for place, word in enumerate(words, start=1):
        if not isinstance(word, str):
            raise _wrong(record, f"word {place} is {word!r:.60}, not a string. Write it as one")
    return [str(word) for word in words]


def _tags(
    record: Record, words: Sequence[str] | None, remarks: list[str]
) -> tuple[str, ...] | None:
    value = record.fields.get("tags")
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise _wrong(record, f"'tags' is {value!r:.60}, not a list of one tag a word. Split it")
    if words is None:
        raise _wrong(
            record, "here are tags, but no words. Name their column with --map words=COLUMN"
        )
    if len(value) != len(words):
        raise _wrong(
            record, f"{len(words)} words have {len(value)} tags. Each word needs one; mend the row"
        )
    tags = tuple(map(_trimmed, value))
    if tags != tuple(value):
        remarks.append(BLANK_LABELS)
    return tags


def _trimmed(tag: Any) -> Any:
    """A tag without blanks around it and its label, so that none makes a type of its own."""
    if not isinstance(tag, str) or tag == "O":
        return tag
    letter, hyphen, label = tag.strip().partition("-")
    return f"{letter}{hyphen}{label.strip()}"


def _joined(words: Sequence[str]) -> tuple[tuple[int, int], ...]:
    places, start = [], 0
    for word in words:
        places.append((start, start + len(word)))
        start += len(word) + 1
    return tuple(places)


def _places(
    words: Sequence[str], text: str, record: Record, needed: bool, remarks: list[str]
) -> tuple[tuple[int, int], ...] | None:
    """Where the words stand in the text, with nothing but blanks between.

    Where they don't, the text is left out with a remark (None); but not if it is needed, as gold
    is marked in it, or there is no word to read instead.
    """
    places: list[tuple[int, int]] = []
    done = 0
    for word in words:
        start = text.find(word, done)
        if start < 0 or text[done:start].strip():
            break
        done = start + len(word)
        places.append((start, done))
    if len(places) == len(words) and not text[done:].strip():
        return tuple(places)
    if not needed:
        remarks.append(TEXT_LEFT_OUT)
        return None
    following = repr(words[len(places)]) if len(places) < len(words) else "their end"
    raise _wrong(
        record,
        f"the text is not made of the words: at character {done} it goes on with "
        f"{text[done : done + 20]!r}, and the words with {following}. Leave out the column of "
        "words, or mend the row",
    )


def _entities(record: Record, text: str | None, remarks: list[str]) -> tuple[Marked, ...] | None:
    value = record.fields.get("entities")
    if value is None:
        return None
    if not isinstance(value, list | tuple):
        raise _wrong(record, f"'entities' is {value!r:.60}, not a list. Write [] for none")
    if text is None and value:
        raise _wrong(
            record,
            "entities count characters of a text, and there is none. Name its column with --map "
            "text=COLUMN, or give tags for the words",
        )
    found = sorted(
        _entity(record, item, text or "", number, remarks)
        for number, item in enumerate(value, start=1)
    )
    for before, after in itertools.pairwise(found):
        if after[0] < before[1]:
            raise _wrong(
                record,
                f"the entities {before} and {after} overlap, and a word can have one label. "
                "Remove one",
            )
    for start, end, _ in found:
        marked = (text or "")[start:end]
        if marked != marked.strip():
            remarks.append(BLANK_ENDS)
    return tuple(found)


def _entity(record: Record, item: object, text: str, number: int, remarks: list[str]) -> Marked:
    """An object with start, end and label (and perhaps its text), or a list of the three."""
    parts = item
    if isinstance(item, Mapping):
        parts = [item.get(name) for name in ("start", "end", "label")]
    start, end, label = parts if isinstance(parts, list | tuple) and len(parts) == 3 else "???"
    # A boolean is an int to Python.
    if (
        type(start) is not int
        or type(end) is not int
        or not (isinstance(label, str) and label.strip())
    ):
        raise _wrong(
            record,
            f"entity {number} is {item!r:.80}. Write it as an object with start, end (whole "
            "numbers) and label (a string), or as a list of the three",
        )
    if not 0 <= start < end <= len(text) or not text[start:end].strip():
        what = "holds blanks alone" if 0 <= start < end <= len(text) else "is empty"
        if start < 0 or end > len(text):
            what = f"reaches out of the text, which has {len(text)} characters"
        raise _wrong(
            record,
            f"entity {number} ({label!r}, characters {start} to {end}) {what}. Characters count "
            "from 0 as Unicode code points, and end is the one after the last",
        )
    own = item.get("text") if isinstance(item, Mapping) else None
    if isinstance(own, str) and own.split() != text[start:end].split():
        raise _wrong(
            record,
            f"entity {number} ({label!r}) is {own!r:.60} by its own text, and characters {start} "
            f"to {end} are {text[start:end]!r:.60}. Characters count from 0 as Unicode code "
            "points, and end is the one after the last: write them so (UTF-16 units, bytes, or an "
            "end that is the last character are the usual reasons)",
        )
    if label != label.strip():
        remarks.append(BLANK_LABELS)
    return start, end, label.strip()
