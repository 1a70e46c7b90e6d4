"""Tiny seeded encoders in the Hub's layout: tests run the real loading code on them."""

from __future__ import annotations

import string
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nlpengine.encoders.families import Family

WORDS = (  # noqa: SIM905 - reads better than forty quoted words
    "the a an and or but not no never very good bad great awful fine okay film book soup "
    "hotel train service was is were had has i you he she it they we this that love hate "
    "like dull bright slow"
).split()


def tiny_encoder(
    folder: Path,
    *,
    seed: int = 0,
    layers: int = 2,
    width: int = 32,
    heads: int = 2,
    max_length: int = 64,
    words: Iterable[str] = WORDS,
    dropout: float = 0.1,
) -> Path:
    """Write a small BERT with random weights and a WordPiece tokenizer.

    Args:
        folder: Made if missing.
        seed: Of the weights.
        layers: Transformer layers.
        width: Hidden width.
        heads: Attention heads; divides ``width``.
        max_length: Positions.
        words: Whole words of the vocabulary; all else falls apart into characters.
        dropout: Of hidden and attention.

    Returns:
        The folder.
    """
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder.mkdir(parents=True, exist_ok=True)
    letters = string.ascii_lowercase + string.digits + string.punctuation
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    pieces = [*special, *letters, *(f"##{letter}" for letter in letters), *words]
    vocabulary = {piece: index for index, piece in enumerate(dict.fromkeys(pieces))}
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=width,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        intermediate_size=2 * width,
        max_position_embeddings=max_length,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = BertModel(config)
    model.save_pretrained(folder)
    BertTokenizer(vocab=vocabulary, model_max_length=max_length).save_pretrained(folder)
    return folder


def tiny_encoder_of(
    family: str,
    folder: Path,
    *,
    config: Any = None,
    own: Family | None = None,
    seed: int = 0,
    words: Iterable[str] = WORDS,
) -> Path:
    """Write a small encoder of any family with random weights and its family's kind of tokenizer.

    Args:
        family: A ``model_type``.
        folder: Made if missing.
        config: A transformers configuration; None for `nlpengine.testing.tiny_configs.tiny_config`.
        own: The family itself, where it is a plugin's.
        seed: Of the weights.
        words: What the vocabulary is learned from.

    Returns:
        The folder.

    Raises:
        KeyError: There is no tiny configuration for this family.
    """
    from nlpengine.encoders.scratch import make_from_scratch
    from nlpengine.testing.tiny_configs import tiny_config

    blueprint = folder / "blueprint"
    blueprint.mkdir(parents=True, exist_ok=True)
    (config or tiny_config(family)).save_pretrained(blueprint)
    known = list(words)
    texts = [" ".join(known[start:] + known[:start]) for start in range(0, len(known), 3)]
    make_from_scratch(blueprint, texts, folder, seed, own)
    (blueprint / "config.json").unlink()
    blueprint.rmdir()
    return folder
