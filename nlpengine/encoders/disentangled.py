"""What disentangled attention adds to scores (DeBERTa; He et al. 2021).

A score is content·content plus content·position (c2p) plus position·content (p2c), where the
position is that of the query relative to the key. Stock code multiplies each token with all 512
relative positions, then gathers those it needs. Here a band of queries meets only the positions
that it can reach, in order of distance, so that the products of a row's neighbour are its own moved
by one: a strided view takes the place of index and gather, and of scatter-add on the way back.

Plans are made by head, with runs that fit the cache: all rows of a run meet a head's positions in
one product, and the positions aren't repeated for each sequence.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

BAND = 128
"""Rows that meet their positions in one product, at most: of more, most products would be out of
every row's reach."""

PositionTables = tuple[Tensor | None, Tensor | None]
"""Position keys (for c2p), of distances query minus key from reach - 1 down to 1 - reach, and
position queries (for p2c), from 1 - reach up; each [heads, 2 * reach - 1, d], or None where the
term is absent. The reach is the tokens of the batch's longest sequence, or more."""


def relate(
    query: Tensor,
    key: Tensor,
    positions: Sequence[Tensor | None],
    scaling: float,
    scores: Tensor,
) -> None:
    """Add c2p and p2c to the scores of a run that is ordered by head.

    Args:
        query: [heads * n, Lq, d].
        key: [heads * n, L, d].
        positions: As `PositionTables`.
        scaling: Factor of the products.
        scores: [heads * n, Lq, L], changed in place.
    """
    keys, queries = positions
    if keys is not None:
        _relate(query, keys, scaling, scores)
    if queries is not None:
        _relate(key, queries, scaling, scores.transpose(1, 2))


def relate_backward(
    query: Tensor,
    key: Tensor,
    positions: Sequence[Tensor | None],
    scaling: float,
    grad_scores: Tensor,
    grad_query: Tensor,
    grad_key: Tensor,
    grad_positions: Sequence[Tensor | None],
) -> None:
    """`relate`'s gradients, added to those of queries, keys and positions."""
    keys, queries = positions
    grad_keys, grad_queries = grad_positions
    if keys is not None and grad_keys is not None:
        _relate_backward(query, keys, scaling, grad_scores, grad_query, grad_keys)
    if queries is not None and grad_queries is not None:
        turned = grad_scores.transpose(1, 2)
        _relate_backward(key, queries, scaling, turned, grad_key, grad_queries)


def _bands(rows: int, others: int, reach: int) -> Iterator[tuple[slice, slice]]:
    """Bands of rows, and the positions that they can reach among [2 * reach - 1].

    Args:
        rows: Of each sequence, queries for c2p and keys for p2c.
        others: What they meet, keys for c2p and queries for p2c.
        reach: Of the positions.
    """
    step = -(-rows // -(-rows // BAND))
    for start in range(0, rows, step):
        stop = min(start + step, rows)
        yield slice(start, stop), slice(reach - stop, reach - 1 - start + others)


def _by_distance(products: Tensor, others: int) -> Tensor:
    """What each row of a band meets: a view of [m, B, B - 1 + others] as [m, B, others].

    The products of one row further on begin one position earlier.
    """
    count, rows, width = products.shape
    offset = products.storage_offset() + rows - 1
    return products.as_strided((count, rows, others), (rows * width, max(width - 1, 1), 1), offset)


def _relate(rows: Tensor, table: Tensor, scaling: float, scores: Tensor) -> None:
    """Add to scores, [heads * n, L, L'], each row's products with the positions of what it meets.

    Args:
        rows: [heads * n, L, d].
        table: [heads, 2 * reach - 1, d].
        scaling: Factor of the products.
        scores: [heads * n, L, L'].
    """
    heads, reach = table.shape[0], (table.shape[1] + 1) // 2
    count, length, width = rows.shape
    others = scores.shape[2]
    grouped = rows.view(heads, -1, length, width)
    for part, places in _bands(length, others, reach):
        band = grouped[:, :, part].reshape(heads, -1, width)
        products = torch.bmm(band, table[:, places].transpose(1, 2))
        products = products.view(count, part.stop - part.start, -1)
        scores[:, part].add_(_by_distance(products, others), alpha=scaling)


def _relate_backward(
    rows: Tensor,
    table: Tensor,
    scaling: float,
    grad_scores: Tensor,
    grad_rows: Tensor,
    grad_table: Tensor,
) -> None:
    """`_relate`'s gradients, added to those of rows and table."""
    heads, reach = table.shape[0], (table.shape[1] + 1) // 2
    count, length, width = rows.shape
    others = grad_scores.shape[2]
    grouped, grad_grouped = (t.view(heads, -1, length, width) for t in (rows, grad_rows))
    for part, places in _bands(length, others, reach):
        size = part.stop - part.start
        products = grad_scores.new_zeros(count, size, places.stop - places.start)
        _by_distance(products, others).copy_(grad_scores[:, part])
        products = products.view(heads, -1, products.shape[2])
        band = grouped[:, :, part].reshape(heads, -1, width)
        grad_band = torch.bmm(products, table[:, places]).view(heads, -1, size, width)
        grad_grouped[:, :, part].add_(grad_band, alpha=scaling)
        grad_table[:, places].add_(torch.bmm(products.transpose(1, 2), band), alpha=scaling)
