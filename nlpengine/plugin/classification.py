"""A ready-made task: one label per example, any number of classes. Bring `adapt`, it is yours."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

import numpy as np

from nlpengine.baselines import MAJORITY, TFIDF, Baseline
from nlpengine.data import Example, Record, parse_number
from nlpengine.encoding import Encoding
from nlpengine.errors import DataError
from nlpengine.heads import HeadSpec
from nlpengine.metrics import Scores, classification_scores, fit_temperature, softmax
from nlpengine.plugin.contract import Task
from nlpengine.plugin.prediction import Labels, Prediction, State, WindowLogits, Wrong

if TYPE_CHECKING:
    from torch import Tensor

Windows = Sequence[WindowLogits]

SLICES = ("slice", "phenomenon", "domain", "subset", "genre")
"""Columns that scores are also given by."""


class LabelledExample(Example, Protocol):
    """An example with one label.

    Attributes:
        label: The gold, a class or a number; None where unlabelled.
        slices: Slice column → value.
    """

    @property
    def label(self) -> str | float | None:
        """The gold."""

    @property
    def slices(self) -> Mapping[str, str]:
        """Slice column → value."""


E = TypeVar("E", bound=LabelledExample)


@dataclass(frozen=True, slots=True)
class ClassificationOptions:
    """Options of every classification task.

    Attributes:
        class_weights: "balanced" weighs each class in the loss by 1 / its frequency in training.
        label_smoothing: Probability mass spread over all classes (Szegedy et al. 2016), in [0, 1).
    """

    class_weights: Literal["none", "balanced"] = "none"
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.label_smoothing < 1.0:
            raise ValueError(f"label_smoothing is {self.label_smoothing}; it must be in [0, 1).")


class Classification(Task[E]):
    """Classify an example; a text of several windows gets the mean of their logits by tokens."""

    options = ClassificationOptions
    baselines: tuple[Baseline, ...] = (MAJORITY, TFIDF)

    @abstractmethod
    def adapt(self, record: Record) -> E:
        """Make an example of a record."""

    def label_set(self, examples: Sequence[E], options: Any) -> Labels:
        """The labels that occur, sorted (numbers by value), with balanced weights on request."""
        counts: dict[str, int] = {}
        for example in examples:
            label = str(example.label)
            counts[label] = counts.get(label, 0) + 1
        names = tuple(sorted(counts, key=_sort_key))
        if options.class_weights == "none":
            return Labels(names)
        total = sum(counts.values())
        return Labels(names, tuple(total / (len(names) * counts[name]) for name in names))

    def head(self, labels: Labels, options: Any) -> HeadSpec:
        """One logit per label."""
        return HeadSpec("sequence", len(labels.names))

    def gold(self, example: E, window: Encoding, labels: Labels) -> int:
        """The label's index: every window of a text carries the text's label."""
        return labels.index(str(example.label))

    def gold_of(self, example: E) -> str | float | None:
        """The label."""
        return example.label

    def loss(
        self, logits: Tensor, gold: Tensor, labels: Labels, options: ClassificationOptions
    ) -> tuple[Tensor, Tensor]:
        """Cross-entropy, weighted by class where asked for."""
        from torch import ones_like
        from torch.nn.functional import cross_entropy

        losses = cross_entropy(
            logits, gold, reduction="none", label_smoothing=options.label_smoothing
        )  # [windows]
        weights = ones_like(losses)
        if labels.weights is not None:
            weights = losses.new_tensor(labels.weights)[gold]
        return (losses * weights).sum(), weights.sum()

    def check_gold(self, example: E, labels: Labels) -> None:
        """The label must be one of training's."""
        super().check_gold(example, labels)
        if example.label not in labels.names:
            raise DataError(
                f"the label {example.label!r} was never seen in training; the model knows "
                f"{', '.join(labels.names)}.",
                example.origin.path,
                example.origin.line,
            )

    def mistake(self, example: E, prediction: Prediction) -> Wrong | None:
        """Another label than the gold one."""
        if prediction.label == example.label:
            return None
        return Wrong(str(example.label), prediction.label, prediction.score)

    def from_baseline(self, answer: str, example: E, labels: Labels) -> Prediction:
        """A label, as if it were certain."""
        return Prediction(answer, 1.0, {name: float(name == answer) for name in labels.names})

    def tune(
        self,
        examples: Sequence[E],
        windows: Sequence[Windows],
        labels: Labels,
        options: ClassificationOptions,
    ) -> State:
        """A temperature for the probabilities (Guo et al. 2017); no label changes by it."""
        logits = np.stack([pooled_logits(parts) for parts in windows])
        gold = np.asarray([labels.index(str(example.label)) for example in examples])
        return {"temperature": fit_temperature(logits, gold)}

    def decode(
        self,
        example: E,
        windows: Windows,
        labels: Labels,
        options: ClassificationOptions,
        state: State,
    ) -> Prediction:
        """The most probable label, with calibrated probabilities."""
        probabilities = softmax(pooled_logits(windows)[None], state.get("temperature", 1.0))[0]
        best = int(probabilities.argmax())
        return Prediction(
            label=labels.names[best],
            score=float(probabilities[best]),
            scores=dict(zip(labels.names, map(float, probabilities), strict=True)),
            windows=windows_of_a_reading(windows),
        )

    def score(self, gold: Sequence[E], predictions: Sequence[Prediction], labels: Labels) -> Scores:
        """Accuracy first; F1 of the positive label, macro-F1, MCC, calibration; tables."""
        return classification_scores(
            [str(example.label) for example in gold],
            [prediction.label for prediction in predictions],
            labels.names,
            positive=labels.positive,
            probabilities=np.asarray([list(p.scores.values()) for p in predictions]),
            slices=slice_values(gold) or None,
        )


def label_of(record: Record) -> str | None:
    """A record's label as a string; None where it has none."""
    label = record.fields.get("label")
    return None if label is None else str(label)


def slices_of(record: Record) -> dict[str, str]:
    """What a record says of the slices that it is in (`SLICES`): column → value."""
    found = ((name, record.fields.get(name)) for name in SLICES)
    return {name: value for name, value in found if isinstance(value, str) and value}


def slice_values(examples: Sequence[LabelledExample]) -> dict[str, list[str]]:
    """Slice column → value of each example; "" where it has none."""
    names = sorted({name for example in examples for name in example.slices})
    return {name: [example.slices.get(name, "") for example in examples] for name in names}


def windows_of_a_reading(windows: Windows) -> int:
    """How many windows an example took, however many versions of it were read."""
    return 1 + max(window.encoding.window for window in windows)


def pooled_logits(windows: Windows) -> np.ndarray:
    """Windows of one example, of all its readings → [size]: mean logits, weighted by tokens."""
    sizes = np.asarray([len(window.encoding) for window in windows], dtype=np.float64)
    logits = np.stack([window.logits for window in windows])  # [windows, labels]
    pooled: np.ndarray = sizes @ logits / sizes.sum()
    return pooled


def _sort_key(label: str) -> tuple[int, float, str]:
    number = parse_number(label)
    return (1, 0.0, label) if number is None else (0, number, label)
