"""Scores of named entities: exact matches of spans and types, as seqeval counts them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from nlpengine.metrics.entity_errors import errors_table
from nlpengine.metrics.resampling import resampled_sums, times_drawn, widened
from nlpengine.metrics.scores import Cell, FloatArray, IntArray, Resampled, Score, Scores, Table
from nlpengine.metrics.tags import Entity, entity_tags, lenient_entities
from nlpengine.metrics.units import share_score, unit_places, unit_sums

HITS, GUESSED, SUPPORT = 0, 1, 2
"""Columns of counts: exact matches, predicted entities, gold entities."""


def entity_scores(
    gold: Sequence[Sequence[Entity]],
    predicted: Sequence[Sequence[Entity]],
    lengths: Sequence[int],
    *,
    documents: Sequence[str] | None = None,
    gold_tags: Sequence[Sequence[str]] | None = None,
    predicted_tags: Sequence[Sequence[str]] | None = None,
    seed: int = 0,
) -> Scores:
    """Micro F1, precision, recall and macro F1 of exact matches, and the accuracy of tags.

    An entity is right if its label and both its ends are. ``f1``, ``precision``, ``recall`` and
    ``macro_f1`` (the mean over types that occur in gold or predicted) equal those of seqeval with
    ``mode="strict", scheme=IOB2`` on the tags that `strict_entities` was given. ``f1_default``,
    there when raw tags are given, is seqeval's F1 without a mode, which CoNLL-style papers report:
    it reads malformed tags leniently (an I tag that continues nothing begins an entity) and so
    differs where a tagger writes them; on well-formed tags the two agree. ``token_accuracy`` is
    that of the words' IOB2 tags.

    A ratio of nothing is 0, as seqeval has it, with an interval from 0 to 1, as nothing is known;
    in the tables it is None. Intervals resample documents: entities in one aren't independent.

    Args:
        gold: Right entities per sentence [n], (label, start, end) in words, half-open; at least one
            sentence.
        predicted: Predicted entities per sentence [n].
        lengths: Words per sentence [n].
        documents: The document of each sentence [n]; None: each sentence is one.
        gold_tags: Raw tags per sentence, as in the file; for ``f1_default``.
        predicted_tags: Raw tags per sentence, as a tagger wrote them.
        seed: Of the resampling.

    Raises:
        ValueError: Lengths differ, there are no sentences, or entities leave their sentence or
            overlap.
    """
    n = len(lengths)
    if n == 0 or len(gold) != n or len(predicted) != n:
        raise ValueError(f"entities of {len(gold)} and {len(predicted)} sentences, lengths of {n}")
    places = unit_places(documents, n, "documents")
    types = sorted({label for side in (gold, predicted) for row in side for label, _, _ in row})
    sums = unit_sums(_counts(gold, predicted, types), places)
    drawn_sums = resampled_sums(sums, seed=seed)
    per_type, drawn = (table.reshape(len(table), len(types), 3) for table in (sums, drawn_sums))
    whole, whole_drawn = per_type.sum(axis=1), drawn.sum(axis=1)
    metrics = {
        "f1": _f1_score(whole, whole_drawn, n),
        "precision": _ratio(whole[:, [HITS, GUESSED]], whole_drawn[:, [HITS, GUESSED]], n),
        "recall": _ratio(whole[:, [HITS, SUPPORT]], whole_drawn[:, [HITS, SUPPORT]], n),
        "macro_f1": _macro(per_type, drawn, n),
        "token_accuracy": _token_accuracy(gold, predicted, lengths, places, seed),
    }
    if gold_tags is not None and predicted_tags is not None:
        metrics["f1_default"] = _default(gold_tags, predicted_tags, lengths, places, seed)
    tables = (_per_type(per_type, drawn, types), errors_table(gold, predicted))
    resampled = Resampled(len(whole), partial(_resampled_f1, whole), bearing=_bearing(whole))
    return Scores(metrics, tables, resampled=resampled)


def _counts(
    gold: Sequence[Sequence[Entity]], predicted: Sequence[Sequence[Entity]], types: Sequence[str]
) -> FloatArray:
    """Matches, predicted and gold entities per sentence and type [n, types x 3]."""
    index = {label: place for place, label in enumerate(types)}
    counts = np.zeros((len(gold), len(types), 3))
    for row, right, guessed in zip(counts, gold, predicted, strict=True):
        hits = set(right) & set(guessed)
        for column, entities in ((HITS, hits), (GUESSED, guessed), (SUPPORT, right)):
            for label, _, _ in entities:
                row[index[label], column] += 1
    return counts.reshape(len(gold), 3 * len(types))


def _f1(counts: FloatArray) -> FloatArray:
    """F1 [...] of counts [..., 3]; NaN where there is no entity."""
    either = counts[..., GUESSED] + counts[..., SUPPORT]
    result: FloatArray = 2 * counts[..., HITS] / np.where(either > 0, either, np.nan)
    return result


def _resampled_f1(whole: FloatArray, indices: IntArray) -> FloatArray:
    return _f1(times_drawn(indices) @ whole)


def _bearing(counts: FloatArray) -> int:
    """How many units have an entity at all."""
    return int((counts.sum(axis=1) > 0).sum())


def _f1_score(counts: FloatArray, drawn: FloatArray, n: int) -> Score:
    """F1 of counts [units, 3], resampled [r, 3].

    The share J of hits among all entities is a proportion and F1 = 2J / (1 + J): where the
    bootstrap collapses, Wilson's open end of J gives that of F1.
    """
    value = float(_f1(counts.sum(axis=0)))
    if math.isnan(value):
        return Score(0.0, 0.0, 1.0, n)
    share, shares = value / (2 - value), (f1 := _f1(drawn)) / (2 - f1)
    low, high = widened(share, shares, len(counts), (0.0, 1.0), _bearing(counts))
    # The way there and back rounds; the ends still hold the value.
    return Score(value, min(value, 2 * low / (1 + low)), max(value, 2 * high / (1 + high)), n)


def _ratio(counts: FloatArray, drawn: FloatArray, n: int) -> Score:
    """First column over second, of [units, 2], resampled [r, 2]."""
    top, bottom = counts.sum(axis=0)
    if bottom == 0:
        return Score(0.0, 0.0, 1.0, n)
    shares = drawn[:, 0] / np.where(drawn[:, 1] > 0, drawn[:, 1], np.nan)
    bearing = int((counts[:, 1] > 0).sum())
    value = float(top / bottom)
    return Score(value, *widened(value, shares, len(counts), (0.0, 1.0), bearing), n)


def _macro(counts: FloatArray, drawn: FloatArray, n: int) -> Score:
    """Mean F1 of the types that occur, of [units, types, 3], resampled [r, types, 3]."""
    if counts.shape[1] == 0:
        return Score(0.0, 0.0, 1.0, n)
    f1 = _f1(drawn)
    occur = ~np.isnan(f1)
    means = np.where(occur, f1, 0).sum(axis=1) / np.where(occur.any(axis=1), occur.sum(axis=1), 1)
    means[~occur.any(axis=1)] = np.nan
    value = float(_f1(counts.sum(axis=0)).mean())
    bearing = _bearing(counts.sum(axis=1))
    return Score(value, *widened(value, means, len(counts), (0.0, 1.0), bearing), n)


def _token_accuracy(
    gold: Sequence[Sequence[Entity]],
    predicted: Sequence[Sequence[Entity]],
    lengths: Sequence[int],
    places: IntArray,
    seed: int,
) -> Score:
    """Share of words whose IOB2 tag is right; n is the number of words."""
    counts = np.zeros((len(lengths), 2))
    for row, right, guessed, length in zip(counts, gold, predicted, lengths, strict=True):
        pairs = zip(entity_tags(right, length), entity_tags(guessed, length), strict=True)
        row[:] = sum(a == b for a, b in pairs), length
    words = int(counts[:, 1].sum())
    if words == 0:
        return Score(0.0, 0.0, 1.0, 0)
    return share_score(unit_sums(counts, places), words, seed)


def _default(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    lengths: Sequence[int],
    places: IntArray,
    seed: int,
) -> Score:
    """Micro F1 of entities as seqeval reads raw tags by default."""
    for tags in (gold, predicted):
        if [len(row) for row in tags] != list(lengths):
            raise ValueError("raw tags and lengths of sentences don't fit")
    counts = np.zeros((len(lengths), 3))
    for row, a, b in zip(counts, gold, predicted, strict=True):
        right, guessed = set(lenient_entities(a)), set(lenient_entities(b))
        row[:] = len(right & guessed), len(guessed), len(right)
    whole = unit_sums(counts, places)
    return _f1_score(whole, resampled_sums(whole, seed=seed), len(lengths))


def _per_type(counts: FloatArray, drawn: FloatArray, types: Sequence[str]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for place, label in enumerate(types):
        hits, guessed, support = counts[:, place].sum(axis=0).astype(int).tolist()
        base = guessed + support - hits
        f1 = _f1_score(counts[:, place], drawn[:, place], base)
        precision = hits / guessed if guessed else None
        rows.append((label, precision, hits / support if support else None, f1, support))
    return Table("Per type", ("type", "precision", "recall", "f1", "entities"), tuple(rows))
