"""Scores of single-label classification."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from nlpengine.metrics.bootstrap import bootstrap_cells, bootstrap_mean
from nlpengine.metrics.calibration import calibration_score
from nlpengine.metrics.confusion import accuracy, confusion, f1_of_first, macro_f1, mcc
from nlpengine.metrics.resampling import unseen_share
from nlpengine.metrics.scores import Cell, Score, Scores, Table

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


def classification_scores(
    gold: Sequence[str],
    predicted: Sequence[str],
    labels: Sequence[str],
    *,
    positive: str | None = None,
    probabilities: npt.ArrayLike | None = None,
    slices: Mapping[str, Sequence[str]] | None = None,
    seed: int = 0,
) -> Scores:
    """Accuracy, macro F1, Matthews correlation and, with probabilities, calibration error.

    With a positive label, its F1 stands after accuracy, as GLUE reports it for MRPC and QQP; where
    the label occurs nowhere it is 0, with an interval from 0 to 1, as nothing is known. Macro F1 is
    the mean over those of ``labels`` that occur in gold or predicted, as scikit-learn's
    ``f1_score(average="macro")`` has it. In the tables, a share of nothing is None.

    Args:
        gold: Right label per example [n]; at least one.
        predicted: Predicted label per example [n].
        labels: All labels, in the order of the tables and of the probabilities' columns [k].
        positive: The label that metric ``f1`` is of.
        probabilities: [n, k].
        slices: Column → value per example [n], for a table of accuracies per value.
        seed: Of the resampling.

    Raises:
        ValueError: Lengths differ, there are no examples, or a label isn't among ``labels``.
    """
    n = len(gold)
    if n == 0 or len(predicted) != n:
        raise ValueError(f"{n} gold and {len(predicted)} predicted labels can't be scored")
    counts, right = confusion(gold, predicted, labels)
    metrics = {
        name: Score(float(of(counts[None])[0]), *bootstrap_cells(counts, of, seed=seed), n)
        for name, of in (("accuracy", accuracy), ("macro_f1", macro_f1), ("mcc", mcc))
    }
    if positive is not None:
        own = _f1_of(positive, labels, counts, seed)
        metrics = {"accuracy": metrics["accuracy"], "f1": own, **metrics}
    if probabilities is not None:
        table = np.asarray(probabilities, dtype=np.float64)
        if table.shape != (n, len(labels)):
            raise ValueError(f"probabilities are {table.shape}, not {(n, len(labels))}")
        top = [labels[column] for column in table.argmax(axis=1)]
        hit = np.array([a == b for a, b in zip(gold, top, strict=True)], dtype=np.float64)
        metrics["ece"] = calibration_score(table, hit, seed=seed)
    tables = [_per_class(counts, labels, seed), _confusion_table(counts, labels)]
    tables += [_by(name, values, right, seed) for name, values in (slices or {}).items()]
    return Scores(metrics, tuple(tables), right)


def _f1_of(label: str, labels: Sequence[str], counts: IntArray, seed: int) -> Score:
    """F1 of one label as a metric of all examples."""
    if label not in labels:
        raise ValueError(f"label {label!r} is not among the {len(labels)} labels")
    place, n = labels.index(label), int(counts.sum())
    hits = int(counts[place, place])
    extra, missed = int(counts[:, place].sum()) - hits, int(counts[place].sum()) - hits
    f1 = _class_f1(hits, extra, missed, n, seed)
    return Score(f1.value, f1.low, f1.high, n) if f1 else Score(0.0, 0.0, 1.0, n)


def _per_class(counts: IntArray, labels: Sequence[str], seed: int) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for place, label in enumerate(labels):
        hits = int(counts[place, place])
        support, guessed = int(counts[place].sum()), int(counts[:, place].sum())
        precision = hits / guessed if guessed else None
        recall = hits / support if support else None
        f1 = _class_f1(hits, guessed - hits, support - hits, int(counts.sum()), seed)
        rows.append((label, precision, recall, f1, support))
    return Table("Per class", ("label", "precision", "recall", "f1", "support"), tuple(rows))


def _class_f1(hits: int, extra: int, missed: int, n: int, seed: int) -> Score | None:
    """F1 of one class; it rests on the examples that have the class or were given it.

    Among those, the share of hits J is a proportion, and F1 = 2J / (1 + J): at 0 and 1, where the
    bootstrap collapses, Wilson's open end of J gives that of F1.
    """
    base = hits + extra + missed
    if base == 0:
        return None
    value = 2 * hits / (hits + base)
    share = unseen_share(base)
    if hits == 0:
        return Score(0.0, 0.0, 2 * share / (1 + share), base)
    if hits == base:
        return Score(1.0, 2 * (1 - share) / (2 - share), 1.0, base)
    # Summed cells of a multinomial are multinomial: the class against all others is enough.
    cells = np.array([[hits, missed], [extra, n - base]])
    return Score(value, *bootstrap_cells(cells, f1_of_first, seed=seed), base)


def _confusion_table(counts: IntArray, labels: Sequence[str]) -> Table:
    rows = tuple((label, *row) for label, row in zip(labels, counts.tolist(), strict=True))
    return Table("Confusion (rows: gold, columns: predicted)", ("gold", *labels), rows)


def _by(column: str, values: Sequence[str], right: FloatArray, seed: int) -> Table:
    """Accuracy per value of a slice column, the weakest first."""
    if len(values) != len(right):
        raise ValueError(f"slice {column!r} has {len(values)} values for {len(right)} examples")
    groups: dict[str, list[int]] = {}
    for place, value in enumerate(values):
        groups.setdefault(value, []).append(place)
    scored = [(value, bootstrap_mean(right[at], seed=seed)) for value, at in groups.items()]
    scored.sort(key=lambda pair: (pair[1].value, pair[0]))
    rows = tuple((value, score, score.n) for value, score in scored)
    return Table(f"By {column}", ("value", "accuracy", "n"), rows)
