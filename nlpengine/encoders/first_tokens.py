"""The last layer for first tokens alone: a sequence head reads no other row.

Queries, the output projection and the feed-forward network of the last layer are computed for N
rows and not for T: an eighth of the work of a 6-layer encoder at 25 tokens, in training too. Stock
layers can't do that, so the layer's forward is wired anew out of its own stock parts.
"""

from __future__ import annotations

from collections.abc import Callable
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
    stock = layer.forward

    def forward(hidden: Tensor, *args: Any, only_first: bool = False, **arguments: Any) -> Any:
        if not only_first:
            return stock(hidden, *args, **arguments)
        return compute(layer, hidden, arguments["plan"])

    layer.forward = forward


def bert_last_layer(layer: Any, hidden: Tensor, plan: AttentionPlan) -> Tensor:
    """`LastLayer` of BERT, RoBERTa, XLM-R and ELECTRA, as their ``…Layer.forward`` goes."""
    inner = layer.attention.self
    first = hidden[:, plan.first]  # [1, N, width]
    q, k, v = (
        project(rows)[0].unflatten(-1, (plan.heads, -1))  # [rows, heads, d]
        for project, rows in ((inner.query, first), (inner.key, hidden), (inner.value, hidden))
    )
    dropout = inner.dropout.p if inner.training else 0.0
    context = attend(q, k, v, plan, scaling=inner.scaling, dropout=dropout, first=True)
    attended = layer.attention.output(context.flatten(1)[None], first)
    answer: Tensor = layer.feed_forward_chunk(attended)
    return answer
