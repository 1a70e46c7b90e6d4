"""The head of token and span tasks: every token's hidden row → a row of logits."""

from __future__ import annotations

from torch import Tensor, nn


class TokenClassifier(nn.Module):
    """One linear layer, as in every family's token and question-answering model.

    Args:
        width: Hidden width.
        size: Logits per token: labels, or 2 for the start and end of a span.
        dropout: Probability, in training.
    """

    def __init__(self, width: int, size: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(width, size)

    def forward(self, hidden: Tensor) -> Tensor:
        """[tokens, width] → [tokens, size]."""
        logits: Tensor = self.classifier(self.dropout(hidden))
        return logits
