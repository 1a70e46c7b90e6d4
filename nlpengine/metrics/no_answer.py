"""Thresholds on the probability of no answer, as the official SQuAD 2.0 evaluation applies them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nlpengine.metrics.scores import FloatArray

Mask = npt.NDArray[np.bool_]


def at_threshold(values: FloatArray, silent: Mask, answerable: Mask) -> FloatArray:
    """Scores of questions [n] once the silent ones give the empty answer.

    Args:
        values: Score of the answer as predicted.
        silent: Where the empty answer counts instead: right where there is no answer.
        answerable: Where there is an answer.
    """
    return np.where(silent, (~answerable).astype(np.float64), values)


def best_threshold(
    values: FloatArray, doubt: FloatArray, answerable: Mask, answered: Mask
) -> tuple[FloatArray, float]:
    """The threshold of best mean score, and the scores of the questions [n] there.

    From all silent on, questions are answered in order of their doubt, ties in the order given; the
    first best place counts. An unanswerable question that is answered at all scores 0 here, even
    where its answer is nothing once normalised.

    Args:
        values: Score of the answer as predicted.
        doubt: Probability of no answer.
        answerable: Where there is an answer.
        answered: Where the predicted answer isn't empty.

    Returns:
        Scores, whose mean is the best score, and the threshold: the doubt of the last question
        answered; 0 if none is.
    """
    spoken = np.where(answerable, values, (~answered).astype(np.float64))
    silent = (~answerable).astype(np.float64)
    order = np.argsort(doubt, kind="stable")
    reached = np.concatenate([[0.0], np.cumsum((spoken - silent)[order])])
    most = int(reached.argmax())
    outcomes = silent
    outcomes[order[:most]] = spoken[order[:most]]
    return outcomes, float(doubt[order[most - 1]]) if most else 0.0
