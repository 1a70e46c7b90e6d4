"""Attention over a packed row: the one place that looks at sequence borders.

All other layers run on real tokens alone. Registered with transformers' attention interface, so its
own models call it; no model is copied.

Two decisions a reader would question:
 - The training path is one autograd function with its backward written out. Slicing q, k and v into
   runs under autograd costs a zero-filled gradient of the whole row for every slice: a fifth of a
   step on two cores.
 - Scores are plain batched products into memory that is allocated once per layer. The CPU's fused
   attention kernel took twice as long at 25 tokens and 1.2 times at 128; it serves long runs in
   prediction, where scores would take much memory.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AttentionInterface

from nlpengine.encoders.kernels import dropout_draws, kept, kept_share
from nlpengine.encoders.plan import AttentionPlan
from nlpengine.encoders.runs import Piece

NAME = "nlpengine_packed"
"""The attention's name in transformers' registry, which is global to the process."""

LONG = 256
"""Runs of longer sequences are predicted by the fused kernel."""


def attend(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    plan: AttentionPlan,
    *,
    scaling: float,
    dropout: float = 0.0,
    first: bool = False,
    window: int | None = None,
) -> Tensor:
    """Softmax attention (Vaswani et al. 2017) of a packed row, each sequence for itself.

    Args:
        q: [T, heads, d], or [N, heads, d] of the first tokens alone. There may be spare rows
            behind the T tokens here and in k and v; they come out as zeros.
        k: [T, heads, d].
        v: [T, heads, d].
        plan: The batch's.
        scaling: Factor of the scores.
        dropout: On the attention weights.
        first: Whether q is of the first tokens.
        window: Tokens that a token sees to each side; None for all of its sequence.

    Returns:
        The shape of q.
    """
    if plan.takes_borders and not dropout and q.dtype in (torch.bfloat16, torch.float16):
        return _varlen(q, k, v, plan, scaling, first, window)
    learning = torch.is_grad_enabled() and any(t.requires_grad for t in (q, k, v))
    if learning or dropout:
        result: Tensor = _PackedAttention.apply(q, k, v, dropout, scaling, plan, first, window)  # type: ignore[no-untyped-call]
        return result
    if len(plan.lengths) == 1 and len(k) == plan.longest and window is None:
        # A text alone is a padded batch already: no slots to move it to.
        one, two, three = (rows.transpose(0, 1)[None] for rows in (q, k, v))
        attended = functional.scaled_dot_product_attention(one, two, three, scale=scaling)
        return attended[0].transpose(0, 1)
    queries = plan.first_slots if first else plan.slots
    query, key, value = queries.take(q), plan.slots.take(k), plan.slots.take(v)
    context = torch.empty_like(query)
    if plan.longest > LONG:
        _attend_long(query, key, value, context, plan, scaling, first, window)
    pieces = [p for p in (plan.first_pieces if first else plan.pieces) if p.run.length <= LONG]
    room = score_room(query, pieces)
    for piece in pieces:
        a, weights = piece.of_queries(query), piece.shaped(room)
        bias = piece.bias_for(a, window, first=first)
        _softmax_scores(a, piece.of_keys(key), bias, scaling, weights)
        torch.bmm(weights, piece.of_keys(value), out=piece.of_queries(context))
    return queries.give(context, q.shape)


def _attend_long(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    context: Tensor,
    plan: AttentionPlan,
    scaling: float,
    first: bool,
    window: int | None,
) -> None:
    """Fill the context, [S, d], of the slots of long runs, by the fused kernel."""
    for piece in plan.first_wholes if first else plan.wholes:
        if piece.run.length > LONG:
            a, b, c = (
                rows[:, None]
                for rows in (piece.of_queries(query), piece.of_keys(key), piece.of_keys(value))
            )
            bias = piece.bias_for(a, window, first=first)
            mask = None if bias is None else bias[:, None]
            attended = functional.scaled_dot_product_attention(
                a, b, c, attn_mask=mask, scale=scaling
            )
            piece.of_queries(context).copy_(attended[:, 0])


def score_room(like: Tensor, pieces: Sequence[Piece]) -> Tensor:
    """Memory for the scores of any piece."""
    return like.new_empty(max((piece.count for piece in pieces), default=0))


def _varlen(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    plan: AttentionPlan,
    scaling: float,
    first: bool,
    window: int | None,
) -> Tensor:
    """`attend` by torch's kernel over sequence borders: CUDA, half precision, no dropout."""
    from torch.nn.attention.varlen import varlen_attn

    borders = plan.borders
    queries = torch.arange(len(borders), dtype=torch.int32, device=q.device) if first else borders
    # Arguments came with later versions of torch: only those are handed on that change something.
    extra: dict[str, Any] = {}
    if not math.isclose(scaling, q.shape[-1] ** -0.5):
        extra["scale"] = scaling
    if window is not None:
        extra["window_size"] = (window, window)
    longest = 1 if first else plan.longest
    out = varlen_attn(q, k, v, queries, borders, longest, plan.longest, **extra)
    assert isinstance(out, Tensor)  # a pair only where more is asked for
    return out


