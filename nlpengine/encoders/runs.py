"""Runs of sequences of like length, and the pieces of one that are computed at a time."""

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


def neighbours(lengths: Sequence[int], most: int | None) -> Iterator[Sequence[int]]:
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


def cut(runs: Sequence[Run], heads: int, most: int | None, *, first: bool) -> Iterator[Piece]:
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
