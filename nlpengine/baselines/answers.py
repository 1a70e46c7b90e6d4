"""A baseline for questions on a text: the sentence that shares most, and a span in it.

Inputs are (question, context), golds are lists of right answers (none for an unanswerable
question), answers are texts, "" for none.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from nlpengine.baselines.baseline import Baseline, BaselineResult, check_training
from nlpengine.baselines.spans import choose_span, content_stems
from nlpengine.metrics import best_threshold, token_f1

_SENTENCE_END = re.compile(r"(?<=[.!?][\"'”’)\]])\s+|(?<=[.!?])\s+(?=[^a-z])|\n+")

Question = tuple[str, str]


class _Search:
    """Sentences of contexts, and how much of a question's weight each holds.

    A word weighs its inverse document frequency, sentences of the training contexts being the
    documents.
    """

    def __init__(self, contexts: Iterable[str]) -> None:
        self._known: dict[str, list[tuple[str, frozenset[str]]]] = {}
        counts: Counter[str] = Counter()
        total = 0
        for context in dict.fromkeys(contexts):
            for _, stems in self._sentences(context):
                counts.update(stems)
                total += 1
        self._total, self._counts = total, counts

    def _sentences(self, context: str) -> list[tuple[str, frozenset[str]]]:
        if context not in self._known:
            self._known[context] = [
                (sentence, frozenset(content_stems(sentence)))
                for sentence in _SENTENCE_END.split(context)
                if sentence.strip()
            ]
        return self._known[context]

    def _weight(self, word: str) -> float:
        return math.log((self._total + 1) / (self._counts[word] + 1)) + 1

    def answer(self, question: str, context: str) -> tuple[str, float]:
        """The answer, and the doubt in it: what share of the question's weight isn't there."""
        weights = {word: self._weight(word) for word in dict.fromkeys(content_stems(question))}
        best, most = "", -1.0
        for sentence, stems in self._sentences(context):
            shared = sum(weight for word, weight in weights.items() if word in stems)
            if shared > most:  # the first of equals
                best, most = sentence, shared
        span = choose_span(question, best)
        total = sum(weights.values())
        if span is None or not total:
            return "", 1.0
        return best[span[0] : span[1]], max(0.0, 1 - most / total)


def predict_overlap_span(
    train_inputs: Sequence[Question],
    train_golds: Sequence[Sequence[str]],
    test_inputs: Sequence[Question],
    seed: int,
) -> BaselineResult:
    """Sentence by shared words, span by the kind of question (after Rajpurkar et al., 2016).

    The sentence of the context that holds most of the question's weight (idf) is taken, and in it a
    date, number, name or rest of a clause (`choose_span`). Training gives the weights and, where it
    has unanswerable questions, the doubt above which nothing is answered.
    """
    check_training(train_inputs, train_golds)
    search = _Search(context for _, context in train_inputs)
    answerable = np.array([len(golds) > 0 for golds in train_golds])
    found = [search.answer(*asked) for asked in test_inputs]
    if not answerable.any():
        note = "no training question has an answer: none is given"
        return BaselineResult([""] * len(found), note)
    if answerable.all():
        note = "every training question has an answer: one is always given where there is a word"
        return BaselineResult([answer for answer, _ in found], note)
    tried = [search.answer(*asked) for asked in train_inputs]
    values = np.array(
        [token_f1(golds, answer) for golds, (answer, _) in zip(train_golds, tried, strict=True)]
    )
    doubt = np.array([doubt for _, doubt in tried])
    answered = np.array([answer != "" for answer, _ in tried])
    outcomes, most = best_threshold(values, doubt, answerable, answered)
    silent = outcomes.sum() <= (~answerable).sum()  # answering nothing does as well
    answers = ["" if silent or doubt > most else answer for answer, doubt in found]
    note = f"training F1 {outcomes.mean():.3f} over {len(values):,} questions"
    if silent:
        return BaselineResult(answers, f"answers nothing, the best on training; {note}")
    return BaselineResult(answers, f"answers nothing above a doubt of {most:.3f}; {note}")


OVERLAP_SPAN = Baseline(
    "overlap", "the sentence that shares most with the question, and a span in it",
    predict_overlap_span,
)  # fmt: skip
