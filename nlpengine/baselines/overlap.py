"""Numbers that say how much two texts share; they know no meaning."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nlpengine.baselines.tfidf import TOKEN

_TOKEN = re.compile(TOKEN)
NEGATIONS = {"no", "not", "never", "none", "nobody", "nothing", "nor", "neither", "without"}

Words = Sequence[str]


def words_of(text: str) -> list[str]:
    """The lower-cased words of a text."""
    return _TOKEN.findall(text.lower())


def overlap_features(pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.float64]:
    """Features [n, len(FEATURE_NAMES)] of pairs of texts."""
    rows = [_features(first, second) for first, second in pairs]
    return np.array(rows, dtype=np.float64).reshape(len(pairs), len(FEATURE_NAMES))


def _features(first: str, second: str) -> list[float]:
    a, b = words_of(first), words_of(second)
    return [measure(a, b) for measure in _MEASURES.values()]


def _share(part: int, whole: int) -> float:
    """Part of a whole; nothing is wholly in nothing."""
    return part / whole if whole else 1.0


def _jaccard(a: set[str], b: set[str]) -> float:
    return _share(len(a & b), len(a | b))


def _pairs(words: Words) -> set[str]:
    return {f"{left} {right}" for left, right in pairwise(words)}


def _trigrams(words: Words) -> set[str]:
    text = f" {' '.join(words)} "
    return {text[i : i + 3] for i in range(len(text) - 2)}


def _negated(words: Words) -> bool:
    return any(w in NEGATIONS or w.endswith(("n't", "n’t", "cannot")) for w in words)


def _numbers(words: Words) -> set[str]:
    return {word for word in words if any(letter.isdigit() for letter in word)}


def common_subsequence(a: Words, b: Words) -> int:
    """Length of the longest common subsequence, by bits.

    H. Hyyrö, 2004, "Bit-parallel LCS-length computation revisited": a row of the table is one whole
    number, so that a thousand words by a thousand take a thousand additions.
    """
    at: dict[str, int] = {}
    for place, word in enumerate(a):
        at[word] = at.get(word, 0) | 1 << place
    full = (1 << len(a)) - 1
    row = full
    for word in b:
        hits = row & at.get(word, 0)
        row = (row + hits | row - hits) & full
    return len(a) - row.bit_count()


_MEASURES: dict[str, Callable[[Words, Words], float]] = {
    "shared words": lambda a, b: _jaccard(set(a), set(b)),
    "first in second": lambda a, b: _share(len(set(a) & set(b)), len(set(a))),
    "second in first": lambda a, b: _share(len(set(a) & set(b)), len(set(b))),
    "shared word pairs": lambda a, b: _jaccard(_pairs(a), _pairs(b)),
    "shared letter trigrams": lambda a, b: _jaccard(_trigrams(a), _trigrams(b)),
    "common subsequence": lambda a, b: _share(2 * common_subsequence(a, b), len(a) + len(b)),
    "log length ratio": lambda a, b: math.log((len(a) + 1) / (len(b) + 1)),
    "length difference": lambda a, b: abs(math.log((len(a) + 1) / (len(b) + 1))),
    "log length": lambda a, b: math.log(len(a) + len(b) + 1),
    "only one negated": lambda a, b: float(_negated(a) != _negated(b)),
    "shared numbers": lambda a, b: _jaccard(_numbers(a), _numbers(b)),
    "same first word": lambda a, b: float(a[:1] == b[:1]),
}
FEATURE_NAMES = tuple(_MEASURES)
