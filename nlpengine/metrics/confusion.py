"""The confusion table, and the statistics that are functions of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Tables = npt.NDArray[np.number]


def accuracy(counts: Tables) -> FloatArray:
    """Share of examples on the diagonal, per table of [r, k, k]."""
    result: FloatArray = np.trace(counts, axis1=1, axis2=2) / counts.sum(axis=(1, 2))
    return result


def macro_f1(counts: Tables) -> FloatArray:
    """Mean F1 of the labels that occur as gold or predicted, per table of [r, k, k]."""
    hits, either = np.diagonal(counts, axis1=1, axis2=2), counts.sum(axis=1) + counts.sum(axis=2)
    f1 = 2.0 * hits / np.where(either > 0, either, 1)
    result: FloatArray = f1.sum(axis=1) / (either > 0).sum(axis=1)
    return result


def mcc(counts: Tables) -> FloatArray:
    """Matthews correlation (k labels: Gorodkin, 2004) per table of [r, k, k]; 0 where undefined."""
    tables = counts.astype(np.float64)  # whole numbers below 2**53 stay exact
    gold, predicted = tables.sum(axis=2), tables.sum(axis=1)
    n = tables.sum(axis=(1, 2))
    # One label only, as gold or predicted, has no variation to correlate with.
    varied = ((gold > 0).sum(axis=1) > 1) & ((predicted > 0).sum(axis=1) > 1)
    spread = np.sqrt(np.abs((n**2 - (gold**2).sum(axis=1)) * (n**2 - (predicted**2).sum(axis=1))))
    covariance = n * np.trace(tables, axis1=1, axis2=2) - (gold * predicted).sum(axis=1)
    result: FloatArray = np.where(varied, covariance / np.where(varied, spread, 1.0), 0.0)
    return np.clip(result, -1.0, 1.0)


def f1_of_first(counts: Tables) -> FloatArray:
    """F1 of the first label alone, per table of [r, k, k]; NaN where it doesn't occur."""
    hits = counts[:, 0, 0]
    either = counts[:, 0, :].sum(axis=1) + counts[:, :, 0].sum(axis=1)
    result: FloatArray = np.where(either > 0, 2.0 * hits / np.where(either > 0, either, 1), np.nan)
    return result


def confusion(
    gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]
) -> tuple[IntArray, FloatArray]:
    """Counts [k, k] and correctness per example [n]."""
    index = {label: place for place, label in enumerate(labels)}
    if len(index) != len(labels):
        raise ValueError("a label is listed twice")
    if unknown := sorted({*gold, *predicted} - index.keys()):
        raise ValueError(f"label {unknown[0]!r} is not among the {len(labels)} labels")
    rows = np.array([index[label] for label in gold])
    columns = np.array([index[label] for label in predicted])
    k = len(labels)
    counts = np.bincount(rows * k + columns, minlength=k * k).reshape(k, k).astype(np.int64)
    return counts, (rows == columns).astype(np.float64)
