"""Attention over a packed row: the one place that looks at sequence borders.

All other layers run on real tokens alone. Registered with transformers' attention interface, so its
own models call it; no model is copied.

Scores are plain batched products into memory that is allocated once per layer. The CPU's fused
attention kernel took twice as long at 25 tokens and 1.2 times at 128; it serves long
sequences in prediction, where scores would take much memory, and a text alone.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AttentionInterface

from nlpengine.encoders.disentangled import PositionTables
from nlpengine.encoders.plan import AttentionPlan
from nlpengine.encoders.products import PackedAttention, room_for, score_room, weigh

NAME = "nlpengine_packed"
"""The attention's name in transformers' registry, which is global to the process."""


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
    positions: PositionTables = (None, None),
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
        positions: Relative positions whose products are added to the scores, as
            `nlpengine.encoders.disentangled` describes; the plan must be by head for them.

    Returns:
        The shape of q.

    Raises:
        ValueError: There are positions, and the plan isn't by head.
    """
    related = any(table is not None for table in positions)
    if related and not plan.by_head:
        raise ValueError("relative positions need a plan by head")
    if plan.takes_borders and not dropout and q.dtype in (torch.bfloat16, torch.float16):
        return _varlen(q, k, v, plan, scaling, first, window)
    if dropout or _learns(q, k, v, *positions):
        result: Tensor = PackedAttention.apply(  # type: ignore[no-untyped-call]  # torch's
            q, k, v, *positions, dropout, scaling, plan, first, window
        )
        return result
    if len(plan.lengths) == 1 and len(k) == plan.longest and window is None:
        return _attend_alone(q, k, v, positions if related else None, scaling)
    return _predicted(q, k, v, plan, scaling, first, window, positions if related else None)


def _learns(*tensors: Tensor | None) -> bool:
    return torch.is_grad_enabled() and any(t.requires_grad for t in tensors if t is not None)


def _predicted(
    q: Tensor,
    k: Tensor,
    v: Tensor,
    plan: AttentionPlan,
    scaling: float,
    first: bool,
    window: int | None,
    positions: PositionTables | None,
) -> Tensor:
    """`attend` of what has no gradient: scores are kept for one piece at a time."""
    out = room_for(q, q.shape, plan.queries(first=first))
    fused_from = plan.longest + 1 if positions or not plan.fused_from else plan.fused_from
    for part in plan.parts(first=first):
        query, key, value = part.queries.take(q), part.keys.take(k), part.keys.take(v)
        context = part.queries.room(out)
        room = score_room(query, [piece for piece in part.pieces if piece.length < fused_from])
        for piece in part.pieces:
            a, b, c = piece.of_queries(query), piece.of_keys(key), piece.of_keys(value)
            bias = piece.bias_for(a, window, first=first)
            if piece.length >= fused_from:
                piece.of_queries(context).copy_(_fused(a, b, c, bias, scaling))
                continue
            weights = piece.shaped(room)
            weigh(a, b, bias, positions or (None, None), scaling, weights)
            torch.bmm(weights, c, out=piece.of_queries(context))
        part.queries.give(context, out)
    return out


def _fused(
    query: Tensor, key: Tensor, value: Tensor, bias: Tensor | None, scaling: float
) -> Tensor:
    """[b, Lq, d] and twice [b, L, d] → [b, Lq, d], by torch's fused kernel."""
    mask = None if bias is None else bias[None]
    return functional.scaled_dot_product_attention(
        query[None], key[None], value[None], mask, scale=scaling
    )[0]


def _attend_alone(
    q: Tensor, k: Tensor, v: Tensor, positions: PositionTables | None, scaling: float
) -> Tensor:
    """A text alone is a padded batch already: no slots to move it to."""
    query, key, value = (rows.transpose(0, 1) for rows in (q, k, v))  # [heads, L, d]
    if positions is None:
        return _fused(query, key, value, None, scaling).transpose(0, 1)
    weights = query.new_empty(*query.shape[:2], key.shape[1])
    weigh(query, key, None, positions, scaling, weights)
    return torch.bmm(weights, value).transpose(0, 1)


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
