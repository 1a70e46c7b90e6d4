"""Scores of named entities: exact matches of spans and types, as seqeval counts them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nlpengine.metrics.entity_errors import errors_table
from nlpengine.metrics.hits import GUESSED, HITS, SUPPORT, Hits, f1_score
from nlpengine.metrics.resampling import resampled_sums
from nlpengine.metrics.scores import FloatArray, IntArray, Score, Scores
from nlpengine.metrics.tags import Entity, entity_tags, lenient_entities
from nlpengine.metrics.units import share_score, unit_places, unit_sums


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
    hits = Hits.of(sums.reshape(len(sums), len(types), 3), n, seed)
    metrics = {
        "f1": hits.f1(),
        "precision": hits.precision(),
        "recall": hits.recall(),
        "macro_f1": hits.macro_f1(),
        "token_accuracy": _token_accuracy(gold, predicted, lengths, places, seed),
    }
    if gold_tags is not None and predicted_tags is not None:
        metrics["f1_default"] = _default(gold_tags, predicted_tags, lengths, places, seed)
    tables = (
        hits.table("Per type", "type", tuple(types), counted="entities"),
        errors_table(gold, predicted),
    )
    return Scores(metrics, tables, resampled=hits.resampled())


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
    return f1_score(whole, resampled_sums(whole, seed=seed), len(lengths))
