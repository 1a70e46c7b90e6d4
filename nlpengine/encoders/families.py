"""What differs between model families: the head's shape, the names in a checkpoint, position ids.

Adding a family is adding a row here, and the parity tests that go with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from nlpengine.encoders.first_tokens import LastLayer, bert_last_layer
from nlpengine.errors import UsageError
from nlpengine.heads.sequence import PoolerClassifier
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


@dataclass(frozen=True, slots=True)
class Family:
    """A model family.

    Attributes:
        name: As in ``config.json``'s ``model_type``.
        prefix: Where a checkpoint with a head keeps the encoder ("bert.").
        packed: Whether stock attention goes through transformers' attention interface, so that
            a packed row runs with sequence borders kept.
        heads: Head kind → shape.
        position_offset: config → position id of a sequence's first token.
        base_arguments: Extra arguments of the stock base class: no pooler, it belongs to a head.
        layers: base model → its layers, first to last.
        last_layer: The last layer for first tokens alone; None where it always gives all rows.
    """

    name: str
    prefix: str
    packed: bool
    heads: Mapping[str, HeadShape]
    position_offset: Callable[[Any], int] = lambda config: 0
    base_arguments: Mapping[str, Any] | None = None
    layers: Callable[[Any], Sequence[nn.Module]] = lambda model: model.encoder.layer
    last_layer: LastLayer | None = None


def _bert_sequence(config: Any, size: int) -> nn.Module:
    # As the stock class reads it: the classifier's own dropout, where a config sets one.
    dropout = getattr(config, "classifier_dropout", None)
    probability = config.hidden_dropout_prob if dropout is None else dropout
    return PoolerClassifier(config.hidden_size, size, probability)


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
