"""Logits of words → tags: the best sequence that the tags' scheme allows.

The scheme's rules are hard: an I that continues nothing can't be chosen. Pairs of tags weigh
nothing beside that, unless a model learned it (`nlpengine_ner.crf`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from nlpengine.data import entities_of, iob2, tag_of

Decoder = Literal["auto", "viterbi", "softmax", "crf"]
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_TAG = re.compile(r"O|[BIESLUM](-.*\S.*)?")


@dataclass(frozen=True, slots=True, eq=False)
class Tagset:
    """A model's tags, and which may stand side by side.

    Attributes:
        tags: Per logit, a tag. A bare label of a stock checkpoint ("PER") counts as "I-PER", a bare
            letter ("B") as "B-_": that is how its entities are written.
        step: 0 where a tag may stand behind another [after, before], -inf where not.
        start: The same for the first tag of a sentence [tags].
        stop: The same for the last one [tags].
        simple: Whether all are O, B and I.
    """

    tags: tuple[str, ...]
    step: Floats
    start: Floats
    stop: Floats
    simple: bool

    def is_valid(self, path: Ints) -> bool:
        """Whether the scheme allows a sequence of tags [words]."""
        if not len(path):
            return True
        inside = self.step[path[1:], path[:-1]].sum()
        return bool(inside + self.start[path[0]] + self.stop[path[-1]] == 0.0)


@lru_cache(64)
def tagset(names: tuple[str, ...]) -> Tagset:
    """The tags of label names, in any order; IOB2 and BIOES by their letters.

    Where a label has no B (a checkpoint of bare labels), its I may begin an entity.
    """
    tags = tuple(map(_as_tag, names))
    split = [tag_of(tag) for tag in tags]
    has = set(split)

    def may_follow(before: tuple[str, str], after: tuple[str, str]) -> bool:
        goes_on = before[0] in ("B", "I") and before[1] == after[1]
        if after[0] in ("I", "E"):
            return goes_on or (("B", after[1]) not in has and may_end(before))
        return may_end(before)

    def may_end(tag: tuple[str, str]) -> bool:
        return tag[0] not in ("B", "I") or ("E", tag[1]) not in has

    def cost(allowed: bool) -> float:
        return 0.0 if allowed else -math.inf

    return Tagset(
        tags,
        np.array([[cost(may_follow(before, after)) for before in split] for after in split]),
        np.array([cost(may_follow(("O", ""), tag)) for tag in split]),
        np.array([cost(may_end(tag)) for tag in split]),
        all(letter in "OBI" for letter, _ in split),
    )


def _as_tag(name: str) -> str:
    if not _TAG.fullmatch(name):
        return f"I-{name}"
    letter, label = tag_of(name)
    return name if letter == "O" or "-" in name else f"{name}-{label}"


def best_path(scores: Floats, rules: Tagset, weighed: bool = False) -> Ints:
    """The valid tags [words] of the highest sum of scores [words, tags] (Viterbi 1967).

    Raw logits and log-probabilities give the same: they differ by a constant a word.

    Args:
        scores: Of each word's tags.
        rules: Which tags may stand side by side.
        weighed: Whether the rules hold weights, too, that the sum has a part in.
    """
    path: Ints = scores.argmax(axis=1)
    if not weighed and rules.is_valid(path):  # nearly always; and nothing valid can be better
        return path
    reached = np.empty(scores.shape)  # the best sum of a valid sequence up to a word and its tag
    reached[0] = scores[0] + rules.start
    for word in range(1, len(scores)):
        np.add((reached[word - 1] + rules.step).max(axis=1), scores[word], out=reached[word])
    path[-1] = (reached[-1] + rules.stop).argmax()
    for word in range(len(scores) - 1, 0, -1):
        path[word - 1] = (reached[word - 1] + rules.step[path[word]]).argmax()
    return path


def decoded(logits: Floats, names: tuple[str, ...], decoder: Decoder) -> tuple[list[str], Ints]:
    """Tags of words, and the logits' columns that they are of.

    Args:
        logits: [words, labels].
        names: The labels.
        decoder: viterbi: the best valid sequence, as IOB2 tags. softmax: each word's best tag, as
            it is, valid or not. auto: each word's best tag, read as conlleval reads tags (which
            needs no scheme) and written as IOB2.
    """
    rules = tagset(names)
    path = best_path(logits, rules) if decoder == "viterbi" else logits.argmax(axis=1)
    tags = [rules.tags[column] for column in path]
    if decoder == "softmax" and rules.simple:
        return tags, path
    entities, _ = entities_of(tags, "IOB2")
    return iob2(entities, len(tags)), path


def with_lost_words(tags: Sequence[str], known: Ints, words: int) -> list[str]:
    """Tags of all words, from those of the words that the tokenizer left something of.

    A word without a piece is part of an entity that goes on behind it, and O otherwise.

    Args:
        tags: One for each word in ``known``.
        known: Words with a piece, ascending.
        words: How many there are.
    """
    if len(known) == words:
        return list(tags)
    made = ["O"] * words
    for place, (word, tag) in enumerate(zip(known.tolist(), tags, strict=True)):
        made[word] = tag
        if place and tag.startswith("I-") and tags[place - 1][1:] == tag[1:]:
            gap = word - int(known[place - 1]) - 1
            made[word - gap : word] = [tag] * gap
    return made
