"""The plan of a packed batch's attention: which tokens meet, in how few calls.

Sequences stand in order of length; neighbours of like length form a run, padded to its longest only
inside attention, which keeps the number of kernel calls small. Attention works on slots: a run's
sequences side by side, head by head, as batched matrix products want them. One index takes rows of
tokens to slots and one takes them back, so every layer's attention is a gather, a product per run
and a gather.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nlpengine.encoders.runs import Piece, Run, cut, neighbours

PIECE = 2**18
"""Scores that a thread computes at a time, where a run has more: 1 MiB of float32."""

RUN = 2**20
"""The same of a run that is planned by head, unless it is of one sequence alone: 4 MiB."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Where rows go for attention, and where they come back from.

    Attributes:
        gather: [S], for each slot the row of [rows * heads, d] that it holds; padded slots hold
            their sequence's last token, masked as keys. None where rows are in order as they are.
        scatter: [rows * heads], for each row its slot; None likewise.
        padded: The padded slots; None where there are none.
    """

    gather: Tensor | None = None
    scatter: Tensor | None = None
    padded: Tensor | None = None

    def take(self, rows: Tensor) -> Tensor:
        """[rows, heads, d] → [S, d]."""
        flat = rows.reshape(-1, rows.shape[-1])
        return flat if self.gather is None else flat.index_select(0, self.gather)

    def give(self, slots: Tensor, shape: torch.Size) -> Tensor:
        """[S, d] → a shape, [rows, heads, d]; spare rows behind those that have slots are zero."""
        if self.scatter is None:
            return slots.view(shape)
        real = len(self.scatter)
        rows = slots.new_empty(shape.numel() // shape[-1], shape[-1])
        torch.index_select(slots, 0, self.scatter, out=rows[:real])
        rows[real:].zero_()
        return rows.view(shape)


@dataclass(frozen=True)
class AttentionPlan:
    """How T tokens in N sequences attend, for a number of heads; worked out as far as it is used.

    Slots are ordered by run, sequence, head and place, or by run, head, sequence and place where
    planned ``by_head``; there are S = Σ n * heads * L of them.

    Attributes:
        lengths: Tokens of each sequence, ascending.
        heads: Attention heads.
        device: Where the index tensors go.
        by_head: Whether what all sequences of a run share for a head is one product.
        takes_borders: Whether a kernel takes sequence borders.
        most_pairs: Query-key pairs of a run of several sequences, at most; None for any number.
        most_scores: Of a piece and a thread, about; None for whole runs.
    """

    lengths: tuple[int, ...]
    heads: int
    device: torch.device
    by_head: bool
    takes_borders: bool
    most_pairs: int | None
    most_scores: int | None

    @property
    def longest(self) -> int:
        """Tokens of the longest sequence."""
        return self.lengths[-1]

    @cached_property
    def first(self) -> Tensor:
        """[N], each sequence's first token."""
        sizes = np.asarray(self.lengths)
        return torch.from_numpy(sizes.cumsum() - sizes).to(self.device)

    @cached_property
    def borders(self) -> Tensor:
        """[N + 1] int32: where each sequence starts, and T."""
        ends = np.cumsum((0, *self.lengths), dtype=np.int32)
        return torch.from_numpy(ends).to(self.device)

    @cached_property
    def runs(self) -> tuple[Run, ...]:
        """In the order of the sequences."""
        return tuple(self._run(group) for group in neighbours(self.lengths, self.most_pairs))

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The work of a layer, in parts whose scores stay in the processor's cache."""
        return tuple(cut(self.runs, self.heads, self.most_scores, first=False))

    @cached_property
    def first_pieces(self) -> tuple[Piece, ...]:
        """The same where queries are first tokens alone, [N * heads, d]."""
        return tuple(cut(self.runs, self.heads, self.most_scores, first=True))

    @cached_property
    def wholes(self) -> tuple[Piece, ...]:
        """Each run as one piece, for kernels that divide the work themselves."""
        return tuple(cut(self.runs, self.heads, None, first=False))

    @cached_property
    def first_wholes(self) -> tuple[Piece, ...]:
        """The same for first tokens."""
        return tuple(cut(self.runs, self.heads, None, first=True))

    @cached_property
    def slots(self) -> Slots:
        """Those of all tokens."""
        heads = np.arange(self.heads)[:, None]
        gathers, reals, start = [], [], 0
        for group in neighbours(self.lengths, self.most_pairs):
            sizes = np.asarray(group)[:, None]  # [n, 1]
            places = np.arange(group[-1])
            tokens = start + sizes.cumsum()[:, None] - sizes + np.minimum(places, sizes - 1)
            rows = tokens[:, None] * self.heads + heads  # [n, heads, L]
            gathers.append(self._ordered(rows))
            reals.append(self._ordered(np.broadcast_to((places < sizes)[:, None], rows.shape)))
            start += sum(group)
        gather, real = np.concatenate(gathers), np.concatenate(reals)
        slots = np.flatnonzero(real)
        scatter = np.empty_like(slots)
        scatter[gather[slots]] = slots
        padded = np.flatnonzero(~real)
        return self._slots(gather, scatter, padded if len(padded) else None)

    @cached_property
    def first_slots(self) -> Slots:
        """Those of the queries where they are first tokens alone, [N, heads, d]."""
        if not self.by_head:
            return Slots()
        parts, start = [], 0
        for run in self.runs:
            rows = np.arange(start, start := start + run.count * self.heads)
            parts.append(self._ordered(rows.reshape(run.count, self.heads)))
        gather = np.concatenate(parts)
        return self._slots(gather, gather.argsort(), None)

    def _slots(
        self,
        gather: NDArray[np.int64],
        scatter: NDArray[np.int64],
        padded: NDArray[np.int64] | None,
    ) -> Slots:
        index, back, rest = (
            None if one is None else torch.from_numpy(one).to(self.device)
            for one in (gather, scatter, padded)
        )
        return Slots(index, back, rest)

    def _ordered(self, array: NDArray[Any]) -> NDArray[Any]:
        """[n, heads, …] in the order of slots, flat."""
        return (array.swapaxes(0, 1) if self.by_head else array).ravel()

    def _run(self, group: Sequence[int]) -> Run:
        count, length = len(group), group[-1]
        if group[0] == length:
            return Run(count, length, None)
        padded = np.arange(length) >= np.asarray(group)[:, None, None]  # [n, 1, L]
        rows = self._ordered(np.broadcast_to(padded, (count, self.heads, length)))
        bias = np.where(rows, np.float32("-inf"), np.float32(0)).reshape(-1, 1, length)
        return Run(count, length, torch.from_numpy(bias).to(self.device))


def plan_attention(
    lengths: Sequence[int],
    heads: int,
    device: torch.device,
    *,
    borders: bool = False,
    by_head: bool = False,
) -> AttentionPlan:
    """Plan attention of sequences that stand shortest first.

    Args:
        lengths: Ascending, at least one.
        heads: Attention heads.
        device: Where the index tensors go.
        borders: Whether a kernel takes sequence borders.
        by_head: Order a run's slots by head and then sequence, and make each run a piece: what all
            of its sequences share for a head is then one product. Runs are kept short instead.
    """
    whole = by_head or device.type != "cpu"
    return AttentionPlan(
        lengths=tuple(lengths),
        heads=heads,
        device=device,
        by_head=by_head,
        takes_borders=borders,
        most_pairs=RUN // heads if by_head else None,
        most_scores=None if whole else PIECE,
    )
