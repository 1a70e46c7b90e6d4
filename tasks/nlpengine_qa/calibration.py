"""When to give no answer, and how probable it is that there is none: learned on the dev split."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from nlpengine.data import QuestionExample
from nlpengine.metrics import token_f1
from nlpengine.plugin import State
from nlpengine_qa.decoding import Spans

Floats = npt.NDArray[np.float64]

FEWEST = 20
"""With fewer questions, or fewer than `FEWEST_EACH` of a kind, no probabilities are fitted."""
FEWEST_EACH = 5
_STEPS = 100
_LEVEL = 1e-6
"""Log-odds between the most and the least doubted answer, below which doubt says nothing."""


def no_answer_probability(spans: Spans, state: State) -> float:
    """That a context holds no answer: calibrated where that was learned, else by softmax.

    The softmax is over all spans of all windows and no answer.
    """
    if not np.isfinite(spans.best):
        return 1.0
    if "slope" in state:
        return _sigmoid(state["slope"] * spans.doubt + state["intercept"])
    return _sigmoid(spans.null - spans.total)


def tune(examples: Sequence[QuestionExample], found: Iterable[Spans]) -> Mapping[str, float]:
    """Learn from questions with and without answers.

    Args:
        examples: Dev questions.
        found: Their spans; read one by one, as all of a large set take much memory.

    Returns:
        ``threshold``: above this doubt (null less best span, in logits) no answer is given, as
        answering is then expected to cost F1. ``slope`` and ``intercept`` of the log-odds of no
        answer by doubt. Empty where there are not both kinds. Contexts that hold no span don't
        count: they get no answer whatever is learned here.
    """
    seen = [
        (spans.doubt, _f1(example, spans), bool(example.answers))
        for example, spans in zip(examples, found, strict=True)
        if np.isfinite(spans.best)
    ]
    if len({can for _, _, can in seen}) < 2:
        return {}
    doubt, values, can = np.array(seen, dtype=np.float64).T
    answerable = can > 0
    state = {"threshold": _threshold(values, doubt, answerable)}
    few = min(answerable.sum(), (~answerable).sum()) < FEWEST_EACH
    if not few and len(seen) >= FEWEST:
        slope, intercept = fit_logistic(doubt, _drawn_in(~answerable))
        if slope <= 0:  # the doubt says nothing: each question is as probable as the next
            share = float(answerable.mean())
            slope, intercept = 0.0, math.log((1 - share) / share)
        state |= {"slope": slope, "intercept": intercept}
    return state


def _f1(example: QuestionExample, spans: Spans) -> float:
    best = next(spans.ranked(), None)
    answer = "" if best is None else example.context[best[1] : best[2]]
    return token_f1([text for text, _ in example.answers or ()], answer)


def _threshold(values: Floats, doubt: Floats, answerable: npt.NDArray[np.bool_]) -> float:
    """The doubt at which to answer is expected to gain nothing over no answer.

    The gain, in [-1, 1], follows a logistic curve of the doubt. The threshold that was best for the
    dev questions themselves, as the official SQuAD 2.0 evaluation looks for it, fits their noise.
    """
    gain = np.where(answerable, values, -1.0)
    # As if two more were seen, one that gains all and one that costs all: never 0 or 1.
    targets = (len(gain) * (gain + 1) / 2 + 1) / (len(gain) + 2)
    slope, intercept = fit_logistic(doubt, targets)
    least, most = float(doubt.min()) - 1.0, float(doubt.max()) + 1.0
    if slope * (most - least) > -_LEVEL:  # what is doubted more is not worse: all or none
        return most if gain.mean() > 0 else least
    return min(max(-intercept / slope, least), most)


def _drawn_in(outcomes: npt.NDArray[np.bool_]) -> Floats:
    """Targets by which separable outcomes have a finite fit, too (Platt 1999)."""
    positive = int(outcomes.sum())
    negative = len(outcomes) - positive
    return np.where(outcomes, (positive + 1) / (positive + 2), 1 / (negative + 2))


def fit_logistic(values: Floats, targets: Floats) -> tuple[float, float]:
    """Slope and intercept of the log-odds of a target by a value, of maximum likelihood.

    Newton's method (Lin, Lin and Weng 2007).

    Args:
        values: [n].
        targets: [n], probabilities; none of 0 or 1, or there may be no finite fit.
    """
    middle, scale = float(values.mean()), float(values.std()) or 1.0
    design = np.stack([(values - middle) / scale, np.ones(len(values))], axis=1)
    mean = float(targets.mean())
    weights = np.array([0.0, math.log(mean / (1 - mean))])
    for _ in range(_STEPS):
        p = _sigmoids(design @ weights)
        gradient = design.T @ (p - targets)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        size = 1.0
        while size > 1e-4 and _loss(design, weights - size * step, targets) > _loss(
            design, weights, targets
        ):
            size /= 2
        weights = weights - size * step
        if np.abs(size * step).max() < 1e-10:
            break
    slope = float(weights[0]) / scale
    return slope, float(weights[1]) - slope * middle


def _loss(design: Floats, weights: Floats, targets: Floats) -> float:
    logits = design @ weights
    return float((np.logaddexp(0.0, logits) - targets * logits).sum())


def _sigmoids(logits: Floats) -> Floats:
    result: Floats = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return result


def _sigmoid(logit: float) -> float:
    return 0.5 * (1.0 + math.tanh(0.5 * logit))
