"""Which attention a packed row runs through: chosen once, with a reason that can be shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import torch

from nlpengine.encoders.device import Device
from nlpengine.encoders.families import Family
from nlpengine.errors import UsageError

Backend = Literal["packed", "varlen", "padded"]
"""packed: products over runs of like length, everywhere. varlen: torch's kernel over sequence
borders, on CUDA in half precision; it has no dropout. padded: the stock model's own attention."""

BACKENDS: tuple[str, ...] = ("auto", *get_args(Backend))


@dataclass(frozen=True, slots=True)
class AttentionChoice:
    """A backend and why, one line for log and run record."""

    backend: Backend
    reason: str

    def __str__(self) -> str:
        return f"{self.backend} ({self.reason})"


def choose_attention(family: Family, device: Device, asked: str = "auto") -> AttentionChoice:
    """Resolve ``--attention``.

    Args:
        family: The encoder's.
        device: With its precision.
        asked: One of `BACKENDS`.

    Raises:
        UsageError: What is asked for can't be had; the message says what stands in the way.
    """
    if asked not in BACKENDS:
        raise UsageError(f"--attention {asked}: use one of {', '.join(BACKENDS)}.")
    if asked == "padded":
        return AttentionChoice("padded", "as asked")
    if not family.packed:
        if asked == "auto":
            return AttentionChoice("padded", f"the family {family.name} can't run packed")
        raise UsageError(f"--attention {asked}: the family {family.name!r} can't run packed.")
    obstacle = _varlen_obstacle(family, device)
    if asked == "varlen":
        if obstacle is not None:
            raise UsageError(f"--attention varlen: {obstacle}. Use --attention packed.")
        return AttentionChoice("varlen", f"as asked; {_NO_DROPOUT}")
    if asked == "packed":
        return AttentionChoice("packed", "as asked")
    if obstacle is None:
        return AttentionChoice("varlen", f"the GPU has torch's kernel for it; {_NO_DROPOUT}")
    return AttentionChoice("packed", f"runs of like length; no varlen: {obstacle}")


_NO_DROPOUT = "where attention dropout is on, in training, runs of like length"


def _varlen_obstacle(family: Family, device: Device) -> str | None:
    """What keeps torch's varlen kernel from being used here; None where nothing does."""
    if family.run is not None:
        return f"the family {family.name} has an attention of its own"
    if device.torch.type != "cuda":
        return f"the device is {device.torch.type}, and it needs CUDA"
    if device.precision == "fp32":
        return "the precision is fp32, and it needs bf16 or fp16"
    try:
        from torch.nn.attention import varlen  # noqa: F401 - newer than the oldest torch
    except ImportError:
        return f"torch {torch.__version__} has no torch.nn.attention.varlen"
    if torch.cuda.get_device_capability(device.torch) < (8, 0):
        return "the GPU is older than compute capability 8.0"
    return None
