"""Baselines for pairs of texts: what the second alone gives away, and what overlap does.

Inputs are (first, second); golds are labels, or numbers for the two of regression.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nlpengine.baselines.baseline import (
    Baseline,
    BaselineResult,
    check_training,
    predict_majority,
)
from nlpengine.baselines.overlap import FEATURE_NAMES, overlap_features
from nlpengine.baselines.tfidf import fit_logistic, predict_tfidf

C = 1.0
"""Inverse regularisation strength of the logistic regression on overlap."""
ALPHA = 1.0
"""Regularisation of the ridge regression on overlap."""

Pair = tuple[str, str]


def predict_second_alone(
    train_inputs: Sequence[Pair], train_golds: Sequence[str], test_inputs: Sequence[Pair], seed: int
) -> BaselineResult:
    """TF-IDF with logistic regression on the second text, as if the first weren't there.

    How far it comes says how much of a data set is given away by the way its hypotheses were
    written (Gururangan et al., 2018, arXiv:1803.02324; Poliak et al., 2018, arXiv:1805.01042).
    """
    check_training(train_inputs, train_golds)
    train, test = [b for _, b in train_inputs], [b for _, b in test_inputs]
    found = predict_tfidf(train, train_golds, test, seed)
    return BaselineResult(found.answers, f"second text alone; {found.note}")


def predict_overlap(
    train_inputs: Sequence[Pair], train_golds: Sequence[str], test_inputs: Sequence[Pair], seed: int
) -> BaselineResult:
    """Logistic regression on a dozen standardised features of what the two texts share."""
    check_training(train_inputs, train_golds)
    if len(set(train_golds)) == 1:
        plain = predict_majority(train_inputs, train_golds, test_inputs, seed)
        return BaselineResult(plain.answers, f"only one label in training: {plain.note}")
    train, test = _standardised(train_inputs, test_inputs)
    model = fit_logistic(train, np.array(train_golds, dtype=object), C, seed)
    weights = np.abs(model.coef_).max(axis=0)
    note = f"{len(FEATURE_NAMES)} features, most weight on {_strongest(weights)}"
    if not test_inputs:
        return BaselineResult([], note)
    return BaselineResult([str(label) for label in model.predict(test)], note)


def predict_overlap_number(
    train_inputs: Sequence[Pair],
    train_golds: Sequence[float],
    test_inputs: Sequence[Pair],
    seed: int,
) -> BaselineResult:
    """Ridge regression on the same features; predictions stay within the range of training."""
    from sklearn.linear_model import Ridge

    check_training(train_inputs, train_golds)
    train, test = _standardised(train_inputs, test_inputs)
    golds = np.array(train_golds, dtype=np.float64)
    model = Ridge(alpha=ALPHA).fit(train, golds)
    note = f"{len(FEATURE_NAMES)} features, most weight on {_strongest(np.abs(model.coef_))}"
    if not test_inputs:
        return BaselineResult([], note)
    found = np.clip(model.predict(test), golds.min(), golds.max())
    return BaselineResult([float(number) for number in found], note)


def _standardised(
    train: Sequence[Pair], test: Sequence[Pair]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Features of both, of mean 0 and spread 1 in training."""
    learnt, asked = overlap_features(train), overlap_features(test)
    mean, spread = learnt.mean(axis=0), learnt.std(axis=0)
    spread[spread < 1e-12] = 1.0  # constant in training: no weight is learnt for it
    return (learnt - mean) / spread, (asked - mean) / spread


def _strongest(weights: npt.NDArray[np.float64]) -> str:
    return f"'{FEATURE_NAMES[int(weights.argmax())]}'"


HYPOTHESIS_ONLY = Baseline(
    "hypothesis only", "TF-IDF with logistic regression on the second text alone",
    predict_second_alone,
)  # fmt: skip
OVERLAP = Baseline(
    "overlap", "logistic regression on how much the two texts share", predict_overlap
)
OVERLAP_REGRESSION = Baseline(
    "overlap", "ridge regression on how much the two texts share", predict_overlap_number
)
