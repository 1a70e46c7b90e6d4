"""Catalog row → transformers config, and the bare model of a config."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nlpengine.encoders.spec import EncoderSpec

if TYPE_CHECKING:
    from nlpengine.encoders.families import Family

NAMES = {
    "distilbert": {
        "hidden_size": "dim",
        "num_hidden_layers": "n_layers",
        "num_attention_heads": "n_heads",
        "intermediate_size": "hidden_dim",
    }
}
"""Family → the usual config argument → the family's own name for it."""


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


def bare_model(config: Any, family: Family | None = None) -> Any:
    """The base model of a config, freshly initialised from torch's random state, no pooler.

    Args:
        config: transformers' config of any family.
        family: Its family; None for the core's own of that ``model_type``, where there is one.

    Returns:
        The family's base class (a ``PreTrainedModel``).
    """
    from transformers import AutoModel

    from nlpengine.encoders.families import FAMILIES

    own = family or FAMILIES.get(config.model_type)
    arguments = own.base_arguments if own is not None and own.base_arguments else {}
    return AutoModel.from_config(config, **arguments)
