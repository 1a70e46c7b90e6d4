"""Attention over a packed row: the one place that looks at sequence borders.

Sequences stand in order of length; neighbours of like length form a run, padded to its longest only
inside attention (1 % of the work at 25 tokens), which keeps the number of kernel calls small. All
other layers run on real tokens alone. Registered with transformers' attention interface, so its own
models call it; no model is copied.

Two decisions a reader would question:
 - The training path is one autograd function with its backward written out. Slicing q, k and v into
   runs under autograd costs a zero-filled gradient of the whole row for every slice: a fifth of a
   step on two cores.
 - A run may mix lengths (up to `SLACK` and `ROOM`). Exact runs needed 2.5 times as many kernel
   calls and were 5 % slower at 24 tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import AttentionInterface

from nlpengine.encoders.kernels import dropout_mask, masked_scale

NAME = "nlpengine_packed"
"""The attention's name in transformers' registry, which is global to the process."""

SLACK = 1.15
ROOM = 2
"""A run takes sequences of up to SLACK x its shortest + ROOM tokens."""


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring sequences that attention handles in one call.

    Attributes:
        count: Sequences, n.
        length: Tokens of the longest, L.
        start: First token in the packed row.
        stop: One past the last.
        gather: [n * L] rows to read, where lengths differ; None where all are L long. Padded places
            read the sequence's first row and are masked as keys.
        scatter: [stop - start] places among n * L that are real tokens; None as above.
        bias: [n, 1, 1, L], 0 for tokens and -inf for padded places; None as above.
    """

    count: int
    length: int
    start: int
    stop: int
    gather: Tensor | None
    scatter: Tensor | None
    bias: Tensor | None

    def split(self, rows: Tensor) -> Tensor:
        """[T, heads, d] → this run's [n, heads, L, d]."""
        part = rows[self.start : self.stop] if self.gather is None else rows[self.gather]
        return part.view(self.count, self.length, *rows.shape[1:]).transpose(1, 2)

    def merge(self, part: Tensor, rows: Tensor) -> None:
        """Write this run's [n, heads, L, d] into [T, heads, d]."""
        flat = part.transpose(1, 2)  # [n, L, heads, d]
        target = rows[self.start : self.stop]
        if self.scatter is None:
            target.view(self.count, self.length, *rows.shape[1:]).copy_(flat)
        else:
            target.copy_(flat.reshape(self.count * self.length, *rows.shape[1:])[self.scatter])

    def split_gradient(self, rows: Tensor) -> Tensor:
        """`split` with zeros, not repeated rows, in padded places."""
        if self.scatter is None:
            return self.split(rows)
        part = rows.new_zeros(self.count * self.length, *rows.shape[1:])
        part[self.scatter] = rows[self.start : self.stop]
        return part.view(self.count, self.length, *rows.shape[1:]).transpose(1, 2)


def plan_runs(lengths: Sequence[int], device: torch.device) -> tuple[Run, ...]:
    """Group sequences, given shortest first, into runs.

    Args:
        lengths: Ascending.
        device: Where the index tensors go.
    """
    runs: list[Run] = []
    first, start = 0, 0
    while first < len(lengths):
        last = first
        limit = lengths[first] * SLACK + ROOM
        while last < len(lengths) and lengths[last] <= limit:
            last += 1
        group = lengths[first:last]
        runs.append(_run(group, start, device))
        start += sum(group)
        first = last
    return tuple(runs)


def _run(group: Sequence[int], start: int, device: torch.device) -> Run:
    count, length, total = len(group), group[-1], sum(group)
    if group[0] == length:
        return Run(count, length, start, start + total, None, None, None)
    sizes = torch.tensor(group)
    starts = start + sizes.cumsum(0) - sizes
    places = torch.arange(length)[None]  # [1, L]
    real = places < sizes[:, None]  # [n, L]
    gather = torch.where(real, starts[:, None] + places, starts[:, None]).flatten()
    bias = torch.zeros(count, 1, 1, length).masked_fill_(~real[:, None, None], float("-inf"))
    scatter = real.flatten().nonzero()[:, 0]
    return Run(
        count, length, start, start + total, gather.to(device), scatter.to(device), bias.to(device)
    )


