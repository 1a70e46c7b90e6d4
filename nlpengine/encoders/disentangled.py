"""Disentangled attention over a packed row (DeBERTa; He et al. 2021), each sequence for itself.

A score is content·content plus content·position (c2p) plus position·content (p2c), where the
position is that of the query relative to the key. Stock code multiplies each token with all 512
relative positions, then gathers those it needs. Here a band of queries meets only the positions
that it can reach, in order of distance, so that the products of a row's neighbour are its own moved
by one: a strided view takes the place of index and gather, and of scatter-add on the way back.

Plans are made by head, with runs that fit the cache: all rows of a run meet a head's positions in
one product, and the positions aren't repeated for each sequence.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from nlpengine.encoders.attention import score_room
from nlpengine.encoders.kernels import dropout_draws, kept, kept_share
from nlpengine.encoders.plan import AttentionPlan, plan_attention

BAND = 128
"""Rows that meet their positions in one product, at most: of more, most products would be out of
every row's reach."""


def plan_disentangled(lengths: tuple[int, ...], heads: int, device: torch.device) -> AttentionPlan:
    """The plan that `attend_disentangled` works by.

    Args:
        lengths: Ascending.
        heads: Attention heads.
        device: Where the index tensors go.
    """
    return plan_attention(lengths, heads, device, by_head=True)


