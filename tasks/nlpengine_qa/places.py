"""Which tokens of a window an answer is."""

from __future__ import annotations

import unicodedata

import numpy as np
import numpy.typing as npt

from nlpengine.data import QuestionExample
from nlpengine.encoding import Encoding
from nlpengine_qa.reading import UNKNOWN

NOWHERE = (0, 0)
"""The first special token, twice: what training calls a window without the answer (Devlin et al.
2019, section 4.3)."""


def answer_places(example: QuestionExample, window: Encoding) -> npt.NDArray[np.int64]:
    """First and last token of an example's first answer with a place, counted in the window [2].

    `NOWHERE` where there is none, or the window doesn't hold all of it.
    """
    nowhere = np.asarray(NOWHERE, dtype=np.int64)
    offsets = window.offsets
    span = trained_span(example)
    if span is None or offsets is None or not len(offsets):
        return nowhere
    first, last = _visible(example.context, *span)
    inside = np.flatnonzero((offsets[:, 0] < last) & (offsets[:, 1] > first))
    if not len(inside):
        return nowhere
    head, tail = int(inside[0]), int(inside[-1])
    # What stands before a document's first token, no token stands for.
    if head == 0 and window.start > 0 and offsets[0, 0] > first:
        return nowhere
    if tail == len(offsets) - 1 and offsets[-1, 1] < last:
        return nowhere
    return np.asarray([head, tail], dtype=np.int64) + window.first


def trained_span(example: QuestionExample) -> tuple[int, int] | None:
    """Characters of the first answer that stands in the context where it says."""
    for text, start in example.answers or ():
        if start != UNKNOWN and example.context.startswith(text, start):
            return start, start + len(text)
    return None


def _visible(context: str, first: int, last: int) -> tuple[int, int]:
    """The span without what tokenizers drop at its ends: blanks, controls, replacement marks."""
    while first < last and _is_dropped(context[first]):
        first += 1
    while last > first and _is_dropped(context[last - 1]):
        last -= 1
    return first, last


def _is_dropped(character: str) -> bool:
    return unicodedata.category(character)[0] in "CZ" or character == "\ufffd"
