"""Baselines for named entities: a list of those seen in training, and a linear tagger.

Inputs are lists of words, golds and answers lists of IOB2 tags, one a word. Malformed tags in
training are read leniently (an I tag that continues nothing begins an entity).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nlpengine.baselines.baseline import Baseline, BaselineResult, check_training
from nlpengine.baselines.tagger import Tagger
from nlpengine.metrics import Entity, entity_tags, lenient_entities

Words = Sequence[str]
Tags = Sequence[str]


def predict_gazetteer(
    train_inputs: Sequence[Words], train_golds: Sequence[Tags], test_inputs: Sequence[Words],
    seed: int,
) -> BaselineResult:  # fmt: skip
    """Entities seen in training, found again word for word, the longest first from the left.

    Each gets its most frequent label (among equals, the first in sorted order). Case counts.
    """
    entities = _entities(train_inputs, train_golds)
    seen: defaultdict[tuple[str, ...], Counter[str]] = defaultdict(Counter)
    for words, found in zip(train_inputs, entities, strict=True):
        for label, start, end in found:
            seen[tuple(words[start:end])][label] += 1
    label_of = {name: max(sorted(labels), key=labels.__getitem__) for name, labels in seen.items()}
    longest: dict[str, int] = {}
    for name in label_of:
        longest[name[0]] = max(longest.get(name[0], 0), len(name))
    answers = [_look_up(tuple(words), label_of, longest) for words in test_inputs]
    note = f"{len(label_of):,} different entities in {len(train_inputs):,} training sentences"
    return BaselineResult(answers, note)


def _look_up(
    words: tuple[str, ...], label_of: dict[tuple[str, ...], str], longest: dict[str, int]
) -> list[str]:
    found: list[Entity] = []
    start = 0
    while start < len(words):
        most = min(longest.get(words[start], 0), len(words) - start)
        ends = range(start + most, start, -1)
        end = next((end for end in ends if words[start:end] in label_of), start)
        if end > start:
            found.append((label_of[words[start:end]], start, end))
        start = max(end, start + 1)
    return entity_tags(found, len(words))


def _entities(inputs: Sequence[Words], golds: Sequence[Tags]) -> list[list[Entity]]:
    """Entities of each training sentence, the training checked."""
    check_training(inputs, golds)
    for words, tags in zip(inputs, golds, strict=True):
        if len(words) != len(tags):
            raise ValueError(f"{len(words)} words have {len(tags)} tags")
    return [lenient_entities(tags) for tags in golds]


def predict_features(
    train_inputs: Sequence[Words], train_golds: Sequence[Tags], test_inputs: Sequence[Words],
    seed: int,
) -> BaselineResult:  # fmt: skip
    """A logistic regression on features of each word and its neighbours, decoded to valid tags.

    Each word's tag is scored by itself (no weights for pairs of tags, unlike a CRF); Viterbi then
    finds the best sequence in which an I tag continues its entity.
    """
    entities = _entities(train_inputs, train_golds)
    golds = [
        entity_tags(found, len(words)) for found, words in zip(entities, train_inputs, strict=True)
    ]
    tags = sorted({tag for row in golds for tag in row})
    if len(tags) < 2:
        only = "tag" if tags else "word"
        note = f"{'only one' if tags else 'no'} {only} in training: no entity is predicted"
        return BaselineResult([["O"] * len(words) for words in test_inputs], note)
    tagger = Tagger.fit(train_inputs, golds, seed)
    answers = [
        [tagger.tags[place] for place in best_path(scores, tagger.tags)]
        for scores in tagger.log_probabilities(test_inputs)
    ]
    return BaselineResult(answers, tagger.note)


def best_path(scores: npt.NDArray[np.float64], tags: Sequence[str]) -> list[int]:
    """Places of the best valid tags, by log probabilities [words, tags] of each word's tag."""
    n, k = scores.shape
    if n == 0:
        return []
    # [before, after]: "I-x" follows "B-x" or "I-x" alone
    barred = np.array(
        [[tag[0] == "I" and before[1:] != tag[1:] for tag in tags] for before in tags]
    )
    step = np.where(barred, -np.inf, 0.0)
    reached = scores[0] + np.array([-np.inf if tag[0] == "I" else 0.0 for tag in tags])
    back = np.zeros((n, k), dtype=np.int64)
    for word in range(1, n):
        ways = reached[:, None] + step
        back[word] = ways.argmax(axis=0)
        reached = ways.max(axis=0) + scores[word]
    path = [int(reached.argmax())]
    for word in range(n - 1, 0, -1):
        path.append(int(back[word, path[-1]]))
    return path[::-1]


GAZETTEER = Baseline(
    "gazetteer", "the entities of training, found again word for word", predict_gazetteer
)
FEATURES = Baseline(
    "features", "logistic regression on words, shapes and neighbours, valid tags", predict_features
)
