"""Answers that don't stand where their offset says: found again where that is no guess."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import replace

from nlpengine import DataError
from nlpengine.data import QuestionExample
from nlpengine_qa.reading import UNKNOWN

SHOWN_IDS = 10

MOVED = "stand elsewhere than their offset says, and were taken at the nearest place"
PLACED = "came without an offset, and stand in their context once"
FOLDED = "stand in their context in other Unicode forms or white space, and were taken from there"


def align(
    splits: Mapping[str, Sequence[QuestionExample]],
) -> tuple[dict[str, list[QuestionExample]], tuple[str, ...]]:
    """Make every answer a span of its context.

    An answer that isn't where its offset says is looked for as it is, the nearest place winning;
    then with Unicode forms (NFKD) and white space folded, where it must be unambiguous.

    Returns:
        The examples, and a sentence for each kind of repair, with ids.

    Raises:
        DataError: An answer stands nowhere in its context, or in several places and has no offset.
    """
    aligned: dict[str, list[QuestionExample]] = {}
    notes = []
    for split, examples in splits.items():
        repairs: dict[str, list[str]] = {}
        aligned[split] = [_aligned(example, repairs) for example in examples]
        for kind, ids in repairs.items():
            notes.append(f"{len(ids):,} answers of {split} {kind}: {listed(ids)}.")
    return aligned, tuple(notes)


def listed(ids: Sequence[str]) -> str:
    """Some ids for a note."""
    names = list(dict.fromkeys(ids))
    more = f" and {len(names) - SHOWN_IDS:,} more" if len(names) > SHOWN_IDS else ""
    return ", ".join(names[:SHOWN_IDS]) + more


def named(example: QuestionExample) -> str:
    """A question's id, or else its file and line."""
    return example.id or str(example.origin)


def _aligned(example: QuestionExample, repairs: dict[str, list[str]]) -> QuestionExample:
    if not example.answers:
        return example
    context = example.context
    answers = []
    for text, start in example.answers:
        if start != UNKNOWN and context.startswith(text, start):
            answers.append((text, start))
            continue
        kind, (first, last) = _find(example, text, start)
        repairs.setdefault(kind, []).append(named(example))
        answers.append((context[first:last], first))
    if tuple(answers) == example.answers:
        return example
    return replace(example, answers=tuple(answers))


def _find(example: QuestionExample, text: str, start: int) -> tuple[str, tuple[int, int]]:
    exact = _places(example.context, text)
    if exact and start != UNKNOWN:
        nearest = min(exact, key=lambda place: abs(place - start))
        return MOVED, (nearest, nearest + len(text))
    if len(exact) == 1:
        return PLACED, (exact[0], exact[0] + len(text))
    if not exact:
        folded = _folded_places(example.context, text)
        if len(folded) == 1:
            return FOLDED, folded[0]
        exact = [first for first, _ in folded]
    problem = f"the answer {text!r:.80} does not stand in the context"
    if exact:
        problem = f"the answer {text!r:.80} stands in {len(exact)} places of the context, and "
        problem += "has no offset" if start == UNKNOWN else "in none letter for letter"
    where = example.origin
    raise DataError(
        f"question {named(example)}: {problem}. Mend the answer or its answer_start, or remove "
        "the row.",
        where.path,
        where.line,
    )


def _places(context: str, text: str) -> list[int]:
    found = []
    at = context.find(text)
    while at >= 0:
        found.append(at)
        at = context.find(text, at + 1)
    return found


def _folded_places(context: str, text: str) -> list[tuple[int, int]]:
    """Spans of a context that read like a text once both are folded."""
    wanted = "".join(part for part, _ in _fold(text)).strip()
    parts = _fold(context)
    folded = "".join(part for part, _ in parts)
    owners = [place for part, place in parts for _ in part]
    found = []
    for at in _places(folded, wanted) if wanted else ():
        end = at + len(wanted)
        # Half of a character that folds to several is no place.
        whole_before = at == 0 or owners[at - 1] != owners[at]
        if whole_before and (end == len(owners) or owners[end - 1] != owners[end]):
            found.append((owners[at], owners[end - 1] + 1))
    return found


def _fold(text: str) -> list[tuple[str, int]]:
    """(what a character folds to, its place); white space is a single blank, marks are nothing."""
    parts: list[tuple[str, int]] = []
    for place, character in enumerate(text):
        if character.isspace():
            if not parts or parts[-1][0] != " ":
                parts.append((" ", place))
        elif unicodedata.category(character) != "Cf":  # soft hyphens, joiners, marks of direction
            parts.append((unicodedata.normalize("NFKD", character), place))
    return parts
