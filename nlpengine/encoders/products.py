"""Attention as products over the pieces of a plan, and their gradients.

The gradients are written out: slicing q, k and v into runs under autograd costs a zero-filled
gradient of the whole row for every slice, a fifth of a step on two cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from nlpengine.encoders.disentangled import PositionTables, relate, relate_backward
from nlpengine.encoders.kernels import dropout_draws, kept, kept_share
from nlpengine.encoders.plan import AttentionPlan
from nlpengine.encoders.runs import Piece


def score_room(like: Tensor, pieces: Sequence[Piece]) -> Tensor:
    """Memory for the scores of any piece."""
    return like.new_empty(max((piece.count for piece in pieces), default=0))


def weigh(
    query: Tensor,
    key: Tensor,
    bias: Tensor | None,
    positions: PositionTables,
    scaling: float,
    out: Tensor,
) -> None:
    """Attention weights of a run: [n * heads, Lq, d] and [n * heads, L, d] → [n * heads, Lq, L]."""
    added, beta = (out, 0) if bias is None else (bias, 1)
    torch.baddbmm(added, query, key.transpose(1, 2), beta=beta, alpha=scaling, out=out)
    relate(query, key, positions, scaling, out)
    torch.softmax(out, -1, out=out)


class PackedAttention(torch.autograd.Function):
    """Attention over pieces with gradients written out."""

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
        window: int | None,
    ) -> Tensor:
        """The arguments of `nlpengine.encoders.attention.attend`, positions apart; its result."""
        queries = plan.first_slots if first else plan.slots
        query, key, value = queries.take(q), plan.slots.take(k), plan.slots.take(v)
        pieces = plan.first_pieces if first else plan.pieces
        count = sum(piece.count for piece in pieces)
        weights = query.new_empty(count)
        draws = dropout_draws(count, query.device) if dropout else None
        rate = 1 / kept_share(dropout)
        context = torch.empty_like(query)
        room = score_room(query, pieces)
        positions = position_keys, position_queries
        for piece in pieces:
            bias = piece.bias_for(query, window, first=first)
            scores, out = piece.of_scores(weights), piece.of_queries(context)
            weigh(piece.of_queries(query), piece.of_keys(key), bias, positions, scaling, scores)
            if draws is not None:
                mask = kept(draws[piece.scores], dropout, piece.shaped(room))
                scores = mask.mul_(scores)
            torch.baddbmm(out, scores, piece.of_keys(value), beta=0, alpha=rate, out=out)
        ctx.plan, ctx.scaling, ctx.first, ctx.dropout = plan, scaling, first, dropout
        ctx.shapes = q.shape, k.shape
        ctx.save_for_backward(query, key, value, *positions, weights, draws)
        return queries.give(context, q.shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient of the output, in the shape of q → those of q, k, v and the positions."""
        query, key, value, *positions, weights, draws = ctx.saved_tensors
        plan, first, scaling = ctx.plan, ctx.first, ctx.scaling
        rate = 1 / kept_share(ctx.dropout)
        queries = plan.first_slots if first else plan.slots
        gradient = queries.take(gradients[0])
        if queries.padded is not None:
            gradient.index_fill_(0, queries.padded, 0.0)
        grad_query, grad_key, grad_value = (torch.empty_like(t) for t in (query, key, value))
        grad_positions = [None if t is None else torch.zeros_like(t) for t in positions]
        pieces = plan.first_pieces if first else plan.pieces
        rooms = score_room(query, pieces), score_room(query, pieces)
        for piece in pieces:
            a, b, c = piece.of_queries(query), piece.of_keys(key), piece.of_keys(value)
            out, scores = piece.of_queries(gradient), piece.of_scores(weights)
            grad_a, grad_b, grad_c = (
                piece.of_queries(grad_query), piece.of_keys(grad_key), piece.of_keys(grad_value)
            )  # fmt: skip
            inner = piece.shaped(rooms[0])  # gradient of the weights, then of the scores
            torch.baddbmm(inner, out, c.transpose(1, 2), beta=0, alpha=rate, out=inner)
            used = scores
            if draws is not None:
                mask = kept(draws[piece.scores], ctx.dropout, piece.shaped(rooms[1]))
                inner *= mask
                used = mask.mul_(scores)
            torch.baddbmm(grad_c, used.transpose(1, 2), out, beta=0, alpha=rate, out=grad_c)
            inner = torch.ops.aten._softmax_backward_data(inner, scores, -1, scores.dtype)
            torch.baddbmm(grad_a, inner, b, beta=0, alpha=scaling, out=grad_a)
            torch.baddbmm(grad_b, inner.transpose(1, 2), a, beta=0, alpha=scaling, out=grad_b)
            relate_backward(a, b, positions, scaling, inner, grad_a, grad_b, grad_positions)
        q_shape, k_shape = ctx.shapes
        return (
            queries.give(grad_query, q_shape),
            plan.slots.give(grad_key, k_shape),
            plan.slots.give(grad_value, k_shape),
            *grad_positions,
            *[None] * 5,
        )
