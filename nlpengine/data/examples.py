"""Examples: what a task makes of a record. The core ships the common shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from nlpengine.data.records import Origin


class Example(Protocol):
    """What the core needs of any example.

    Attributes:
        texts: The one or two texts that the encoder reads as one sequence.
        origin: Where the example comes from, for messages.
    """

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts."""

    @property
    def origin(self) -> Origin:
        """File and line."""


@dataclass(frozen=True, slots=True)
class TextExample:
    """A text with, in training and evaluation, its label.

    Attributes:
        text: The text as it stands in the file.
        label: The gold label; None where unlabelled.
        origin: File and line.
        slices: Slice column → value, for scores per slice.
    """

    text: str
    label: str | None
    origin: Origin
    slices: Mapping[str, str] = field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...]:
        """The text alone."""
        return (self.text,)


@dataclass(frozen=True, slots=True)
class PairExample:
    """Two texts that are judged together.

    Attributes:
        first: The first text (premise, question …).
        second: The second text (hypothesis, answer …).
        label: The gold: a class, or a number; None where unlabelled.
        origin: File and line.
        slices: Slice column → value, for scores per slice.
    """

    first: str
    second: str
    label: str | float | None
    origin: Origin
    slices: Mapping[str, str] = field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...]:
        """Both."""
        return self.first, self.second


@dataclass(frozen=True, slots=True)
class WordsExample:
    """A sentence in words.

    The encoder reads the words with blanks between them, however the source has them: so that text
    and lists of words, in training and in prediction, are the same to it.

    Attributes:
        text: The sentence as its source has it, or its words with blanks between.
        words: Where each word stands in ``text``: (start, end) in code points, in order. None for
            a text that nobody has split yet.
        tags: A tag a word; None where unlabelled.
        origin: File and line.
        document: Which document it belongs to; "" where documents are not marked.
        spans: The gold as a source has it that marks characters: (start, end, label), half open,
            in order; None where it has tags, or nothing.
        remarks: What was done to the row while reading, in words to count alike ones by.
        before: Words of the document that stand before it: the encoder reads them, nothing is
            found in them. While the text isn't split, neither are they.
        after: Words that stand behind it, likewise.
    """

    text: str
    words: tuple[tuple[int, int], ...] | None
    tags: tuple[str, ...] | None
    origin: Origin
    document: str = ""
    spans: tuple[tuple[int, int, str], ...] | None = None
    remarks: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """All words with blanks between them; the text as it is, while it is not split."""
        words = self.words
        own = [self.text] if words is None else [self.text[start:end] for start, end in words]
        return (" ".join((*self.before, *own, *self.after)),)


@dataclass(frozen=True, slots=True)
class QuestionExample:
    """A question and the text that may hold its answer.

    Attributes:
        question: The question.
        context: The text.
        answers: Gold answers as (text, start in ``context`` in code points); empty where the text
            holds none; None where unlabelled.
        origin: File and line.
        id: The question's, as its source has it.
        title: What the context belongs to.
    """

    question: str
    context: str
    answers: tuple[tuple[str, int], ...] | None
    origin: Origin
    id: str = ""
    title: str = ""

    @property
    def texts(self) -> tuple[str, ...]:
        """Question, then context."""
        return self.question, self.context
