"""Checks of scores: metrics, tables, baselines."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from nlpengine.metrics import Score, Scores, Table
from nlpengine.plugin.guarded import ANSWERS
from nlpengine.plugin.prediction import WindowLogits
from nlpengine.testing.checking import NotApplicable, require
from nlpengine.testing.task_checks.learning import CLOSE, ideal_windows
from nlpengine.testing.task_checks.subject import UNIT, Subject

SLACK = 1e-9


def metric(subject: Subject) -> None:
    """Scores stay in their bounds, an interval holds its value, right answers beat wrong ones."""
    task, labels = subject.task, subject.prepared.model.labels
    right = _answers(subject, 1.0)
    wrong = _answers(subject, -1.0)
    random = subject.model.predict_examples(subject.examples)
    values = []
    for what, found in (("right", right), ("wrong", wrong), ("random", random)):
        scores = task.score(subject.examples, found, labels)
        check_scores(subject, scores, what)
        values.append(scores.main[1].value)
    name = task.score(subject.examples, right, labels).main[0]
    require(
        values[0] > max(values[1], -math.inf) and values[0] >= values[2] - SLACK,
        f"{name} of right predictions is {values[0]:.3f}, of wrong ones {values[1]:.3f}, of random "
        f"ones {values[2]:.3f}: greater must be better",
    )
    single = task.score(subject.examples[:1], right[:1], labels)
    require(isinstance(single, Scores), "one example alone can't be scored")


def _answers(subject: Subject, sign: float) -> list[Any]:
    """Predictions of the logits that the loss likes best, or of the opposite ones."""
    return [
        subject.decode(example, [WindowLogits(w.encoding, sign * w.logits) for w in own])
        for example, own in zip(subject.examples, ideal_windows(subject), strict=True)
    ]


def check_scores(subject: Subject, scores: Any, what: str) -> None:
    """Types, bounds and intervals."""
    require(isinstance(scores, Scores), f"score gives {type(scores).__name__}, not Scores")
    require(scores.metrics, "score gives no metric")
    for name, score in scores.metrics.items():
        require(isinstance(score, Score), f"the metric {name!r} is {score!r:.60}, not a Score")
        low, high = subject.bounds.get(name, UNIT)
        for part in ("value", "low", "high"):
            value = getattr(score, part)
            require(
                math.isfinite(value) and low - SLACK <= value <= high + SLACK,
                f"{name} of {what} predictions: {part} is {value}, outside {low:g} to {high:g}. "
                "Mend it, or declare its bounds",
            )
        require(
            score.low - SLACK <= score.value <= score.high + SLACK,
            f"{name} of {what} predictions is {score.value}, outside its interval {score.low} to "
            f"{score.high}",
        )
        require(score.n > 0, f"{name} of {what} predictions rests on {score.n} examples")
    for table in scores.tables:
        require(isinstance(table, Table), f"a table is {type(table).__name__}, not a Table")
        wide = all(len(row) == len(table.columns) for row in table.rows)
        require(wide, f"a row of the table {table.title!r} isn't as long as its heading")


def baselines(subject: Subject) -> None:
    """Each baseline learns, predicts, and is scored as the model is."""
    from nlpengine.workflow.compare import baseline_predictions, compared

    task, labels = subject.task, subject.prepared.model.labels
    if not task.baselines_for(labels):
        raise NotApplicable("the task has no baselines")
    examples = subject.examples
    right, wanted = ANSWERS["from_baseline"]
    scores = task.score(examples, subject.model.predict_examples(examples), labels)
    for baseline, answer, predictions in baseline_predictions(task, examples, examples, labels, 0):
        for given, prediction in zip(answer.answers, predictions, strict=True):
            require(
                right(prediction),
                f"from_baseline gives {prediction!r:.60}, not {wanted}: make a prediction of what "
                f"the baseline {baseline.name!r} answers ({given!r:.40})",
            )
        found = compared(baseline, answer, task.score(examples, predictions, labels), scores)
        low, high = subject.bounds.get(scores.main[0], UNIT)
        value = found.score.value
        require(
            np.isfinite(value) and low - CLOSE <= value <= high + CLOSE,
            f"the baseline {found.name!r} scores {value}, outside {low:g} to {high:g}",
        )
