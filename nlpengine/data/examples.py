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
