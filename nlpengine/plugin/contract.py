"""The contract of a task: what a plugin author writes, and all that the core asks for.

A task is stateless: options and labels are handed to every method that needs them. It never sees a
device, a weight file or an encoder; it gets logits and gives a loss, gets logits and gives a
prediction. The core does the rest: reading, windows, packing, training, saving, reporting.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from nlpengine.baselines import Baseline
from nlpengine.data import Column, Example, Record
from nlpengine.encoding import Encoding
from nlpengine.heads import HeadSpec
from nlpengine.metrics import Scores

if TYPE_CHECKING:
    from torch import Tensor

Floats = npt.NDArray[np.float64]
E = TypeVar("E", bound=Example)
State = Mapping[str, Any]
"""What `Task.tune` learned on the dev split: JSON values, kept in nlpengine.json."""


@dataclass(frozen=True, slots=True)
class Labels:
    """The label set of a run, from its training data.

    Attributes:
        names: Label names; a label's index is its place here and in the checkpoint's id2label.
        weights: Per label, the factor of its examples in the loss; None for 1.
    """

    names: tuple[str, ...]
    weights: tuple[float, ...] | None = None

    def index(self, name: str) -> int:
        """The index of a label; ValueError for one that isn't in the set."""
        return self.names.index(name)


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a sequence task answers for one example.

    Attributes:
        label: The most probable label.
        score: Its probability, in [0, 1].
        scores: Label → probability, summing to 1.
        windows: How many windows of the encoder the text filled.
    """

    label: str
    score: float
    scores: Mapping[str, float]
    windows: int = 1

    def to_json(self) -> dict[str, object]:
        """The columns an output row gets; ``windows`` only where a text needed several."""
        row: dict[str, object] = {
            "label": self.label,
            "score": self.score,
            "scores": dict(self.scores),
        }
        return row if self.windows == 1 else row | {"windows": self.windows}


@dataclass(frozen=True, slots=True)
class WindowLogits:
    """The head's answer for one window of a text.

    Attributes:
        encoding: The window: its ids and where it stands in the text.
        logits: [labels] for a sequence head, [tokens, labels] for a token head.
    """

    encoding: Encoding
    logits: Floats


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings that work when the user gives none; printed and recorded.

    Attributes:
        epochs: Passes over the training data.
        batch_size: Windows in an optimiser step.
        min_steps: Small sets get more epochs, until about this many optimiser steps (few-step
            fine-tuning is unstable: Mosbach et al. 2021, "On the Stability of Fine-tuning BERT").
        max_epochs: Bound on that.
    """

    epochs: int = 3
    batch_size: int = 32
    min_steps: int = 150
    max_epochs: int = 10


@dataclass(frozen=True, slots=True)
class NoOptions:
    """For tasks without options of their own."""


class Task(ABC, Generic[E]):
    """A task: head, metrics and data adapter.

    Subclass it, set the class attributes, implement the abstract methods, and return an instance
    from the hook ``nlpengine_task``.
    """

    name: str
    """The task's name: the same as its entry point's."""
    summary: str
    """One line for ``nlpengine tasks``."""
    columns: tuple[Column, ...]
    """The fields that `adapt` reads; the core renames the file's columns to these names."""
    label_column: str = "label"
    """The field that holds the gold, among `columns`."""
    options: type[Any] = NoOptions
    """A frozen dataclass; ``run`` grows a flag for each field, the run record keeps the values."""
    recipe: Recipe = Recipe()
    baselines: tuple[Baseline, ...] = ()
    """The simple things that a run is measured against."""
    demo: Path | None = None
    """Folder of the task's demo set, read like any other ``--data``."""

    @abstractmethod
    def adapt(self, record: Record) -> E:
        """Make an example of a record whose fields have this task's names.

        Raises:
            DataError: The row can't be one, with what to do.
        """

    @abstractmethod
    def label_set(self, examples: Sequence[E], options: Any) -> Labels:
        """The labels of a training set, in a fixed order."""

    @abstractmethod
    def head(self, labels: Labels) -> HeadSpec:
        """The head to put on the encoder."""

    @abstractmethod
    def gold(self, example: E, window: Encoding, labels: Labels) -> int | float | Sequence[int]:
        """The gold of one window, as the head's kind wants it (sequence: a label's index)."""

    @abstractmethod
    def loss(
        self, logits: Tensor, gold: Tensor, labels: Labels, options: Any
    ) -> tuple[Tensor, Tensor]:
        """Loss of some windows as (sum, weight), so that any splitting of a step adds up.

        Args:
            logits: [windows, labels] for a sequence head.
            gold: [windows], what `gold` gave.
            labels: The run's labels.
            options: This task's options.

        Returns:
            The summed loss and the summed weight; the step's loss is Σ sums / Σ weights.
        """

    @abstractmethod
    def decode(
        self, example: E, windows: Sequence[WindowLogits], labels: Labels, state: State
    ) -> Any:
        """The prediction for one example; here the windows of a long text meet."""

    @abstractmethod
    def score(self, gold: Sequence[E], predictions: Sequence[Any], labels: Labels) -> Scores:
        """Scores of predictions for labelled examples, the main metric first."""

    @abstractmethod
    def gold_of(self, example: E) -> Any:
        """The gold as it stands in predictions.jsonl."""

    def tune(
        self, examples: Sequence[E], windows: Sequence[Sequence[WindowLogits]], labels: Labels
    ) -> State:
        """Learn thresholds or calibration on the dev split; the default learns nothing."""
        return {}
