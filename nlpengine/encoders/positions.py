"""DeBERTa's relative positions as a batch reaches them, projected for each layer.

In prediction projections are kept between calls: for a text alone they are a third of the work.
What is kept counts for the very weights that it was computed from, and only as long as nothing
wrote to them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.optim.optimizer import register_optimizer_step_post_hook

from nlpengine.encoders.disentangled import PositionTables
from nlpengine.encoders.kernels import OneDnnLinear

STEP = 8
"""Projected positions begin and end at multiples of this: few different shapes for kernels."""

BLOCK = 64
"""The same where projections are kept, and each block is a product of its own: the last bits of a
product depend on its shape, and must not on which texts were read before."""

MOST = 512
"""Tokens that kept projections reach at most: 2 * MOST rows for each of a layer's tables."""

PLAIN = (nn.Embedding, nn.LayerNorm, nn.Linear, OneDnnLinear)
"""Modules whose output depends on input, weight and bias alone."""


def position_tables(encoder: Any, longest: int) -> Iterable[PositionTables]:
    """The tables of all layers, first to last, of a reach of at least ``longest``.

    They are kept for the next call unless gradients or dropout are on. Not noticed are changes to
    weights behind torch's back: through ``.data`` in place, or an alias in numpy, with no call in
    between that wants gradients.

    Args:
        encoder: A stock DebertaEncoder or DebertaV2Encoder.
        longest: Tokens of the batch's longest sequence.
    """
    if not encoder.relative_attention:
        return repeat((None, None))
    sources = _sources(encoder)
    if sources is None:
        forget_positions(encoder)
    if sources is None or longest > MOST:
        return _project(encoder, _relative_positions(encoder, longest, STEP))
    state = _state(sources)
    kept = _kept.get(encoder)
    if kept is None or kept.state != state or kept.reach < longest:
        reach = -(-longest // BLOCK) * BLOCK
        relative = _relative_positions(encoder, reach, BLOCK)
        # Weak references leave the memory free to go, but its number to nobody else.
        storages = [StorageWeakRef(t.untyped_storage()) for t in sources]
        kept = _Kept(reach, state, storages, list(_project(encoder, relative)))
        _kept[encoder] = kept
    return kept.tables


def forget_positions(encoder: Any) -> None:
    """Give up the memory of what is kept for an encoder."""
    _kept.pop(encoder, None)


@dataclass(frozen=True, slots=True)
class _Kept:
    """Tables of all layers, and what they were computed from."""

    reach: int
    state: Sequence[object]
    storages: Sequence[StorageWeakRef]
    tables: Sequence[PositionTables]


_kept: WeakKeyDictionary[nn.Module, _Kept] = WeakKeyDictionary()
# By encoder and outside of it: neither a state dict nor a copy has a part in what is kept.


class _Steps:
    """Steps that any optimiser took: fused ones don't count up the versions of what they write."""

    taken = 0

    @classmethod
    def count(cls, *_: object) -> None:
        cls.taken += 1


register_optimizer_step_post_hook(_Steps.count)


def _state(tensors: Sequence[Tensor]) -> list[object]:
    """Equal as long as the same memory holds the same values, and is computed with in one type."""
    kind = tensors[0].device.type
    found: list[object] = [
        _Steps.taken, torch.is_autocast_enabled(kind), torch.get_autocast_dtype(kind)
    ]  # fmt: skip
    # An address isn't enough: after ``.half().float()`` new values are at the old one.
    found.extend(
        (t.untyped_storage()._cdata, t.data_ptr(), t.stride(), t._version) for t in tensors
    )
    return found


def _sources(encoder: Any) -> list[Tensor] | None:
    """The weights that positions are computed from; None where the result can't be kept."""
    if torch.is_grad_enabled():
        return None
    modules = [encoder.rel_embeddings]
    if _is_normed(encoder):
        modules.append(encoder.LayerNorm)
    for layer in encoder.layer:
        inner = layer.attention.self
        if inner.pos_dropout.training:
            return None
        modules.extend(getattr(inner, name) for name in _projections(inner) if name)
    found: list[Tensor] = []
    for module in modules:
        if type(module) not in PLAIN or module._forward_hooks or module._forward_pre_hooks:
            return None
        found.extend(tensor for tensor in module._parameters.values() if tensor is not None)
    return None if any(tensor.is_inference() for tensor in found) else found


def _is_normed(encoder: Any) -> bool:
    return "layer_norm" in getattr(encoder, "norm_rel_ebd", ())


@dataclass(frozen=True, slots=True)
class _Relative:
    """Relative positions within a reach.

    Attributes:
        parts: [R, width] together, one after the other: what is projected in a product each.
        rows: [2 * reach - 1], which of them is for each distance query minus key, from
            1 - reach up.
    """

    parts: Sequence[Tensor]
    rows: Tensor


def _relative_positions(encoder: Any, reach: int, step: int) -> _Relative:
    """Buckets beyond the reach are not projected."""
    table = encoder.rel_embeddings.weight
    distances = torch.arange(1 - reach, reach)
    buckets, most = getattr(encoder, "position_buckets", -1), encoder.max_relative_positions
    if buckets > 0:
        from transformers.models.deberta_v2 import modeling_deberta_v2 as stock

        distances = stock.make_log_bucket_position(distances, buckets, most).long()
    span = len(table) // 2
    rows = (distances + span).clamp(0, len(table) - 1)
    low = int(rows[0]) // step * step
    high = int(rows[-1]) // step * step + step
    reachable = table[low:high]
    if _is_normed(encoder):
        reachable = encoder.LayerNorm(reachable)
    parts = reachable.split(BLOCK) if step == BLOCK else (reachable,)
    return _Relative(parts, (rows - low).to(table.device))


def _projections(inner: Any) -> tuple[str | None, str | None]:
    """Names of what projects position keys and queries; None for a term that is absent."""
    shared = getattr(inner, "share_att_key", None)  # v1 has no such choice
    if shared is None:
        names = ("pos_proj", "pos_q_proj")
    else:
        names = ("key_proj", "query_proj") if shared else ("pos_key_proj", "pos_query_proj")
    keys, queries = (kind in inner.pos_att_type for kind in ("c2p", "p2c"))
    return names[0] if keys else None, names[1] if queries else None


def _project(encoder: Any, relative: _Relative) -> Iterator[PositionTables]:
    """Layer by layer, as they are asked for: dropout's random numbers are drawn in that order."""
    backwards = relative.rows.flip(0)
    for layer in encoder.layer:
        inner = layer.attention.self
        heads = inner.num_attention_heads
        parts = [inner.pos_dropout(part) for part in relative.parts]
        keys, queries = _projections(inner)
        yield (
            _table(getattr(inner, keys), parts, backwards, heads) if keys else None,
            _table(getattr(inner, queries), parts, relative.rows, heads) if queries else None,
        )


def _table(project: nn.Module, parts: Sequence[Tensor], rows: Tensor, heads: int) -> Tensor:
    """[heads, 2 * reach - 1, d]."""
    projected = [project(part) for part in parts]
    whole = projected[0] if len(projected) == 1 else torch.cat(projected)
    spread = whole.index_select(0, rows)
    return spread.view(len(rows), heads, -1).transpose(0, 1).contiguous()
