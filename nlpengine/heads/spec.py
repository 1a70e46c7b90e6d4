"""What a task asks for: a head by kind and size. The encoder's family supplies its shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
            logits are the numbers themselves all the same.
        spread: How far they spread around it; above 0.
    """

    kind: HeadKind
    size: int
    centre: float = 0.0
    spread: float = 1.0

    @property
    def scaled(self) -> bool:
        """Whether the head learns in another unit than that of plain logits."""
        return (self.centre, self.spread) != (0.0, 1.0)
