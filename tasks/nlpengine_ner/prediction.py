"""What the task answers for one text: its entities, and a tag a word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlpengine.metrics import lenient_entities

SHOWN = 60
"""Characters of an entity in a listing."""


@dataclass(frozen=True, slots=True)
class NamedEntity:
    """A span of words with its label.

    Attributes:
        label: What it is.
        text: The characters from its first word to its last, as they stand.
        start: Its first character, counted in the text in code points.
        end: One past its last.
        first_word: Its first word, from 0.
        last_word: Its last one.
        score: Mean, over its words, of the probability of the tag that was chosen, in [0, 1].
    """

    label: str
    text: str
    start: int
    end: int
    first_word: int
    last_word: int
    score: float

    def to_json(self) -> dict[str, object]:
        """JSON values, by the attributes' names."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class EntityPrediction:
    """The entities of one text.

    Attributes:
        text: The text, or the words joined by blanks: what characters count in.
        words: (start, end) of each word.
        tags: A tag a word: IOB2, but for the softmax decoder's, which may break its rules.
        scores: Per word, the probability of its tag; 0 for a word that the tokenizer left nothing
            of.
        entities: In the order of the text.
        windows: How many windows of the encoder the text filled.
        joined: Whether the row has a text, too, that isn't made of its words, and so wasn't read.
    """

    text: str
    words: tuple[tuple[int, int], ...]
    tags: tuple[str, ...]
    scores: tuple[float, ...]
    entities: tuple[NamedEntity, ...]
    windows: int = 1
    joined: bool = False

    def to_json(self) -> dict[str, object]:
        """``entities``, ``words``, ``tags``; ``windows`` only where a text needed several.

        ``text`` stands first where characters don't count in the row's own text.
        """
        row: dict[str, object] = {"text": self.text} if self.joined else {}
        row |= {
            "entities": [entity.to_json() for entity in self.entities],
            "words": [self.text[start:end] for start, end in self.words],
            "tags": list(self.tags),
        }
        return row if self.windows == 1 else row | {"windows": self.windows}

    def to_text(self) -> str:
        """A line an entity: label, text, probability, characters."""
        lines = ["no entities"] if not self.entities else []
        wide = max((len(entity.label) for entity in self.entities), default=0)
        texts = [_clipped(entity.text) for entity in self.entities]
        long = max(map(len, texts), default=0)
        for entity, text in zip(self.entities, texts, strict=True):
            lines.append(
                f"{entity.label:<{wide}}  {text:<{long}}  {100 * entity.score:5.1f} %"
                f"  characters {entity.start} to {entity.end}"
            )
        if self.windows > 1:
            lines.append(f"  ({self.windows} windows: all of the text was read)")
        return "\n".join(lines)


def prediction_of(
    text: str,
    words: Sequence[tuple[int, int]],
    tags: Sequence[str],
    scores: Sequence[float],
    windows: int = 1,
    joined: bool = False,
) -> EntityPrediction:
    """Put a prediction together; malformed tags are read as conlleval reads them."""
    found = []
    for label, first, end in lenient_entities(tags):
        start, stop = words[first][0], words[end - 1][1]
        known = [score for score in scores[first:end] if score > 0.0]
        score = sum(known) / len(known) if known else 0.0
        found.append(NamedEntity(label, text[start:stop], start, stop, first, end - 1, score))
    spans, entities = tuple(words), tuple(found)
    return EntityPrediction(text, spans, tuple(tags), tuple(scores), entities, windows, joined)


def _clipped(text: str) -> str:
    line = " ".join(text.split())
    line = "".join(c if c.isprintable() else "\ufffd" for c in line)
    return line if len(line) <= SHOWN else line[: SHOWN - 1] + "…"
