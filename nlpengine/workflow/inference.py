"""Encodings → logits, in batches that fill a token budget, which training shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nlpengine.encoders.device import Device, is_out_of_memory
from nlpengine.encoders.encoder import Encoder
from nlpengine.encoders.head_shapes import Pooling
from nlpengine.encoders.store import EncoderStore
from nlpengine.encoding import Encoding
from nlpengine.encoding.packing import PackedBatch, fill, pack
from nlpengine.errors import DeviceError
from nlpengine.heads import HeadKind
from nlpengine.heads.unit import InUnit

Floats = npt.NDArray[np.float64]


@dataclass(slots=True)
class TokenBudget:
    """Tokens in a micro-batch; halved where memory runs out.

    Attributes:
        tokens: The present bound.
        on_change: Told about every change, in a sentence.
    """

    tokens: int
    on_change: Callable[[str], None] = lambda sentence: None

    def halve(self, error: BaseException, longest: int) -> None:
        """Halve the budget.

        Args:
            error: What showed that memory is out.
            longest: Tokens of the longest sequence at hand: no batch can be smaller.

        Raises:
            DeviceError: The budget can't shrink any further.
        """
        if self.tokens <= longest:
            raise DeviceError(
                f"out of memory with a single window of {longest} tokens ({error}). Lower "
                "--max-length, choose a smaller encoder, or use a device with more memory."
            ) from error
        before, self.tokens = self.tokens, max(longest, self.tokens // 2)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        self.on_change(
            f"out of memory with micro-batches of {before} tokens: going on with {self.tokens}. "
            "The result is the same."
        )


@dataclass(frozen=True, slots=True)
class Network:
    """An encoder and a head on one device.

    Attributes:
        encoder: PackedBatch → hidden.
        head: Rows of hidden → logits.
        kind: Which rows.
        pooling: What a sequence head reads of a window.
        device: Where both are.
        budget: Bound on a batch.
        store: Who owns the encoder's memory; None where nobody may evict it.
    """

    encoder: Encoder
    head: nn.Module
    kind: HeadKind
    device: Device
    budget: TokenBudget
    store: EncoderStore | None = None
    pooling: Pooling = "first"

    def in_memory(self) -> AbstractContextManager[None]:
        """The context to use the weights in."""
        return nullcontext() if self.store is None else self.store.using(self.encoder)

    @property
    def only_first(self) -> bool:
        """Whether the head reads no row but the first of each window."""
        return self.kind == "sequence" and self.pooling == "first"

    def forward(self, batch: PackedBatch) -> Tensor:
        """Logits of a batch in its order, float32: [N, labels] for a sequence head, else [T, …]."""
        with self.device.autocast():
            hidden = self.encoder(batch, only_first=self.only_first)
        return self.read(batch, hidden, only_first=self.only_first)

    def read(self, batch: PackedBatch, hidden: Tensor, *, only_first: bool) -> Tensor:
        """Logits of a batch that the encoder has read, as `forward` gives them.

        Args:
            batch: What it read.
            hidden: All rows [T, width], or with ``only_first`` those of first tokens [N, width].
            only_first: Which of the two.
        """
        with self.device.autocast():
            if self.only_first and not only_first:
                hidden = hidden[batch.cu_seqlens[:-1]]
            elif self.kind == "sequence" and not self.only_first:
                hidden = _mean_by_window(hidden, batch)
            logits: Tensor = self.head(hidden)
        return logits.float()

    def for_loss(self, batch: PackedBatch, logits: Tensor) -> Tensor:
        """Logits as `Task.loss` wants them: of a span head, a row of all its tokens a window."""
        if self.kind != "span":
            return logits
        longest, lengths = max(batch.lengths), batch.cu_seqlens.diff()
        first = torch.arange(len(lengths), device=logits.device) * longest
        rows = torch.arange(len(logits), device=logits.device)
        rows += torch.repeat_interleave(first - batch.cu_seqlens[:-1], lengths)
        padded = logits.new_full((len(lengths) * longest, logits.shape[1]), -torch.inf)
        return padded.index_copy(0, rows, logits).view(len(lengths), longest, -1)

    def by_window(self, batch: PackedBatch, logits: Floats) -> Sequence[Floats]:
        """Logits of each window of a batch, in its order: [labels], or [tokens, …]."""
        if self.kind == "sequence":
            return list(logits)
        return np.split(logits, batch.cu_seqlens[1:-1].tolist())

    def pack(self, encodings: Sequence[Encoding]) -> PackedBatch:
        """Pack encodings for this network, on its device."""
        return pack(encodings, self.encoder.position_offset).to(self.device.torch)

    def learnt(self) -> Network:
        """What training leaves: a head of numbers becomes that of a stock checkpoint."""
        if not isinstance(self.head, InUnit):
            return self
        return replace(self, head=self.head.folded())

    def modules(self) -> tuple[nn.Module, nn.Module]:
        """Encoder and head."""
        return self.encoder, self.head


def _mean_by_window(rows: Tensor, batch: PackedBatch) -> Tensor:
    """[T, width] → [N, width]."""
    lengths = batch.cu_seqlens.diff()
    owner = torch.repeat_interleave(torch.arange(len(lengths), device=rows.device), lengths)
    sums = rows.new_zeros(len(lengths), rows.shape[1]).index_add(0, owner, rows)
    return sums / lengths[:, None]


def _check_finite(logits: Floats) -> None:
    if not np.isfinite(logits).all():
        raise DeviceError(
            "the network gives no numbers (NaN or infinity): training diverged, or the weights are "
            "damaged. Train with a lower --lr, or with --precision fp32."
        )


def window_logits(network: Network, encodings: Sequence[Encoding]) -> list[Floats]:
    """Logits of each encoding, in the order given.

    Raises:
        DeviceError: Memory is out even for one window, or the logits are no numbers.
    """
    return heads_logits([network], encodings)[0]


def heads_logits(networks: Sequence[Network], encodings: Sequence[Encoding]) -> list[list[Floats]]:
    """Logits of each encoding from several heads, which read one pass of their common encoder.

    Args:
        networks: At least one; all have the same encoder, device and budget.
        encodings: What to read.

    Returns:
        Per network, logits of each encoding, in the order given.

    Raises:
        DeviceError: Memory is out even for one window, or the logits are no numbers.
    """
    first = networks[0]
    for network in networks:
        for module in network.modules():
            module.eval()
    result: list[list[Floats]] = [[np.empty(0)] * len(encodings) for _ in networks]
    lengths = [len(encoding) for encoding in encodings]
    waiting = list(fill(lengths, first.budget.tokens))
    with first.in_memory():
        while waiting:
            batch = waiting.pop()
            try:
                rows = _batch_logits(networks, [encodings[i] for i in batch])
            except Exception as error:
                if not is_out_of_memory(error):
                    raise
                first.budget.halve(error, max(lengths[i] for i in batch))
                parts = fill([lengths[i] for i in batch], first.budget.tokens)
                waiting += [[batch[i] for i in part] for part in parts]
                continue
            for own, (order, windows) in zip(result, rows, strict=True):
                for place, logits in zip(order, windows, strict=True):
                    own[batch[place]] = logits
    return result


def _batch_logits(
    networks: Sequence[Network], encodings: Sequence[Encoding]
) -> list[tuple[Sequence[int], Sequence[Floats]]]:
    """Per network, (indices among the encodings, logits of each) of a batch."""
    found: list[tuple[Sequence[int], Sequence[Floats]]] = []
    with torch.inference_mode():
        first = networks[0]
        packed = first.pack(encodings)
        only_first = all(network.only_first for network in networks)
        with first.device.autocast():
            hidden = first.encoder(packed, only_first=only_first)
        for network in networks:
            logits = network.read(packed, hidden, only_first=only_first).double().cpu().numpy()
            _check_finite(logits)
            found.append((packed.order, network.by_window(packed, logits)))
    return found
