"""How ModernBERT and ELECTRA run packed, and the shapes of their heads."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from transformers.activations import ACT2FN

from nlpengine.plugin.encoder import (
    Family,
    HeadShape,
    bert_last_layer,
    config_dropout,
    pooled,
    shapes,
)


class PredictionHead(nn.Module):
    """ModernBERT's head (Warner et al. 2024): dense, activation, norm, dropout, linear.

    The same for sequences and for tokens: every row is treated alike.

    Args:
        config: A ModernBERT configuration.
        size: Logits per row.
    """

    def __init__(self, config: Any, size: int) -> None:
        super().__init__()
        width = config.hidden_size
        self.dense = nn.Linear(width, width, config.classifier_bias)
        self.activation = ACT2FN[config.classifier_activation]
        self.norm = nn.LayerNorm(width, eps=config.norm_eps, bias=config.norm_bias)
        self.dropout = nn.Dropout(config.classifier_dropout)
        self.classifier = nn.Linear(width, size)

    def forward(self, rows: Tensor) -> Tensor:
        """[rows, width] → [rows, size]."""
        hidden = self.norm(self.activation(self.dense(rows)))
        logits: Tensor = self.classifier(self.dropout(hidden))
        return logits


def _head(task: str) -> HeadShape:
    return HeadShape(
        build=PredictionHead,
        architecture=f"ModernBertFor{task}",
        names={"dense.": "head.dense.", "norm.": "head.norm.", "classifier.": "classifier."},
        pretrained=("dense.", "norm."),
        pooling=lambda config: "mean" if config.classifier_pooling == "mean" else "first",
    )


MODERNBERT = Family(
    name="modernbert",
    prefix="model.",
    heads={
        "sequence": _head("SequenceClassification"),
        "token": _head("TokenClassification"),
        "span": _head("QuestionAnswering"),
    },
    segments=False,
    attention_dropout="attention_dropout",
    gelu_in_place=True,
    tokenizer="deberta",  # byte-level BPE with [CLS] and [SEP]
)

_DROPOUT = config_dropout("classifier_dropout", "hidden_dropout_prob")
ELECTRA = Family(
    name="electra",
    prefix="electra.",
    heads=shapes(
        "Electra",
        pooled(
            "Electra",
            "classifier.dense.",
            _DROPOUT,
            classifier="classifier.out_proj.",
            input_dropout=_DROPOUT,
            activation=lambda config: "gelu",
        ),
        _DROPOUT,
    ),
    last_layer=bert_last_layer,
    gelu_in_place=True,
    tokenizer="bert",
)
