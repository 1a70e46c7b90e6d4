"""What is worst about a prediction: one wrong or missed entity a sentence, the surest."""

from __future__ import annotations

from collections.abc import Sequence

from nlpengine.metrics import Entity, strict_entities
from nlpengine.plugin import Wrong
from nlpengine_ner.prediction import EntityPrediction

NONE = "no entity"


def worst(
    text: str,
    words: Sequence[tuple[int, int]],
    tags: Sequence[str],
    prediction: EntityPrediction,
) -> Wrong | None:
    """The mistake that the model was surest of; None where all entities are right.

    A wrong entity is as sure as its score, a missed one as sure as the mean probability of the
    tags that its words got.

    Args:
        text: What words count in.
        words: (start, end) of each word.
        tags: Gold, IOB2.
        prediction: For the same words.
    """
    gold = strict_entities(tags)
    found: list[Entity] = [
        (entity.label, entity.first_word, entity.last_word + 1) for entity in prediction.entities
    ]

    def said(entities: Sequence[Entity]) -> str:
        return " and ".join(
            f"{text[words[first][0] : words[end - 1][1]]} ({label})"
            for label, first, end in entities
        )

    mistakes = []
    for entity, own in zip(prediction.entities, found, strict=True):
        if own not in gold:
            rivals = [other for other in gold if _overlap(other, own)]
            mistakes.append(Wrong(said(rivals) or NONE, said([own]), entity.score))
    for own in gold:
        if not any(_overlap(own, other) for other in found):
            scores = prediction.scores[own[1] : own[2]]
            mistakes.append(Wrong(said([own]), NONE, sum(scores) / len(scores)))
    return max(mistakes, key=lambda mistake: mistake.score, default=None)


def _overlap(one: Entity, other: Entity) -> bool:
    return one[1] < other[2] and other[1] < one[2]
