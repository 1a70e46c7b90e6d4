"""Encodings → PackedBatch: one row of real tokens, no padding.

The sequences of a batch stand in order of length, so that attention, the only layer that looks at
sequence borders, can work on runs of like length.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nlpengine.encoding.encoding import Encoding


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """N sequences as one row of T tokens.

    Attributes:
        input_ids: [T] int64.
        position_ids: [T] int64, restarting at ``position_offset`` with each sequence.
        token_type_ids: [T] int64.
        cu_seqlens: [N + 1] int64, where each sequence starts, and T at the end.
        lengths: Length of each sequence, ascending; on the host, for planning attention.
        order: For each sequence, the index of its encoding among those packed.
    """

    input_ids: Tensor
    position_ids: Tensor
    token_type_ids: Tensor
    cu_seqlens: Tensor
    lengths: tuple[int, ...]
    order: tuple[int, ...]

    @property
    def tokens(self) -> int:
        """T."""
        return sum(self.lengths)

    def to(self, device: torch.device) -> PackedBatch:
        """The same batch on a device."""
        if device.type == "cpu":
            return self
        tensors = (self.input_ids, self.position_ids, self.token_type_ids, self.cu_seqlens)
        ids, positions, types, borders = (t.to(device, non_blocking=True) for t in tensors)
        return PackedBatch(ids, positions, types, borders, self.lengths, self.order)


def pack(encodings: Sequence[Encoding], position_offset: int = 0) -> PackedBatch:
    """Lay encodings end to end, shortest first.

    Args:
        encodings: At least one.
        position_offset: Position of a sequence's first token (RoBERTa: pad id + 1).
    """
    order = sorted(range(len(encodings)), key=lambda i: len(encodings[i]))
    chosen = [encodings[i] for i in order]
    lengths = np.asarray([len(encoding) for encoding in chosen])
    cu_seqlens = np.concatenate([[0], np.cumsum(lengths)])
    positions = np.arange(cu_seqlens[-1]) - np.repeat(cu_seqlens[:-1], lengths) + position_offset
    return PackedBatch(
        input_ids=torch.from_numpy(np.concatenate([e.input_ids for e in chosen]).astype(np.int64)),
        position_ids=torch.from_numpy(positions),
        token_type_ids=torch.from_numpy(
            np.concatenate([e.token_type_ids for e in chosen]).astype(np.int64)
        ),
        cu_seqlens=torch.from_numpy(cu_seqlens),
        lengths=tuple(lengths.tolist()),
        order=tuple(order),
    )


def fill(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Group sequences into batches of at most ``budget`` tokens, like lengths together.

    Every index occurs once. A sequence longer than the budget is a batch of its own.

    >>> list(fill([3, 9, 3, 4], 10))
    [[0, 2, 3], [1]]
    """
    batch: list[int] = []
    tokens = 0
    for index in sorted(range(len(lengths)), key=lambda i: lengths[i]):
        if batch and tokens + lengths[index] > budget:
            yield batch
            batch, tokens = [], 0
        batch.append(index)
        tokens += lengths[index]
    if batch:
        yield batch