def _rows_like(rows: Tensor, runs: Sequence[Run]) -> Tensor:
    """Memory for [T, heads, d] that the runs will write; spare rows behind the last are zero."""
    made = torch.empty_like(rows, memory_format=torch.contiguous_format)
    made[runs[-1].stop :].zero_()
    return made


class _PackedAttention(torch.autograd.Function):
    """Softmax attention with dropout over runs (Vaswani et al. 2017), gradients written out."""

    @staticmethod
    def forward(
        ctx: Any,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        dropout: float,
        scaling: float,
        runs: tuple[Run, ...],
    ) -> Tensor:
        """q, k, v: [T, heads, d] → [T, heads, d]."""
        out = _rows_like(q, runs)
        saved: list[Tensor | None] = []
        for run in runs:
            query, key, value = run.split(q), run.split(k), run.split(v)
            scores = torch.matmul(query, key.transpose(2, 3)).mul_(scaling)  # [n, heads, L, L]
            if run.bias is not None:
                scores += run.bias
            weights = torch.softmax(scores, -1, dtype=torch.float32).to(q.dtype)
            mask = dropout_mask(weights, dropout) if dropout else None
            kept = weights if mask is None else masked_scale(weights, mask, dropout)
            run.merge(torch.matmul(kept, value), out)
            saved += [query, key, value, weights, mask]
        ctx.runs, ctx.dropout, ctx.scaling, ctx.row = runs, dropout, scaling, q.shape
        ctx.save_for_backward(*saved)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Gradient of the output, [T, heads, d] → those of q, k, v."""
        gradient = gradients[0].contiguous()
        grad_q, grad_k, grad_v = (_rows_like(gradient, ctx.runs) for _ in range(3))
        saved = ctx.saved_tensors
        for index, run in enumerate(ctx.runs):
            query, key, value, weights, mask = saved[5 * index : 5 * index + 5]
            out = run.split_gradient(gradient)
            kept = weights if mask is None else masked_scale(weights, mask, ctx.dropout)
            run.merge(torch.matmul(kept.transpose(2, 3), out), grad_v)
            grad_weights = torch.matmul(out, value.transpose(2, 3))  # [n, heads, L, L]
            if mask is not None:
                grad_weights = masked_scale(grad_weights, mask, ctx.dropout)
            grad_scores = torch.ops.aten._softmax_backward_data(
                grad_weights, weights, -1, weights.dtype
            ).mul_(ctx.scaling)
            run.merge(torch.matmul(grad_scores, key), grad_q)
            run.merge(torch.matmul(grad_scores.transpose(2, 3), query), grad_k)
        return grad_q, grad_k, grad_v, None, None, None


def packed_attention(
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    runs: tuple[Run, ...],
    scaling: float | None = None,
    dropout: float = 0.0,
    **unused: object,
) -> tuple[Tensor, None]:
    """The function that transformers calls in each attention layer.

    Args:
        module: The attention layer.
        query: [1, heads, T, d].
        key: [1, heads, T, d].
        value: [1, heads, T, d].
        attention_mask: Must be None: borders come with ``runs``.
        runs: The batch's plan, handed through the model's forward.
        scaling: Factor of the scores; 1/sqrt(d) where None.
        dropout: On the attention weights, 0 outside training.
        unused: What else the stock layer hands on (position ids).

    Returns:
        [1, T, heads, d], and no weights.
    """
    q, k, v = (tensor[0].transpose(0, 1) for tensor in (query, key, value))  # [T, heads, d]
    scale = q.shape[-1] ** -0.5 if scaling is None else scaling
    if torch.is_grad_enabled() and (q.requires_grad or k.requires_grad or v.requires_grad):
        result: Tensor = _PackedAttention.apply(q, k, v, dropout, scale, runs)  # type: ignore[no-untyped-call]
        return result[None], None
    out = _rows_like(q, runs)
    for run in runs:
        part = functional.scaled_dot_product_attention(
            run.split(q), run.split(k), run.split(v), attn_mask=run.bias, scale=scale
        )
        run.merge(part, out)
    return out[None], None


AttentionInterface.register(NAME, packed_attention)
