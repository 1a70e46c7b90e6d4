"""The last layer for first tokens alone: a sequence head reads no other row.

Queries, the output projection and the feed-forward network of the last layer are computed for N
rows and not for T: an eighth of the work of a 6-layer encoder at 25 tokens, in training too. Stock
layers can't do that, so the layer's forward is wired anew out of its own stock parts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from torch import Tensor, nn

from nlpengine.encoders.attention import attend
from nlpengine.encoders.plan import AttentionPlan

LastLayer = Callable[[Any, Tensor, AttentionPlan], Tensor]
"""(stock layer, hidden [1, T, width], plan) → hidden of the first tokens, [1, N, width]."""


def read_first_tokens(layer: nn.Module, compute: LastLayer) -> None:
    """Let an encoder's last layer answer for first tokens alone, where it is asked to.

    Args:
        layer: The last layer; ``only_first=True`` and ``plan`` reach it through the model's
            keyword arguments.
        compute: Its family's.
    """
    # A partial, so that a deep copy of the encoder computes with the copy's own layer.
    layer.forward = partial(_forward, layer, compute)


def _forward(
    layer: Any,
    compute: LastLayer,
    hidden: Tensor,
    *args: Any,
    only_first: bool = False,
    **arguments: Any,
) -> Any:
    if only_first:
        return compute(layer, hidden, arguments["plan"])
    return type(layer).forward(layer, hidden, *args, **arguments)


def bert_last_layer(layer: Any, hidden: Tensor, plan: AttentionPlan) -> Tensor:
    """`LastLayer` of BERT, RoBERTa, XLM-R and ELECTRA, as their ``…Layer.forward`` goes."""
    inner = layer.attention.self
    first = hidden[:, plan.first]  # [1, N, width]
    context = _context(inner, (inner.query, inner.key, inner.value), first, hidden, plan)
    answer: Tensor = layer.feed_forward_chunk(layer.attention.output(context, first))
    return answer


def distilbert_last_layer(layer: Any, hidden: Tensor, plan: AttentionPlan) -> Tensor:
    """`LastLayer` of DistilBERT, as ``TransformerBlock.forward`` goes."""
    inner = layer.attention
    first = hidden[:, plan.first]  # [1, N, width]
    context = _context(inner, (inner.q_lin, inner.k_lin, inner.v_lin), first, hidden, plan)
    attended = layer.sa_layer_norm(inner.out_lin(context) + first)
    answer: Tensor = layer.output_layer_norm(layer.ffn(attended) + attended)
    return answer


def _context(
    inner: Any, projections: Sequence[Any], first: Tensor, hidden: Tensor, plan: AttentionPlan
) -> Tensor:
    """Attention of first tokens to all: [1, N, width] and [1, T, width] → [1, N, width]."""
    q, k, v = (
        project(rows)[0].unflatten(-1, (plan.heads, -1))  # [rows, heads, d]
        for project, rows in zip(projections, (first, hidden, hidden), strict=True)
    )
    dropout = inner.dropout.p if inner.training else 0.0
    return attend(q, k, v, plan, scaling=inner.scaling, dropout=dropout, first=True).flatten(1)[
        None
    ]
