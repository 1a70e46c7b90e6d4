"""The contract of a task: what a plugin author writes, and all that the core asks for.

A task is stateless: options and labels are handed to every method that needs them. It never sees a
device, a weight file or an encoder; it gets logits and gives a loss, gets logits and gives a
prediction. The core does the rest: reading, windows, packing, training, saving, reporting.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from nlpengine.baselines import Baseline
from nlpengine.data import Column, Example, Record, labels_are_numbers, needed_names
from nlpengine.encoding import Encoding, Over
from nlpengine.errors import DataError
from nlpengine.heads import HeadSpec
from nlpengine.metrics import Scores
from nlpengine.plugin.prediction import Labels, State, WindowLogits, Wrong

if TYPE_CHECKING:
    from torch import Tensor

    from nlpengine.plugin.listing import TaskFile

E = TypeVar("E", bound=Example)

GoldKind = Literal["class", "class or number", "other"]
"""class: one of a set. class or number: what the training labels look like (`Task.has_classes`).
other: the task's own affair."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings that work when the user gives none; printed and recorded.

    Attributes:
        epochs: Passes over the training data.
        batch_size: Windows in an optimiser step.
        min_steps: Small sets get more epochs, until about this many optimiser steps (few-step
            fine-tuning is unstable: Mosbach et al. 2021, "On the Stability of Fine-tuning BERT").
        max_epochs: Bound on that.
        max_length: Tokens in a window, where the encoder takes as many; None for all that it takes.
        overlap: Tokens that the windows of a long text share; None for an eighth, at most 64.
        lr_factor: Times the encoder's own learning rate, which suits one label a text.
    """

    epochs: int = 3
    batch_size: int = 32
    min_steps: int = 150
    max_epochs: int = 10
    max_length: int | None = None
    overlap: int | None = None
    lr_factor: float = 1.0


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
    """The fields that `adapt` reads; the core renames the file's columns to these names. A plain
    text to predict is the first one."""
    label_column: str | None = "label"
    """The field that holds the gold, among `columns`; None where it is no single one."""
    gold_is: GoldKind = "class"
    """What the label column holds; classes are checked, and splits are stratified by them."""
    left_out: tuple[str, ...] = ()
    """Labels that published sets give to rows without gold: those are left out, with a count."""
    together: str | None = None
    """The field of what several rows may be about (a document), where there is one: a set that
    comes without splits is not split through it, if there are three of them or more."""
    formats: tuple[str, ...] = ()
    """Formats of its own that files are looked at for first: "conll", "squad", "sts"."""
    windows_over: Over = "longer"
    """Which text of a pair the windows of long text run over."""
    options: type[Any] = NoOptions
    """A frozen dataclass; ``run`` grows a flag for each field, the run record keeps the values."""
    recipe: Recipe = Recipe()
    baselines: tuple[Baseline, ...] = ()
    """The simple things that a run is measured against."""
    demo: Path | None = None
    """Folder of the task's demo set, read like any other ``--data``."""
    file: TaskFile | None = None
    """The single file that the task came from (``./my_task.py:emotion``); the core fills it in."""

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The fields that a model reads."""
        columns = [column for column in self.columns if column.name != self.label_column]
        return tuple(column for column in columns if column.role == "input")

    @property
    def needed(self) -> tuple[str, ...]:
        """Names of the inputs that nothing can be predicted without: one at least."""
        return needed_names(self.inputs)

    def has_classes(self, train: Sequence[Record], options: Any) -> bool:
        """Whether labels are classes; asked where `gold_is` leaves it to the training rows.

        Where they aren't, each must be a number, and `adapt` gets it as a float.

        Args:
            train: Rows to learn from, labels as they are written.
            options: This task's options.
        """
        return not labels_are_numbers(train, str(self.label_column))

    def in_context(self, rows: Iterable[Record], options: Any) -> Iterable[Record]:
        """Give rows what they need of their neighbours, before any are chosen or split off.

        Args:
            rows: In the order of their file, read as the answer is consumed.
            options: This task's options.

        Returns:
            The rows, each with its origin, in the same order.
        """
        return rows

    @abstractmethod
    def adapt(self, record: Record) -> E:
        """Make an example of a record whose fields have this task's names.

        Raises:
            DataError: The row can't be one, with what to do.
        """

    def settle(self, train: Sequence[E], options: Any) -> tuple[Any, tuple[str, ...]]:
        """Fill options that training data decides ("auto"), before anything else is done with it.

        The model keeps what was decided; one of another's making has the options as they were.

        Args:
            train: Training examples, as `adapt` made them.
            options: As the user gave them.

        Returns:
            The options to go on with, and a sentence on each that was decided.
        """
        return options, ()

    def review(
        self, splits: Mapping[str, Sequence[E]], options: Any
    ) -> tuple[Mapping[str, Sequence[E]], tuple[str, ...]]:
        """Look at all examples together, before anything is learned: convert, repair, and say so.

        Args:
            splits: Examples by split; a single set comes as "test" alone.
            options: This task's options.

        Returns:
            The examples to go on with, and a sentence on each thing that was done.
        """
        return splits, ()

    @abstractmethod
    def label_set(self, examples: Sequence[E], options: Any) -> Labels:
        """The labels of a training set, in a fixed order."""

    def stock_labels(self, names: tuple[str, ...]) -> Labels:
        """The labels of a stock fine-tuned checkpoint, whose config.json names these."""
        return Labels(names)

    @abstractmethod
    def head(self, labels: Labels, options: Any) -> HeadSpec:
        """The head to put on the encoder."""

    def shown(self, example: E) -> tuple[str, ...]:
        """The texts that a person sees; characters in predictions count in it, if it is one."""
        return example.texts

    def readings(self, example: E, options: Any) -> Sequence[tuple[str, ...]]:
        """What the encoder reads in prediction: texts, or several versions of them to average."""
        return (example.texts,)

    @abstractmethod
    def gold(
        self, example: E, window: Encoding, labels: Labels
    ) -> int | float | Sequence[int] | npt.NDArray[np.int64]:
        """The gold of one window, as the head's kind wants it.

        Returns:
            sequence: a label's index, a number, or a row of as many for every window, such as a
            0 or 1 per label. token: an index per token of the window [tokens]; where there is
            none `IGNORED`, or a number below it that means something to `loss`. span: the first
            and the last token of the answer, counted in the window [2].
        """

    def training_notes(
        self, examples: Sequence[E], gold: Sequence[Sequence[Any]]
    ) -> tuple[str, ...]:
        """What to say of the gold that training gets, such as what no window holds.

        Args:
            examples: Training examples.
            gold: What `gold` gave for each window of each.
        """
        return ()

    @abstractmethod
    def loss(
        self, logits: Tensor, gold: Tensor, labels: Labels, options: Any
    ) -> tuple[Tensor, Tensor]:
        """Loss of some windows as (sum, weight), so that any splitting of a step adds up.

        Args:
            logits: sequence: [windows, size]. token: [tokens of all windows, size]. span:
                [windows, tokens of the longest, 2], -inf beyond a window's end.
            gold: What `gold` gave: [windows] or [windows, row], [tokens of all windows],
                [windows, 2].
            labels: The run's labels.
            options: This task's options.

        Returns:
            The summed loss and the summed weight; the step's loss is Σ sums / Σ weights.
        """

    @abstractmethod
    def decode(
        self,
        example: E,
        windows: Sequence[WindowLogits],
        labels: Labels,
        options: Any,
        state: State,
    ) -> Any:
        """The prediction for one example (an `Answer`); here the windows of a long text meet."""

    @abstractmethod
    def score(self, gold: Sequence[E], predictions: Sequence[Any], labels: Labels) -> Scores:
        """Scores of predictions for labelled examples, the main metric first."""

    @abstractmethod
    def gold_of(self, example: E) -> Any:
        """The gold as it stands in predictions.jsonl; None for an example without."""

    def about(self, example: E) -> Mapping[str, object]:
        """What a row of predictions.jsonl says of an example beside gold and prediction."""
        return {"text": " ".join(self.shown(example))}

    def check_gold(self, example: E, labels: Labels) -> None:
        """Refuse an example that can't be scored.

        Raises:
            DataError: It has no gold, or one that no model of these labels could give.
        """
        if self.gold_of(example) is None:
            where = example.origin
            raise DataError("no gold here. Label or remove the row", where.path, where.line)

    def tune(
        self,
        examples: Sequence[E],
        windows: Sequence[Sequence[WindowLogits]],
        labels: Labels,
        options: Any,
    ) -> State:
        """Learn thresholds or calibration on the dev split; the default learns nothing."""
        return {}

    def mistake(self, example: E, prediction: Any) -> Wrong | None:
        """What is wrong with a prediction, for the worst mistakes; None where nothing is."""
        return None

    def baselines_for(self, labels: Labels) -> Sequence[Baseline]:
        """The baselines that suit what a run learns; by default all of `baselines`."""
        return self.baselines

    def baseline_input(self, example: E) -> Any:
        """What baselines see of an example; by default its texts as one."""
        return " ".join(example.texts)

    def baseline_gold(self, example: E) -> Any:
        """What they learn from; by default the gold as it stands in predictions.jsonl."""
        return self.gold_of(example)

    def from_baseline(self, answer: Any, example: E, labels: Labels) -> Any:
        """A baseline's answer as a prediction of this task."""
        return answer
