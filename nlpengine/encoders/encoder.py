"""Encoder: PackedBatch → hidden, through the stock transformers model."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from nlpengine.encoders.backends import Backend
from nlpengine.encoders.families import Family
from nlpengine.encoders.first_tokens import read_first_tokens
from nlpengine.encoders.plan import plan_attention
from nlpengine.encoding.packing import PackedBatch


def round_length(tokens: int) -> int:
    """The next of 16 lengths per power of two: at most 6 % more, and few different ones.

    >>> [round_length(n) for n in (5, 17, 775, 4000)]
    [16, 32, 800, 4096]
    """
    step = max(16, (1 << (tokens.bit_length() - 1)) // 16)
    return -(-tokens // step) * step


class Encoder(nn.Module):
    """A stock encoder that reads packed rows.

    Args:
        model: The base model, without pooler.
        family: What its family needs.
        backend: "padded": the row is padded here, at the door, and unpadded behind it (stock
            attention, for families that can't run packed and for comparison).
        rounded: Lengthen the row to a round number of tokens for kernels that are generated anew,
            and kept, for every length they see (oneDNN: about 1 MB and 0.7 ms each).
    """

    def __init__(
        self, model: nn.Module, family: Family, *, backend: Backend, rounded: bool = False
    ) -> None:
        super().__init__()
        self.rounded = rounded
        self.model = model
        self.family = family
        self.backend = backend
        packed = backend != "padded"
        self._short_cut = packed and (family.last_layer is not None or family.run is not None)
        if packed and family.last_layer is not None:
            read_first_tokens(family.layers(model)[-1], family.last_layer)

    @property
    def config(self) -> Any:
        """The transformers configuration."""
        return self.model.config

    @property
    def position_offset(self) -> int:
        """Position id of a sequence's first token."""
        return self.family.position_offset(self.config)

    @property
    def max_length(self) -> int:
        """Tokens that fit one window, special tokens included."""
        return int(self.config.max_position_embeddings) - self.position_offset

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return next(self.parameters()).device

    def forward(self, batch: PackedBatch, *, only_first: bool = False) -> Tensor:
        """Hidden of the last layer.

        Args:
            batch: T tokens in N sequences, on this encoder's device.
            only_first: Give the rows of the sequences' first tokens alone; where the family allows
                it, the last layer computes no others.

        Returns:
            [T, width], or [N, width].
        """
        if self.backend == "padded":
            hidden = self._padded(batch)
        else:
            hidden = self._packed(batch, only_first=only_first and self._short_cut)
            if only_first and self._short_cut:
                return hidden
        return hidden[batch.cu_seqlens[:-1]] if only_first else hidden

    def _packed(self, batch: PackedBatch, *, only_first: bool) -> Tensor:
        spare = round_length(batch.tokens) - batch.tokens if self.rounded else 0
        if self.family.run is not None:
            return self.family.run(self.model, batch, only_first=only_first, spare=spare)
        ids, positions, types = (
            functional.pad(row, (0, spare))[None]
            for row in (batch.input_ids, batch.position_ids, batch.token_type_ids)
        )
        segments = {"token_type_ids": types} if self.family.segments else {}
        heads = self.config.num_attention_heads
        hidden: Tensor = self.model(
            input_ids=ids,
            position_ids=positions,
            plan=plan_attention(
                batch.lengths, heads, batch.input_ids.device,
                borders=self.backend == "varlen", fused=not torch.is_grad_enabled(),
            ),
            only_first=only_first,
            **segments,
        ).last_hidden_state  # fmt: skip  # [1, T + spare or N, width]
        return hidden[0] if only_first else hidden[0, : batch.tokens]

    def _padded(self, batch: PackedBatch) -> Tensor:
        lengths = torch.tensor(batch.lengths, device=batch.input_ids.device)
        real = torch.arange(batch.lengths[-1], device=lengths.device)[None] < lengths[:, None]

        def pad(row: Tensor, value: int) -> Tensor:
            return row.new_full(real.shape, value).masked_scatter_(real, row)

        segments = {"token_type_ids": pad(batch.token_type_ids, 0)} if self.family.segments else {}
        hidden: Tensor = self.model(
            input_ids=pad(batch.input_ids, self.config.pad_token_id or 0),
            position_ids=pad(batch.position_ids, self.position_offset),
            attention_mask=real.long(),
            **segments,
        ).last_hidden_state  # [N, L, width]
        return hidden[real]
