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

PIECE = 2**18
"""Scores that a thread computes at a time, where a run has more: 1 MiB of float32."""

RUN = 2**20
"""The same of a run that is planned by head, unless it is of one sequence alone: 4 MiB."""


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
class Piece:
    """A part of a run: some sequences' heads, b of them.

    Attributes:
        run: The run.
        rows: Which of its n * heads.
        size: How many they are, b.
        queries: Their slots among the queries.
        keys: Their slots among keys and values.
        scores: Their place among all scores.
        count: How many those are.
    """

    run: Run
    rows: slice
    size: int
    queries: slice
    keys: slice
    scores: slice
    count: int

    def of_queries(self, slots: Tensor) -> Tensor:
        """[S, d] → [b, Lq, d], a view."""
        return slots[self.queries].view(self.size, -1, slots.shape[1])

    def of_keys(self, slots: Tensor) -> Tensor:
        """[S, d] → [b, L, d], a view."""
        return slots[self.keys].view(-1, self.run.length, slots.shape[1])

    def of_scores(self, scores: Tensor) -> Tensor:
        """[all] → [b, Lq, L], a view."""
        return self.shaped(scores[self.scores])

    def shaped(self, room: Tensor) -> Tensor:
        """The first elements of flat memory as [b, Lq, L]."""
        return room[: self.count].view(self.size, -1, self.run.length)

    def bias_for(self, query: Tensor, window: int | None, *, first: bool) -> Tensor | None:
        """What is added to scores, broadcast to [b, Lq, L]: -inf for what is hidden.

        Args:
            query: Gives type and device.
            window: Tokens that a token sees to each side; None for all.
            first: Whether the queries are first tokens alone.
        """
        bias = None if self.run.bias is None else self.run.bias[self.rows].to(query.dtype)
        length = self.run.length
        if window is None or length <= window + 1:
            return bias
        places = torch.arange(length, device=query.device)
        queries = places[:1] if first else places
        band = query.new_zeros(1, len(queries), length)
        # Finite: a padded query may have no real key in its window, and must not become NaN.
        hidden = torch.finfo(query.dtype).min / 2
        band.masked_fill_((queries[:, None] - places).abs() > window, hidden)
        return band if bias is None else bias + band


@dataclass(frozen=True, slots=True)
class AttentionPlan:
    """How T tokens in N sequences attend, for a number of heads.

    Slots are ordered by run, sequence, head and place, or by run, head, sequence and place where
    planned ``by_head``; there are S = Σ n * heads * L of them.

    Attributes:
        heads: Attention heads.
        runs: In the order of the sequences.
        pieces: The work of a layer, in parts whose scores stay in the processor's cache.
        first_pieces: The same where queries are first tokens alone, [N * heads, d].
        wholes: Each run as one piece, for kernels that divide the work themselves.
        first_wholes: The same for first tokens.
        gather: [S], for each slot the row of [T * heads, d] it holds; padded slots hold their
            sequence's last token, masked as keys.
        scatter: [T * heads], for each row its slot.
        padded: The padded slots; None where there are none.
        first: [N], each sequence's first token.
        borders: [N + 1] int32, where each sequence starts, and T, for kernels that take borders;
            None where none does.
        longest: Tokens of the longest sequence.
    """

    heads: int
    runs: tuple[Run, ...]
    pieces: tuple[Piece, ...]
    first_pieces: tuple[Piece, ...]
    wholes: tuple[Piece, ...]
    first_wholes: tuple[Piece, ...]
    gather: Tensor
    scatter: Tensor
    padded: Tensor | None
    first: Tensor
    borders: Tensor | None
    longest: int


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
    runs: list[Run] = []
    gathers: list[Tensor] = []
    reals: list[Tensor] = []
    start = 0
    for group in _groups(lengths, RUN // heads if by_head else None):
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
    ends = torch.tensor([0, *sizes.cumsum(0).tolist()], dtype=torch.int32)
    whole = by_head or device.type != "cpu"
    most = None if whole else PIECE
    placed = tuple(_on(run, device) for run in runs)
    return AttentionPlan(
        heads=heads,
        runs=placed,
        pieces=tuple(_pieces(placed, heads, most, first=False)),
        first_pieces=tuple(_pieces(placed, heads, most, first=True)),
        wholes=tuple(_pieces(placed, heads, None, first=False)),
        first_wholes=tuple(_pieces(placed, heads, None, first=True)),
        gather=gather.to(device),
        scatter=scatter.to(device),
        padded=None if bool(real.all()) else slots[~real].to(device),
        first=(sizes.cumsum(0) - sizes).to(device),
        borders=ends.to(device) if borders else None,
        longest=lengths[-1],
    )


def _groups(lengths: Sequence[int], most: int | None) -> Iterator[Sequence[int]]:
    """Neighbours of like length, of ``most`` query-key pairs together unless it is one alone."""
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
        bias = bias.reshape(count * heads, 1, length)
    return Run(count, length, bias), gather.flatten(), real.flatten()


def _pieces(runs: Sequence[Run], heads: int, most: int | None, *, first: bool) -> Iterator[Piece]:
    """Parts of about ``most`` scores a thread, as many rows for each; whole runs for None."""
    threads = torch.get_num_threads()
    query, key, score = 0, 0, 0
    for run in runs:
        queries = 1 if first else run.length
        total = run.count * heads
        share = 0 if most is None else max(1, most // (queries * run.length))
        step = share * threads or total
        for start in range(0, total, step):
            rows = min(step, total - start)
            count = rows * queries * run.length
            yield Piece(
                run=run,
                rows=slice(start, start + rows),
                size=rows,
                queries=slice(query, query := query + rows * queries),
                keys=slice(key, key := key + rows * run.length),
                scores=slice(score, score := score + count),
                count=count,
            )


def _on(run: Run, device: torch.device) -> Run:
    return run if run.bias is None else Run(run.count, run.length, run.bias.to(device))
