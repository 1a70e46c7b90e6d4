"""SQuAD 1.1 and 2.0 as published → one record a question.

The layout is that of Rajpurkar et al. 2016 and 2018: articles of ``data`` hold ``paragraphs``,
which hold a ``context`` and questions (``qas``). Or ``data`` holds the questions themselves, each
with its context, as the scripts of transformers want them.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn

from nlpengine.data.lines import StrPath, decode_utf8, read_bytes, reject_other_encodings
from nlpengine.data.records import Origin, Record
from nlpengine.data.strict_json import JsonPath, check_surrogates, parse_json, walk
from nlpengine.errors import DataError

_HEAD_BYTES = 2**16
_OPENS = re.compile(r"\ufeff?\s*\{\s*")
_KEY = re.compile(r'"([^"\\]*)"\s*:\s*')
_COMMA = re.compile(r"\s*,\s*")
_ROWS = re.compile(r"\[\s*(?:[{\]]|\Z)")
_DECODER = json.JSONDecoder()
_KINDS: dict[type, str] = {
    str: "a string",
    list: "a list",
    dict: "an object",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "null",
}
_GOLD = {"answers", "is_impossible"}
_OWN = {"context", "title"}


def looks_like_squad(path: StrPath) -> bool:
    """Whether a file begins as one JSON object whose ``data`` is a list of objects.

    Raises:
        DataError: The file can't be opened, or its gzip data is damaged.
    """
    head = read_bytes(path, _HEAD_BYTES).decode("utf-8", "ignore")
    place = _OPENS.match(head)
    while place is not None and (key := _KEY.match(head, place.end())):
        if key[1] == "data":
            return _ROWS.match(head, key.end()) is not None
        try:  # what a file says of itself may stand first
            _, end = _DECODER.raw_decode(head, key.end())
        except (ValueError, RecursionError):
            return False
        place = _COMMA.match(head, end)
    return False


def read_squad(path: StrPath, notes: list[str] | None = None) -> Iterator[Record]:
    """Read a file in the SQuAD layout, 1.1 or 2.0.

    Args:
        path: The file.
        notes: Gets a sentence on keys that were not read.

    Yields:
        One record a question, at the line where its question stands, with the fields ``id``,
        ``question``, ``context``; ``title`` where the file has it; ``answers`` and
        ``is_impossible`` as they stand, absent where they are null: whoever predicts needs no
        right ones. Other keys of a question keep their names.

    Raises:
        DataError: Not UTF-8, not JSON (see :func:`nlpengine.data.strict_json.parse_json`), a key
            missing or of the wrong kind, or an id that stands twice.
    """
    name = os.fspath(path)
    raw = read_bytes(name)
    reject_other_encodings(raw, name)
    text = decode_utf8(raw, name).removeprefix("\ufeff")
    document = parse_json(
        text,
        name,
        1,
        what="JSON",
        advice="The file must hold one whole SQuAD document. Fetch or write it again",
    )
    return _Document(name, text, document).records(notes)


class _Document:
    """Walks over articles, paragraphs and questions, knowing where each stands."""

    def __init__(self, path: str, text: str, document: object) -> None:
        self.path, self.document = path, document
        self.escapes = "\\u" in text
        self.line_of = _lines(text)
        self.unread: Counter[str] = Counter()
        self.ids: dict[str, str] = {}

    def records(self, notes: list[str] | None) -> Iterator[Record]:
        if not isinstance(self.document, dict):
            self._wrong((), f"{_KINDS[type(self.document)]}, not a SQuAD document", _LAYOUT)
        articles = self._get(self.document, "data", list, ())
        for a, article in enumerate(articles):
            at: JsonPath = ("data", a)
            self._object(article, at)
            if "question" in article and "paragraphs" not in article:
                yield self._question(article, self._texts(article, ("context",), at), at)
                continue
            title = self._texts(article, article.keys() & {"title"}, at)
            for p, paragraph in enumerate(self._get(article, "paragraphs", list, at)):
                yield from self._paragraph(paragraph, title, (*at, "paragraphs", p))
            self._unread(article, {"title", "paragraphs"}, "articles")
        self._unread(self.document, {"data", "version"}, "the document")
        if self.unread and notes is not None:
            listed = ", ".join(f"{key} ({count:,})" for key, count in self.unread.items())
            notes.append(f"{self.path}: keys that were not read: {listed}.")

    def _paragraph(
        self, paragraph: Any, title: dict[str, object], at: JsonPath
    ) -> Iterator[Record]:
        self._object(paragraph, at)
        about = self._texts(paragraph, ("context",), at) | title
        for q, entry in enumerate(self._get(paragraph, "qas", list, at)):
            here = (*at, "qas", q)
            self._object(entry, here)
            for key in entry.keys() & _OWN:
                self._wrong(here, f"{key!r} stands in a question, not in its paragraph", _LAYOUT)
            yield self._question(entry, about, here)
        self._unread(paragraph, {"context", "qas"}, "paragraphs")

    def _question(self, entry: dict[str, Any], about: Mapping[str, object], at: JsonPath) -> Record:
        fields: dict[str, object] = {}
        if "qas" in at or "id" in entry:
            fields["id"] = self._id(entry, at)
        fields |= self._texts(entry, ("question",), at)
        fields |= about
        for key, value in entry.items():
            if key not in fields and not (key in _GOLD and value is None):
                fields[key] = value
        line = self.line_of((*at, "question"))
        if self.escapes:
            check_surrogates(fields, self.path, line)
        return Record(fields, Origin(self.path, line))

    def _texts(
        self, parent: dict[str, Any], keys: Iterable[str], at: JsonPath
    ) -> dict[str, object]:
        return {key: self._get(parent, key, str, at) for key in keys}

    def _id(self, entry: dict[str, Any], at: JsonPath) -> str:
        value = entry.get("id")
        # Sets made after SQuAD's example number their questions.
        text = str(value) if type(value) is int else self._get(entry, "id", str, at)
        if text in self.ids:
            self._wrong(
                at,
                f"id {text!r} stands twice, first at {self.ids[text]}",
                "Give each question an id of its own",
            )
        self.ids[text] = _place(at)
        return text

    def _object(self, value: Any, at: JsonPath) -> None:
        if not isinstance(value, dict):
            self._wrong(at, f"{_KINDS[type(value)]} where an object is needed", _LAYOUT)

    def _get(self, parent: dict[str, Any], key: str, kind: type, at: JsonPath) -> Any:
        if key not in parent:
            has = ", ".join(map(repr, parent)) or "nothing"
            self._wrong(at, f"no {key!r}; it has {has}", _LAYOUT)
        value = parent[key]
        if type(value) is not kind:  # not isinstance: True is an int
            found = _KINDS[type(value)]
            self._wrong(at, f"{key!r} is {found}, and must be {_KINDS[kind]}", _LAYOUT)
        return value

    def _unread(self, parent: dict[str, Any], read: set[str], where: str) -> None:
        self.unread.update(f"{key!r} of {where}" for key in parent if key not in read)

    def _wrong(self, at: JsonPath, problem: str, advice: str) -> NoReturn:
        raise DataError(
            f"{_place(at, self.document)}: {problem}. {advice}", self.path, self.line_of(at)
        )


_LAYOUT = (
    'The layout is {"data": [{"title": …, "paragraphs": [{"context": …, "qas": [{"id": …, '
    '"question": …, "answers": [{"text": …, "answer_start": …}]}]}]}]}, or without paragraphs '
    '{"data": [{"id": …, "question": …, "context": …, "answers": …}]}'
)


def _place(at: JsonPath, document: object = None) -> str:
    """A path in words: ``article 1 ('Normans'), paragraph 3, question 2 (id '56de')``."""
    names = {"data": "article", "paragraphs": "paragraph", "qas": "question"}
    said = []
    value: Any = document
    for key, index in zip(at[::2], at[1::2], strict=False):
        value = value[key][index] if value is not None else None
        name = ""
        for mark, shown in (("title", " ({!r})"), ("id", " (id {!r})")):
            if isinstance(value, dict) and isinstance(value.get(mark), str | int):
                name = shown.format(value[mark])
        said.append(f"{names[str(key)]} {int(index) + 1}{name}")
    return ", ".join(said) or "the document"


def _lines(text: str) -> Callable[[JsonPath], int]:
    """Path of an object or question → the line it stands in; of anything else, its owner's."""
    if "\n" not in text.rstrip():
        first = 1 + text[: len(text) - len(text.lstrip())].count("\n")
        return lambda at: first
    found: dict[JsonPath, int] = {}
    line, last = 1, 0
    for path, offset in walk(text):
        if len(path) % 2 == 0 or path[-1] == "question":
            line, last = line + text.count("\n", last, offset), offset
            found[path] = line

    def line_of(at: JsonPath) -> int:
        while at and at not in found:
            at = at[:-1]
        return found.get(at, 1)

    return line_of
