"""One tag of a word: O, or a letter for the place in an entity, a hyphen and the entity's label."""

from __future__ import annotations

import re
from functools import lru_cache

from nlpengine.data.records import Record
from nlpengine.errors import DataError

Entity = tuple[str, int, int]
"""Label, first word, word after the last."""

BARE = "_"
"""The label of tags that are a letter alone (B, I, O), as seqeval names it."""

_TAG = re.compile(r"O|(?P<letter>[BIESLUM])(?:-(?P<label>.*\S.*))?")
# The other spellings of BIOES: BILOU has L and U, BMES has M.
_MEANS = {"L": "E", "U": "S", "M": "I"}


@lru_cache(4096)
def tag_of(tag: str) -> tuple[str, str]:
    """Letter (O, B, I, E or S, whatever the spelling) and label; the label of O is empty.

    Raises:
        ValueError: It is no tag.
    """
    match = _TAG.fullmatch(tag)
    if match is None:
        raise ValueError(f"{tag!r} is no tag")
    letter = match["letter"]
    if letter is None:
        return "O", ""
    return _MEANS.get(letter, letter), match["label"] or BARE


def continues(before: tuple[str, str], now: tuple[str, str]) -> bool:
    """Whether a word belongs to the entity of the word before it, by their letters and labels."""
    return before[0] in ("B", "I") and now[0] in ("I", "E") and before[1] == now[1]


@lru_cache(4096)
def tag_problem(tag: str) -> str | None:
    """What is wrong with a tag and what to do; None where it is one."""
    if _TAG.fullmatch(tag):
        return None
    if not tag.strip():
        return "the tag is empty. Write O for a word outside of entities"
    advice = "A tag is O, or B-LABEL, I-LABEL (in BIOES also E- and S-)"
    if tag in ("o", "0"):
        advice = "Outside of entities the tag is the capital letter O"
    elif match := re.fullmatch(r"([BIESLUMbieslum])[-_:/](.*\S.*)", tag):
        advice = f"Write {match[1].upper()}-{match[2]}"
    elif re.fullmatch(r"[BIESLUM]-\s*", tag):
        advice = f"The label after {tag.strip()} is missing"
    return f"{tag!r} is no tag. {advice}"


def tags_of(record: Record, field: str) -> tuple[str, ...]:
    """The tags of a row.

    Raises:
        DataError: They are missing, no list, or one of them is no tag.
    """
    value = record.fields.get(field)
    at = record.origin
    if not isinstance(value, list | tuple):
        found = "is missing" if value is None else f"is {value!r:.60}"
        raise DataError(
            f"the field {field!r} {found}, and must be a list of one tag a word. Map another "
            f"column with --map {field}=COLUMN",
            at.path,
            at.line,
        )
    for place, tag in enumerate(value):
        problem: str | None = f"{tag!r} is no string like O or B-LABEL. Write the tags' names"
        if isinstance(tag, str):
            problem = tag_problem(tag)
        if problem is not None:
            raise DataError(f"word {place + 1} of {field!r}: {problem}", at.path, at.line)
    return tuple(value)
