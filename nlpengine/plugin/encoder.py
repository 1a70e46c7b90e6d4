"""The door for encoders: everything that the author of an encoder plugin imports.

Apart from `nlpengine.plugin`, because it needs torch and the authors of tasks don't.
"""

from __future__ import annotations

from dataclasses import dataclass

from nlpengine.encoders.attention import attend
from nlpengine.encoders.families import Family, PackedRun
from nlpengine.encoders.first_tokens import LastLayer, bert_last_layer
from nlpengine.encoders.head_shapes import HeadShape, Pooling, config_dropout, pooled, shapes
from nlpengine.encoders.plan import AttentionPlan
from nlpengine.encoders.spec import EncoderSpec
from nlpengine.plugin.markers import hookimpl

__all__ = [
    "AttentionPlan",
    "EncoderOffer",
    "EncoderSpec",
    "Family",
    "HeadShape",
    "LastLayer",
    "PackedRun",
    "Pooling",
    "attend",
    "bert_last_layer",
    "config_dropout",
    "hookimpl",
    "pooled",
    "shapes",
]


@dataclass(frozen=True, slots=True)
class EncoderOffer:
    """What the hook ``nlpengine_encoder`` returns.

    Attributes:
        spec: The catalog row; its name must be the entry point's.
        family: How models of its ``model_type`` run here; the core's own can't be replaced.
    """

    spec: EncoderSpec
    family: Family
