"""Baselines of the aspect task: an input is (whole text, words around the aspect)."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlpengine.baselines import TFIDF, Baseline, BaselineResult

AROUND = 5
"""Words to each side of the aspect."""

_WORD = re.compile(r"\S+")

Input = tuple[str, str]


def words_around(text: str, start: int, end: int) -> str:
    """The aspect with the words next to it, as one text.

    >>> words_around("The soup was cold but the waiter kind", 4, 8)
    'The soup was cold but the waiter'
    """
    before = _WORD.findall(text[:start])[-AROUND:]
    after = _WORD.findall(text[end:])[:AROUND]
    return " ".join([*before, text[start:end], *after])


def predict_near(
    train_inputs: Sequence[Input], train_golds: Sequence[str], test_inputs: Sequence[Input],
    seed: int,
) -> BaselineResult:  # fmt: skip
    """TF-IDF with logistic regression on the aspect and the words next to it."""
    train, test = [near for _, near in train_inputs], [near for _, near in test_inputs]
    found = TFIDF.predict(train, train_golds, test, seed)
    return BaselineResult(found.answers, f"{AROUND} words to each side; {found.note}")


def predict_text(
    train_inputs: Sequence[Input], train_golds: Sequence[str], test_inputs: Sequence[Input],
    seed: int,
) -> BaselineResult:  # fmt: skip
    """TF-IDF with logistic regression on the whole text, which doesn't know what is asked."""
    train, test = [text for text, _ in train_inputs], [text for text, _ in test_inputs]
    found = TFIDF.predict(train, train_golds, test, seed)
    return BaselineResult(found.answers, f"whole text, one answer a text; {found.note}")


NEAR = Baseline("tf-idf near", "TF-IDF of the words around the aspect", predict_near)
TEXT = Baseline("tf-idf text", "TF-IDF of the whole text, blind to the aspect", predict_text)
