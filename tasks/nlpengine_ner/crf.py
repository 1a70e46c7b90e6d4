"""A linear-chain conditional random field: weights for pairs of tags, learned beside words' scores.

Lafferty et al. 2001; over an encoder as in Lample et al. 2016.

A task sees nothing of a model but logits, so the weights travel in them: each token's row holds its
tags' scores and, the same in each, the pairs'.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from nlpengine_ner.chain import crf_size, weights_of
from nlpengine_ner.pieces import WINDOW

if TYPE_CHECKING:
    from torch import Tensor

_RATE = 100.0
"""How much faster pairs learn than the encoder: a step moves a weight by about the learning rate,
and what suits an encoder would leave them at 0."""


class CrfHead(nn.Module):
    """The scores of a token classifier, and the weights of pairs.

    Args:
        width: Hidden width.
        tags: How many.
        dropout: Probability, in training.
    """

    def __init__(self, width: int, tags: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, tags)
        self.pairs = nn.Parameter(torch.zeros(crf_size(tags) - tags))

    def forward(self, rows: Tensor) -> Tensor:
        """[tokens, width] → [tokens, `crf_size`]."""
        scores = self.classifier(self.dropout(rows))
        pairs = (_RATE * self.pairs).to(scores.dtype).expand(len(rows), -1)
        return torch.cat([scores, pairs], dim=1)


def crf_loss(logits: Tensor, gold: Tensor, tags: int) -> tuple[Tensor, Tensor]:
    """Negative log-likelihood of the tags of each window's words.

    Args:
        logits: [tokens of all windows, `crf_size`].
        gold: [tokens of all windows]: a tag at first pieces, `WINDOW` where a window begins, and
            something else below 0 elsewhere.
        tags: How many.

    Returns:
        The sum over windows, and the number of words: comparable with a loss of single words.
    """
    words = gold >= 0
    weight = words.sum()
    if not weight:
        return logits.sum() * 0.0, weight
    # 32 bits: half precision hasn't the digits for a sum over a window's words.
    scores, chosen = logits[words, :tags].float(), gold[words]
    begins = gold == WINDOW
    lengths = (begins.cumsum(0)[words] - 1).bincount(minlength=int(begins.sum()))
    rows = logits[begins][lengths > 0].float()  # each window's own, so that any of them add up
    lengths = lengths[lengths > 0]
    pairs, start, stop = weights_of(rows, tags)
    windows = torch.arange(len(lengths), device=gold.device)
    owners = windows.repeat_interleave(lengths)
    inside, ends = owners[1:] == owners[:-1], lengths.cumsum(0)
    path = (
        scores.gather(1, chosen[:, None]).sum()
        + pairs[owners[1:], chosen[1:], chosen[:-1]][inside].sum()
        + start[windows, chosen[ends - lengths]].sum()
        + stop[windows, chosen[ends - 1]].sum()
    )
    padded = pad_sequence(list(torch.split(scores, lengths.tolist())))  # [words, windows, tags]
    reached = padded[0] + start
    for word in range(1, len(padded)):
        longer = (reached[:, None, :] + pairs).logsumexp(2) + padded[word]
        reached = torch.where((word < lengths)[:, None], longer, reached)
    return (reached + stop).logsumexp(1).sum() - path, weight
