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
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AttentionInterface

from nlpengine.encoders.kernels import dropout_mask, kept_share
from nlpengine.encoders.plan import AttentionPlan

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
    if plan.borders is not None and not dropout and q.dtype in (torch.bfloat16, torch.float16):
        return _varlen(q, k, v, plan, scaling, first, window)
    if torch.is_grad_enabled() and (q.requires_grad or k.requires_grad or v.requires_grad):
        result: Tensor = _PackedAttention.apply(q, k, v, dropout, scaling, plan, first, window)  # type: ignore[no-untyped-call]
        return result
    query, key, value = _to_slots(q, plan, first), _to_slots(k, plan), _to_slots(v, plan)
    context = torch.empty_like(query)
    scores = query.new_empty(max(plan.score_sizes(first=first)))
    parts = zip(
        plan.runs,
        plan.split(query, first=first),
        plan.split(key),
        plan.split(value),
        plan.split(context, first=first),
        strict=True,
    )
    for run, a, b, c, out in parts:
        if run.length > LONG:
            bias = run.bias_for(a, window, first=first)
            bias = None if bias is None else bias[:, None]
            out.copy_(
                functional.scaled_dot_product_attention(
                    a[:, None], b[:, None], c[:, None], attn_mask=bias, scale=scaling
                )[:, 0]
            )
            continue
        weights = scores[: a.shape[0] * a.shape[1] * run.length].view(*a.shape[:2], run.length)
        _softmax_scores(a, b, run.bias_for(a, window, first=first), scaling, weights)
        torch.bmm(weights, c, out=out)
    return _to_rows(context, plan, q.shape, first)


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
    assert borders is not None  # the caller asked
    queries = torch.arange(len(borders), dtype=torch.int32, device=q.device) if first else borders
    # Arguments came with later versions of torch: only those are handed on that change something.
    extra: dict[str, Any] = {}
    if not math.isclose(scaling, q.shape[-1] ** -0.5):
        extra["scale"] = scaling
    if window is not None:
        extra["window_size"] = (window, window)
    longest = 1 if first else plan.longest
    out: Tensor = varlen_attn(q, k, v, queries, borders, longest, plan.longest, **extra)
    return out


def _softmax_scores(
    query: Tensor, key: Tensor, bias: Tensor | None, scaling: float, out: Tensor
) -> None:
    """Attention weights of a run: [n * heads, Lq, d] and [n * heads, L, d] → [n * heads, Lq, L]."""
    added, beta = (out, 0) if bias is None else (bias, 1)
    torch.baddbmm(added, query, key.transpose(1, 2), beta=beta, alpha=scaling, out=out)
    torch.softmax(out, -1, out=out)


def _to_slots(rows: Tensor, plan: AttentionPlan, first: bool = False) -> Tensor:
    """[T, heads, d] → [S, d]; rows of first tokens are in the order of slots as they are."""
    flat = rows.reshape(-1, rows.shape[-1])
    return flat if first else flat.index_select(0, plan.gather)


def _to_rows(slots: Tensor, plan: AttentionPlan, shape: torch.Size, first: bool = False) -> Tensor:
    """[S, d] → rows of a shape, [T, heads, d]; spare rows behind the T tokens are zero."""
    if first:
        return slots.view(shape)
    real = len(plan.scatter)
    rows = slots.new_empty(shape.numel() // shape[-1], shape[-1])
    torch.index_select(slots, 0, plan.scatter, out=rows[:real])
    rows[real:].zero_()
    return rows.view(shape)


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
        query, key, value = _to_slots(q, plan, first), _to_slots(k, plan), _to_slots(v, plan)
        weights = query.new_empty(sum(plan.score_sizes(first=first)))
        runs = zip(
            plan.runs,
            plan.split(query, first=first),
            plan.split(key),
            plan.split_scores(weights, first=first),
            strict=True,
        )
        for run, a, b, out in runs:
            _softmax_scores(a, b, run.bias_for(a, window, first=first), scaling, out)
        mask = dropout_mask(weights, dropout) if dropout else None
        share = kept_share(weights.device, dropout)
        kept = weights if mask is None else weights * mask
        context = torch.empty_like(query)
        products = zip(
            plan.split_scores(kept, first=first),
            plan.split(value),
            plan.split(context, first=first),
            strict=True,
        )
        for a, b, out in products:
            torch.baddbmm(out, a, b, beta=0, alpha=1 / share, out=out)
        ctx.plan, ctx.share, ctx.scaling, ctx.first = plan, share, scaling, first
        ctx.shapes = q.shape, k.shape
        ctx.save_for_backward(query, key, value, weights, mask)
        return _to_rows(context, plan, q.shape, first)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient of the output, in the shape of q → those of q, k, v."""
        query, key, value, weights, mask = ctx.saved_tensors
        plan, first, rate = ctx.plan, ctx.first, 1 / ctx.share
        gradient = _to_slots(gradients[0], plan, first)
        if plan.padded is not None and not first:
            gradient.index_fill_(0, plan.padded, 0.0)
        kept = weights if mask is None else weights * mask
        grad_query, grad_key, grad_value = (torch.empty_like(t) for t in (query, key, value))
        grad_scores = torch.empty_like(weights)
        outer = zip(
            plan.split(gradient, first=first),
            plan.split(value),
            plan.split_scores(kept, first=first),
            plan.split(grad_value),
            plan.split_scores(grad_scores, first=first),
            strict=True,
        )
        for out, c, w, grad_c, grad_w in outer:
            torch.baddbmm(grad_c, w.transpose(1, 2), out, beta=0, alpha=rate, out=grad_c)
            torch.baddbmm(grad_w, out, c.transpose(1, 2), beta=0, alpha=rate, out=grad_w)
        if mask is not None:
            grad_scores *= mask
        inner = zip(
            plan.split(query, first=first),
            plan.split(key),
            plan.split_scores(weights, first=first),
            plan.split_scores(grad_scores, first=first),
            plan.split(grad_query, first=first),
            plan.split(grad_key),
            strict=True,
        )
        for a, b, w, grad_w, grad_a, grad_b in inner:
            inside = torch.ops.aten._softmax_backward_data(grad_w, w, -1, w.dtype)
            torch.baddbmm(grad_a, inside, b, beta=0, alpha=ctx.scaling, out=grad_a)
            torch.baddbmm(grad_b, inside.transpose(1, 2), a, beta=0, alpha=ctx.scaling, out=grad_b)
        q_shape, k_shape = ctx.shapes
        return (
            _to_rows(grad_query, plan, q_shape, first),
            _to_rows(grad_key, plan, k_shape),
            _to_rows(grad_value, plan, k_shape),
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
