"""The model beside simple baselines on the same test examples, and its worst mistakes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nlpengine.baselines import Baseline, BaselineResult
from nlpengine.data import Record
from nlpengine.metrics import Scores, paired_scores
from nlpengine.plugin.contract import Task
from nlpengine.plugin.prediction import Labels, Wrong
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
    return [
        compared(baseline, answer, task.score(test, predictions, labels), scores)
        for baseline, answer, predictions in baseline_predictions(task, train, test, labels, seed)
    ]


def baseline_predictions(
    task: Task[Any], train: Sequence[Any], test: Sequence[Any], labels: Labels, seed: int
) -> Iterator[tuple[Baseline, BaselineResult, list[Any]]]:
    """Each baseline, what it answers, and that as predictions; arguments as `compare_baselines`."""
    inputs = [task.baseline_input(example) for example in train]
    gold = [task.baseline_gold(example) for example in train]
    wanted = [task.baseline_input(example) for example in test]
    for baseline in task.baselines_for(labels):
        with _named(baseline):
            answer = baseline.predict(inputs, gold, wanted, seed)
        yield (
            baseline,
            answer,
            [
                task.from_baseline(given, example, labels)
                for given, example in zip(answer.answers, test, strict=True)
            ],
        )


def compared(
    baseline: Baseline, answer: BaselineResult, own: Scores, scores: Scores
) -> BaselineScore:
    """A baseline's line in the record: its scores beside the model's, on the same examples."""
    return BaselineScore(
        name=baseline.name,
        summary=baseline.summary,
        note=answer.note,
        score=own.main[1],
        difference=paired_scores(scores, own),
    )


@contextmanager
def _named(baseline: Baseline) -> Iterator[None]:
    """Note on an exception of a baseline's in which it arose."""
    try:
        yield
    except Exception as error:
        error.add_note(f"in the baseline {baseline.name!r}, on what baseline_input() gives")
        raise


def worst_mistakes(
    task: Task[Any], examples: Sequence[Any], predictions: Sequence[Any], most: int = 20
) -> list[Mistake]:
    """The wrong predictions, worst first."""
    found = [
        (example, wrong)
        for example, prediction in zip(examples, predictions, strict=True)
        if (wrong := task.mistake(example, prediction)) is not None
    ]
    worst = sorted(found, key=lambda pair: -pair[1].score)[:most]
    return [_mistake(task, example, wrong) for example, wrong in worst]


def _mistake(task: Task[Any], example: Any, wrong: Wrong) -> Mistake:
    texts = task.shown(example)
    return Mistake(
        text=" ".join(texts),
        gold=wrong.gold,
        predicted=wrong.predicted,
        score=wrong.score,
        origin=Record(task.about(example), example.origin).place,
        texts=texts if len(texts) > 1 else (),
        detail=wrong.detail,
    )
