"""Attention as products over the pieces of a plan's parts, and their gradients.

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
from nlpengine.encoders.plan import AttentionPlan, Part
from nlpengine.encoders.runs import Piece


def score_room(like: Tensor, pieces: Sequence[Piece]) -> Tensor:
    """Memory for the scores of any piece."""
    return like.new_empty(max((piece.count for piece in pieces), default=0))


def room_for(like: Tensor, shape: torch.Size, real: int) -> Tensor:
    """Memory of a shape, zero in the spare rows behind the real ones."""
    rows = like.new_empty(shape)
    rows[real:].zero_()
    return rows


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
    """Attention over a plan's parts with gradients written out."""

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
        positions = position_keys, position_queries
        result = room_for(q, q.shape, plan.queries(first=first))
        saved: list[Tensor | None] = []
        for part in plan.parts(first=first):
            taken = part.queries.take(q), part.keys.take(k), part.keys.take(v)
            context = part.queries.room(result)
            saved += taken
            saved += _attend(part, taken, context, positions, dropout, scaling, first, window)
            part.queries.give(context, result)
        ctx.plan, ctx.scaling, ctx.first, ctx.dropout = plan, scaling, first, dropout
        ctx.shapes = q.shape, k.shape
        ctx.save_for_backward(*positions, *saved)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient of the output, in the shape of q → those of q, k, v and the positions."""
        plan, first = ctx.plan, ctx.first
        keys, queries, *saved = ctx.saved_tensors
        positions = keys, queries
        grad_positions = [None if t is None else torch.zeros_like(t) for t in positions]
        q_shape, k_shape = ctx.shapes
        grad_q = room_for(gradients[0], q_shape, plan.queries(first=first))
        grad_k, grad_v = (room_for(gradients[0], k_shape, plan.tokens) for _ in "kv")
        for number, part in enumerate(plan.parts(first=first)):
            own = saved[5 * number : 5 * number + 5]
            gradient = part.queries.take(gradients[0])
            part.queries.clear(gradient)
            made = part.queries.room(grad_q), part.keys.room(grad_k), part.keys.room(grad_v)
            _attend_backward(
                part, own, gradient, made, positions, grad_positions, ctx.dropout, ctx.scaling
            )
            part.queries.give(made[0], grad_q)
            part.keys.give(made[1], grad_k)
            part.keys.give(made[2], grad_v)
        return grad_q, grad_k, grad_v, *grad_positions, *[None] * 5


def _attend(
    part: Part,
    taken: tuple[Tensor, Tensor, Tensor],
    context: Tensor,
    positions: PositionTables,
    dropout: float,
    scaling: float,
    first: bool,
    window: int | None,
) -> tuple[Tensor, Tensor | None]:
    """Fill a part's context; the weights before dropout, and the draws that decided it."""
    query, key, value = taken
    count = sum(piece.count for piece in part.pieces)
    weights = query.new_empty(count)
    draws = dropout_draws(count, query.device) if dropout else None
    rate = 1 / kept_share(dropout)
    room = score_room(query, part.pieces)
    for piece in part.pieces:
        bias = piece.bias_for(query, window, first=first)
        scores, out = piece.of_scores(weights), piece.of_queries(context)
        weigh(piece.of_queries(query), piece.of_keys(key), bias, positions, scaling, scores)
        if draws is not None:
            mask = kept(draws[piece.scores], dropout, piece.shaped(room))
            scores = mask.mul_(scores)
        torch.baddbmm(out, scores, piece.of_keys(value), beta=0, alpha=rate, out=out)
    return weights, draws


def _attend_backward(
    part: Part,
    saved: Sequence[Tensor],
    gradient: Tensor,
    made: tuple[Tensor, Tensor, Tensor],
    positions: PositionTables,
    grad_positions: Sequence[Tensor | None],
    dropout: float,
    scaling: float,
) -> None:
    """Fill a part's gradients of queries, keys and values, and add to those of the positions."""
    query, key, value, weights, draws = saved
    rate = 1 / kept_share(dropout)
    rooms = score_room(query, part.pieces), score_room(query, part.pieces)
    for piece in part.pieces:
        a, b, c = piece.of_queries(query), piece.of_keys(key), piece.of_keys(value)
        out, scores = piece.of_queries(gradient), piece.of_scores(weights)
        grad_a, grad_b, grad_c = (
            piece.of_queries(made[0]), piece.of_keys(made[1]), piece.of_keys(made[2])
        )  # fmt: skip
        inner = piece.shaped(rooms[0])  # gradient of the weights, then of the scores
        torch.baddbmm(inner, out, c.transpose(1, 2), beta=0, alpha=rate, out=inner)
        used = scores
        if draws is not None:
            mask = kept(draws[piece.scores], dropout, piece.shaped(rooms[1]))
            inner *= mask
            used = mask.mul_(scores)
        torch.baddbmm(grad_c, used.transpose(1, 2), out, beta=0, alpha=rate, out=grad_c)
        inner = torch.ops.aten._softmax_backward_data(inner, scores, -1, scores.dtype)
        torch.baddbmm(grad_a, inner, b, beta=0, alpha=scaling, out=grad_a)
        torch.baddbmm(grad_b, inner.transpose(1, 2), a, beta=0, alpha=scaling, out=grad_b)
        relate_backward(a, b, positions, scaling, inner, grad_a, grad_b, grad_positions)
