"""Tags of words in the IOB2 scheme, and the entities that they mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

Entity = tuple[str, int, int]
"""Label, first word, one past the last word."""


def strict_entities(tags: Sequence[str]) -> list[Entity]:
    """Entities as seqeval reads them with ``mode="strict", scheme=IOB2``.

    An entity is a B tag with the I tags of its label that follow; an I tag that continues nothing
    is no entity.

    Raises:
        ValueError: A tag is neither "O" nor "B-" or "I-" with a label.
    """
    return _read(tags, strict=True)


def lenient_entities(tags: Sequence[str]) -> list[Entity]:
    """Entities as seqeval reads them by default, after conlleval.

    As `strict_entities`, but an I tag that continues nothing begins an entity: on well-formed tags
    the two agree, on malformed ones this reading finds more.

    Raises:
        ValueError: A tag is neither "O" nor "B-" or "I-" with a label.
    """
    return _read(tags, strict=False)


def _read(tags: Sequence[str], strict: bool) -> list[Entity]:
    found: list[Entity] = []
    begun: tuple[str, int] | None = None
    for place, tag in enumerate([*tags, "O"]):
        prefix, label = split_tag(tag)
        if begun and not (prefix == "I" and label == begun[0]):
            found.append((*begun, place))
            begun = None
        if prefix == "B" or (prefix == "I" and begun is None and not strict):
            begun = label, place
    return found


def split_tag(tag: str) -> tuple[str, str]:
    """Prefix ("B", "I" or "O") and label (empty for "O").

    Raises:
        ValueError: The tag is neither "O" nor "B-" or "I-" with a label.
    """
    if tag == "O":
        return "O", ""
    if tag[:2] not in ("B-", "I-") or len(tag) == 2:
        raise ValueError(f"{tag!r} is no IOB2 tag: 'O', or 'B-' or 'I-' with a label")
    return tag[0], tag[2:]


def entity_tags(entities: Iterable[Entity], length: int) -> list[str]:
    """IOB2 tags of a sentence of so many words.

    Raises:
        ValueError: An entity has no label or no word, leaves the sentence, or shares a word with
            another.
    """
    tags = ["O"] * length
    for label, start, end in entities:
        if not label or not 0 <= start < end <= length:
            raise ValueError(f"({label!r}, {start}, {end}) is no entity in {length} words")
        if any(tag != "O" for tag in tags[start:end]):
            raise ValueError(f"({label!r}, {start}, {end}) shares a word with another entity")
        tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return tags
