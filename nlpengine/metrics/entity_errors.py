"""What kind of mistake each entity is: gold and predicted entities of a sentence are matched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from nlpengine.metrics.scores import Cell, Table
from nlpengine.metrics.tags import Entity

EXACT = "exact"
WRONG_TYPE = "right span, wrong type"
BOUNDARY = "overlapping span, right type"
BOTH = "overlapping span, wrong type"
MISSED = "missed"
SPURIOUS = "spurious"
KINDS = (EXACT, WRONG_TYPE, BOUNDARY, BOTH, MISSED, SPURIOUS)


def entity_errors(gold: Sequence[Entity], predicted: Sequence[Entity]) -> list[str]:
    """The kind of each matched pair, then of each entity left over, of one sentence.

    Each entity is matched once at most: exact pairs first, then those with the right span, then
    overlapping ones of the right type, then any that overlap; of several, the ones that share most
    words, then the leftmost. A gold entity left over is missed, a predicted one spurious.
    """
    rules: tuple[tuple[str, Callable[[Entity, Entity], bool]], ...] = (
        (EXACT, lambda g, p: g == p),
        (WRONG_TYPE, lambda g, p: g[1:] == p[1:]),
        (BOUNDARY, lambda g, p: g[0] == p[0]),
        (BOTH, lambda g, p: True),
    )
    touching = sorted(
        (-shared, i, j)
        for i, g in enumerate(gold)
        for j, p in enumerate(predicted)
        if (shared := min(g[2], p[2]) - max(g[1], p[1])) > 0
    )
    free_gold, free_predicted = set(range(len(gold))), set(range(len(predicted)))
    found = []
    for kind, fits in rules:
        for _, i, j in touching:
            if i in free_gold and j in free_predicted and fits(gold[i], predicted[j]):
                free_gold.remove(i)
                free_predicted.remove(j)
                found.append(kind)
    return found + [MISSED] * len(free_gold) + [SPURIOUS] * len(free_predicted)


def errors_table(gold: Sequence[Sequence[Entity]], predicted: Sequence[Sequence[Entity]]) -> Table:
    """How many entities fall to each kind, and their share of all; the share of nothing is None."""
    counts: Counter[str] = Counter()
    for right, guessed in zip(gold, predicted, strict=True):
        counts.update(entity_errors(sorted(right, key=_place), sorted(guessed, key=_place)))
    total = counts.total()
    rows: list[tuple[Cell, ...]] = [
        (kind, counts[kind], counts[kind] / total if total else None) for kind in KINDS
    ]
    return Table("Entities by kind of error", ("kind", "entities", "share"), tuple(rows))


def _place(entity: Entity) -> tuple[int, int]:
    return entity[1], entity[2]
