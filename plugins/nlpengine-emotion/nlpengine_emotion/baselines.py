"""Baselines for sets of labels: inputs are texts, golds and answers lists of labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from nlpengine.baselines import Baseline, BaselineResult

C = 10.0
"""Inverse regularisation strength: a mild one, as few texts have a label."""
TOKEN = r"(?u)\b\w+(?:['’]\w+)*\b"


def predict_frequent(
    train_inputs: Sequence[str],
    train_golds: Sequence[Sequence[str]],
    test_inputs: Sequence[str],
    seed: int,
) -> BaselineResult:
    """The most frequent labels for every text: as many as give the best micro F1 on training."""
    counts = Counter(label for labels in train_golds for label in labels)
    ranked = sorted(counts, key=lambda label: (-counts[label], label))
    support, texts = sum(counts.values()), len(train_golds)
    hits = np.cumsum([counts[label] for label in ranked])
    f1 = [2 * hits[k] / ((k + 1) * texts + support) for k in range(len(ranked))]
    chosen = sorted(ranked[: int(np.argmax(f1)) + 1]) if f1 else []
    note = f"always {', '.join(chosen) or 'no label'}, of {len(ranked)} labels in {texts:,} texts"
    return BaselineResult([list(chosen) for _ in test_inputs], note)


def predict_one_vs_rest(
    train_inputs: Sequence[str],
    train_golds: Sequence[Sequence[str]],
    test_inputs: Sequence[str],
    seed: int,
) -> BaselineResult:
    """A logistic regression a label on TF-IDF of words and word pairs, from one half on.

    Texts with and without a label weigh the same in its regression: else rare labels would hardly
    ever reach one half. A label of all texts, or of none, needs no regression.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), token_pattern=TOKEN, sublinear_tf=True)
    try:
        train = vectorizer.fit_transform(train_inputs)
    except ValueError as error:
        if "vocabulary" not in str(error):
            raise
        plain = predict_frequent(train_inputs, train_golds, test_inputs, seed)
        return BaselineResult(plain.answers, f"no words to learn from: {plain.note}")
    names = sorted({label for labels in train_golds for label in labels})
    note = f"{len(names)} regressions, C = {C:g}; {train.shape[1]:,} features"
    if not test_inputs:
        return BaselineResult([], note)
    test = vectorizer.transform(test_inputs)
    answers: list[list[str]] = [[] for _ in test_inputs]
    for name in names:
        gold = np.array([name in labels for labels in train_golds])
        for answer, found in zip(answers, _decisions(train, gold, test, seed), strict=True):
            answer += [name] if found else []
    return BaselineResult(answers, note)


def _decisions(train: Any, gold: Any, test: Any, seed: int) -> list[bool]:
    """Whether each test text has a label, by the texts that have it in training."""
    from sklearn.linear_model import LogisticRegression

    if gold.all():
        return [True] * test.shape[0]
    model = LogisticRegression(C=C, class_weight="balanced", max_iter=1000, random_state=seed)
    found: list[bool] = model.fit(train, gold).predict(test).tolist()
    return found


FREQUENT = Baseline("frequent", "always the most frequent labels", predict_frequent)
ONE_VS_REST = Baseline(
    "tf-idf", "TF-IDF of words and word pairs, a logistic regression a label", predict_one_vs_rest
)
