"""What differs between model families: heads, names in a checkpoint, position ids, the last layer.

Adding a family is adding a row here, and the parity tests that go with it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor, nn

from nlpengine.encoders.deberta import deberta_packed
from nlpengine.encoders.first_tokens import LastLayer, bert_last_layer, distilbert_last_layer
from nlpengine.encoders.head_shapes import (
    HeadShape,
    HeadShapes,
    config_dropout,
    pooled,
    shapes,
)
from nlpengine.encoders.positions import forget_positions
from nlpengine.encoding.packing import PackedBatch
from nlpengine.errors import UsageError
from nlpengine.heads.spec import HeadSpec


class PackedRun(Protocol):
    """A packed forward of a family's own."""

    def __call__(
        self, model: Any, batch: PackedBatch, *, only_first: bool = False, spare: int = 0
    ) -> Tensor:
        """Hidden of a stock base model: [T, width], or [N, width] of the first tokens alone.

        ``spare`` rows of no meaning may be put behind the T, for kernels that like round numbers.
        """


@dataclass(frozen=True, slots=True)
class Family:
    """A model family.

    Attributes:
        name: As in ``config.json``'s ``model_type``.
        prefix: Where a checkpoint with a head keeps the encoder ("bert.").
        heads: Head kind → shape.
        packed: Whether stock attention goes through transformers' attention interface, so that
            a packed row runs with sequence borders kept, or ``run`` does it. Others run padded.
        position_offset: config → position id of a sequence's first token.
        segments: Whether the model takes token type ids.
        base_arguments: Extra arguments of the stock base class: no pooler, it belongs to a head.
        attention_dropout: The config's field of the dropout on attention weights.
        layers: base model → its layers, first to last.
        last_layer: The last layer for first tokens alone; None where it always gives all rows.
        run: Its own packed forward, for families that the attention interface doesn't reach.
        forget: Gives up what ``run`` keeps for a base model beside its weights; None for nothing.
        gelu_in_place: Whether nothing but its activation reads what it is given, so that prediction
            may write over it.
        tokenizer: The family whose kind of tokenizer ``--from-scratch`` trains; None for its own.
    """

    name: str
    prefix: str
    heads: HeadShapes
    packed: bool = True
    position_offset: Callable[[Any], int] = lambda config: 0
    segments: bool = True
    base_arguments: Mapping[str, Any] | None = None
    attention_dropout: str = "attention_probs_dropout_prob"
    layers: Callable[[Any], Sequence[nn.Module]] = lambda model: model.encoder.layer
    last_layer: LastLayer | None = None
    run: PackedRun | None = None
    forget: Callable[[Any], None] | None = None
    gelu_in_place: bool = False
    tokenizer: str | None = None


_NO_POOLER = {"add_pooling_layer": False}
_CLASSIFIER_DROPOUT = config_dropout("classifier_dropout", "hidden_dropout_prob")


def _roberta(name: str, stock: str) -> Family:
    """RoBERTa (Liu et al. 2019): positions start behind the padding id; no pre-trained pooler."""
    head = pooled(
        stock,
        "classifier.dense.",
        _CLASSIFIER_DROPOUT,
        classifier="classifier.out_proj.",
        input_dropout=_CLASSIFIER_DROPOUT,
    )
    return Family(
        name=name,
        prefix="roberta.",
        heads=shapes(stock, head, _CLASSIFIER_DROPOUT),
        position_offset=lambda config: int(config.pad_token_id) + 1,
        base_arguments=_NO_POOLER,
        last_layer=bert_last_layer,
        gelu_in_place=True,
    )


_BERT = Family(
    name="bert",
    prefix="bert.",
    heads=shapes(
        "Bert",
        pooled("Bert", "bert.pooler.dense.", _CLASSIFIER_DROPOUT, pretrained=True),
        _CLASSIFIER_DROPOUT,
    ),
    base_arguments=_NO_POOLER,
    last_layer=bert_last_layer,
    gelu_in_place=True,
)

_ALBERT_DROPOUT = config_dropout("classifier_dropout_prob", "hidden_dropout_prob")
_ALBERT = Family(
    name="albert",
    prefix="albert.",
    heads=shapes(
        "Albert",
        pooled("Albert", "albert.pooler.", _ALBERT_DROPOUT, pretrained=True),
        _ALBERT_DROPOUT,
    ),
    base_arguments=_NO_POOLER,
    gelu_in_place=True,
)

_DISTILBERT = Family(
    name="distilbert",
    prefix="distilbert.",
    heads=shapes(
        "DistilBert",
        pooled(
            "DistilBert",
            "pre_classifier.",
            config_dropout("seq_classif_dropout"),
            activation=lambda config: "relu",
        ),
        config_dropout("dropout"),
        config_dropout("qa_dropout"),
    ),
    segments=False,
    attention_dropout="attention_dropout",
    layers=lambda model: model.transformer.layer,
    last_layer=distilbert_last_layer,
    gelu_in_place=True,
)


def _deberta(name: str, stock: str) -> Family:
    """DeBERTa (He et al. 2021): its head has a context pooler, which pre-training leaves out."""
    head = pooled(
        stock,
        "pooler.dense.",
        config_dropout("cls_dropout", "hidden_dropout_prob"),
        input_dropout=config_dropout("pooler_dropout"),
        activation=lambda config: str(config.pooler_hidden_act),
    )
    return Family(
        name=name,
        prefix="deberta.",
        heads=shapes(stock, head, config_dropout("hidden_dropout_prob")),
        run=deberta_packed,
        forget=lambda model: forget_positions(model.encoder),
        gelu_in_place=True,
    )


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        _BERT,
        _roberta("roberta", "Roberta"),
        _roberta("xlm-roberta", "XLMRoberta"),
        _ALBERT,
        _DISTILBERT,
        _deberta("deberta", "Deberta"),
        _deberta("deberta-v2", "DebertaV2"),
    )
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
    """The family's shape for a head, or the one that a task brings, with the family's pooling.

    Raises:
        UsageError: The family has no head of that kind.
    """
    if spec.kind not in family.heads:
        raise UsageError(f"the family {family.name!r} has no {spec.kind} head.")
    shape, build = family.heads[spec.kind], spec.build
    if build is None:
        return shape
    return HeadShape(lambda config, size: build(config.hidden_size), "", {}, pooling=shape.pooling)
