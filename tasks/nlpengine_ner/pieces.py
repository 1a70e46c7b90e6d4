"""Words ↔ tokens: a word's first piece carries its tag (Devlin et al. 2019, section 5.3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nlpengine.data import WordsExample
from nlpengine.encoding import Encoding
from nlpengine.plugin import IGNORED, WindowLogits, merged_logits, merged_offsets

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Words = Sequence[tuple[int, int]]

NO_PIECE = -1
WINDOW = IGNORED - 1
"""Gold of a window's first token, which is special: where one window's tags end and the next's
begin."""


def first_pieces(offsets: npt.NDArray[np.integer], words: Words, start: int = 0) -> Ints:
    """The first token of each word.

    Args:
        offsets: Characters of each token [tokens, 2] in the words with blanks between; tokens of
            an empty span belong to no word.
        words: (start, end) of each word in its text: only the lengths matter.
        start: How many tokens of the text come before; with some, a first token that isn't at its
            word's begin is no first piece.

    Returns:
        A token per word [words]; `NO_PIECE` for a word of which the tokenizer leaves nothing, or
        that stands elsewhere.
    """
    found = np.full(len(words), NO_PIECE, dtype=np.int64)
    begins = _begins(words)
    real = np.flatnonzero(offsets[:, 0] < offsets[:, 1])
    if not len(words) or not len(real):
        return found
    owners = np.searchsorted(begins, offsets[real, 0], side="right") - 1
    # Backwards, so that the first of a word's tokens is what stays.
    found[owners[::-1]] = real[::-1]
    if start and real[0] == 0 and offsets[0, 0] != begins[owners[0]]:
        found[owners[0]] = NO_PIECE
    return found


def _begins(words: Words) -> Ints:
    """Where each word begins in the words with blanks between [words]."""
    places = np.asarray(words, dtype=np.int64).reshape(-1, 2)
    steps = places[:, 1] - places[:, 0] + 1
    begins: Ints = np.cumsum(steps) - steps
    return begins


def own_pieces(offsets: npt.NDArray[np.integer], example: WordsExample, start: int = 0) -> Ints:
    """`first_pieces` of the example's own words, among those that stand around them [words]."""
    own = [end - begin for begin, end in example.words or ()]
    read = [*map(len, example.before), *own, *map(len, example.after)]
    first = len(example.before)
    return first_pieces(offsets, [(0, length) for length in read], start)[first : first + len(own)]


def window_gold(window: Encoding, example: WordsExample, tags: Sequence[int]) -> Ints:
    """Gold per token [tokens]: `WINDOW` at the begin, tags at first pieces, `IGNORED` elsewhere."""
    gold = np.full(len(window), IGNORED, dtype=np.int64)
    if window.offsets is None:
        raise ValueError("this window was encoded without offsets")
    pieces = own_pieces(window.offsets, example, window.start)
    here = pieces != NO_PIECE
    gold[0] = WINDOW
    gold[window.first + pieces[here]] = np.asarray(tags, dtype=np.int64)[here]
    return gold


def lost_words(examples: Sequence[WordsExample], gold: Sequence[Sequence[Ints]]) -> tuple[str, ...]:
    """A sentence on the words without a piece, if there are any.

    Args:
        examples: Training examples.
        gold: Of each of their windows, as `window_gold` gave it.
    """
    lost = [
        len(example.words or ()) - int((windows[0] >= 0).sum()) if len(windows) == 1 else 0
        for example, windows in zip(examples, gold, strict=True)
    ]
    if not sum(lost):
        return ()
    more = " or more" if any(len(windows) > 1 for windows in gold) else ""
    first = examples[next(place for place, count in enumerate(lost) if count)].origin
    return (
        f"words of train that no window holds a piece of (as of control characters), so "
        f"that nothing is learned from their tags: {sum(lost):,}{more}, the first in {first.path}:"
        f"{first.line}",
    )


def word_logits(windows: Sequence[WindowLogits], example: WordsExample) -> tuple[Floats, Ints]:
    """Logits of its words' first pieces, each from its window of most context.

    Returns:
        Logits [words with a piece, size], and which words those are.
    """
    pieces = own_pieces(merged_offsets(windows), example)
    known = np.flatnonzero(pieces != NO_PIECE)
    return merged_logits(windows)[pieces[known]], known
