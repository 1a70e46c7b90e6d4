"""What goes into and comes out of a task's decoding: labels, logits of windows, predictions."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nlpengine.encoding import Encoding

Floats = npt.NDArray[np.float64]
State = Mapping[str, Any]
"""What `Task.tune` learned on the dev split: JSON values, kept in nlpengine.json."""

IGNORED = -100
"""Gold of a token that has none, as torch's cross-entropy knows it."""


@dataclass(frozen=True, slots=True)
class Labels:
    """The label set of a run, from its training data.

    Attributes:
        names: Label names; a label's index is its place here and in the checkpoint's id2label.
            Empty for a task without classes.
        weights: Per label, the factor of its examples in the loss; None for 1.
        positive: The label that a metric F1 is of, such as "paraphrase" of two; None for none.
        unit: Mean and standard deviation of labels that are numbers; None for classes.
        multiple: Whether a text may have several of them, or none: a decision each.
    """

    names: tuple[str, ...]
    weights: tuple[float, ...] | None = None
    positive: str | None = None
    unit: tuple[float, float] | None = None
    multiple: bool = False

    def index(self, name: str) -> int:
        """The index of a label; ValueError for one that isn't in the set."""
        return self.names.index(name)


class Answer(Protocol):
    """What any task's prediction can do."""

    def to_json(self) -> dict[str, object]:
        """The columns that an output row gets."""

    def to_text(self) -> str:
        """For a person at a terminal; one or several lines."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a sequence task answers for one example.

    Attributes:
        label: The most probable label.
        score: Its probability, in [0, 1].
        scores: Label → probability, summing to 1.
        windows: How many windows of the encoder the text filled.
    """

    label: str
    score: float
    scores: Mapping[str, float]
    windows: int = 1

    def to_json(self) -> dict[str, object]:
        """``label``, ``score``, ``scores``; ``windows`` only where a text needed several."""
        row: dict[str, object] = {
            "label": self.label,
            "score": self.score,
            "scores": dict(self.scores),
        }
        return row if self.windows == 1 else row | {"windows": self.windows}

    def to_text(self) -> str:
        """The label, then every label's probability."""
        lines = [f"{self.label}  {100 * self.score:.1f} %"]
        for label, score in sorted(self.scores.items(), key=lambda item: -item[1]):
            lines.append(f"  {label:<12} {100 * score:5.1f} %")
        if self.windows > 1:
            lines.append(f"  ({self.windows} windows: all of the text counts)")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Number:
    """What a model says of one example, where the gold is a number.

    Attributes:
        value: The number, in the unit of the training labels.
        windows: Into how many windows the text went.
    """

    value: float
    windows: int = 1

    def to_json(self) -> dict[str, object]:
        """``value``; ``windows`` only where a text needed several."""
        row: dict[str, object] = {"value": self.value}
        return row if self.windows == 1 else row | {"windows": self.windows}

    def to_text(self) -> str:
        """The number, to four digits."""
        line = f"{self.value:.4g}"
        if self.windows > 1:
            line += f"\n  ({self.windows} windows: all of the text counts)"
        return line


@dataclass(frozen=True, slots=True)
class Wrong:
    """A prediction that the gold contradicts, for the list of worst mistakes.

    Attributes:
        gold: What would have been right, in words.
        predicted: What was predicted, in words.
        score: How bad it is, the greater the worse: how sure the model was, in [0, 1].
        detail: That in words; by default "92 % sure".
    """

    gold: str
    predicted: str
    score: float
    detail: str = ""


@dataclass(frozen=True, slots=True)
class WindowLogits:
    """The head's answer for one window of a text.

    Attributes:
        encoding: The window: its ids and where it stands in the text.
        logits: [size] for a sequence head, [tokens, size] for a token or span head.
    """

    encoding: Encoding
    logits: Floats

    @property
    def content(self) -> Floats:
        """Rows of the content's tokens, without special tokens and a pair's other text."""
        window = self.encoding
        return self.logits[window.first : window.first + window.end - window.start]


def with_most_context(windows: Sequence[WindowLogits]) -> list[tuple[int, int]]:
    """Which part of each window to believe: the tokens that no other window sees more around.

    A token in several windows belongs to the one where the smaller of its contexts, left and right,
    is largest (Devlin et al. 2019, "max context", as their SQuAD code has it); the earlier one
    among equals.

    Args:
        windows: The windows of one text, in order, each as full as the others.

    Returns:
        Per window, half-open, the content's tokens (counted in the whole text) that are its own;
        together they are all tokens, once.
    """
    spans = [(window.encoding.start, window.encoding.end) for window in windows]
    borders = [0]
    for (_, end), (start, _) in itertools.pairwise(spans):
        # Left context in the next window is t - start, right context in this one end - 1 - t.
        borders.append((start + end - 1) // 2 + 1)
    borders.append(spans[-1][1])
    return list(itertools.pairwise(borders))


def merged_logits(windows: Sequence[WindowLogits]) -> Floats:
    """Logits of all tokens of a text [tokens, size], each from its window of most context."""
    parts = [
        window.content[start - window.encoding.start : end - window.encoding.start]
        for window, (start, end) in zip(windows, with_most_context(windows), strict=True)
    ]
    return np.concatenate(parts)


def merged_offsets(windows: Sequence[WindowLogits]) -> npt.NDArray[np.int32]:
    """Characters of all tokens of a text [tokens, 2]; see `Encoding.offsets`."""
    parts = []
    done = 0
    for window in windows:
        offsets = window.encoding.offsets
        if offsets is None:
            raise ValueError("these windows were encoded without offsets")
        parts.append(offsets[done - window.encoding.start :])
        done = window.encoding.end
    return np.concatenate(parts)
