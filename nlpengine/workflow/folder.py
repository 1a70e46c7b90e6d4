"""Model ↔ folder: a stock checkpoint plus nlpengine.json, committed whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nlpengine import _version
from nlpengine.encoders.checkpoint import (
    encoder_digest,
    load_head_weights,
    save_checkpoint,
)
from nlpengine.encoders.device import Device
from nlpengine.encoders.families import head_shape
from nlpengine.encoders.head_shapes import HeadShape
from nlpengine.encoders.kernels import choose_linear, swap_kernels
from nlpengine.encoders.locate import read_config
from nlpengine.encoders.store import EncoderStore
from nlpengine.encoding.tokenizer import Tokenizer
from nlpengine.errors import DataError, UsageError
from nlpengine.plugin.manager import PluginManager
from nlpengine.workflow.files import commit_folder, read_json, verify, write_json
from nlpengine.workflow.inference import Network, TokenBudget
from nlpengine.workflow.joint import JointModel
from nlpengine.workflow.joint_folder import load_joint, save_joint
from nlpengine.workflow.model import Model
from nlpengine.workflow.model_task import find_task
from nlpengine.workflow.opened import CARD, DIGEST, Opened, card_of, model_of, open_encoder


def save_model(model: Model, folder: Path) -> None:
    """Write a model so that it opens here and in the stock ``AutoModelFor…`` class.

    A head that no stock class has goes into a file beside the encoder.

    Args:
        model: What to save.
        folder: Must not exist yet; it appears complete or not at all.
    """
    if not model.shape.architecture:
        save_joint(JointModel({model.task.name: model}), folder)
        return

    def write(target: Path) -> None:
        network = model.network
        with network.in_memory():
            size = model.task.head(model.labels, model.options).size
            names = model.labels.names or [f"LABEL_{index}" for index in range(size)]
            parts, multiple = (network.encoder, network.head, model.shape), model.labels.multiple
            save_checkpoint(target, *parts, names, multiple=multiple)
        model.tokenizer.save(target, model.network.encoder.max_length)
        about = {
            "format": 1,
            "nlpengine": _version.VERSION,
            "encoder": dict(model.origin),
            DIGEST: encoder_digest(target, network.encoder.family),
        }
        write_json(target / CARD, about | card_of(model))

    commit_folder(folder, write)


def load_model(
    folder: Path,
    plugins: PluginManager,
    device: Device,
    store: EncoderStore,
    *,
    task: str | None = None,
    budget: int | None = None,
) -> Model | JointModel:
    """Open a model folder, a run folder, or a stock fine-tuned checkpoint.

    Args:
        folder: Where it is.
        plugins: Where tasks and families come from.
        device: Where to put it.
        store: Owns the encoder's memory.
        task: The task of a stock checkpoint, which doesn't say; or the file of a model's task.
        budget: Tokens in a batch; the device's default where None.

    Raises:
        UsageError: No model there, its task's file isn't here, a stock checkpoint without
            ``task``, or another's model.
        DataError: A file is damaged.
        EncoderUnavailable: The weights don't load.
    """
    folder = folder / "model" if (folder / "run.json").is_file() else folder
    if not (folder / "config.json").is_file():
        raise UsageError(f"{folder} is no run and no model folder (no config.json).")
    card = _read_card(folder)
    if "tasks" in card:
        if task is not None:
            task = plugins.task(task).name
        joint = load_joint(folder, card, plugins, device, store, budget)
        if task is None and len(joint.models) == 1:
            (task,) = joint.models
        return joint if task is None else joint.model(task)
    opened = Opened(folder, card, *find_task(folder, card, task, plugins))
    network, shape = _load_network(opened, device, store, plugins)
    model = model_of(opened, network, shape, Tokenizer(folder))
    network.budget.tokens = budget or max(device.token_budget, model.policy.max_length)
    return model


def _load_network(
    opened: Opened, device: Device, store: EncoderStore, plugins: PluginManager
) -> tuple[Network, HeadShape]:
    folder, spec = opened.folder, opened.task.head(opened.labels, opened.options)
    encoder = open_encoder(folder, opened.card, device, store, plugins)
    family = encoder.family
    shape = head_shape(family, spec)
    head = shape.build(encoder.config, spec.size)
    missing = load_head_weights(head, folder, family, shape, tuple(shape.names))
    if missing:
        raise DataError(
            f"the checkpoint has no {spec.kind} head ({missing[0]} is missing).", folder
        )
    swap_kernels(head, choose_linear(device.torch))
    budget = TokenBudget(device.token_budget)
    head = head.to(device.torch).eval()
    pooling = shape.pooling(encoder.config)
    return Network(encoder, head, spec.kind, device, budget, store, pooling), shape


def _read_card(folder: Path) -> dict[str, Any]:
    path = folder / CARD
    if not path.is_file():
        read_config(folder)
        return {}
    verify(folder)
    card = read_json(path)
    if card.get("format") != 1:
        raise DataError(
            f"format {card.get('format')!r} is not known to nlpengine {_version.VERSION}: it was "
            "written by a newer version. Upgrade nlpengine.",
            path,
        )
    return card