def _softmax_scores(
    query: Tensor, key: Tensor, bias: Tensor | None, scaling: float, out: Tensor
) -> None:
    """Attention weights of a run: [n * heads, Lq, d] and [n * heads, L, d] → [n * heads, Lq, L]."""
    added, beta = (out, 0) if bias is None else (bias, 1)
    torch.baddbmm(added, query, key.transpose(1, 2), beta=beta, alpha=scaling, out=out)
    torch.softmax(out, -1, out=out)


class _PackedAttention(torch.autograd.Function):
    """`attend` with gradients written out."""

    @staticmethod
    def forward(
        ctx: Any,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        dropout: float,
        scaling: float,
        plan: AttentionPlan,
        first: bool,
        window: int | None,
    ) -> Tensor:
        queries = plan.first_slots if first else plan.slots
        query, key, value = queries.take(q), plan.slots.take(k), plan.slots.take(v)
        pieces = plan.first_pieces if first else plan.pieces
        count = sum(piece.count for piece in pieces)
        weights = query.new_empty(count)
        draws = dropout_draws(count, query.device) if dropout else None
        rate = 1 / kept_share(dropout)
        context = torch.empty_like(query)
        room = score_room(query, pieces)
        for piece in pieces:
            bias = piece.bias_for(query, window, first=first)
            scores, out = piece.of_scores(weights), piece.of_queries(context)
            _softmax_scores(piece.of_queries(query), piece.of_keys(key), bias, scaling, scores)
            if draws is not None:
                mask = kept(draws[piece.scores], dropout, piece.shaped(room))
                scores = mask.mul_(scores)
            torch.baddbmm(out, scores, piece.of_keys(value), beta=0, alpha=rate, out=out)
        ctx.plan, ctx.scaling, ctx.first, ctx.dropout = plan, scaling, first, dropout
        ctx.shapes = q.shape, k.shape
        ctx.save_for_backward(query, key, value, weights, draws)
        return queries.give(context, q.shape)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient of the output, in the shape of q → those of q, k, v."""
        query, key, value, weights, draws = ctx.saved_tensors
        plan, first, scaling = ctx.plan, ctx.first, ctx.scaling
        rate = 1 / kept_share(ctx.dropout)
        queries = plan.first_slots if first else plan.slots
        gradient = queries.take(gradients[0])
        if queries.padded is not None:
            gradient.index_fill_(0, queries.padded, 0.0)
        grad_query, grad_key, grad_value = (torch.empty_like(t) for t in (query, key, value))
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
        q_shape, k_shape = ctx.shapes
        return (
            queries.give(grad_query, q_shape),
            plan.slots.give(grad_key, k_shape),
            plan.slots.give(grad_value, k_shape),
            *[None] * 5,
        )


def packed_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    plan: AttentionPlan,
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    **unused: object,
) -> tuple[Tensor, None]:
    """The function that transformers calls in each attention layer.

    Args:
        module: The attention layer.
        query: [1, heads, T, d].
        key: [1, heads, T, d].
        value: [1, heads, T, d].
        attention_mask: Must be None: borders come with ``plan``.
        plan: The batch's, handed through the model's forward.
        scaling: Factor of the scores; 1/sqrt(d) where None.
        dropout: On the attention weights, 0 outside training.
        sliding_window: One more than the tokens that a token sees to each side, as stock layers
            hand it on; None for all.
        unused: What else the stock layer hands on (position ids).

    Returns:
        [1, T, heads, d], and no weights.
    """
    q, k, v = (tensor[0].transpose(0, 1) for tensor in (query, key, value))  # [T, heads, d]
    scale = q.shape[-1] ** -0.5 if scaling is None else scaling
    window = None if sliding_window is None else sliding_window - 1
    return attend(q, k, v, plan, scaling=scale, dropout=dropout, window=window)[None], None


AttentionInterface.register(NAME, packed_attention)
