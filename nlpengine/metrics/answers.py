"""Scores of answers to questions on a text, as the official SQuAD 2.0 evaluation has them.

Rajpurkar et al., 2016 (arXiv:1606.05250) and 2018 (arXiv:1806.03822).
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from nlpengine.metrics.bootstrap import bootstrap_mean
from nlpengine.metrics.no_answer import at_threshold, best_threshold
from nlpengine.metrics.resampling import times_drawn
from nlpengine.metrics.scores import Cell, FloatArray, IntArray, Resampled, Score, Scores, Table
from nlpengine.metrics.units import share_score, unit_places, unit_sums

_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise_answer(text: str) -> str:
    """The form in which answers are compared, as the official evaluation makes it.

    In this order: lower case; ASCII punctuation dropped, so that "U.S." is "us" and "the-end" one
    word; the articles a, an and the replaced by a space; white space runs to a single space and
    none at the ends.
    """
    bare = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLE.sub(" ", bare).split())


def exact_match(gold: Sequence[str], predicted: str) -> float:
    """1 where the prediction is one of the gold answers once normalised, else 0.

    Without gold answers (none, or none with anything left once normalised) the empty answer is
    right.
    """
    return float(normalise_answer(predicted) in _comparable(gold))


def token_f1(gold: Sequence[str], predicted: str) -> float:
    """Best F1 of the prediction's normalised words with those of a gold answer.

    Where one of the two has no words, it is 1 if both have none, else 0.
    """
    words = normalise_answer(predicted).split()
    return max(_f1(answer.split(), words) for answer in _comparable(gold))


def _comparable(gold: Sequence[str]) -> list[str]:
    return [form for answer in gold if (form := normalise_answer(answer))] or [""]


def _f1(gold: Sequence[str], predicted: Sequence[str]) -> float:
    if not gold or not predicted:
        return float(gold == predicted)
    shared = (Counter(gold) & Counter(predicted)).total()
    if shared == 0:
        return 0.0
    precision, recall = shared / len(predicted), shared / len(gold)
    return 2 * precision * recall / (precision + recall)


def answer_scores(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[str],
    *,
    no_answer_probabilities: npt.ArrayLike | None = None,
    no_answer_threshold: float = 1.0,
    groups: Sequence[str] | None = None,
    seed: int = 0,
) -> Scores:
    """F1 of words and exact match, fractions of 1, each the mean over all questions.

    With probabilities, the score of a question whose probability of no answer is above the
    threshold is that of the empty answer; ``best_f1`` and ``best_exact`` are what the best
    threshold reaches on these very questions (an upper bound, chosen with the answers in sight; its
    interval takes the threshold as given). Among equal probabilities the questions' order counts,
    as in the official evaluation. The tables split the scores by whether there is an answer
    (HasAns, NoAns), and give the best thresholds.

    Args:
        gold: The right answers of each question [n], none for an unanswerable one; at least one
            question.
        predicted: The answer to each question [n], "" for none.
        no_answer_probabilities: How sure it is that there is no answer [n], in any unit.
        no_answer_threshold: Above this probability, the empty answer counts.
        groups: What questions come from (paragraph, article) [n], to be resampled as wholes; there
            are no ``outcomes`` then, as questions aren't independent.
        seed: Of the resampling.

    Raises:
        ValueError: Lengths differ, there are no questions, or a probability is not finite.
    """
    n = len(gold)
    if n == 0 or len(predicted) != n:
        raise ValueError(f"{n} questions and {len(predicted)} answers can't be scored")
    places = None if groups is None else unit_places(groups, n, "groups")
    answerable = np.array([len(answers) > 0 for answers in gold])
    pairs = list(zip(gold, predicted, strict=True))
    raw = {
        "f1": np.array([token_f1(answers, answer) for answers, answer in pairs]),
        "exact": np.array([exact_match(answers, answer) for answers, answer in pairs]),
    }
    final, rows = raw, list[tuple[str, Score, float]]()
    if no_answer_probabilities is not None:
        doubt = _doubts(no_answer_probabilities, n)
        silent = doubt > no_answer_threshold
        answered = np.array([answer != "" for answer in predicted])
        final = {name: at_threshold(raw[name], silent, answerable) for name in raw}
        for name, values in raw.items():
            outcomes, threshold = best_threshold(values, doubt, answerable, answered)
            rows.append((name, _mean(outcomes, places, seed), threshold))
    metrics = {name: _mean(values, places, seed) for name, values in final.items()}
    metrics |= {f"best_{name}": score for name, score, _ in rows}
    split = _by_answerable(final, answerable, places, seed)
    best = Table("Best no-answer threshold", ("metric", "best", "at"), tuple(rows))
    tables = (split, best) if rows else (split,)
    if places is None:
        return Scores(metrics, tables, final["f1"])
    return Scores(metrics, tables, resampled=_grouped(final["f1"], places))


def _doubts(probabilities: npt.ArrayLike, n: int) -> FloatArray:
    doubt = np.asarray(probabilities, dtype=np.float64)
    if doubt.shape != (n,) or not np.isfinite(doubt).all():
        raise ValueError(f"no-answer probabilities {doubt.shape} are not {n} finite numbers")
    return doubt


def _mean(values: FloatArray, places: IntArray | None, seed: int) -> Score:
    if places is None:
        return bootstrap_mean(values, seed=seed)
    _, within = np.unique(places, return_inverse=True)  # a subset may lack some groups
    sums = unit_sums(np.stack([values, np.ones(len(values))], axis=1), within)
    return share_score(sums, len(values), seed)


def _grouped(values: FloatArray, places: IntArray) -> Resampled:
    """The mean of values [n] on resampled groups."""
    sums = unit_sums(np.stack([values, np.ones(len(values))], axis=1), places)
    return Resampled(len(sums), partial(_resampled_share, sums))


def _resampled_share(sums: FloatArray, indices: IntArray) -> FloatArray:
    drawn = times_drawn(indices) @ sums
    result: FloatArray = drawn[:, 0] / drawn[:, 1]
    return result


def _by_answerable(
    final: dict[str, FloatArray],
    answerable: npt.NDArray[np.bool_],
    places: IntArray | None,
    seed: int,
) -> Table:
    """Both scores of the questions with and without an answer; a kind without questions is None."""
    rows: list[tuple[Cell, ...]] = []
    for name, kind in (("HasAns", answerable), ("NoAns", ~answerable)):
        at = np.flatnonzero(kind)
        own = None if places is None else places[at]
        cells = [_mean(final[m][at], own, seed) if len(at) else None for m in ("exact", "f1")]
        rows.append((name, *cells, len(at)))
    return Table("By answerability", ("questions", "exact", "f1", "n"), tuple(rows))
