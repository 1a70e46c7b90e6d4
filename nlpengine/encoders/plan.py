"""The plan of a packed batch's attention: which tokens meet, in how few calls.

Sequences stand in order of length. Short neighbours of like length form a run, padded to its
longest only inside attention, which keeps the number of kernel calls small. Runs work on slots:
their sequences side by side, head by head, as batched matrix products want them. One index takes
rows of tokens to slots and one takes them back. A sequence that is worth a call of its own attends
where it stands: nothing is moved, nothing padded.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nlpengine.encoders.runs import (
    PieceAlone,
    PieceOfRun,
    Run,
    cut_alone,
    cut_runs,
    neighbours,
)
from nlpengine.encoders.slots import Places, Slots, Standing

PIECE = 2**18
"""Scores that a thread computes at a time, where a run has more: 1 MiB of float32."""

RUN = 2**20
"""The same of a run that is planned by head, unless it is of one sequence alone: 4 MiB."""

ALONE = 40
"""Tokens from which a sequence attends alone on the CPU, where moving it costs more than calls."""

LONG = 192
"""Tokens from which it is one piece in prediction: the fused kernel divides it as it needs."""


@dataclass(frozen=True, slots=True)
class Part:
    """Neighbouring sequences that attend in the same way.

    Attributes:
        queries: Where their queries are.
        keys: Where their keys and values are.
        pieces: Their attention, in parts whose scores stay in the processor's cache.
    """

    queries: Places
    keys: Places
    pieces: Sequence[PieceOfRun | PieceAlone]


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
        alone_from: Tokens of a sequence that attends alone, at least; None where none does.
        fused_from: Tokens of one that a kernel reads in one piece, at least; None likewise.
    """

    lengths: tuple[int, ...]
    heads: int
    device: torch.device
    by_head: bool
    takes_borders: bool
    most_pairs: int | None
    most_scores: int | None
    alone_from: int | None
    fused_from: int | None

    @cached_property
    def tokens(self) -> int:
        """T."""
        return sum(self.lengths)

    @cached_property
    def in_runs(self) -> tuple[int, ...]:
        """Lengths of the sequences that form runs: the shortest."""
        least = self.longest + 1 if self.alone_from is None else self.alone_from
        return self.lengths[: bisect_left(self.lengths, least)]

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
        """Those of the shortest sequences, in their order."""
        return tuple(self._run(group) for group in neighbours(self.in_runs, self.most_pairs))

    def parts(self, *, first: bool) -> tuple[Part, ...]:
        """The work of a layer; with ``first``, where queries are of first tokens alone."""
        return self._first_parts if first else self._all_parts

    def queries(self, *, first: bool) -> int:
        """Their rows: T, or N."""
        return len(self.lengths) if first else self.tokens

    @cached_property
    def _all_parts(self) -> tuple[Part, ...]:
        return tuple(self._parts(first=False))

    @cached_property
    def _first_parts(self) -> tuple[Part, ...]:
        return tuple(self._parts(first=True))

    @cached_property
    def slots(self) -> Slots:
        """Those of all tokens of runs."""
        heads = np.arange(self.heads)[:, None]
        gathers, reals, start = [], [], 0
        for group in neighbours(self.in_runs, self.most_pairs):
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
        rows = slice(0, sum(self.in_runs))
        return self._slots(rows, gather, scatter, padded if len(padded) else None)

    @cached_property
    def first_slots(self) -> Slots:
        """Those of the queries where they are first tokens alone, [N, heads, d]."""
        firsts = slice(0, len(self.in_runs))
        if not self.by_head:
            return Slots(firsts)
        parts, start = [], 0
        for run in self.runs:
            rows = np.arange(start, start := start + run.count * self.heads)
            parts.append(self._ordered(rows.reshape(run.count, self.heads)))
        gather = np.concatenate(parts)
        return self._slots(firsts, gather, gather.argsort(), None)

    def _parts(self, *, first: bool) -> Iterator[Part]:
        count, heads, most = len(self.in_runs), self.heads, self.most_scores
        if count:
            queries = self.first_slots if first else self.slots
            yield Part(queries, self.slots, tuple(cut_runs(self.runs, heads, most, first=first)))
        if count < len(self.lengths):
            keys = Standing(slice(sum(self.in_runs), self.tokens))
            firsts = Standing(slice(count, len(self.lengths)))
            whole = self.fused_from
            pieces = cut_alone(self.lengths[count:], heads, most, whole, first=first)
            yield Part(firsts if first else keys, keys, tuple(pieces))

    def _slots(
        self,
        rows: slice,
        gather: NDArray[np.int64],
        scatter: NDArray[np.int64],
        padded: NDArray[np.int64] | None,
    ) -> Slots:
        index, back, rest = (
            None if one is None else torch.from_numpy(one).to(self.device)
            for one in (gather, scatter, padded)
        )
        return Slots(rows, index, back, rest)

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
    fused: bool = False,
) -> AttentionPlan:
    """Plan attention of sequences that stand shortest first.

    Args:
        lengths: Ascending, at least one.
        heads: Attention heads.
        device: Where the index tensors go.
        borders: Whether a kernel takes sequence borders.
        by_head: Order a run's slots by head and then sequence, and make each run a piece: what all
            of its sequences share for a head is then one product. Runs are kept short instead.
        fused: Whether long sequences go to a kernel that does all in one and has no gradient.
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
        alone_from=None if whole else ALONE,
        fused_from=LONG if fused else None,
    )
