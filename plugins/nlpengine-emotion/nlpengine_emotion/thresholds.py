"""From which probability on a label is predicted, chosen for its F1.

A label that few texts have seldom reaches one half, and F1 wants it predicted all the same (Lipton
et al. 2014, "Optimal Thresholding of Classifiers to Maximize F1 Measure").
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

HALF = 0.5
LEAST_POSITIVES = 5
"""With fewer texts of a label there is nothing to tune its threshold on."""


def sigmoid(logits: Floats) -> Floats:
    """Probabilities [...] of logits [...]; no overflow, however large they are."""
    result: Floats = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return result


def best_threshold(scores: Floats, gold: Bools) -> float:
    """The threshold of the best F1 of ``scores >= threshold``; of equal ones the nearest to 1/2.

    Args:
        scores: Probabilities [n].
        gold: Which of them are right [n]; one at least.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    hits = np.cumsum(gold[order])
    f1 = 2 * hits / (np.arange(1, len(ranked) + 1) + gold.sum())
    # A cut between equal scores doesn't exist.
    after = np.append(ranked[1:], 0.0)
    cuts = np.flatnonzero(ranked > after)
    if not len(cuts):
        return HALF
    best = cuts[f1[cuts] >= f1[cuts].max() - 1e-12]
    # Anything in (after, ranked] cuts there: the middle, or one half where that is inside.
    inside = (after[best] < HALF) & (ranked[best] >= HALF)
    middles = np.where(inside, HALF, (after[best] + ranked[best]) / 2)
    # The middle of two neighbours may round down to the lower one.
    middles = np.where(middles > after[best], middles, ranked[best])
    return float(middles[np.abs(middles - HALF).argmin()])


def tune_thresholds(scores: Floats, gold: Bools) -> list[float]:
    """A threshold per label.

    A label of at least `LEAST_POSITIVES` texts gets its own. The others share the one that is best
    for all labels together, by micro F1; it is one half where all labels together are too few.

    Args:
        scores: Probabilities [n, labels].
        gold: Which labels the texts have [n, labels].
    """
    enough = int(gold.sum()) >= LEAST_POSITIVES
    shared = best_threshold(scores.ravel(), gold.ravel()) if enough else HALF
    return [
        best_threshold(scores[:, place], own) if int(own.sum()) >= LEAST_POSITIVES else shared
        for place, own in enumerate(gold.T)
    ]
