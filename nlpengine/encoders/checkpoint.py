"""Folder in the Hub's layout ↔ encoder with a head, both ways by one table of names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nlpengine.encoders.attention import NAME
from nlpengine.encoders.backends import Backend
from nlpengine.encoders.encoder import Encoder
from nlpengine.encoders.families import Family, family_of
from nlpengine.encoders.head_shapes import HeadShape
from nlpengine.encoders.kernels import LinearChoice, swap_kernels
from nlpengine.encoders.locate import read_config
from nlpengine.errors import EncoderUnavailable


def load_encoder(
    folder: Path,
    linear: LinearChoice,
    *,
    family: Family | None = None,
    backend: Backend = "packed",
    attention_dropout: float | None = None,
) -> Encoder:
    """Load the encoder of a checkpoint, leaving any head behind.

    Args:
        folder: config.json and safetensors.
        linear: Kernels for linear layers.
        family: Its family; None for the core's own of that ``model_type``.
        backend: As in `Encoder`.
        attention_dropout: Overrides the config's probability.

    Raises:
        UsageError: The family doesn't run here.
        EncoderUnavailable: Weights are missing or don't fit the config.
    """
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModel

    config_type = str(read_config(folder).get("model_type"))
    family = family or family_of(config_type)
    with _quiet():
        try:
            config = AutoConfig.from_pretrained(folder, local_files_only=True)
            if attention_dropout is not None:
                setattr(config, family.attention_dropout, attention_dropout)
            model, report = AutoModel.from_pretrained(
                folder,
                config=config,
                dtype=torch.float32,
                use_safetensors=True,
                local_files_only=True,
                attn_implementation=_implementation(family, backend),
                output_loading_info=True,
                **(family.base_arguments or {}),
            )
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise EncoderUnavailable(f"the encoder in {folder} can't be loaded: {error}") from error
    missing = sorted(report["missing_keys"]) + sorted(map(str, report.get("mismatched_keys", ())))
    if missing:
        raise EncoderUnavailable(
            f"the weights in {folder} lack {len(missing)} tensors of the encoder, "
            f"{missing[0]} for one: they are not those of its config.json."
        )
    _align(model)
    swap_kernels(model, linear, gelu_in_place=family.gelu_in_place)
    return Encoder(model, family, backend=backend, rounded=linear.onednn)


ALIGNMENT = 64
"""Bytes that torch's own tensors are aligned to."""


def _align(model: nn.Module) -> None:
    """Move parameters off the mapped file where it holds them at odd addresses.

    Matrix products round by where their operands begin, so the same weights from two files would
    give results that differ in the last bit.
    """
    for parameter in model.parameters():
        if parameter.data_ptr() % ALIGNMENT:
            parameter.data = parameter.data.clone()


def _implementation(family: Family, backend: Backend) -> str:
    """The name that the stock model finds its attention by."""
    if family.run is not None:
        return "eager"
    return "sdpa" if backend == "padded" else NAME


def build_head(config: Any, shape: HeadShape, size: int, seed: int) -> nn.Module:
    """A fresh head: weights from N(0, initializer_range), biases 0, as stock models do."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = shape.build(config, size)
        for module in head.modules():
            if isinstance(module, nn.Linear):
                nn.init.normal_(module.weight, std=config.initializer_range)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
    return head


def load_head_weights(
    head: nn.Module, folder: Path, family: Family, shape: HeadShape, prefixes: Sequence[str]
) -> list[str]:
    """Fill parameters of a head from a checkpoint, where it has them.

    Args:
        head: Changed in place.
        folder: The checkpoint.
        family: Its family.
        shape: The head's shape.
        prefixes: Which of the head's prefixes to fill.

    Returns:
        The head's parameters under ``prefixes`` that the checkpoint lacks.
    """
    state = head.state_dict()
    wanted = [name for name in state if name.startswith(tuple(prefixes))]
    stored = dict(_tensors(folder, {n for w in wanted for n in _stored_names(w, family, shape)}))
    missing = []
    for name in wanted:
        found = next((stored[n] for n in _stored_names(name, family, shape) if n in stored), None)
        if found is None or found.shape != state[name].shape:
            missing.append(name)
        else:
            state[name].copy_(found)
    return missing


def merged_state(encoder: Encoder, head: nn.Module, shape: HeadShape) -> dict[str, Tensor]:
    """Encoder and head as one stock checkpoint's tensors."""
    prefix = encoder.family.prefix
    tensors = {prefix + name: value for name, value in encoder.model.state_dict().items()}
    for name, value in head.state_dict().items():
        tensors[_stored_name(name, shape)] = value
    return {name: value.detach().cpu().contiguous() for name, value in tensors.items()}


