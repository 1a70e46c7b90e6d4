"""Heads of numbers: they learn at the numbers' own place and scale, and give them as they are."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class InUnit(nn.Module):
    """A head while it learns: what its last layer gives is scaled and moved into the labels' unit.

    A fresh head gives about 0, and one step moves it by about the learning rate: labels around 50
    would be out of its reach. Folded, it is the head of a stock checkpoint again, which gives the
    same logits.

    Args:
        head: A head whose last layer is a linear one called ``classifier``.
        centre: The labels' mean.
        spread: Their standard deviation; above 0.
        trained: Whether the head's logits are in the unit already, and shall be the same here.
    """

    def __init__(self, head: nn.Module, centre: float, spread: float, *, trained: bool) -> None:
        super().__init__()
        self.head = head
        self.centre = centre
        self.spread = spread
        if trained:
            weight, bias = self._last()
            with torch.no_grad():
                weight.div_(spread)
                bias.sub_(centre).div_(spread)

    def _last(self) -> tuple[Tensor, Tensor]:
        last = self.head.get_submodule("classifier")
        return last.get_parameter("weight"), last.get_parameter("bias")

    def forward(self, rows: Tensor) -> Tensor:
        """[rows, width] → [rows, size]; in float32, as half of it rounds 50.1 to 50."""
        logits: Tensor = self.head(rows)
        return logits.float() * self.spread + self.centre

    def folded(self) -> nn.Module:
        """The head itself, its last layer scaled and moved; this object is of no use any more."""
        weight, bias = self._last()
        with torch.no_grad():
            weight.mul_(self.spread)
            bias.mul_(self.spread).add_(self.centre)
        return self.head
