"""The model beside simple baselines on the same test examples, and its worst mistakes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nlpengine.metrics import Scores, paired_difference
from nlpengine.plugin.contract import Labels, Prediction, Task
from nlpengine.workflow.record import BaselineScore, Mistake


def compare_baselines(
    task: Task[Any],
    train: Sequence[Any],
    test: Sequence[Any],
    scores: Scores,
    labels: Labels,
    seed: int,
) -> list[BaselineScore]:
    """Run the task's baselines and score them as the model was scored.

    Args:
        task: Whose baselines.
        train: What they learn from.
        test: What they predict.
        scores: The model's, on ``test``.
        labels: The run's.
        seed: For baselines that draw.
    """
    texts = [" ".join(example.texts) for example in train]
    gold = [str(task.gold_of(example)) for example in train]
    wanted = [" ".join(example.texts) for example in test]
    found = []
    for baseline in task.baselines:
        answer = baseline.predict(texts, gold, wanted, seed)
        predictions = [_certain(label, labels) for label in answer.labels]
        own = task.score(test, predictions, labels)
        pair = scores.outcomes, own.outcomes
        found.append(
            BaselineScore(
                name=baseline.name,
                summary=baseline.summary,
                note=answer.note,
                score=own.main[1],
                difference=None
                if pair[0] is None or pair[1] is None
                else paired_difference(pair[0], pair[1]),
            )
        )
    return found


def _certain(label: str, labels: Labels) -> Prediction:
    return Prediction(label, 1.0, {name: float(name == label) for name in labels.names})


def worst_mistakes(
    task: Task[Any], examples: Sequence[Any], predictions: Sequence[Any], most: int = 20
) -> list[Mistake]:
    """The wrong predictions, surest first; none for tasks whose predictions have no label."""
    found = [
        Mistake(
            text=" ".join(example.texts),
            gold=str(gold),
            predicted=prediction.label,
            score=prediction.score,
            origin=str(example.origin),
        )
        for example, prediction in zip(examples, predictions, strict=True)
        if isinstance(prediction, Prediction)
        and prediction.label != (gold := task.gold_of(example))
    ]
    return sorted(found, key=lambda mistake: -mistake.score)[:most]
