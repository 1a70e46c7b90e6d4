"""What differs between model families: the head's shape, the names in a checkpoint, position ids.

Adding a family is adding a row here, and the parity tests that go with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn
from transformers.activations import ACT2FN

from nlpengine.encoders.deberta import deberta_packed
from nlpengine.encoders.first_tokens import LastLayer, bert_last_layer
from nlpengine.encoding.packing import PackedBatch
from nlpengine.errors import UsageError
from nlpengine.heads.sequence import ContextClassifier, PoolerClassifier
from nlpengine.heads.spec import HeadSpec


@dataclass(frozen=True, slots=True)
class HeadShape:
    """A family's head of one kind.

    Attributes:
        build: (config, number of labels) → module.
        architecture: The stock class that opens the checkpoint.
        names: The module's parameter prefixes → the checkpoint's, both ways (no two alike).
        pretrained: Prefixes, of the module, that pre-training leaves weights for.
    """

    build: Callable[[Any, int], nn.Module]
    architecture: str
    names: Mapping[str, str]
    pretrained: tuple[str, ...] = ()


class PackedRun(Protocol):
    """A packed forward of a family's own."""

    def __call__(
        self, model: Any, batch: PackedBatch, *, only_first: bool = False, spare: int = 0
    ) -> Tensor:
        """Hidden of a stock base model: [T, width], or [N, width] of the first tokens alone."""


@dataclass(frozen=True, slots=True)
class Family:
    """A model family.

    Attributes:
        name: As in ``config.json``'s ``model_type``.
        prefix: Where a checkpoint with a head keeps the encoder ("bert.").
        packed: Whether stock attention goes through transformers' attention interface, so that
            a packed row runs with sequence borders kept, or ``run`` does it.
        heads: Head kind → shape.
        position_offset: config → position id of a sequence's first token.
        base_arguments: Extra arguments of the stock base class: no pooler, it belongs to a head.
        layers: base model → its layers, first to last.
        last_layer: The last layer for first tokens alone; None where it always gives all rows.
        run: Its own packed forward, for families that the attention interface doesn't reach.
    """

    name: str
    prefix: str
    packed: bool
    heads: Mapping[str, HeadShape]
    position_offset: Callable[[Any], int] = lambda config: 0
    base_arguments: Mapping[str, Any] | None = None
    layers: Callable[[Any], Sequence[nn.Module]] = lambda model: model.encoder.layer
    last_layer: LastLayer | None = None
    run: PackedRun | None = None


def _bert_sequence(config: Any, size: int) -> nn.Module:
    # As the stock class reads it: the classifier's own dropout, where a config sets one.
    dropout = getattr(config, "classifier_dropout", None)
    probability = config.hidden_dropout_prob if dropout is None else dropout
    return PoolerClassifier(config.hidden_size, size, probability)


def _deberta(name: str, stock: str) -> Family:
    """DeBERTa (He et al. 2021): its head has a context pooler, which pre-training leaves out."""

    def sequence(config: Any, size: int) -> nn.Module:
        dropout = getattr(config, "cls_dropout", None)
        return ContextClassifier(
            config.hidden_size,
            size,
            config.hidden_dropout_prob if dropout is None else dropout,
            pooler_dropout=config.pooler_dropout,
            activation=ACT2FN[config.pooler_hidden_act],
        )

    return Family(
        name=name,
        prefix="deberta.",
        packed=True,
        heads={
            "sequence": HeadShape(
                build=sequence,
                architecture=f"{stock}ForSequenceClassification",
                names={"pooler.": "pooler.dense.", "classifier.": "classifier."},
            )
        },
        run=deberta_packed,
    )


FAMILIES: Mapping[str, Family] = {
    "bert": Family(
        name="bert",
        prefix="bert.",
        packed=True,
        heads={
            "sequence": HeadShape(
                build=_bert_sequence,
                architecture="BertForSequenceClassification",
                names={"pooler.": "bert.pooler.dense.", "classifier.": "classifier."},
                pretrained=("pooler.",),
            )
        },
        base_arguments={"add_pooling_layer": False},
        last_layer=bert_last_layer,
    ),
    "deberta": _deberta("deberta", "Deberta"),
    "deberta-v2": _deberta("deberta-v2", "DebertaV2"),
}


def family_of(model_type: str) -> Family:
    """The family of a config's ``model_type``.

    Raises:
        UsageError: It is none that runs here, with those that do.
    """
    if model_type not in FAMILIES:
        raise UsageError(
            f"encoders of the family {model_type!r} don't run here yet; these do: "
            f"{', '.join(sorted(FAMILIES))}."
        )
    return FAMILIES[model_type]


def head_shape(family: Family, spec: HeadSpec) -> HeadShape:
    """The family's shape for a head.

    Raises:
        UsageError: The family has no head of that kind.
    """
    if spec.kind not in family.heads:
        raise UsageError(f"the family {family.name!r} has no {spec.kind} head.")
    return family.heads[spec.kind]
