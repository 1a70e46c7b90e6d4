"""What a task asks for: a head by kind and size. The encoder's family supplies its shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

HeadKind = Literal["sequence"]
"""sequence: one row of logits per window. More kinds come with the tasks that need them."""


@dataclass(frozen=True, slots=True)
class HeadSpec:
    """A head.

    Attributes:
        kind: Which rows of hidden it reads and how it pools.
        size: Number of logits per row.
    """

    kind: HeadKind
    size: int
