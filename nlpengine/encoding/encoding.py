"""Encoding: one window of an example's texts as token ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ids = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Encoding:
    """One window of one example.

    A window holds the special tokens, a part of the text that windows run over (the content), and,
    of a pair, all of the other text.

    Attributes:
        input_ids: Token ids with special tokens, [length].
        token_type_ids: Segment of each token, [length].
        example: Index of the example among those that were encoded together.
        window: Which of the example's windows this is, from 0.
        start: First token of the window's content, counted in the whole text's tokens.
        end: One past its last.
        first: Where the content begins in ``input_ids``.
        offsets: Per content token, the characters of the text it stands for: [end - start, 2],
            start and end in code points; an empty span for a token that stands for none. None
            where nobody asked for them.
    """

    input_ids: Ids
    token_type_ids: Ids
    example: int
    window: int
    start: int
    end: int
    first: int = 0
    offsets: Ids | None = None

    def __len__(self) -> int:
        return len(self.input_ids)


def window_spans(length: int, content: int, overlap: int) -> Sequence[tuple[int, int]]:
    """Cover ``length`` tokens with windows of at most ``content``, neighbours sharing ``overlap``.

    All windows of a long text are full: the last one reaches back as far as it must.

    Args:
        length: Tokens of the text.
        content: Tokens that fit a window beside the special tokens; at least 1.
        overlap: Tokens that neighbours share at least; less than ``content``.

    Returns:
        Half-open token spans, in order; one empty span for an empty text.

    >>> window_spans(10, 4, 1)
    [(0, 4), (3, 7), (6, 10)]
    """
    if length <= content:
        return [(0, length)]
    starts = [*range(0, length - content, content - overlap), length - content]
    return [(start, start + content) for start in starts]
