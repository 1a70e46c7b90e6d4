"""What a baseline is, and the simplest one: always the most frequent label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """A baseline's predictions.

    Attributes:
        labels: Predicted label per test text.
        note: What the baseline chose, for the report; also says where it had to fall back.
    """

    labels: list[str]
    note: str


Predict = Callable[[Sequence[str], Sequence[str], Sequence[str], int], BaselineResult]
"""Training texts, their labels, test texts, seed → predictions."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A system without an encoder, to measure a model against.

    Attributes:
        name: Short name, as in tables.
        summary: One line on what it does.
        predict: Learns from training texts and labels alone, then predicts the test texts.
    """

    name: str
    summary: str
    predict: Predict


def check_training(train_texts: Sequence[str], train_labels: Sequence[str]) -> None:
    """Raise ValueError unless there are training texts, each with its label."""
    if not train_texts or len(train_texts) != len(train_labels):
        raise ValueError(
            f"{len(train_texts)} training texts with {len(train_labels)} labels: "
            "a baseline needs at least one text, and one label for each"
        )


def predict_majority(
    train_texts: Sequence[str], train_labels: Sequence[str], test_texts: Sequence[str], seed: int
) -> BaselineResult:
    """The most frequent training label for every text; among equals, the first in sorted order."""
    check_training(train_texts, train_labels)
    counts = Counter(train_labels)
    label = max(sorted(counts), key=counts.__getitem__)
    note = (
        f"always {label!r}, the label of {counts[label]:,} of {len(train_labels):,} training texts"
    )
    return BaselineResult([label] * len(test_texts), note)


MAJORITY = Baseline("majority", "always the most frequent training label", predict_majority)
