"""Heads of numbers: they learn at the numbers' own place and scale, and give them as they are."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nlpengine.errors import PluginError


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

    Raises:
        PluginError: The head has no such layer, or one without a bias: it couldn't be folded.
    """

    def __init__(self, head: nn.Module, centre: float, spread: float, *, trained: bool) -> None:
        super().__init__()
        self.head = head
        self.centre = centre
        self.spread = spread
        weight, bias = self._last()
        if trained:
            with torch.no_grad():
                weight.div_(spread)
                bias.sub_(centre).div_(spread)

    def _last(self) -> tuple[Tensor, Tensor]:
        last = getattr(self.head, "classifier", None)
        weight, bias = getattr(last, "weight", None), getattr(last, "bias", None)
        if not isinstance(weight, Tensor) or not isinstance(bias, Tensor):
            raise PluginError(
                f"the head {type(self.head).__name__} is to learn numbers, and has no last linear "
                "layer 'classifier' with a bias. Name it so, or leave centre and spread of the "
                "HeadSpec out."
            )
        return weight, bias

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
