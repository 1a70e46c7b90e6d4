"""DeBERTa v1, v2 and v3 over a packed row, driven through the stock model's own submodules.

Stock DeBERTa takes no notice of transformers' attention interface and builds masks and relative
positions of all tokens with all, so its forward is wired anew here: He et al. 2021 (DeBERTa), 2023
(DeBERTaV3). Only attention and v2's convolution look at sequence borders.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from nlpengine.encoders.attention import attend
from nlpengine.encoders.disentangled import PositionTables
from nlpengine.encoders.plan import AttentionPlan, plan_attention
from nlpengine.encoders.positions import position_tables
from nlpengine.encoding.packing import PackedBatch
from nlpengine.errors import EncoderUnavailable


def deberta_packed(
    model: Any, batch: PackedBatch, *, only_first: bool = False, spare: int = 0
) -> Tensor:
    """Hidden of the last layer, each sequence for itself.

    Args:
        model: A stock DebertaModel or DebertaV2Model.
        batch: T tokens in N sequences, on the model's device.
        only_first: Compute the last layer for the sequences' first tokens alone.
        spare: Rows of no meaning to put behind the T tokens, for kernels that like round numbers.

    Returns:
        [T, width], or [N, width] of the first tokens.

    Raises:
        EncoderUnavailable: The model mixes its heads (``talking_head``).
    """
    if getattr(model.config, "talking_head", False):
        raise EncoderUnavailable(
            "DeBERTa with talking_head=true doesn't run packed: its heads read each other's "
            "scores. Choose a checkpoint whose config.json has it false."
        )
    encoder = model.encoder
    heads = model.config.num_attention_heads
    plan = plan_attention(batch.lengths, heads, batch.input_ids.device, by_head=True)
    positions = position_tables(encoder, batch.lengths[-1])
    embedded = hidden = _embed(model.embeddings, batch, spare)
    conv = getattr(encoder, "conv", None)
    last = len(encoder.layer) - 1
    for index, (layer, tables) in enumerate(zip(encoder.layer, positions, strict=False)):
        convolved = index == 0 and conv is not None
        first = only_first and index == last and not convolved
        hidden = _layer(layer, hidden, tables, plan, first=first)
        if convolved:
            hidden = _convolve(conv, embedded, hidden, batch)
    if not only_first:
        return hidden[: batch.tokens]
    return hidden if last > 0 or conv is None else hidden[plan.first]


def _embed(embeddings: Any, batch: PackedBatch, spare: int) -> Tensor:
    """[T + spare, width], as ``DebertaEmbeddings.forward`` goes."""
    ids, positions, types = (
        functional.pad(row, (0, spare))
        for row in (batch.input_ids, batch.position_ids, batch.token_type_ids)
    )
    hidden: Tensor = embeddings.word_embeddings(ids)
    if embeddings.position_embeddings is not None:
        hidden = hidden + embeddings.position_embeddings(positions)
    if embeddings.token_type_embeddings is not None:
        hidden = hidden + embeddings.token_type_embeddings(types)
    if embeddings.embed_proj is not None:
        hidden = embeddings.embed_proj(hidden)
    normed: Tensor = embeddings.dropout(embeddings.LayerNorm(hidden))
    return normed


def _convolve(conv: Any, embedded: Tensor, hidden: Tensor, batch: PackedBatch) -> Tensor:
    """v2's convolution beside the first layer, by the stock module.

    Sequences are set apart by as many masked zeros as its kernel reaches to one side.
    """
    gap = (conv.conv.kernel_size[0] - 1) // 2
    sizes = torch.tensor(batch.lengths, device=hidden.device)
    apart = gap * torch.arange(len(sizes), device=hidden.device)
    places = torch.arange(batch.tokens, device=hidden.device) + apart.repeat_interleave(sizes)
    size = batch.tokens + gap * (len(sizes) - 1)
    mask = torch.zeros(1, size, dtype=torch.int64, device=hidden.device)
    mask[0, places] = 1

    def spread(rows: Tensor) -> Tensor:
        empty = rows.new_zeros(size, rows.shape[1])
        return empty.index_copy(0, places, rows[: batch.tokens])[None]

    convolved: Tensor = conv(spread(embedded), spread(hidden), mask)[0, places]
    return functional.pad(convolved, (0, 0, 0, len(hidden) - batch.tokens))


def _layer(
    layer: Any, hidden: Tensor, positions: PositionTables, plan: AttentionPlan, *, first: bool
) -> Tensor:
    """[T + spare, width] → the same, or [N, width] of the first tokens."""
    inner = layer.attention.self
    queries = hidden[plan.first] if first else hidden
    if hasattr(inner, "in_proj"):
        q, k, v = _project_v1(inner, hidden)
        q = q[plan.first] if first else q
        terms = len(inner.pos_att_type)
    else:
        q, k, v = (
            project(rows).unflatten(-1, (plan.heads, -1))
            for project, rows in (
                (inner.query_proj, queries),
                (inner.key_proj, hidden),
                (inner.value_proj, hidden),
            )
        )
        terms = ("c2p" in inner.pos_att_type) + ("p2c" in inner.pos_att_type)
    context = attend(
        q,
        k,
        v,
        plan,
        scaling=1 / math.sqrt(q.shape[-1] * (1 + terms)),
        dropout=inner.dropout.p if inner.training else 0.0,
        first=first,
        positions=positions,
    )
    attended = layer.attention.output(context.flatten(1), queries)
    answer: Tensor = layer.output(layer.intermediate(attended), attended)
    return answer


def _project_v1(inner: Any, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Queries, keys and values of v1, [T, heads, d] each: interleaved by head, keys unbiased."""
    heads = inner.num_attention_heads
    q, k, v = inner.in_proj(hidden).unflatten(-1, (heads, -1)).chunk(3, dim=-1)
    q_bias, v_bias = (b.view(heads, -1).to(k.dtype) for b in (inner.q_bias, inner.v_bias))
    return q + q_bias, k, v + v_bias
