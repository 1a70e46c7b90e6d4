"""What a task asks for: a head by kind and size. The encoder's family supplies its shape."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import nn

HeadKind = Literal["sequence", "token", "span"]
"""sequence: a row of logits per window, from its first token. token: a row per token. span: two
logits per token, for where an answer starts and where it ends."""


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """A head.

    Attributes:
        kind: Which rows of hidden it reads and how it pools.
        size: Number of logits per row.
        centre: Of numbers: about where they lie. A head learns them from there, at their scale; its
            logits are the numbers themselves all the same. A head of the task's own needs a last
            linear layer called ``classifier``, with a bias.
        spread: How far they spread around it; above 0.
        build: hidden width → module, rows [n, width] → logits [n, size], for a task that brings its
            own; the shape of the encoder's family where None. Its linear layers start as the
            family's do.
    """

    kind: HeadKind
    size: int
    centre: float = 0.0
    spread: float = 1.0
    build: Callable[[int], nn.Module] | None = None

    @property
    def scaled(self) -> bool:
        """Whether the head learns in another unit than that of plain logits."""
        return (self.centre, self.spread) != (0.0, 1.0)
