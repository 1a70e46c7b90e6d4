"""What a model's folder says of a task and of its encoder: written as a card, and opened again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nlpengine.encoders.backends import choose_attention
from nlpengine.encoders.checkpoint import checkpoint_labels, encoder_digest, load_encoder
from nlpengine.encoders.device import Device
from nlpengine.encoders.encoder import Encoder
from nlpengine.encoders.head_shapes import HeadShape
from nlpengine.encoders.kernels import choose_linear
from nlpengine.encoders.locate import read_config
from nlpengine.encoders.store import EncoderStore
from nlpengine.encoding.tokenizer import Tokenizer
from nlpengine.encoding.windows import WindowPolicy
from nlpengine.errors import DataError
from nlpengine.plugin.contract import Task
from nlpengine.plugin.manager import PluginManager
from nlpengine.plugin.prediction import Labels
from nlpengine.workflow.config import RunConfig, window_size
from nlpengine.workflow.files import MANIFEST
from nlpengine.workflow.inference import Network
from nlpengine.workflow.model import Model

CARD = "nlpengine.json"
DIGEST = "encoder_sha256"
"""The card's field of what `encoder_digest` says of the weights."""


def card_of(model: Model) -> dict[str, Any]:
    """What a model's folder must say of its task, beside the weights."""
    file = model.task.file
    return {
        "task": model.task.name,
        **({} if file is None else {"task_file": {"name": file.path.name, "sha256": file.sha256}}),
        "head": model.network.kind,
        "labels": dataclasses.asdict(model.labels),
        "options": dataclasses.asdict(model.options),
        "windows": dataclasses.asdict(model.policy),
        "state": dict(model.state),
        "trained_on": list(model.trained_on),
    }


@dataclass(frozen=True)
class Opened:
    """A task's part of a model folder.

    Attributes:
        folder: The folder.
        card: What `card_of` wrote; empty for a stock checkpoint.
        task: The task.
        notes: Sentences on how it was found.
    """

    folder: Path
    card: Mapping[str, Any]
    task: Task[Any]
    notes: tuple[str, ...] = ()

    @cached_property
    def labels(self) -> Labels:
        """Of the head.

        Raises:
            DataError: A stock checkpoint without a classifier.
        """
        if self.card:
            stored = self.card["labels"].items()
            known: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in stored}
            return Labels(**known)  # JSON knows no tuples
        names = checkpoint_labels(self.folder)
        if not names:
            raise DataError(
                "this is an encoder without a classifier. Fine-tune it first.", self.folder
            )
        return self.task.stock_labels(names)

    @cached_property
    def options(self) -> Any:
        """The task's options: as the model was trained, or their defaults."""
        return self.task.options(**self.card.get("options", {}))


def model_of(opened: Opened, network: Network, shape: HeadShape, tokenizer: Tokenizer) -> Model:
    """A model from its card and its network."""
    task, limit = opened.task, network.encoder.max_length
    length, overlap = window_size(RunConfig(task=task.name), task.recipe, limit)
    stock = {"max_length": length, "overlap": overlap, "over": task.windows_over}
    return Model(
        task=task,
        labels=opened.labels,
        network=network,
        shape=shape,
        tokenizer=tokenizer,
        policy=WindowPolicy(**opened.card.get("windows", stock)),
        options=opened.options,
        state=opened.card.get("state", {}),
        origin=opened.card.get("encoder", {"name": str(opened.folder)}),
        notes=opened.notes,
        trained_on=tuple(opened.card.get("trained_on", ())),
    )


def open_encoder(
    folder: Path,
    card: Mapping[str, Any],
    device: Device,
    store: EncoderStore,
    plugins: PluginManager,
) -> Encoder:
    """A folder's encoder: the one that the store has, if its weights are the same.

    Args:
        folder: A model folder, or a stock checkpoint.
        card: Its nlpengine.json; empty for a stock checkpoint.
        device: Where to put it.
        store: Owns its memory.
        plugins: Where families come from.

    Raises:
        EncoderUnavailable: The weights don't load.
    """
    linear = choose_linear(device.torch)
    family = plugins.family(str(read_config(folder).get("model_type")))
    attention = choose_attention(family, device)

    def load() -> Encoder:
        loaded = load_encoder(folder, linear, family=family, backend=attention.backend)
        return loaded.to(device.torch).eval()

    # The card's word counts as long as the manifest holds the weights to it.
    known = card.get(DIGEST) if (folder / MANIFEST).is_file() else None
    digest = known or encoder_digest(folder, family)
    return store.get(f"{digest} on {device.torch}, {attention.backend}", str(folder), load)