def attend_disentangled(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    positions: tuple[Tensor | None, Tensor | None],
    plan: AttentionPlan,
    *,
    scaling: float,
    dropout: float = 0.0,
    first: bool = False,
) -> Tensor:
    """Disentangled attention; plain attention where there are no positions.

    Args:
        q: [T, heads, d], or [N, heads, d] of the first tokens alone. There may be spare rows
            behind the T tokens here and in k and v; they come out as zeros.
        k: [T, heads, d].
        v: [T, heads, d].
        positions: Position keys (for c2p), of distances query minus key from reach - 1 down to
            1 - reach, and position queries (for p2c), from 1 - reach up; each
            [heads, 2 * reach - 1, d], or None where the term is absent. The reach is the tokens of
            the batch's longest sequence, or more.
        plan: The batch's, of `plan_disentangled`.
        scaling: Factor of the scores.
        dropout: On the attention weights.
        first: Whether q is of the first tokens.

    Returns:
        The shape of q.
    """
    tensors = [q, k, v, *(table for table in positions if table is not None)]
    learning = torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)
    if learning or dropout:
        result: Tensor = _Disentangled.apply(  # type: ignore[no-untyped-call]
            q, k, v, *positions, dropout, scaling, plan, first
        )
        return result
    queries = plan.first_slots if first else plan.slots
    query, key, value = queries.take(q), plan.slots.take(k), plan.slots.take(v)
    context = torch.empty_like(query)
    pieces = plan.first_pieces if first else plan.pieces
    room = score_room(query, pieces)
    for piece in pieces:
        a, b = piece.of_queries(query), piece.of_keys(key)
        bias, weights = piece.bias_for(a, None, first=first), piece.shaped(room)
        _weigh(a, b, bias, positions, scaling, weights)
        torch.bmm(weights, piece.of_keys(value), out=piece.of_queries(context))
    return queries.give(context, q.shape)


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
    """Add to scores, [n * heads, L, L'], each row's products with the positions of what it meets.

    Args:
        rows: [n * heads, L, d].
        table: [heads, 2 * reach - 1, d].
        scaling: Factor of the products.
        scores: [n * heads, L, L'].
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


def _weigh(
    query: Tensor,
    key: Tensor,
    bias: Tensor | None,
    positions: tuple[Tensor | None, Tensor | None],
    scaling: float,
    out: Tensor,
) -> None:
    """Attention weights of a run: [n * heads, Lq, d] and [n * heads, L, d] → [n * heads, Lq, L]."""
    added, beta = (out, 0) if bias is None else (bias, 1)
    torch.baddbmm(added, query, key.transpose(1, 2), beta=beta, alpha=scaling, out=out)
    keys, queries = positions
    if keys is not None:
        _relate(query, keys, scaling, out)
    if queries is not None:
        _relate(key, queries, scaling, out.transpose(1, 2))
    torch.softmax(out, -1, out=out)


class _Disentangled(torch.autograd.Function):
    """`attend_disentangled` with gradients written out."""

    @staticmethod
    def forward(
        ctx: Any,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        position_keys: Tensor | None,
        position_queries: Tensor | None,
        dropout: float,
        scaling: float,
        plan: AttentionPlan,
        first: bool,
    ) -> Tensor:
        queries = plan.first_slots if first else plan.slots
        query, key, value = queries.take(q), plan.slots.take(k), plan.slots.take(v)
        pieces = plan.first_pieces if first else plan.pieces
        count = sum(piece.count for piece in pieces)
        weights = query.new_empty(count)
        draws = dropout_draws(count, query.device) if dropout else None
        rate = 1 / kept_share(dropout)
        context, room = torch.empty_like(query), score_room(query, pieces)
        for piece in pieces:
            a, b = piece.of_queries(query), piece.of_keys(key)
            scores, out = piece.of_scores(weights), piece.of_queries(context)
            bias = piece.bias_for(a, None, first=first)
            _weigh(a, b, bias, (position_keys, position_queries), scaling, scores)
            if draws is not None:
                mask = kept(draws[piece.scores], dropout, piece.shaped(room))
                scores = mask.mul_(scores)
            torch.baddbmm(out, scores, piece.of_keys(value), beta=0, alpha=rate, out=out)
        ctx.plan, ctx.first = plan, first
        ctx.scaling, ctx.dropout, ctx.shapes = scaling, dropout, (q.shape, k.shape)
        ctx.save_for_backward(query, key, value, position_keys, position_queries, weights, draws)
        return queries.give(context, q.shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient of the output, in the shape of q → those of q, k, v and the positions."""
        query, key, value, position_keys, position_queries, weights, draws = ctx.saved_tensors
        plan, scaling = ctx.plan, ctx.scaling
        queries = plan.first_slots if ctx.first else plan.slots
        rate = 1 / kept_share(ctx.dropout)
        gradient = queries.take(gradients[0])
        if queries.padded is not None:
            gradient.index_fill_(0, queries.padded, 0.0)
        grad_query, grad_key, grad_value = (torch.empty_like(t) for t in (query, key, value))
        grad_keys, grad_queries = (
            None if table is None else torch.zeros_like(table)
            for table in (position_keys, position_queries)
        )
        pieces = plan.first_pieces if ctx.first else plan.pieces
        rooms = score_room(query, pieces), score_room(query, pieces)
        for piece in pieces:
            a, b, c = piece.of_queries(query), piece.of_keys(key), piece.of_keys(value)
            out, used = piece.of_queries(gradient), piece.of_scores(weights)
            ga, gb, gc = (
                piece.of_queries(grad_query), piece.of_keys(grad_key), piece.of_keys(grad_value)
            )  # fmt: skip
            scores, inside = used, piece.shaped(rooms[0])
            torch.baddbmm(inside, out, c.transpose(1, 2), beta=0, alpha=rate, out=inside)
            if draws is not None:
                mask = kept(draws[piece.scores], ctx.dropout, piece.shaped(rooms[1]))
                inside *= mask
                used = mask.mul_(scores)
            torch.baddbmm(gc, used.transpose(1, 2), out, beta=0, alpha=rate, out=gc)
            inside = torch.ops.aten._softmax_backward_data(inside, scores, -1, scores.dtype)
            torch.baddbmm(ga, inside, b, beta=0, alpha=scaling, out=ga)
            torch.baddbmm(gb, inside.transpose(1, 2), a, beta=0, alpha=scaling, out=gb)
            if grad_keys is not None:
                _relate_backward(a, position_keys, scaling, inside, ga, grad_keys)
            if grad_queries is not None:
                turned = inside.transpose(1, 2)
                _relate_backward(b, position_queries, scaling, turned, gb, grad_queries)
        q_shape, k_shape = ctx.shapes
        return (
            queries.give(grad_query, q_shape),
            plan.slots.give(grad_key, k_shape),
            plan.slots.give(grad_value, k_shape),
            grad_keys,
            grad_queries,
            *[None] * 4,
        )
