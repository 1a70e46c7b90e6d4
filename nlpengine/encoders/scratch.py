"""``--from-scratch``: an encoder's architecture with fresh weights and a vocabulary of the data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpengine.encoders.architecture import architecture, bare_model
from nlpengine.encoders.digest import file_sha256
from nlpengine.encoders.locate import (
    EncoderSource,
    FindSpec,
    find_spec,
    read_config,
    unknown_encoder,
)
from nlpengine.encoders.spec import EncoderSpec
from nlpengine.encoding.vocabulary import train_tokenizer
from nlpengine.errors import EncoderUnavailable, UsageError

if TYPE_CHECKING:
    from nlpengine.encoders.families import Family

NOT_KEPT = ("architectures", "id2label", "label2id", "problem_type", "dtype", "torch_dtype")
"""What a folder's config says about the head and the weights that it came with."""

UNCASED = ("bert", "distilbert", "albert")
"""Families whose stock tokenizer lower-cases where a folder doesn't say."""


def find_blueprint(name: str, find: FindSpec = find_spec) -> EncoderSpec | Path:
    """What to build: a catalog row, or a folder with a config.json; neither needs weights.

    Args:
        name: The row's name, or the folder.
        find: Who knows the rows.

    Raises:
        UsageError: The name is neither.
        EncoderUnavailable: The folder's config.json is missing, or asks for code.
    """
    if (spec := find(name)) is not None:
        return spec
    folder = Path(name)
    if not folder.is_dir():
        if "/" in name:
            raise UsageError(
                f"--from-scratch: {name} is no folder. It takes a catalog name (nlpengine "
                "encoders), or a folder with a config.json."
            )
        raise unknown_encoder(name)
    folder = folder / "model" if (folder / "run.json").is_file() else folder
    read_config(folder)
    return folder


def family_name(blueprint: EncoderSpec | Path) -> str:
    """The blueprint's model family."""
    if isinstance(blueprint, EncoderSpec):
        return blueprint.family
    return str(read_config(blueprint).get("model_type"))


def scratch_source(
    name: str,
    blueprint: EncoderSpec | Path,
    texts: Sequence[str],
    folder: Path,
    seed: int,
    family: Family | None = None,
) -> EncoderSource:
    """Make an encoder in ``folder``; its revision is the sha256 of the fresh weights.

    Raises:
        NlpengineError: As `make_from_scratch`.
    """
    make_from_scratch(blueprint, texts, folder, seed, family)
    spec = blueprint if isinstance(blueprint, EncoderSpec) else None
    return EncoderSource(name, folder, "scratch", spec, file_sha256(folder / "model.safetensors"))


def make_from_scratch(
    blueprint: EncoderSpec | Path,
    texts: Sequence[str],
    folder: Path,
    seed: int,
    family: Family | None = None,
) -> Path:
    """Write a fresh encoder in the Hub's layout, with a tokenizer trained on texts.

    The vocabulary is as large as the text allows, at most the blueprint's own; all else of the
    architecture is the blueprint's. Same blueprint, texts and seed: same files, byte by byte.

    Args:
        blueprint: A catalog row, or a folder with a config.json.
        texts: To learn the vocabulary from.
        folder: Made if missing; config.json, model.safetensors and tokenizer files go there.
        seed: Of the weights.
        family: The blueprint's family, whose ``tokenizer`` says which kind to train; None for the
            core's own.

    Returns:
        The folder.

    Raises:
        UsageError: A family whose tokenizer can't be trained here.
        DataError: There is no text in the texts, or one is no valid Unicode.
        EncoderUnavailable: The folder's config.json can't be used.
    """
    import torch
    from safetensors.torch import save_file

    config, cased = _config(blueprint)
    kind = family.tokenizer if family is not None else None
    made = train_tokenizer(kind or config.model_type, texts, config.vocab_size, cased=cased)
    made.model_max_length = _max_length(config)
    config.vocab_size = len(made)
    config.pad_token_id = made.pad_token_id
    if config.bos_token_id is not None:
        config.bos_token_id, config.eos_token_id = made.cls_token_id, made.sep_token_id
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = bare_model(config, family)
    folder.mkdir(parents=True, exist_ok=True)
    config.architectures = [type(model).__name__]
    config.save_pretrained(folder)
    save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    made.save_pretrained(folder)
    return folder


def _config(blueprint: EncoderSpec | Path) -> tuple[Any, bool]:
    """The config, and whether letter case is kept."""
    if isinstance(blueprint, EncoderSpec):
        return architecture(blueprint), blueprint.cased
    from transformers import AutoConfig

    content = read_config(blueprint)
    try:
        config = AutoConfig.for_model(**{k: v for k, v in content.items() if k not in NOT_KEPT})
    except Exception as error:  # transformers' validation raises several kinds
        reason = (str(error).strip().splitlines() or ["?"])[0]
        raise EncoderUnavailable(f"{blueprint / 'config.json'} can't be used: {reason}") from error
    return config, not _lower_cases(blueprint, config.model_type)


def _lower_cases(folder: Path, family: str) -> bool:
    import json

    path = folder / "tokenizer_config.json"
    said = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return bool(said.get("do_lower_case", family in UNCASED))


def _max_length(config: Any) -> int:
    """Tokens in a window; RoBERTa's positions start behind the pad id."""
    offset = config.pad_token_id + 1 if "roberta" in config.model_type else 0
    return int(config.max_position_embeddings) - offset