def save_checkpoint(
    folder: Path,
    encoder: Encoder,
    head: nn.Module,
    shape: HeadShape,
    labels: Sequence[str],
    *,
    multiple: bool = False,
) -> None:
    """Write config.json and model.safetensors as the stock class saves them.

    Args:
        folder: Exists; files in it are overwritten.
        encoder: The encoder.
        head: Its head.
        shape: The head's shape.
        labels: Label names in the order of the logits.
        multiple: Whether each logit is a decision of its own, so that stock code takes the sigmoid.
    """
    from safetensors.torch import save_file
    from transformers import AutoConfig

    config = AutoConfig.for_model(**encoder.config.to_dict())
    config.architectures = [shape.architecture]
    config.id2label = dict(enumerate(labels))
    config.label2id = {label: index for index, label in enumerate(labels)}
    # A source's own would be another task's.
    config.problem_type = "multi_label_classification" if multiple else None
    if len(labels) == 1 and not multiple:
        config.problem_type = "regression"  # else stock code takes one logit for a class
    config.save_pretrained(folder)
    save_file(
        merged_state(encoder, head, shape), folder / "model.safetensors", metadata={"format": "pt"}
    )


def save_encoder(folder: Path, encoder: Encoder) -> None:
    """Write config.json and model.safetensors of an encoder alone, as its stock class saves them.

    Args:
        folder: Exists; files in it are overwritten.
        encoder: The encoder.
    """
    from safetensors.torch import save_file
    from transformers import AutoConfig

    config = AutoConfig.for_model(**encoder.config.to_dict())
    config.architectures = [type(encoder.model).__name__]
    config.save_pretrained(folder)
    tensors = {
        name: value.detach().cpu().contiguous()
        for name, value in encoder.model.state_dict().items()
    }
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})


def encoder_digest(folder: Path, family: Family) -> str:
    """Hex sha256 of a checkpoint's encoder, whatever head it has: weights, and what shapes them.

    Raises:
        EncoderUnavailable: A file can't be read.
    """
    from safetensors import SafetensorError

    heads = tuple(stored for shape in family.heads.values() for stored in shape.names.values())
    config = {k: v for k, v in read_config(folder).items() if k not in _ABOUT_THE_HEAD}
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode())
    try:
        for name, tensor in sorted(_tensors(folder, None), key=lambda pair: pair[0]):
            if not name.startswith(heads):
                digest.update(name.removeprefix(family.prefix).encode())
                digest.update(tensor.contiguous().view(-1).view(torch.uint8).numpy().data)
    except (OSError, SafetensorError) as error:
        raise EncoderUnavailable(f"the weights in {folder} can't be read: {error}") from error
    return digest.hexdigest()


_ABOUT_THE_HEAD = (
    "architectures", "id2label", "label2id", "problem_type", "transformers_version", "dtype",
    "torch_dtype", "_name_or_path",
)  # fmt: skip


def checkpoint_labels(folder: Path) -> tuple[str, ...]:
    """Label names in config.json, in order; empty where the checkpoint has no classifier."""
    config = read_config(folder)
    if not any(
        "For" in name and "Masked" not in name for name in config.get("architectures") or ()
    ):
        return ()
    names: Mapping[str, str] = config.get("id2label") or {"0": "LABEL_0", "1": "LABEL_1"}
    return tuple(str(names[key]) for key in sorted(names, key=int))


def _stored_name(name: str, shape: HeadShape) -> str:
    for own, stored in shape.names.items():
        if name.startswith(own):
            return stored + name.removeprefix(own)
    raise KeyError(name)


def _stored_names(name: str, family: Family, shape: HeadShape) -> tuple[str, str]:
    """The name in a checkpoint with a head, and in a bare encoder's."""
    full = _stored_name(name, shape)
    return full, full.removeprefix(family.prefix)


def _tensors(folder: Path, names: set[str] | None) -> Iterator[tuple[str, Tensor]]:
    """Tensors of a checkpoint by name; all of them for None."""
    from safetensors import safe_open

    for path in sorted(folder.glob("model*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for name in set(file.keys()) if names is None else names & set(file.keys()):
                yield name, file.get_tensor(name)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers' load report and progress bar off the terminal; what matters is checked."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(50)  # critical
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
