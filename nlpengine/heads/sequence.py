"""Sequence heads: the first token's hidden row of each window → one row of logits.

The shapes are those of the families' own ``AutoModelForSequenceClassification``, so that published
recipes carry over and checkpoints travel both ways.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn


class PooledClassifier(nn.Module):
    """A dense layer with an activation, then a linear one, as in BERT (Devlin et al. 2019).

    Args:
        width: Hidden width.
        size: Number of labels.
        dropout: Before the linear layer, in training.
        input_dropout: Before the dense layer, likewise.
        activation: Of the dense layer.
    """

    def __init__(
        self,
        width: int,
        size: int,
        dropout: float,
        *,
        input_dropout: float = 0.0,
        activation: Callable[[Tensor], Tensor] = torch.tanh,
    ) -> None:
        super().__init__()
        self.input_dropout = nn.Dropout(input_dropout)
        self.pooler = nn.Linear(width, width)
        self.activation = activation
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, size)

    def forward(self, first: Tensor) -> Tensor:
        """Logits of each window.

        Args:
            first: Hidden of the first token of each window, [windows, width].

        Returns:
            [windows, size].
        """
        pooled = self.activation(self.pooler(self.input_dropout(first)))
        logits: Tensor = self.classifier(self.dropout(pooled))
        return logits
