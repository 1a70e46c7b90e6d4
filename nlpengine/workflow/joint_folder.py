"""JointModel ↔ folder: a stock encoder, all heads in one file, and a card for each task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from nlpengine import _version
from nlpengine.encoders.checkpoint import build_head, encoder_digest, save_encoder
from nlpengine.encoders.device import Device
from nlpengine.encoders.families import head_shape
from nlpengine.encoders.kernels import choose_linear, swap_kernels
from nlpengine.encoders.store import EncoderStore
from nlpengine.encoding.tokenizer import Tokenizer
from nlpengine.errors import DataError
from nlpengine.plugin.manager import PluginManager
from nlpengine.workflow.files import commit_folder, write_json
from nlpengine.workflow.inference import Network, TokenBudget
from nlpengine.workflow.joint import JointModel
from nlpengine.workflow.model_task import find_task
from nlpengine.workflow.opened import CARD, DIGEST, Opened, card_of, model_of, open_encoder

HEADS = "heads.safetensors"


def save_joint(model: JointModel, folder: Path) -> None:
    """Write several heads on one encoder; the encoder opens in the stock ``AutoModel``.

    Args:
        model: What to save.
        folder: Must not exist yet; it appears complete or not at all.
    """
    from safetensors.torch import save_file

    first = next(iter(model.models.values()))

    def write(target: Path) -> None:
        with first.network.in_memory():
            save_encoder(target, first.network.encoder)
            tensors = {
                f"{name}.{parameter}": value.detach().cpu().contiguous()
                for name, own in model.models.items()
                for parameter, value in own.network.head.state_dict().items()
            }
        save_file(tensors, target / HEADS, metadata={"format": "pt"})
        first.tokenizer.save(target, first.network.encoder.max_length)
        write_json(
            target / CARD,
            {
                "format": 1,
                "nlpengine": _version.VERSION,
                "tasks": {name: card_of(own) for name, own in model.models.items()},
                "encoder": dict(first.origin),
                DIGEST: encoder_digest(target, first.network.encoder.family),
            },
        )

    commit_folder(folder, write)


def load_joint(
    folder: Path,
    card: Mapping[str, Any],
    plugins: PluginManager,
    device: Device,
    store: EncoderStore,
    budget: int | None,
) -> JointModel:
    """Open what `save_joint` wrote.

    Args:
        folder: The model folder.
        card: Its nlpengine.json.
        plugins: Where tasks and families come from.
        device: Where to put it.
        store: Owns the encoder's memory.
        budget: Tokens in a batch; the device's default where None.

    Raises:
        DataError: A head is missing or has another shape than its task says.
        EncoderUnavailable: The weights don't load.
    """
    from safetensors import safe_open

    linear = choose_linear(device.torch)
    encoder = open_encoder(folder, card, device, store, plugins)
    family = encoder.family
    tokenizer, bound = Tokenizer(folder), TokenBudget(device.token_budget)
    models = {}
    with safe_open(folder / HEADS, framework="pt") as file:
        names = set(file.keys())
        for name, own in card["tasks"].items():
            found = find_task(folder, {**own, "task": name}, None, plugins)
            opened = Opened(folder, {**own, "encoder": card["encoder"]}, *found)
            spec = opened.task.head(opened.labels, opened.options)
            shape = head_shape(family, spec)
            head = build_head(encoder.config, shape, spec.size, seed=0)
            wanted = {p: f"{name}.{p}" for p in head.state_dict()}
            if not set(wanted.values()) <= names:
                raise DataError(f"the head of the task {name!r} is not whole.", folder / HEADS)
            head.load_state_dict({p: file.get_tensor(stored) for p, stored in wanted.items()})
            swap_kernels(head, linear)
            network = Network(
                encoder, head.to(device.torch).eval(), spec.kind, device, bound, store,
                shape.pooling(encoder.config),
            )  # fmt: skip
            models[name] = model_of(opened, network, shape, tokenizer)
    longest = max(model.policy.max_length for model in models.values())
    bound.tokens = budget or max(device.token_budget, longest)
    return JointModel(models)


def with_head(model: Any, source: Any) -> JointModel:
    """A model beside the models it was added to, on its encoder.

    Args:
        model: The new model; its encoder has the weights of the source's, bit for bit.
        source: A `Model` or a `JointModel`.
    """
    others = source.models if isinstance(source, JointModel) else {source.task.name: source}
    network = model.network
    moved = {
        name: replace(
            other,
            network=replace(
                other.network, encoder=network.encoder, budget=network.budget, store=network.store
            ),
        )
        for name, other in others.items()
    }
    return JointModel({**moved, model.task.name: model})
