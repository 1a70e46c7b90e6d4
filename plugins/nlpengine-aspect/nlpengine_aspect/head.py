"""The task's own head."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import gelu


class AspectHead(nn.Module):
    """LayerNorm, dense, GELU, dropout, linear: each token is judged by what it became in its text.

    Args:
        width: Hidden width.
        size: Number of polarities.
        dropout: Before the last layer, in training.
    """

    def __init__(self, width: int, size: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.dense = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, size)

    def forward(self, rows: Tensor) -> Tensor:
        """Hidden rows [tokens, width] → logits [tokens, size]."""
        logits: Tensor = self.classifier(self.dropout(gelu(self.dense(self.norm(rows)))))
        return logits
