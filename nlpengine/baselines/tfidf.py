"""TF-IDF features with logistic regression: what word counts alone achieve."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from nlpengine.baselines.baseline import (
    Baseline,
    BaselineResult,
    check_training,
    predict_majority,
)

CS = (0.3, 1.0, 3.0, 10.0, 30.0)
"""Inverse regularisation strengths to choose from."""
DEFAULT_C = 1.0
FOLDS = 3
CV_TEXTS = 5_000
MANY_TEXTS = 2_000
"""With more training texts, a feature has to occur in two of them."""
MAX_FEATURES = 200_000
MAX_ITERATIONS = 1_000
TOKEN = r"(?u)\b\w+(?:['’]\w+)*\b"
"""A word of any length, with its apostrophes, so that "don't" and "I" stay."""


def predict_tfidf(
    train_texts: Sequence[str], train_labels: Sequence[str], test_texts: Sequence[str], seed: int
) -> BaselineResult:
    """Word 1- and 2-grams, weighted by TF-IDF, in a logistic regression.

    The regularisation is chosen by cross-validation within the training texts. Where there is
    nothing to learn from (one label, or no word in any text), the most frequent label is predicted
    and the note says so.
    """
    check_training(train_texts, train_labels)
    if len(set(train_labels)) == 1:
        return _majority("only one label in training", train_texts, train_labels, test_texts, seed)
    vectorizer = _vectorizer(len(train_texts))
    try:
        features = vectorizer.fit_transform(train_texts)
    except ValueError as error:
        if "vocabulary" not in str(error) and "no terms remain" not in str(error):
            raise
        return _majority("no words to learn from", train_texts, train_labels, test_texts, seed)
    labels = np.array(train_labels, dtype=object)
    c, how = _choose_c(features, labels, seed)
    model = fit_logistic(features, labels, c, seed)
    note = f"C = {c:g} ({how}); {features.shape[1]:,} features"
    if int(np.max(model.n_iter_)) >= MAX_ITERATIONS:
        note += f"; stopped after {MAX_ITERATIONS:,} iterations, before it converged"
    if not test_texts:
        return BaselineResult([], note)
    found = model.predict(vectorizer.transform(test_texts))
    return BaselineResult([str(label) for label in found], note)


def _majority(
    reason: str,
    train_texts: Sequence[str],
    train_labels: Sequence[str],
    test_texts: Sequence[str],
    seed: int,
) -> BaselineResult:
    plain = predict_majority(train_texts, train_labels, test_texts, seed)
    return BaselineResult(plain.answers, f"{reason}: {plain.note}")


def _vectorizer(texts: int) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        lowercase=True,
        ngram_range=(1, 2),
        token_pattern=TOKEN,
        sublinear_tf=True,
        min_df=2 if texts > MANY_TEXTS else 1,
        max_features=MAX_FEATURES,
        dtype=np.float64,
    )


def fit_logistic(features: Any, labels: npt.NDArray[np.object_], c: float, seed: int) -> Any:
    """A logistic regression of features [n, m] on labels [n], of inverse regularisation ``c``."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=c, class_weight=None, max_iter=MAX_ITERATIONS, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the note says it instead
        return model.fit(features, labels)


def _choose_c(features: Any, labels: npt.NDArray[np.object_], seed: int) -> tuple[float, str]:
    """The C of best cross-validated accuracy (among equals, the smallest), and how it was found.

    Labels with a single text sit out: it can't be both learnt from and tested on. The features are
    those of all training texts; they know no label.
    """
    from sklearn.model_selection import StratifiedKFold

    rows = stratified_sample(labels, CV_TEXTS, seed)
    counts = Counter(labels[rows])
    rows = rows[np.array([counts[label] > 1 for label in labels[rows]])]
    kept = Counter(labels[rows])
    if len(kept) < 2:
        return DEFAULT_C, "the default; too few texts per label for cross-validation"
    folds = min(FOLDS, *kept.values())
    sample, gold = features[rows], labels[rows]
    splitter = StratifiedKFold(folds, shuffle=True, random_state=seed)
    right = dict.fromkeys(CS, 0)
    for train, test in splitter.split(np.zeros(len(gold)), gold):
        for c in CS:
            model = fit_logistic(sample[train], gold[train], c, seed)
            right[c] += int((model.predict(sample[test]) == gold[test]).sum())
    best = max(CS, key=right.__getitem__)
    accuracy = right[best] / len(gold)
    where = f"{len(gold):,} of {len(labels):,} training texts"
    return best, f"{folds}-fold cross-validation on {where}, accuracy {accuracy:.3f}"


def stratified_sample(
    labels: npt.NDArray[np.object_], size: int, seed: int
) -> npt.NDArray[np.int64]:
    """Sorted indices of at most ``size`` examples, each label with about its share of them."""
    if len(labels) <= size:
        return np.arange(len(labels))
    rng = np.random.default_rng(seed)
    place = np.empty(len(labels))  # how far into its label an example stands, 0 to 1
    for label in sorted(set(labels)):
        members = np.flatnonzero(labels == label)
        place[rng.permutation(members)] = np.arange(len(members)) / len(members)
    order = np.lexsort((rng.random(len(labels)), place))
    return np.sort(order[:size])


TFIDF = Baseline("tf-idf", "TF-IDF of words and word pairs, logistic regression", predict_tfidf)
