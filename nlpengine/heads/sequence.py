"""Sequence heads: the first token's hidden row of each window → one row of logits.

The shapes are those of the families' own ``AutoModelForSequenceClassification``, so that published
recipes carry over and checkpoints travel both ways.
"""

from __future__ import annotations

from collections.abc import Callable

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


class ContextClassifier(nn.Module):
    """DeBERTa's sequence head (He et al. 2021): context pooler, dropout, linear.

    Args:
        width: Hidden width.
        size: Number of labels.
        dropout: Before the linear layer, in training.
        pooler_dropout: Before the pooler's dense layer, likewise.
        activation: Of the pooler.
    """

    def __init__(
        self,
        width: int,
        size: int,
        dropout: float,
        *,
        pooler_dropout: float,
        activation: Callable[[Tensor], Tensor],
    ) -> None:
        super().__init__()
        self.pooler_dropout = nn.Dropout(pooler_dropout)
        self.pooler = nn.Linear(width, width)
        self.activation = activation
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, size)

    def forward(self, first: Tensor) -> Tensor:
        """[windows, width] of first tokens → logits, [windows, size]."""
        pooled = self.activation(self.pooler(self.pooler_dropout(first)))
        logits: Tensor = self.classifier(self.dropout(pooled))
        return logits
