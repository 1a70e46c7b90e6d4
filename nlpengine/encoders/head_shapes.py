"""The heads of each family by kind: module, stock class, and names in a checkpoint.

One table, read both ways: a module's parameter is saved under its family's name and found by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn
from transformers.activations import ACT2FN

from nlpengine.heads import HeadKind
from nlpengine.heads.sequence import PooledClassifier
from nlpengine.heads.tokens import TokenClassifier

Pooling = Literal["first", "mean"]
"""first: the first token's row. mean: the mean of all rows of the window."""


@dataclass(frozen=True, slots=True)
class HeadShape:
    """A family's head of one kind.

    Attributes:
        build: (config, number of labels) → module, whose last layer is called ``classifier``.
        architecture: The stock class that opens the checkpoint; "" where none does.
        names: The module's parameter prefixes → the checkpoint's, both ways (no two alike).
        pretrained: Prefixes, of the module, that pre-training leaves weights for.
        pooling: config → which rows of hidden a sequence head reads.
    """

    build: Callable[[Any, int], nn.Module]
    architecture: str
    names: Mapping[str, str]
    pretrained: tuple[str, ...] = ()
    pooling: Callable[[Any], Pooling] = lambda config: "first"


HeadShapes = Mapping[HeadKind, HeadShape]
Dropout = Callable[[Any], float]
"""config → probability, in training."""


def config_dropout(*fields: str) -> Dropout:
    """The first of some config fields that is set, as stock heads choose."""

    def read(config: Any) -> float:
        values = (getattr(config, field, None) for field in fields)
        return next((float(value) for value in values if value is not None), 0.0)

    return read


def shapes(
    stock: str, sequence: HeadShape, dropout: Dropout, span_dropout: Dropout = lambda config: 0.0
) -> HeadShapes:
    """All kinds of a family.

    Args:
        stock: What its stock classes' names begin with.
        sequence: Its sequence head.
        dropout: Of its token head.
        span_dropout: Of its question-answering head.
    """

    def token(name: str, stored: str, probability: Dropout) -> HeadShape:
        return HeadShape(
            build=lambda config, size: TokenClassifier(
                config.hidden_size, size, probability(config)
            ),
            architecture=f"{stock}For{name}",
            names={"classifier.": stored},
        )

    return {
        "sequence": sequence,
        "token": token("TokenClassification", "classifier.", dropout),
        "span": token("QuestionAnswering", "qa_outputs.", span_dropout),
    }


def pooled(
    stock: str,
    pooler: str,
    dropout: Dropout,
    *,
    classifier: str = "classifier.",
    input_dropout: Dropout = lambda config: 0.0,
    activation: Callable[[Any], str] = lambda config: "tanh",
    pretrained: bool = False,
) -> HeadShape:
    """A `PooledClassifier`.

    Args:
        stock: What the family's stock classes' names begin with.
        pooler: The checkpoint's name of the dense layer.
        dropout: Before the linear layer.
        classifier: The checkpoint's name of the linear layer.
        input_dropout: Before the dense layer.
        activation: config → name of the dense layer's activation.
        pretrained: Whether pre-training leaves weights for the dense layer.
    """

    def build(config: Any, size: int) -> nn.Module:
        return PooledClassifier(
            config.hidden_size,
            size,
            dropout(config),
            input_dropout=input_dropout(config),
            activation=ACT2FN[activation(config)],
        )

    return HeadShape(
        build=build,
        architecture=f"{stock}ForSequenceClassification",
        names={"pooler.": pooler, "classifier.": classifier},
        pretrained=("pooler.",) if pretrained else (),
    )
