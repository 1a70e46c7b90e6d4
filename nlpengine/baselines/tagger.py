"""A linear tagger: features of a word and its neighbours in a logistic regression."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Words = Sequence[str]

C = 1.0
MAX_ITERATIONS = 60
FEWEST = 2
"""A feature has to occur that often in training."""
AFFIX = 4
"""Longest prefix and suffix."""
_RUN = re.compile(r"(.)\1+", re.DOTALL)


def word_shape(word: str) -> str:
    """Upper case X, lower case x, digits 0, the rest as it is; runs at most two long."""
    letters = (
        "0" if c.isdigit() else "X" if c.isupper() else "x" if c.isalpha() else c for c in word
    )
    return _RUN.sub(r"\1\1", "".join(letters))


def word_features(words: Words) -> list[list[str]]:
    """The features of each word of a sentence."""
    lower = ["<s>", "<s>", *(word.lower() for word in words), "</s>", "</s>"]
    shapes = ["", "", *map(word_shape, words), "", ""]
    found = []
    for at, word in enumerate(words, start=2):
        own = ["bias", f"w={word}", f"l={lower[at]}", f"s={shapes[at]}"]
        own += [f"p={word[:size]}" for size in range(1, min(AFFIX, len(word)) + 1)]
        own += [f"e={lower[at][-size:]}" for size in range(1, min(AFFIX, len(lower[at])) + 1)]
        own += [f"l{step:+}={lower[at + step]}" for step in (-2, -1, 1, 2)]
        own += [f"s{step:+}={shapes[at + step]}" for step in (-1, 1)]
        own += [f"l-1,0={lower[at - 1]} {lower[at]}", f"l0,+1={lower[at]} {lower[at + 1]}"]
        own.append(f"s-1,0,+1={shapes[at - 1]} {shapes[at]} {shapes[at + 1]}")
        found.append(own)
    return found


@dataclass(frozen=True)
class Tagger:
    """A fitted model.

    Attributes:
        tags: In the order of the scores' columns.
        index: Feature → column.
        model: The logistic regression.
        note: What was learnt, in words.
    """

    tags: tuple[str, ...]
    index: dict[str, int]
    model: Any
    note: str

    @classmethod
    def fit(cls, inputs: Sequence[Words], golds: Sequence[Sequence[str]], seed: int) -> Tagger:
        """Learn from sentences with two different tags at least."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        features = [row for words in inputs for row in word_features(words)]
        counts = Counter(feature for row in features for feature in row)
        fewest = FEWEST if max(counts.values()) > 1 else 1
        kept = sorted(feature for feature, count in counts.items() if count >= fewest)
        index = {feature: place for place, feature in enumerate(kept)}
        labels = np.array([tag for row in golds for tag in row], dtype=object)
        model = LogisticRegression(C=C, max_iter=MAX_ITERATIONS, tol=1e-3, random_state=seed)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the note says it instead
            model.fit(_matrix(features, index), labels)
        note = f"{len(index):,} features of {len(labels):,} words"
        if int(np.max(model.n_iter_)) >= MAX_ITERATIONS:
            note += f"; stopped after {MAX_ITERATIONS} iterations, before it converged"
        return cls(tuple(str(tag) for tag in model.classes_), index, model, note)

    def log_probabilities(self, inputs: Sequence[Words]) -> Iterator[npt.NDArray[np.float64]]:
        """Log probability of each tag [words, tags], sentence by sentence."""
        features = [row for words in inputs for row in word_features(words)]
        table = np.zeros((0, len(self.tags)))
        if features:
            with np.errstate(divide="ignore"):  # a probability may round to 0
                table = self.model.predict_log_proba(_matrix(features, self.index))
        table = np.maximum(table, -1e6)  # finite: a barred tag stays worse than an unlikely one
        start = 0
        for words in inputs:
            yield table[start : start + len(words)]
            start += len(words)


def _matrix(features: Sequence[Sequence[str]], index: dict[str, int]) -> Any:
    """Sparse [words, features] of 0 and 1; features unknown to training are left out."""
    from scipy.sparse import csr_matrix

    rows = [[index[feature] for feature in row if feature in index] for row in features]
    ends = np.cumsum([0, *map(len, rows)])
    columns = np.array([column for row in rows for column in row], dtype=np.int64)
    shape = (len(rows), len(index))
    return csr_matrix((np.ones(len(columns)), columns, ends), shape=shape)
