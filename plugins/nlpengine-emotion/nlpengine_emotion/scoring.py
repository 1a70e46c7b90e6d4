"""Scores of sets of labels."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from nlpengine.metrics import Hits, Score, Scores, Table, bootstrap_mean


def label_scores(
    gold: Sequence[Collection[str]],
    predicted: Sequence[Collection[str]],
    names: Sequence[str],
) -> Scores:
    """Micro F1, precision and recall over all labels, macro F1, and the share of exact sets.

    Args:
        gold: Right labels per text [n]; at least one text.
        predicted: Predicted labels per text [n].
        names: All labels, in the order of the table.
    """
    counts = np.array(
        [
            [(name in a and name in b, name in b, name in a) for name in names]
            for a, b in zip(gold, predicted, strict=True)
        ],
        dtype=np.float64,
    ).reshape(len(gold), len(names), 3)
    hits = Hits.of(counts)
    exact = [float(set(a) == set(b)) for a, b in zip(gold, predicted, strict=True)]
    metrics = {
        "micro_f1": hits.f1(),
        "macro_f1": hits.macro_f1(),
        "exact_match": bootstrap_mean(np.asarray(exact)),
        "micro_precision": hits.precision(),
        "micro_recall": hits.recall(),
    }
    tables = (hits.table("Per label", "label", tuple(names)), _by_size(gold, exact))
    return Scores(metrics, tables, resampled=hits.resampled())


def _by_size(gold: Sequence[Collection[str]], exact: Sequence[float]) -> Table:
    """Exact sets by how many labels a text has: 0 is where the model has to say nothing."""
    sizes = np.array([len(labels) for labels in gold])
    rows: list[tuple[int, Score, int]] = []
    for size in sorted(set(sizes.tolist())):
        own = np.asarray(exact)[sizes == size]
        rows.append((size, bootstrap_mean(own), len(own)))
    return Table("By number of labels", ("labels", "exact_match", "n"), tuple(rows))
