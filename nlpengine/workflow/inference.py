"""Encodings → logits, in batches that fill a token budget, which training shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nlpengine.encoders.device import Device, is_out_of_memory
from nlpengine.encoders.encoder import Encoder
from nlpengine.encoding import Encoding
from nlpengine.encoding.packing import PackedBatch, fill, pack
from nlpengine.errors import DeviceError
from nlpengine.heads import HeadKind

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
        device: Where both are.
        budget: Bound on a batch.
    """

    encoder: Encoder
    head: nn.Module
    kind: HeadKind
    device: Device
    budget: TokenBudget

    def forward(self, batch: PackedBatch) -> Tensor:
        """Logits of a batch's windows in the batch's order: [N, labels], float32."""
        with self.device.autocast():
            logits: Tensor = self.head(self.encoder(batch, only_first=True))  # [N, labels]
        return logits.float()

    def pack(self, encodings: Sequence[Encoding]) -> PackedBatch:
        """Pack encodings for this network, on its device."""
        return pack(encodings, self.encoder.position_offset).to(self.device.torch)

    def modules(self) -> tuple[nn.Module, nn.Module]:
        """Encoder and head."""
        return self.encoder, self.head


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
    for module in network.modules():
        module.eval()
    result: list[Floats] = [np.empty(0)] * len(encodings)
    lengths = [len(encoding) for encoding in encodings]
    waiting = list(fill(lengths, network.budget.tokens))
    while waiting:
        batch = waiting.pop()
        try:
            with torch.inference_mode():
                packed = network.pack([encodings[i] for i in batch])
                logits = network.forward(packed).double().cpu().numpy()
                _check_finite(logits)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            network.budget.halve(error, max(lengths[i] for i in batch))
            parts = fill([lengths[i] for i in batch], network.budget.tokens)
            waiting += [[batch[i] for i in part] for part in parts]
            continue
        for place, row in zip(packed.order, logits, strict=True):
            result[batch[place]] = row
    return result
