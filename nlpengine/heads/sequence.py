"""Sequence heads: the first token's hidden row of each window → one row of logits.

The shapes are those of the families' own ``AutoModelForSequenceClassification``, so that published
recipes carry over and checkpoints travel both ways.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PoolerClassifier(nn.Module):
    """BERT's sequence head (Devlin et al. 2019): pooler (dense, tanh), dropout, linear.

    Args:
        width: Hidden width.
        size: Number of labels.
        dropout: Probability, in training.
    """

    def __init__(self, width: int, size: int, dropout: float) -> None:
        super().__init__()
        self.pooler = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, size)

    def forward(self, first: Tensor) -> Tensor:
        """Logits of each window.

        Args:
            first: Hidden of the first token of each window, [windows, width].

        Returns:
            [windows, size].
        """
        pooled = torch.tanh(self.pooler(first))
        logits: Tensor = self.classifier(self.dropout(pooled))
        return logits
