"""Catalog row → transformers config, and the bare model of a config."""

from __future__ import annotations

from typing import Any

from nlpengine.encoders.spec import EncoderSpec

NAMES = {
    "distilbert": {
        "hidden_size": "dim",
        "num_hidden_layers": "n_layers",
        "num_attention_heads": "n_heads",
        "intermediate_size": "hidden_dim",
    }
}
"""Family → the usual config argument → the family's own name for it."""

WITH_POOLER = ("bert", "roberta", "xlm-roberta", "albert")
"""Families whose base class brings a pooler unless told not to; a pooler belongs to a head."""


def architecture(spec: EncoderSpec) -> Any:
    """The config that the published encoder has.

    Args:
        spec: A row of the catalog.

    Returns:
        transformers' config of the family (a ``PreTrainedConfig``).
    """
    from transformers import AutoConfig

    arguments = {
        "vocab_size": spec.vocabulary,
        "hidden_size": spec.width,
        "num_hidden_layers": spec.layers,
        "num_attention_heads": spec.heads,
        "intermediate_size": 4 * spec.width,
        "max_position_embeddings": spec.max_length,
        **spec.settings,
    }
    names = NAMES.get(spec.family, {})
    own = {names.get(name, name): value for name, value in arguments.items()}
    return AutoConfig.for_model(spec.family, **own)


def bare_model(config: Any) -> Any:
    """The base model of a config, freshly initialised from torch's random state, no pooler.

    Args:
        config: transformers' config of any family.

    Returns:
        The family's base class (a ``PreTrainedModel``).
    """
    from transformers import AutoModel

    arguments = {"add_pooling_layer": False} if config.model_type in WITH_POOLER else {}
    return AutoModel.from_config(config, **arguments)  # type: ignore[no-untyped-call]
