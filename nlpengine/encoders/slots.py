"""Where the rows of a packed batch are for attention: moved to slots, or where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor


class Places(Protocol):
    """Some rows of [rows, heads, d], as attention's products want them."""

    def take(self, rows: Tensor) -> Tensor:
        """Rows as pieces read them."""

    def room(self, out: Tensor) -> Tensor:
        """Memory for what pieces write, which `give` brings to ``out``, [rows, heads, d]."""

    def give(self, made: Tensor, out: Tensor) -> None:
        """Put what was written where its rows belong."""

    def clear(self, taken: Tensor) -> None:
        """Zero what was taken and stands for no row."""


@dataclass(frozen=True, slots=True)
class Slots:
    """Rows side by side as the sequences of a run, head by head.

    Attributes:
        rows: Which.
        gather: [S], for each slot the row of [rows * heads, d] that it holds; padded slots hold
            their sequence's last token, masked as keys. None where rows are in order as they are.
        scatter: [rows * heads], for each row its slot; None likewise.
        padded: The padded slots; None where there are none.
    """

    rows: slice
    gather: Tensor | None = None
    scatter: Tensor | None = None
    padded: Tensor | None = None

    def take(self, rows: Tensor) -> Tensor:
        """[rows, heads, d] → [S, d]."""
        flat = self._flat(rows)
        return flat if self.gather is None else flat.index_select(0, self.gather)

    def room(self, out: Tensor) -> Tensor:
        """[S, d]."""
        if self.gather is None:
            return self._flat(out)
        return out.new_empty(len(self.gather), out.shape[-1])

    def give(self, made: Tensor, out: Tensor) -> None:
        """[S, d] → [rows, heads, d]."""
        if self.scatter is not None:
            torch.index_select(made, 0, self.scatter, out=self._flat(out))

    def clear(self, taken: Tensor) -> None:
        """Zero the padded slots."""
        if self.padded is not None:
            taken.index_fill_(0, self.padded, 0.0)

    def _flat(self, rows: Tensor) -> Tensor:
        return rows[self.rows].reshape(-1, rows.shape[-1])


@dataclass(frozen=True, slots=True)
class Standing:
    """Rows where they are: each sequence's heads are a strided view.

    Attributes:
        rows: Which.
    """

    rows: slice

    def take(self, rows: Tensor) -> Tensor:
        """[rows, heads, d], a view."""
        return rows[self.rows]

    def room(self, out: Tensor) -> Tensor:
        """The same rows of what is made."""
        return out[self.rows]

    def give(self, made: Tensor, out: Tensor) -> None:
        """Nothing: it was written where it belongs."""

    def clear(self, taken: Tensor) -> None:
        """Nothing: each is a row."""
