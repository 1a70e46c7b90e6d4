"""What a baseline is, and the simplest ones: always the most frequent label, always the mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class BaselineResult:
    """A baseline's predictions.

    Attributes:
        answers: What is predicted for each test input: of the type of the golds (for questions, one
            answer where gold has several).
        note: What the baseline chose, for the report; also says where it had to fall back.
    """

    answers: list[Any]
    note: str


Predict = Callable[[Sequence[Any], Sequence[Any], Sequence[Any], int], BaselineResult]
"""Training inputs, their golds, test inputs, seed → predictions."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """A system without an encoder, to measure a model against.

    What an input and a gold are is the task's affair: a text and its label, a pair of texts and a
    number, words and their tags, question and context and the right answers. Each baseline's
    docstring says what it takes.

    Attributes:
        name: Short name, as in tables.
        summary: One line on what it does.
        predict: Learns from training inputs and golds alone, then predicts the test inputs.
    """

    name: str
    summary: str
    predict: Predict


def check_training(train_inputs: Sequence[Any], train_golds: Sequence[Any]) -> None:
    """Raise ValueError unless there are training inputs, each with its gold."""
    if not train_inputs or len(train_inputs) != len(train_golds):
        raise ValueError(
            f"{len(train_inputs)} training examples with {len(train_golds)} golds: "
            "a baseline needs at least one example, and one gold for each"
        )


def predict_majority(
    train_inputs: Sequence[Any], train_golds: Sequence[str], test_inputs: Sequence[Any], seed: int
) -> BaselineResult:
    """The most frequent training label for every input; among equals, the first in sorted order.

    Inputs are of any type, golds are labels.
    """
    check_training(train_inputs, train_golds)
    counts = Counter(train_golds)
    label = max(sorted(counts), key=counts.__getitem__)
    total = len(train_golds)
    note = f"always {label!r}, the label of {counts[label]:,} of {total:,} training texts"
    return BaselineResult([label] * len(test_inputs), note)


def predict_mean(
    train_inputs: Sequence[Any], train_golds: Sequence[float], test_inputs: Sequence[Any], seed: int
) -> BaselineResult:
    """The mean of the training golds for every input. Inputs are of any type, golds are numbers."""
    check_training(train_inputs, train_golds)
    mean = float(sum(train_golds)) / len(train_golds)
    note = f"always {mean:.4g}, the mean of {len(train_golds):,} training examples"
    return BaselineResult([mean] * len(test_inputs), note)


MAJORITY = Baseline("majority", "always the most frequent training label", predict_majority)
MEAN = Baseline("mean", "always the mean of the training golds", predict_mean)
