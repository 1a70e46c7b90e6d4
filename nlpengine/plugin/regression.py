"""A ready-made task: a number per example. Bring `adapt`, it is yours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from nlpengine.baselines import MEAN, Baseline
from nlpengine.data import Record
from nlpengine.encoding import Encoding
from nlpengine.errors import DataError
from nlpengine.heads import HeadSpec
from nlpengine.metrics import Score, Scores, Table, regression_scores
from nlpengine.plugin.classification import (
    LabelledExample,
    pooled_logits,
    slice_values,
    windows_of_a_reading,
)
from nlpengine.plugin.contract import Task
from nlpengine.plugin.prediction import Labels, Number, State, WindowLogits, Wrong

if TYPE_CHECKING:
    from torch import Tensor

Windows = Sequence[WindowLogits]
E = TypeVar("E", bound=LabelledExample)

FEWEST = 3
"""Examples of a slice that a correlation is given for."""


class Regression(Task[E]):
    """Predict a number; a text of several windows gets the mean of theirs, weighted by tokens.

    The one logit is the number itself, in the unit of the labels, as stock checkpoints of one
    label have it. While it learns, the head works on centred and scaled numbers (`HeadSpec`): with
    labels from 0 to 100, a fresh head would not come near them in a usual run.
    """

    gold_is = "class or number"
    baselines: tuple[Baseline, ...] = (MEAN,)

    def has_classes(self, train: Sequence[Record], options: Any) -> bool:
        """Never."""
        return False

    def label_set(self, examples: Sequence[E], options: Any) -> Labels:
        """No names, as numbers have none; their mean and standard deviation."""
        numbers = np.asarray([float(example.label or 0.0) for example in examples])
        return Labels((), unit=(float(numbers.mean()), float(numbers.std()) or 1.0))

    def stock_labels(self, names: tuple[str, ...]) -> Labels:
        """A checkpoint of one label gives a number."""
        return Labels(() if len(names) == 1 else names)

    def head(self, labels: Labels, options: Any) -> HeadSpec:
        """One logit."""
        return HeadSpec("sequence", 1, *(labels.unit or ()))

    def gold(self, example: E, window: Encoding, labels: Labels) -> float:
        """The number: every window of a text carries the text's."""
        return float(example.label or 0.0)

    def gold_of(self, example: E) -> str | float | None:
        """The number."""
        return example.label

    def loss(
        self, logits: Tensor, gold: Tensor, labels: Labels, options: Any
    ) -> tuple[Tensor, Tensor]:
        """Squared error, 1 being that of the training mean."""
        _, spread = labels.unit or (0.0, 1.0)
        errors = ((logits[:, 0] - gold.to(logits.dtype)) / spread) ** 2  # [windows]
        return errors.sum(), errors.new_tensor(float(len(errors)))

    def check_gold(self, example: E, labels: Labels) -> None:
        """The label must be a number."""
        super().check_gold(example, labels)
        if not isinstance(example.label, float):
            raise DataError(
                f"the label {example.label!r} is no number, and the model predicts numbers.",
                example.origin.path,
                example.origin.line,
            )

    def decode(
        self, example: E, windows: Windows, labels: Labels, options: Any, state: State
    ) -> Number:
        """The mean of the windows' numbers."""
        return Number(float(pooled_logits(windows)[0]), windows_of_a_reading(windows))

    def mistake(self, example: E, prediction: Number) -> Wrong | None:
        """How far off it is, in the label's unit."""
        if not isinstance(example.label, float):
            return None
        off = abs(prediction.value - example.label)
        return Wrong(f"{example.label:.4g}", f"{prediction.value:.4g}", off, f"off by {off:.3g}")

    def from_baseline(self, answer: float, example: E, labels: Labels) -> Number:
        """The number."""
        return Number(float(answer))

    def score(self, gold: Sequence[E], predictions: Sequence[Number], labels: Labels) -> Scores:
        """Spearman first, Pearson; errors, which have a unit, in a table; Spearman per slice."""
        right = [float(example.label or 0.0) for example in gold]
        found = [prediction.value for prediction in predictions]
        scores = regression_scores(right, found)
        errors = {n: scores.metrics[n] for n in scores.metrics.keys() - {"spearman", "pearson"}}
        metrics = {n: score for n, score in scores.metrics.items() if n not in errors}
        tables = [_errors(errors)]
        for column, values in slice_values(gold).items():
            tables.append(_by(column, values, right, found))
        return Scores(metrics, tuple(tables), resampled=scores.resampled)


def _errors(errors: Mapping[str, Score]) -> Table:
    """Scores are printed as percentages; errors have the label's unit, so they stand as numbers."""
    names = {"mae": "mean absolute error", "mse": "mean squared error"}
    rows = tuple(
        (said, errors[name].value, errors[name].low, errors[name].high)
        for name, said in names.items()
    )
    return Table("Errors in the label's unit", ("error", "value", "from", "to (95 %)"), rows)


def _by(
    column: str, values: Sequence[str], right: Sequence[float], found: Sequence[float]
) -> Table:
    """Spearman per value of a slice column, the weakest first."""
    places: dict[str, list[int]] = {}
    for place, value in enumerate(values):
        places.setdefault(value, []).append(place)
    scored: list[tuple[str, Score | None, int]] = []
    for value, at in places.items():
        own = None
        if len(at) >= FEWEST:
            own = regression_scores([right[i] for i in at], [found[i] for i in at]).main[1]
        scored.append((value, own, len(at)))
    scored.sort(key=lambda row: (row[1] is None, row[1].value if row[1] else 0.0, row[0]))
    return Table(f"By {column}", ("value", "spearman", "n"), tuple(scored))
