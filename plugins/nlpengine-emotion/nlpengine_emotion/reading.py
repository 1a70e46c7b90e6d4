"""Rows → examples: a text and its labels, however a file writes several of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nlpengine import DataError
from nlpengine.data import Column, Origin, Record
from nlpengine.plugin import slices_of

NONE = "none"
"""What a file of plain strings writes for a text without any label."""
BETWEEN = "|,"
"""What may stand between the labels of a string; the first of these that occurs in it does."""

COLUMNS = (
    Column("text", ("sentence", "tweet", "comment", "content", "utterance", "body")),
    Column("labels", ("label", "emotions", "emotion", "tags"), required=False, role="gold"),
    Column("slice", required=False, role="about"),
)


@dataclass(frozen=True, slots=True)
class EmotionExample:
    """A text with, in training and evaluation, its labels.

    Attributes:
        text: The text as it stands in the file.
        labels: The gold labels, sorted; empty for a text that has none, None where unlabelled.
        origin: File and line.
        slices: Slice column → value.
    """

    text: str
    labels: tuple[str, ...] | None
    origin: Origin
    slices: Mapping[str, str] = field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...]:
        """The text alone."""
        return (self.text,)


def read_example(record: Record) -> EmotionExample:
    """An example of a record.

    Raises:
        DataError: The text is no string, or the labels are neither a list of names nor a string.
    """
    value, origin = record.fields.get("labels"), record.origin
    labels = None if value is None else labels_of(value, origin)
    return EmotionExample(record.text("text"), labels, origin, slices_of(record))


def labels_of(value: object, origin: Origin) -> tuple[str, ...]:
    """The labels that a field's value names, sorted.

    Args:
        value: A list of names or numbers; or a string with ``|`` or ``,`` between them, or "none".
        origin: File and line, for messages.

    Raises:
        DataError: It is something else, a name is empty, or a name stands twice.
    """
    if isinstance(value, str):
        mark = next((mark for mark in BETWEEN if mark in value), None)
        names = [name.strip() for name in (value.split(mark) if mark else [value])]
        names = [] if names == [NONE] else names
    elif isinstance(value, list | tuple) and all(_is_name(name) for name in value):
        names = [str(name).strip() for name in value]
    else:
        raise DataError(
            f"labels are {value!r:.60}: write a list of names, [] where there is none, or a string "
            f"like 'joy|surprise', {NONE!r} where there is none",
            origin.path,
            origin.line,
        )
    if "" in names or len(set(names)) < len(names):
        what = "an empty one" if "" in names else "one twice"
        raise DataError(
            f"the labels {value!r:.60} hold {what}. Remove it ({NONE!r} or an empty list says that "
            "a text has no label)",
            origin.path,
            origin.line,
        )
    return tuple(sorted(names))


def _is_name(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
