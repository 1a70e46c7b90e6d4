"""Runs of sequences of like length, and the pieces of attention that are computed at a time."""

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
    """Some heads of some sequences of like length, b of them, whose scores are made at a time.

    Attributes:
        length: Tokens that each sequence has, or is padded to, L.
        size: Heads of sequences, b.
        queries: Their place among the queries.
        keys: Their place among keys and values.
        scores: Their place among all scores.
    """

    length: int
    size: int
    queries: slice
    keys: slice
    scores: slice

    @property
    def count(self) -> int:
        """Scores."""
        return int(self.scores.stop - self.scores.start)

    def of_scores(self, scores: Tensor) -> Tensor:
        """[all] → [b, Lq, L], a view."""
        return self.shaped(scores[self.scores])

    def shaped(self, room: Tensor) -> Tensor:
        """The first elements of flat memory as [b, Lq, L]."""
        return room[: self.count].view(self.size, -1, self.length)

    def _band(self, query: Tensor, window: int | None, *, first: bool) -> Tensor | None:
        """What hides keys beyond the window, [1, Lq, L]; None where there are none."""
        if window is None or self.length <= window + 1:
            return None
        places = torch.arange(self.length, device=query.device)
        queries = places[:1] if first else places
        band = query.new_zeros(1, len(queries), self.length)
        # Finite: a padded query may have no real key in its window, and must not become NaN.
        hidden = torch.finfo(query.dtype).min / 2
        return band.masked_fill_((queries[:, None] - places).abs() > window, hidden)


@dataclass(frozen=True, slots=True)
class PieceOfRun(Piece):
    """A part of a run in slots.

    Attributes:
        run: The run.
        rows: Which of its n * heads.
    """

    run: Run
    rows: slice

    def of_queries(self, slots: Tensor) -> Tensor:
        """[S, d] → [b, Lq, d], a view."""
        return slots[self.queries].view(self.size, -1, slots.shape[1])

    def of_keys(self, slots: Tensor) -> Tensor:
        """[S, d] → [b, L, d], a view."""
        return slots[self.keys].view(self.size, -1, slots.shape[1])

    def bias_for(self, query: Tensor, window: int | None, *, first: bool) -> Tensor | None:
        """What is added to scores, broadcast to [b, Lq, L]: -inf for what is hidden.

        Args:
            query: Gives type and device.
            window: Tokens that a token sees to each side; None for all.
            first: Whether the queries are first tokens alone.
        """
        bias = None if self.run.bias is None else self.run.bias[self.rows].to(query.dtype)
        band = self._band(query, window, first=first)
        return band if bias is None else bias if band is None else bias + band


@dataclass(frozen=True, slots=True)
class PieceAlone(Piece):
    """Some heads of one sequence, whose rows are where they stand.

    Attributes:
        heads: Which.
    """

    heads: slice

    def of_queries(self, rows: Tensor) -> Tensor:
        """[rows, heads, d] → [b, Lq, d], a view."""
        return rows[self.queries, self.heads].transpose(0, 1)

    def of_keys(self, rows: Tensor) -> Tensor:
        """[rows, heads, d] → [b, L, d], a view."""
        return rows[self.keys, self.heads].transpose(0, 1)

    def bias_for(self, query: Tensor, window: int | None, *, first: bool) -> Tensor | None:
        """As that of a part of a run; nothing is padded here."""
        return self._band(query, window, first=first)


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


def cut_runs(
    runs: Sequence[Run], heads: int, most: int | None, *, first: bool
) -> Iterator[PieceOfRun]:
    """Parts of about ``most`` scores a thread, as many rows for each; whole runs for None."""
    query, key, score = 0, 0, 0
    for run in runs:
        queries = 1 if first else run.length
        for rows, size in _shares(run.count * heads, queries * run.length, most):
            yield PieceOfRun(
                run=run,
                length=run.length,
                rows=rows,
                size=size,
                queries=slice(query, query := query + size * queries),
                keys=slice(key, key := key + size * run.length),
                scores=slice(score, score := score + size * queries * run.length),
            )


def cut_alone(
    lengths: Sequence[int], heads: int, most: int | None, whole: int | None, *, first: bool
) -> Iterator[PieceAlone]:
    """The same of sequences that each attend alone, one piece from ``whole`` tokens on."""
    start, score = 0, 0
    for number, length in enumerate(lengths):
        keys = slice(start, start := start + length)
        queries = slice(number, number + 1) if first else keys
        count = (1 if first else length) * length
        bound = None if whole is not None and length >= whole else most
        for own, size in _shares(heads, count, bound):
            yield PieceAlone(
                length=length,
                heads=own,
                size=size,
                queries=queries,
                keys=keys,
                scores=slice(score, score := score + size * count),
            )


def _shares(total: int, count: int, most: int | None) -> Iterator[tuple[slice, int]]:
    """Shares of a number of rows with so many scores each, and how many rows are in them."""
    share = 0 if most is None else max(1, most // count)
    step = share * torch.get_num_threads() or total
    for start in range(0, total, step):
        size = min(step, total - start)
        yield slice(start, start + size), size
