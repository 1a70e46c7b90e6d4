"""Answers that don't stand where their offset says: found again where that is no guess."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from nlpengine import DataError
from nlpengine.data import QuestionExample
from nlpengine_qa.reading import UNKNOWN

SHOWN_IDS = 10

MOVED = "stand elsewhere than their offset says, and were taken at the nearest place"
UTF16 = "have offsets that count UTF-16 code units, and were taken where those say"
BYTES = "have offsets that count UTF-8 bytes, and were taken where those say"
PLACED = "came without an offset, and stand in their context once"
FOLDED = "stand in their context in other Unicode forms or white space, and were taken from there"
LATER = "come first and have no certain place in their context: a later one is trained on"
KEPT = "have no certain place in their context, and were kept: scoring needs their text alone"

_UNITS = {"utf-16-le": (2, UTF16), "utf-8": (1, BYTES)}
"""What else an offset may count: encoding → (bytes of a unit, the repair)."""

Span = tuple[int, int]


def align(
    splits: Mapping[str, Sequence[QuestionExample]],
) -> tuple[dict[str, list[QuestionExample]], tuple[str, ...]]:
    """Make answers spans of their contexts, where that is no guess.

    An answer that isn't where its offset says is looked for as it is: where the offset would be
    right if it counted UTF-16 code units or UTF-8 bytes, or else at the nearest place. Then it is
    looked for with Unicode forms (NFKD) and white space folded, where its offset or its being the
    only one must tell. Places inside of words don't count where there are others, nor where there
    is no offset to speak for them.

    Train needs a place of one answer a question, the first that has one; others are kept as given.

    Returns:
        The examples, and a sentence for each kind of repair, with ids.

    Raises:
        DataError: No answer of a training question has a place: of the first row in its file; it
            says where the others are, too.
    """
    aligned: dict[str, list[QuestionExample]] = {}
    notes = []
    wrong: list[DataError] = []
    for split, examples in splits.items():
        repairs: dict[str, list[str]] = {}
        aligned[split] = []
        for example in examples:
            try:
                aligned[split].append(_aligned(example, split == "train", repairs))
            except DataError as error:
                wrong.append(error)
        for kind, ids in repairs.items():
            notes.append(f"{len(ids):,} answers of {split} {kind}: {listed(ids)}.")
    if wrong:
        raise DataError.first_of(wrong, "more questions have no answer with a place")
    return aligned, tuple(notes)


def too_long(splits: Mapping[str, Sequence[QuestionExample]], longest: int) -> Iterator[str]:
    """Sentences on questions that no prediction can answer in full.

    Counted in words, of which each is a token at least: there may be more.
    """
    for split, examples in splits.items():
        ids = [
            named(example)
            for example in examples
            if example.answers and min(len(text.split()) for text, _ in example.answers) > longest
        ]
        if ids:
            yield (
                f"{len(ids):,} questions of {split} have no answer of at most {longest} words, and "
                f"no prediction is longer than {longest} tokens: {listed(ids)}. A higher "
                "--max-answer-length gives them in full."
            )


def listed(ids: Sequence[str]) -> str:
    """Some ids for a note."""
    names = list(dict.fromkeys(ids))
    more = f" and {len(names) - SHOWN_IDS:,} more" if len(names) > SHOWN_IDS else ""
    return ", ".join(names[:SHOWN_IDS]) + more


def named(example: QuestionExample) -> str:
    """A question's id, or else its file and line."""
    return example.id or str(example.origin)


def _aligned(
    example: QuestionExample, to_train: bool, repairs: dict[str, list[str]]
) -> QuestionExample:
    answers: list[tuple[str, int]] = []
    problems: list[str] = []
    done: list[str] = []
    for text, start in example.answers or ():
        if start != UNKNOWN and example.context.startswith(text, start):
            answers.append((text, start))
            continue
        found = _find(example.context, text, start)
        if isinstance(found, str):
            # Training takes the first answer that stands where it says: this one must not.
            first = to_train and len(problems) == len(answers)
            problems.append(found)
            done.append(LATER if first else KEPT)
            answers.append((text, start))
        else:
            kind, (head, tail) = found
            done.append(kind)
            answers.append((example.context[head:tail], head))
    if to_train and answers and len(problems) == len(answers):
        where = example.origin
        raise DataError(
            f"question {named(example)}: {problems[0]}. Mend the answer or its answer_start, or "
            "remove the row.",
            where.path,
            where.line,
            example.id,
        )
    for kind in done:
        repairs.setdefault(kind, []).append(named(example))
    return replace(example, answers=tuple(answers)) if done else example


def _find(context: str, text: str, start: int) -> tuple[str, Span] | str:
    """How an answer was found, and its span; or what is wrong with it."""
    exact = [(place, place + len(text)) for place in _places(context, text)]
    spans = exact or _folded_places(context, text)
    if not spans:
        return f"the answer {text!r:.80} does not stand in the context"
    whole = [span for span in spans if not _cuts_word(context, *span)]
    if start == UNKNOWN:
        if len(whole) == 1:
            return PLACED if exact else FOLDED, whole[0]
        number = len(whole) or len(spans)
        inside = "" if whole else ", always inside of a word"
        places = "1 place" if number == 1 else f"{number} places"
        return (
            f"the answer {text!r:.80} stands in {places} of the context{inside}, and has no offset"
        )
    meant = _meant(context, spans, start)
    if meant is not None:
        return meant if exact else (FOLDED, meant[1])
    likely = whole or spans
    if exact:
        return MOVED, min(likely, key=lambda span: abs(span[0] - start))
    if len(likely) == 1:
        return FOLDED, likely[0]
    return (
        f"the answer {text!r:.80} stands in {len(likely)} places of the context, and in none "
        "letter for letter"
    )


def _meant(context: str, spans: Sequence[Span], start: int) -> tuple[str, Span] | None:
    """The span that an offset says, in whatever it counts."""
    for span in spans:
        if span[0] == start:
            return FOLDED, span
    for encoding, (size, kind) in _UNITS.items():
        counted = last = 0
        for span in spans:
            counted += len(context[last : span[0]].encode(encoding, "surrogatepass")) // size
            last = span[0]
            if counted == start:
                return kind, span
    return None


def _cuts_word(context: str, first: int, last: int) -> bool:
    """Whether a span begins or ends inside of a word.

    Only where letters have case do blanks stand between words: an answer in Chinese or Thai, or a
    Korean or Hebrew one beside its particle, may stand in the middle of what has no blank.
    """
    return any(
        0 < at < len(context) and _joined(context[at - 1], context[at]) for at in (first, last)
    )


def _joined(one: str, other: str) -> bool:
    kinds = [unicodedata.category(character) for character in (one, other)]
    if kinds[1][0] == "M":  # a letter and its accent
        return one.isalnum()
    return one.isalnum() and other.isalnum() and "Lo" not in kinds


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
