"""The emotion task: a decision for each label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt

from nlpengine import DataError
from nlpengine.data import Record
from nlpengine.encoding import Encoding
from nlpengine.heads import HeadSpec
from nlpengine.metrics import Scores
from nlpengine.plugin import (
    Labels,
    Recipe,
    State,
    Task,
    WindowLogits,
    Wrong,
    hookimpl,
    pooled_logits,
)
from nlpengine_emotion.baselines import FREQUENT, ONE_VS_REST
from nlpengine_emotion.prediction import EmotionPrediction
from nlpengine_emotion.reading import COLUMNS, EmotionExample, read_example
from nlpengine_emotion.scoring import label_scores
from nlpengine_emotion.thresholds import HALF, sigmoid, tune_thresholds

if TYPE_CHECKING:
    from torch import Tensor

Windows = Sequence[WindowLogits]


@dataclass(frozen=True, slots=True)
class EmotionOptions:
    """Options of the emotion task.

    Attributes:
        thresholds: From which probability on a label is predicted. tuned: for each label what gives
            the best F1 on the dev split. half: one half for all.
    """

    thresholds: Literal["tuned", "half"] = "tuned"


class Emotion(Task[EmotionExample]):
    """Find the emotions of a text: several, one or none."""

    name = "emotion"
    summary = "the emotions of a text: any number of labels each, taken from the data"
    columns = COLUMNS
    label_column = "labels"
    gold_is = "other"
    options = EmotionOptions
    recipe = Recipe(epochs=4, min_steps=300, max_epochs=20, batch_size=16)
    baselines = (FREQUENT, ONE_VS_REST)
    demo = Path(__file__).parent / "demo"

    def adapt(self, record: Record) -> EmotionExample:
        """A text and its labels."""
        return read_example(record)

    def label_set(self, examples: Sequence[EmotionExample], options: EmotionOptions) -> Labels:
        """The labels that occur, sorted.

        Raises:
            DataError: No text has any.
        """
        names = sorted({label for example in examples for label in example.labels or ()})
        if not names:
            where = examples[0].origin.path if examples else None
            raise DataError("no text of train has a label, so there is nothing to learn", where)
        return Labels(tuple(names), multiple=True)

    def stock_labels(self, names: tuple[str, ...]) -> Labels:
        """All of a checkpoint's labels."""
        return Labels(names, multiple=True)

    def head(self, labels: Labels, options: EmotionOptions) -> HeadSpec:
        """A logit a label."""
        return HeadSpec("sequence", len(labels.names))

    def gold(self, example: EmotionExample, window: Encoding, labels: Labels) -> list[int]:
        """0 or 1 per label; every window of a text carries the text's."""
        own = example.labels or ()
        return [int(name in own) for name in labels.names]

    def loss(
        self, logits: Tensor, gold: Tensor, labels: Labels, options: EmotionOptions
    ) -> tuple[Tensor, Tensor]:
        """Binary cross-entropy, a decision of a window weighing 1."""
        from torch.nn.functional import binary_cross_entropy_with_logits

        summed = binary_cross_entropy_with_logits(logits, gold.to(logits.dtype), reduction="sum")
        return summed, logits.new_tensor(float(gold.numel()))

    def tune(
        self,
        examples: Sequence[EmotionExample],
        windows: Sequence[Windows],
        labels: Labels,
        options: EmotionOptions,
    ) -> State:
        """The thresholds, by label."""
        if options.thresholds == "half" or not examples:
            return {}
        scores = np.stack([_probabilities(parts) for parts in windows])
        gold = np.array([self.gold(e, p[0].encoding, labels) for e, p in zip(
            examples, windows, strict=True
        )], dtype=bool)  # fmt: skip
        found = tune_thresholds(scores, gold)
        return {"thresholds": dict(zip(labels.names, found, strict=True))}

    def decode(
        self,
        example: EmotionExample,
        windows: Windows,
        labels: Labels,
        options: EmotionOptions,
        state: State,
    ) -> EmotionPrediction:
        """Every label whose probability reaches its threshold."""
        tuned = state.get("thresholds", {}) if options.thresholds == "tuned" else {}
        probabilities = map(float, _probabilities(windows))
        scores = dict(zip(labels.names, probabilities, strict=True))
        chosen = [name for name, score in scores.items() if score >= tuned.get(name, HALF)]
        chosen.sort(key=lambda name: (-scores[name], name))
        return EmotionPrediction(tuple(chosen), scores, len(windows))

    def score(
        self,
        gold: Sequence[EmotionExample],
        predictions: Sequence[EmotionPrediction],
        labels: Labels,
    ) -> Scores:
        """Micro F1 first."""
        own = [example.labels or () for example in gold]
        return label_scores(own, [found.labels for found in predictions], labels.names)

    def gold_of(self, example: EmotionExample) -> list[str] | None:
        """The labels."""
        return None if example.labels is None else list(example.labels)

    def check_gold(self, example: EmotionExample, labels: Labels) -> None:
        """Every label must be one of training's."""
        super().check_gold(example, labels)
        for name in example.labels or ():
            if name not in labels.names:
                raise DataError(
                    f"the label {name!r} was never seen in training; the model knows "
                    f"{', '.join(labels.names)}. Remove the label, or train with texts that have "
                    "it",
                    example.origin.path,
                    example.origin.line,
                )

    def mistake(self, example: EmotionExample, prediction: EmotionPrediction) -> Wrong | None:
        """Another set than the gold one; how bad it is, is the surest wrong decision's affair."""
        own, found = set(example.labels or ()), set(prediction.labels)
        sure = {
            name: prediction.scores[name] if name in found else 1.0 - prediction.scores[name]
            for name in sorted(own ^ found)
        }
        if not sure:
            return None
        worst = max(sure, key=sure.__getitem__)
        detail = f"{worst} {100 * prediction.scores[worst]:.0f} %"
        return Wrong(_listed(example.labels or ()), _listed(prediction.labels), sure[worst], detail)

    def from_baseline(
        self, answer: Sequence[str], example: EmotionExample, labels: Labels
    ) -> EmotionPrediction:
        """Labels, as if they were certain."""
        scores = {name: float(name in answer) for name in labels.names}
        return EmotionPrediction(tuple(sorted(answer)), scores)


def _probabilities(windows: Windows) -> npt.NDArray[np.float64]:
    """Probability of each label [labels]: of the windows' mean logits, weighted by tokens."""
    return sigmoid(pooled_logits(windows))


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


@hookimpl
def nlpengine_task() -> Emotion:
    """The emotion task."""
    return Emotion()
