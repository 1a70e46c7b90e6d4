"""A tiny configuration of each family, for tests that need architectures and no files."""

from __future__ import annotations

from typing import Any

_BASE: dict[str, Any] = {
    "vocab_size": 120,
    "hidden_size": 32,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}

_OWN: dict[str, dict[str, Any]] = {
    "bert": {"max_position_embeddings": 96},
    "roberta": {"max_position_embeddings": 98, "pad_token_id": 1, "type_vocab_size": 1},
    "xlm-roberta": {"max_position_embeddings": 98, "pad_token_id": 1, "type_vocab_size": 1},
    "albert": {"max_position_embeddings": 96, "embedding_size": 16, "num_hidden_groups": 1},
    "deberta": {
        "max_position_embeddings": 96, "relative_attention": True, "type_vocab_size": 2,
        "pos_att_type": ["c2p", "p2c"], "max_relative_positions": 24, "pad_token_id": 0,
    },
    "deberta-v2": {
        "max_position_embeddings": 96, "relative_attention": True, "type_vocab_size": 0,
        "pos_att_type": ["p2c", "c2p"], "position_buckets": 8, "max_relative_positions": 32,
        "norm_rel_ebd": "layer_norm", "share_att_key": True, "position_biased_input": False,
        "conv_kernel_size": 3, "conv_act": "gelu", "pad_token_id": 0,
    },
    "distilbert": {"max_position_embeddings": 96, "hidden_dim": 64},
}  # fmt: skip


def tiny_config(family: str, **changes: Any) -> Any:
    """A transformers configuration of a family: 3 layers of width 32, 2 heads, 96 positions.

    Args:
        family: A ``model_type``.
        changes: Fields to set otherwise.

    Raises:
        KeyError: There is none for this family.
    """
    from transformers import AutoConfig

    fields = {**_BASE, **_OWN[family], **changes}
    if family == "distilbert":
        fields.pop("intermediate_size", None)
    return AutoConfig.for_model(family, **fields)
