"""Which tokens are an aspect's."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nlpengine.encoding import Encoding
from nlpengine.plugin import IGNORED, WindowLogits, merged_logits, merged_offsets

Bools = npt.NDArray[np.bool_]


def tokens_in(offsets: npt.NDArray[np.int32], start: int, end: int) -> Bools:
    """Which tokens stand for any of the characters from ``start`` to ``end`` [tokens].

    Args:
        offsets: Characters of each token [tokens, 2]; an empty span for a token of none.
        start: First character.
        end: One past the last.
    """
    first, last = offsets[:, 0], offsets[:, 1]
    inside: Bools = (first < end) & (last > start) & (first < last)
    return inside


def window_gold(window: Encoding, start: int, end: int, index: int) -> npt.NDArray[np.int64]:
    """A label's index on a span's tokens, `IGNORED` on all others [tokens of the window]."""
    if window.offsets is None:
        raise ValueError("this window was encoded without offsets")
    gold = np.full(len(window), IGNORED, dtype=np.int64)
    content = gold[window.first : window.first + window.end - window.start]
    content[tokens_in(window.offsets, start, end)] = index
    return gold


def span_logits(
    windows: Sequence[WindowLogits], start: int, end: int
) -> npt.NDArray[np.float64] | None:
    """Mean logits [size] of a span's tokens; None where no token stands for any of it."""
    inside = tokens_in(merged_offsets(windows), start, end)
    if not inside.any():
        return None
    mean: npt.NDArray[np.float64] = merged_logits(windows)[inside].mean(axis=0)
    return mean
