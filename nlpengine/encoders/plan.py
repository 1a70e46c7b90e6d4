"""The plan of a packed batch's attention: which tokens meet, in how few calls.

Sequences stand in order of length; neighbours of like length form a run, padded to its longest only
inside attention, which keeps the number of kernel calls small. Attention works on slots: a run's
sequences side by side, head by head, as batched matrix products want them. One index takes rows of
tokens to slots and one takes them back, so every layer's attention is a gather, a product per run
and a gather.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

SLACK = 1.15
ROOM = 2
"""A run takes sequences of up to SLACK x its shortest + ROOM tokens. Exact runs needed 2.5 times as
many kernel calls and were 5 % slower at 24 tokens."""


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring sequences that attention handles in one call.

    Attributes:
        count: Sequences, n.
        length: Slots of each, L: the tokens of the longest.
        bias: [n * heads, 1, L], 0 for tokens and -inf for padded slots; None where all are L long.
    """

    count: int
    length: int
    bias: Tensor | None


@dataclass(frozen=True, slots=True)
class AttentionPlan:
    """How T tokens in N sequences attend, for a number of heads.

    Slots are ordered by run, sequence, head and place, or by run, head, sequence and place where
    planned ``by_head``; there are S = Σ n * heads * L of them.

    Attributes:
        heads: Attention heads.
        runs: In the order of the sequences.
        gather: [S], for each slot the row of [T * heads, d] it holds; padded slots hold their
            sequence's last token, masked as keys.
        scatter: [T * heads], for each row its slot.
        padded: The padded slots; None where there are none.
        first: [N], each sequence's first token.
    """

    heads: int
    runs: tuple[Run, ...]
    gather: Tensor
    scatter: Tensor
    padded: Tensor | None
    first: Tensor

    def split(self, slots: Tensor, *, first: bool = False) -> Iterator[Tensor]:
        """Views of slot rows, [S, d], by run: [n * heads, L, d].

        Args:
            slots: The rows.
            first: They are of first tokens only, [N * heads, d]: L is 1.
        """
        start = 0
        for run in self.runs:
            length = 1 if first else run.length
            size = run.count * self.heads
            stop = start + size * length
            yield slots[start:stop].view(size, length, slots.shape[1])
            start = stop

    def score_sizes(self, *, first: bool = False) -> list[int]:
        """Query-key pairs of each run, heads counted."""
        return [
            run.count * self.heads * run.length * (1 if first else run.length) for run in self.runs
        ]

    def split_scores(self, scores: Tensor, *, first: bool = False) -> Iterator[Tensor]:
        """Views of a flat tensor of scores by run: [n * heads, L or 1, L]."""
        parts = torch.split(scores, self.score_sizes(first=first))
        for run, part in zip(self.runs, parts, strict=True):
            yield part.view(run.count * self.heads, -1, run.length)


def plan_attention(
    lengths: Sequence[int],
    heads: int,
    device: torch.device,
    *,
    by_head: bool = False,
    most: int | None = None,
) -> AttentionPlan:
    """Plan attention of sequences that stand shortest first.

    Args:
        lengths: Ascending, at least one.
        heads: Attention heads.
        device: Where the index tensors go.
        by_head: Order a run's slots by head and then sequence: what all of a run's sequences share
            for a head is then one product.
        most: Query-key pairs of a run, heads counted, unless it is of one sequence alone.
    """
    runs: list[Run] = []
    gathers: list[Tensor] = []
    reals: list[Tensor] = []
    start = 0
    for group in _groups(lengths, None if most is None else most // heads):
        run, gather, real = _run(group, start, heads, by_head)
        runs.append(run)
        gathers.append(gather)
        reals.append(real)
        start += sum(group)
    gather, real = torch.cat(gathers), torch.cat(reals)
    slots = torch.arange(len(gather))
    scatter = torch.empty(start * heads, dtype=torch.int64)
    scatter[gather[real]] = slots[real]
    sizes = torch.tensor(lengths)
    return AttentionPlan(
        heads=heads,
        runs=tuple(_on(run, device) for run in runs),
        gather=gather.to(device),
        scatter=scatter.to(device),
        padded=None if bool(real.all()) else slots[~real].to(device),
        first=(sizes.cumsum(0) - sizes).to(device),
    )


def _groups(lengths: Sequence[int], most: int | None) -> Iterator[Sequence[int]]:
    first = 0
    while first < len(lengths):
        last = first
        limit = lengths[first] * SLACK + ROOM
        while last < len(lengths) and lengths[last] <= limit:
            if most is not None and last > first and (last + 1 - first) * lengths[last] ** 2 > most:
                break
            last += 1
        yield lengths[first:last]
        first = last


def _run(group: Sequence[int], start: int, heads: int, by_head: bool) -> tuple[Run, Tensor, Tensor]:
    """A run, its slots' rows, and which slots are real."""
    count, length = len(group), group[-1]
    sizes = torch.tensor(group)[:, None]  # [n, 1]
    starts = start + sizes.cumsum(0) - sizes
    places = torch.arange(length)[None]  # [1, L]
    tokens = starts + torch.minimum(places, sizes - 1)  # [n, L]
    gather = tokens[:, None] * heads + torch.arange(heads)[:, None]  # [n, heads, L]
    real = (places < sizes)[:, None].expand(count, heads, length)
    if by_head:
        gather, real = gather.transpose(0, 1), real.transpose(0, 1)  # [heads, n, L]
    bias = None
    if group[0] < length:
        bias = torch.zeros(real.shape).masked_fill_(~real, float("-inf"))
        bias = bias.view(count * heads, 1, length)
    return Run(count, length, bias), gather.flatten(), real.flatten()


def _on(run: Run, device: torch.device) -> Run:
    return run if run.bias is None else Run(run.count, run.length, run.bias.to(device))
