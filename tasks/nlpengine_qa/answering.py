"""Spans → the prediction: whether to answer at all, and the most probable answers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from nlpengine.plugin import State
from nlpengine_qa.calibration import no_answer_probability
from nlpengine_qa.decoding import Spans
from nlpengine_qa.prediction import NONE, AnswerPrediction, Candidate


@dataclass(frozen=True, slots=True)
class Options:
    """Options of question answering.

    Attributes:
        max_answer_length: Most tokens of an answer.
        top_k: How many candidate answers a prediction lists.
        handle_impossible_answer: Whether no answer is a possible answer; auto: if training has
            questions without.
    """

    max_answer_length: int = 30
    top_k: int = 1
    handle_impossible_answer: bool | Literal["auto"] = "auto"

    def __post_init__(self) -> None:
        for name in ("max_answer_length", "top_k"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be at least 1.")


def answer(
    context: str, spans: Spans, windows: int, options: Options, state: State
) -> AnswerPrediction:
    """The prediction for a context.

    Args:
        context: The text that the spans are of.
        spans: All of them.
        windows: How many windows the context filled.
        options: "auto" is read as false here: the run decides it before.
        state: What `calibration.tune` learned; without a threshold, 0 is it.
    """
    none = no_answer_probability(spans, state)
    found: dict[str, Candidate] = {}
    for score, start, end in spans.ranked():
        if len(found) == options.top_k:
            break
        text = context[start:end]
        if text not in found:
            probability = (1.0 - none) * math.exp(score - spans.total)
            found[text] = Candidate(text, probability, start, end)
    candidates = list(found.values())
    if not candidates:
        candidates = [NONE]
    elif options.handle_impossible_answer is True:
        empty = Candidate("", none, 0, 0)
        if spans.doubt > state.get("threshold", 0.0):
            candidates = [empty, *candidates]
        else:
            # What is given stands first, also where the threshold and the probabilities disagree.
            rest = sorted([*candidates[1:], empty], key=lambda one: -one.score)
            candidates = [candidates[0], *rest]
    return AnswerPrediction(tuple(candidates[: options.top_k]), none, windows)
