"""Rows → examples: a text, and where in it stands what it is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from nlpengine import RowError
from nlpengine.data import Column, Origin, Record
from nlpengine.plugin import label_of, slices_of

COLUMNS = (
    Column("text", ("sentence", "review", "content")),
    Column("aspect", ("term", "target", "aspect_term"), required=False),
    Column("start", ("from", "start_char", "begin"), required=False),
    Column("end", ("to", "end_char"), required=False),
    Column("label", ("polarity", "sentiment", "class"), required=False, role="gold"),
    Column("document", ("document_id", "sentence_id", "text_id"), required=False, role="about"),
    Column("slice", required=False, role="about"),
)


@dataclass(frozen=True, slots=True)
class AspectExample:
    """A text, one of the things in it, and in training and evaluation what is thought of that.

    Attributes:
        text: The text as it stands in the file.
        start: First character of the aspect in ``text``, in code points.
        end: One past its last; above ``start``.
        label: The polarity; None where unlabelled.
        origin: File and line.
        slices: Slice column → value.
    """

    text: str
    start: int
    end: int
    label: str | None
    origin: Origin
    slices: Mapping[str, str] = field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...]:
        """The text alone: the aspect is a place in it."""
        return (self.text,)

    @property
    def aspect(self) -> str:
        """The aspect as the text has it."""
        return self.text[self.start : self.end]


def read_example(record: Record) -> AspectExample:
    """An example of a record with ``start`` and ``end``, or with ``aspect``, or with all three.

    Raises:
        RowError: The place is missing, unclear or not in the text, or says something else than
            ``aspect``.
    """
    text = record.text("text")
    aspect = None if record.fields.get("aspect") is None else record.text("aspect")
    start, end = (_place(record, name) for name in ("start", "end"))
    if (start is None) != (end is None):
        _refuse(record, "only one of start and end is here. Give both, or neither and aspect")
    if start is None or end is None:
        if aspect is None:
            _refuse(record, "nothing says what the text is asked about. Give start and end, in "
                    "characters, or aspect, a part of the text")  # fmt: skip
        start, end = _only_place(record, text, aspect)
    if not 0 <= start < end <= len(text):
        _refuse(record, f"characters {start} to {end} are no part of the text, which has "
                f"{len(text)}. start counts from 0, end is one past the last")  # fmt: skip
    found = text[start:end]
    if aspect is not None and aspect != found:
        _refuse(record, f"characters {start} to {end} are {found!r:.60}, and the aspect is "
                f"{aspect!r:.60}. Mend one of the two (places count code points)")  # fmt: skip
    if not found.strip():
        _refuse(record, f"the aspect is {found!r:.60}: blanks alone. Mark a word")
    return AspectExample(text, start, end, label_of(record), record.origin, slices_of(record))


def _only_place(record: Record, text: str, aspect: str) -> tuple[int, int]:
    """Where an aspect stands that stands in the text once."""
    if not aspect.strip():
        _refuse(record, f"the aspect is {aspect!r:.60}: blanks alone. Give a part of the text")
    first = text.find(aspect)
    if first < 0:
        _refuse(record, f"the aspect {aspect!r:.60} doesn't occur in the text, letter for letter. "
                "Write it as the text does, or give start and end")  # fmt: skip
    if text.find(aspect, first + 1) >= 0:
        _refuse(record, f"the aspect {aspect!r:.60} occurs several times in the text. Say which "
                "one is meant with start and end, in characters")  # fmt: skip
    return first, first + len(aspect)


def _place(record: Record, name: str) -> int | None:
    """A whole number, or a string of one; None where there is none."""
    value = record.fields.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    _refuse(record, f"{name} is {value!r:.60}, not a number of characters like 12")


def _refuse(record: Record, problem: str) -> NoReturn:
    raise RowError(problem, record.origin.path, record.origin.line)
