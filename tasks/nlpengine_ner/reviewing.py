"""What is done to examples together before anything is learned: all gold becomes IOB2 tags."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from nlpengine.data import (
    Record,
    Scheme,
    WordsExample,
    check_scheme,
    entities_of,
    iob2,
    recognise_scheme,
)
from nlpengine_ner.splitting import Splitter, split_example, splitter_of

Examples = Sequence[WordsExample]


def settle_splitter(train: Examples, splitter: Splitter) -> tuple[Splitter, tuple[str, ...]]:
    """What text is to be split like, where that is left to the training data; and why."""
    if splitter != "auto":
        return splitter, ()
    given = [example for example in train if example.words is not None]
    if 2 * len(given) < len(train):
        return "marks", (
            "splitter: marks, as entities are marked in running text: an entity may begin and end "
            "at any mark.",
        )
    found, why = splitter_of(
        example.text[start:end] for example in given for start, end in example.words or ()
    )
    return found, (f"splitter: {found}, going by the words of train ({why}).",)


def review_splits(
    splits: Mapping[str, Examples], splitter: Splitter
) -> tuple[dict[str, Examples], tuple[str, ...]]:
    """Split texts, convert gold to IOB2, and say what was done.

    Raises:
        DataError: A tag is none, or in another scheme than train's.
    """
    notes: list[str] = []
    made: dict[str, Examples] = {}
    scheme: Scheme | None = None
    for name, examples in splits.items():
        tagged = [example for example in examples if example.tags is not None]
        if tagged:
            scheme = _check_tags(name, tagged, scheme, notes)
        whole = [split_example(example, splitter) for example in examples]
        made[name] = [_converted(example, scheme) for example in whole]
        _note_cuts(name, whole, made[name], notes)
    if scheme not in (None, "IOB2"):
        notes.append(f"{scheme} tags converted to IOB2.")
    remarks = Counter(remark for own in splits.values() for ex in own for remark in ex.remarks)
    notes += [f"{remark}: {count:,}." for remark, count in sorted(remarks.items())]
    if "train" in made:
        made["train"] = _without_empty(made["train"], notes)
        _note_unseen(made, notes)
    return made, tuple(notes)


def _check_tags(name: str, examples: Examples, scheme: Scheme | None, notes: list[str]) -> Scheme:
    """Recognise the scheme in the first split with tags; hold the others to it."""
    records = [Record({"tags": example.tags}, example.origin) for example in examples]
    if scheme is None:
        recognised = recognise_scheme(records)
        notes.append(recognised.why)
        return recognised.scheme
    broken = check_scheme(records, scheme)
    if broken:
        notes.append(
            f"transitions between tags of {name} that break the rules of {scheme}, read as "
            f"conlleval does: {broken:,}."
        )
    return scheme


def _converted(example: WordsExample, scheme: Scheme | None) -> WordsExample:
    """The example, which has words, with IOB2 tags where it has gold."""
    words = example.words or ()
    if example.spans is not None:
        words = cut_at_borders(words, example.spans)
        tags = iob2(_entities_of_spans(words, example), len(words))
        return replace(example, words=words, tags=tuple(tags))
    if example.tags is None or scheme is None:
        return example
    entities, _ = entities_of(example.tags, scheme)
    return replace(example, tags=tuple(iob2(entities, len(words))))


def cut_at_borders(
    words: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int, str]]
) -> tuple[tuple[int, int], ...]:
    """The words, cut where an entity begins or ends within one."""
    borders = sorted({border for start, end, _ in spans for border in (start, end)})
    made: list[tuple[int, int]] = []
    for start, end in words:
        cuts = [start, *(border for border in borders if start < border < end), end]
        made += itertools.pairwise(cuts)
    return tuple(made)


def _entities_of_spans(
    words: Sequence[tuple[int, int]], example: WordsExample
) -> list[tuple[str, int, int]]:
    """(label, first word, one past the last) of each marked span."""
    found = []
    # Each has words: a span holds more than blanks, and words are cut at its ends. A word without
    # a character, where two spans meet, is inside neither.
    for start, end, label in example.spans or ():
        inside = [n for n, (a, b) in enumerate(words) if start <= a < b <= end]
        found.append((label, inside[0], inside[-1] + 1))
    return found


def _note_cuts(name: str, before: Examples, after: Examples, notes: list[str]) -> None:
    cut = _count_words(after) - _count_words(before)
    if cut:
        notes.append(
            f"borders of entities of {name} within a word, which was cut there (as nobody does in "
            f"a text without gold): {cut:,}."
        )


def _count_words(examples: Examples) -> int:
    return sum(len(example.words or ()) for example in examples)


def _without_empty(examples: Examples, notes: list[str]) -> Examples:
    kept = [example for example in examples if example.words]
    if len(kept) < len(examples):
        notes.append(
            "rows of train without a word, left out as there is nothing to learn in them: "
            f"{len(examples) - len(kept):,}."
        )
    return kept


def _note_unseen(splits: Mapping[str, Examples], notes: list[str]) -> None:
    known = types_of(splits["train"]).keys()
    for name, examples in splits.items():
        unseen = {label: n for label, n in types_of(examples).items() if label not in known}
        if unseen:
            listed = ", ".join(f"{label} ({n:,})" for label, n in sorted(unseen.items()))
            notes.append(
                f"types of {name} that train lacks, so that no model can find them: {listed}."
            )


def types_of(examples: Examples) -> Counter[str]:
    """Label → number of entities, by IOB2 tags."""
    return Counter(
        tag[2:] for example in examples for tag in example.tags or () if tag.startswith("B-")
    )
