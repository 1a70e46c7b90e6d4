"""Words' logits of a model with weights for pairs of tags → tags and their probabilities.

`nlpengine_ner.crf` trains such a model; here is what needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nlpengine import UsageError
from nlpengine_ner.decoding import Decoder, Ints, Tagset, best_path, decoded, tagset

Floats = npt.NDArray[np.float64]

_NEVER = -1e4
"""Log-probability of what the scheme forbids: finite, as a temperature divides it."""


def crf_size(tags: int) -> int:
    """Logits a token: scores of tags, of pairs [after, before], of the first and the last tag."""
    return tags * (tags + 3)


def weights_of(rows: Any, tags: int) -> tuple[Any, Any, Any]:
    """The part of `crf_size` logits that is not of single words, of arrays and tensors alike.

    Returns:
        Weights of pairs [..., after, before], of the first and of the last tag [..., tags].
    """
    pairs, start, stop = tags * (tags + 1), tags * (tags + 2), crf_size(tags)
    square = rows[..., tags:pairs].reshape(*rows.shape[:-1], tags, tags)
    return square, rows[..., pairs:start], rows[..., start:stop]


@dataclass(frozen=True, slots=True)
class Chain:
    """What a model of pairs says of a text's words.

    Attributes:
        scores: Of tags [words, tags].
        rules: What the scheme allows, with the pairs' weights where it does.
    """

    scores: Floats
    rules: Tagset

    def log_marginals(self) -> Floats:
        """Log-probability of each word's tags, over all valid sequences [words, tags]."""
        step, scores = self.rules.step, self.scores
        ahead, behind = np.empty(scores.shape), np.empty(scores.shape)
        ahead[0], behind[-1] = scores[0] + self.rules.start, self.rules.stop
        for word in range(1, len(scores)):
            ahead[word] = np.logaddexp.reduce(ahead[word - 1] + step, axis=1) + scores[word]
        for word in range(len(scores) - 2, -1, -1):
            after = behind[word + 1] + scores[word + 1]
            behind[word] = np.logaddexp.reduce(after[:, None] + step, axis=0)
        both: Floats = ahead + behind
        return np.maximum(both - np.logaddexp.reduce(both, axis=1, keepdims=True), _NEVER)


def chain_of(logits: Floats, rules: Tagset) -> Chain:
    """Words' logits [words, `crf_size`] of a `CrfHead`, one word at least."""
    tags = len(rules.tags)
    step, start, stop = weights_of(logits[0], tags)
    weighed = replace(
        rules, step=rules.step + step, start=rules.start + start, stop=rules.stop + stop
    )
    return Chain(logits[:, :tags].astype(np.float64), weighed)


def word_scores(logits: Floats, names: tuple[str, ...], decoder: Decoder) -> Floats:
    """Rows whose softmax are the probabilities of each word's tags [words, labels].

    Args:
        logits: Of each word, as the head gave them; one word at least.
        names: The labels.
        decoder: Whether weights of pairs count ("crf"), where the head has them.

    Raises:
        UsageError: They shall, and the head has none.
    """
    if decoder != "crf":
        return logits[:, : len(names)]
    return _weighed(logits, names).log_marginals()


def read_words(
    logits: Floats, names: tuple[str, ...], decoder: Decoder
) -> tuple[list[str], Ints, Floats]:
    """Tags of words, the labels' places that they are of (see `decoded`), and `word_scores`."""
    if decoder != "crf":
        scores = word_scores(logits, names, decoder)
        return *decoded(scores, names, decoder), scores
    chain = _weighed(logits, names)
    path = best_path(chain.scores, chain.rules, weighed=True)
    return [chain.rules.tags[column] for column in path], path, chain.log_marginals()


def _weighed(logits: Floats, names: tuple[str, ...]) -> Chain:
    if logits.shape[1] == len(names):
        raise UsageError(
            "this model has learned no weights for pairs of tags. Train one with --decoder crf, "
            "or say decoder viterbi or softmax."
        )
    return chain_of(logits, tagset(names))
