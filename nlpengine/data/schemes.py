"""IOB1, IOB2 and BIOES: which of them tags are in, and the entities they say.

Entities are read as the CoNLL-2003 scorer (conlleval) and seqeval's default mode read them: what
breaks a scheme's rules still has one reading, and is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from nlpengine.data.records import Record
from nlpengine.data.tags import Entity, continues, tag_of, tags_of
from nlpengine.errors import DataError

Scheme = Literal["IOB1", "IOB2", "BIOES"]

PREFIXES: dict[Scheme, str] = {"IOB1": "BI", "IOB2": "BI", "BIOES": "BIES"}

_SPELLINGS = {"BIOES": "BIES", "BILOU": "BILU", "BMES": "BMES"}
"""Names of one scheme in three spellings → the letters of each."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """The scheme of a training set's tags.

    Attributes:
        scheme: IOB1, IOB2 or BIOES; BILOU and BMES are spellings of BIOES.
        why: A sentence for the run record.
        entities: How many entities the tags say.
        repairs: Invalid transitions among the tags.
    """

    scheme: Scheme
    why: str
    entities: int
    repairs: int


def recognise_scheme(records: Sequence[Record], field: str = "tags") -> Recognised:
    """Recognise the scheme of a training set.

    E, S, L, U or M speak for BIOES. Otherwise, the one of IOB1 and IOB2 whose rules fewer
    transitions break, IOB2 where that decides nothing. Both are read alike, so that a file that
    mixes them loses nothing: the transitions that break the rules are counted in ``why``.

    Args:
        records: Rows whose ``field`` is a list of tags.
        field: The field of the tags.

    Raises:
        DataError: A row without tags, a tag that is none, or letters of two spellings (E and L,
            S and U, I and M): at the first row with the second one.
    """
    sequences = [tags_of(record, field) for record in records]
    letters = _letters(records, sequences)
    spelling = next((n for n, own in _SPELLINGS.items() if letters <= set(own)), "BIOES")
    counts = {name: sum(_broken(tags, name) for tags in sequences) for name in PREFIXES}
    entities = sum(len(_entities(tags)) for tags in sequences)
    scheme: Scheme = "IOB1" if counts["IOB1"] < counts["IOB2"] else "IOB2"
    if letters & set("ESLUM"):
        scheme = "BIOES"
    why = _why(scheme, spelling, entities, letters)
    repairs = counts[scheme]
    if repairs:
        first = next(i for i, tags in enumerate(sequences) if _broken(tags, scheme))
        were = "1 transition breaks" if repairs == 1 else f"{repairs:,} transitions break"
        why += (
            f" {were} its rules, the first in the sentence at {records[first].origin}: read as "
            "conlleval does."
        )
    return Recognised(scheme, why, entities, repairs)


def check_scheme(records: Iterable[Record], scheme: Scheme, field: str = "tags") -> int:
    """Check that the tags of another split can be read in train's scheme.

    Returns:
        How many transitions break its rules.

    Raises:
        DataError: A row without tags, a tag that is none, or one with a letter that the scheme
            doesn't have.
    """
    broken = 0
    for record in records:
        tags = tags_of(record, field)
        for place, tag in enumerate(tags):
            letter = tag_of(tag)[0]
            if letter not in "O" + PREFIXES[scheme]:
                raise DataError(
                    f"word {place + 1} has the tag {tag!r}, and train's tags are {scheme}, which "
                    f"has {', '.join(['O', *(f'{known}-' for known in PREFIXES[scheme])])}. Write "
                    "all files in one scheme",
                    record.origin.path,
                    record.origin.line,
                )
        broken += _broken(tags, scheme)
    return broken


def entities_of(tags: Sequence[str], scheme: Scheme) -> tuple[list[Entity], int]:
    """Read entities off a sentence's tags, as conlleval and seqeval's default mode do.

    An entity goes on from B or I to I or E of the same label; anything else but O begins one.

    Args:
        tags: One tag a word, [n].
        scheme: Whose rules to count by; it has no say in what is read.

    Returns:
        Entities (label, start, end), word spans half open, in order; and the number of transitions
        between neighbours, borders of the sentence included, that break the scheme's rules.

    Raises:
        ValueError: A tag is none.
    """
    return _entities(tags), _broken(tags, scheme)


def iob2(entities: Iterable[Entity], length: int) -> list[str]:
    """Write entities as IOB2 tags.

    Args:
        entities: (label, start, end), half open.
        length: Words in the sentence.

    Returns:
        One tag a word.

    Raises:
        ValueError: Entities overlap, are empty, or reach out of the sentence.
    """
    tags = ["O"] * length
    for label, start, end in entities:
        if not 0 <= start < end <= length or any(tag != "O" for tag in tags[start:end]):
            raise ValueError(
                f"entity {label!r} at words {start} to {end} overlaps another, is empty or reaches "
                f"out of a sentence of {length} words"
            )
        tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
    return tags


def _entities(tags: Sequence[str]) -> list[Entity]:
    found: list[Entity] = []
    before = ("O", "")
    for place, tag in enumerate(tags):
        now = tag_of(tag)
        if continues(before, now):
            label, start, _ = found.pop()
            found.append((label, start, place + 1))
        elif now[0] != "O":
            found.append((now[1], place, place + 1))
        before = now
    return found


def _broken(tags: Sequence[str], scheme: str) -> int:
    """How many transitions break the rules."""
    before, broken = ("O", ""), 0
    for tag in (*tags, "O"):
        now = tag_of(tag)
        goes_on = continues(before, now)
        if scheme == "BIOES":
            broken += not goes_on and (before[0] in "BI" or now[0] in "IE")
        elif scheme == "IOB2":
            broken += not goes_on and now[0] == "I"
        else:
            # B only parts an entity from a neighbour of the same label.
            broken += now[0] == "B" and not (before[0] in "BI" and before[1] == now[1])
        before = now
    return broken


def _letters(records: Sequence[Record], sequences: Sequence[Sequence[str]]) -> set[str]:
    """The letters as they are written; refuses those of two spellings."""
    first: dict[str, Record] = {}
    for record, tags in zip(records, sequences, strict=True):
        for tag in tags:
            if tag[0] != "O" and tag[0] not in first:
                first[tag[0]] = record
                rivals = [x for x in first if not _fit(x, tag[0])]
                if rivals:
                    raise DataError(
                        f"the tag {tag!r} is of another spelling than {rivals[0]}- (first in the "
                        f"sentence at {first[rivals[0]].origin}): BIOES has I, E, S, BILOU I, L, "
                        "U, BMES M, E, S. Write all tags in one of them",
                        record.origin.path,
                        record.origin.line,
                    )
    return set(first)


def _fit(one: str, other: str) -> bool:
    return any({one, other} <= set(own) for own in _SPELLINGS.values())


def _why(scheme: Scheme, spelling: str, entities: int, letters: set[str]) -> str:
    of = f"({entities:,} entit{'y' if entities == 1 else 'ies'})"
    if not entities:
        return f"no tag but O: taken as {scheme}."
    if scheme == "BIOES":
        spelt = "" if spelling == "BIOES" else f", spelt {spelling}"
        return f"the tags are BIOES{spelt}, going by the letters {', '.join(sorted(letters))} {of}."
    if scheme == "IOB2":
        return f"the tags are IOB2: an entity begins with B- {of}."
    if "B" not in letters:
        return (
            "the tags are IOB1, without any B-: neighbours of one label are read as one entity "
            f"{of}."
        )
    return f"the tags are IOB1: B- only parts neighbours of one label {of}."
