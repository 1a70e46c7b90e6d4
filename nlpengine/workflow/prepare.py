"""Before training: data, labels, encoder and head, put together as a model and a training set."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nlpengine.data import Example
from nlpengine.data.findings import Finding, require_clean
from nlpengine.encoders.backends import choose_attention
from nlpengine.encoders.checkpoint import (
    build_head,
    checkpoint_labels,
    load_encoder,
    load_head_weights,
)
from nlpengine.encoders.device import Device
from nlpengine.encoders.families import Family, head_shape
from nlpengine.encoders.head_shapes import HeadShape
from nlpengine.encoders.kernels import choose_linear, swap_kernels
from nlpengine.encoders.locate import EncoderSource, locate, read_config
from nlpengine.encoders.scratch import family_name, find_blueprint, scratch_source
from nlpengine.encoding.tokenizer import Tokenizer
from nlpengine.encoding.windows import WindowPolicy
from nlpengine.errors import UsageError
from nlpengine.heads.unit import InUnit
from nlpengine.plugin.contract import Task
from nlpengine.plugin.manager import PluginManager
from nlpengine.plugin.prediction import Labels
from nlpengine.workflow.config import RunConfig, make_options, resolve, window_size
from nlpengine.workflow.inference import Network, TokenBudget
from nlpengine.workflow.listener import Listeners
from nlpengine.workflow.model import Model
from nlpengine.workflow.reading import Examples, read_examples
from nlpengine.workflow.tokens import check_tokens, encode_texts, truncation_notes
from nlpengine.workflow.training import TrainingSet


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that training needs.

    Attributes:
        config: Settings, nothing left open.
        model: With a head that is not trained yet (or a kept one).
        training: Encoded training windows.
        read: The examples of each split.
        source: Where the encoder came from.
        facts: About data and head, for the record.
    """

    config: RunConfig
    model: Model
    training: TrainingSet
    read: Examples
    source: EncoderSource
    facts: dict[str, Any]


def prepare(
    config: RunConfig,
    task: Task[Any],
    device: Device,
    plugins: PluginManager,
    listener: Listeners,
    shared: Network | None = None,
) -> Prepared:
    """Read, check, load and encode.

    Args:
        config: The settings, as far as they were given.
        task: What to learn.
        device: Where.
        plugins: Where encoders and families come from.
        listener: Told about every choice.
        shared: Another task's network, to put this one's head on its encoder.

    Raises:
        DataError: The data can't be used.
        EncoderUnavailable: The encoder can't be had.
        UsageError: Settings that don't go together.
    """
    with tempfile.TemporaryDirectory(prefix="nlpengine-") as temporary:
        return _prepare(config, task, device, plugins, listener, Path(temporary), shared)


def _prepare(
    config: RunConfig,
    task: Task[Any],
    device: Device,
    plugins: PluginManager,
    listener: Listeners,
    temporary: Path,
    shared: Network | None,
) -> Prepared:
    """As `prepare`; an encoder made from scratch is in ``temporary`` until it is loaded."""
    options = make_options(task, config.options)
    # Before reading much data: the likeliest thing to be missing.
    if config.from_scratch:
        blueprint = find_blueprint(config.encoder, plugins.encoder_spec)
        family = plugins.family(family_name(blueprint))
    else:
        source = locate(config.encoder, plugins.encoder_spec)
        family = plugins.family(str(read_config(source.folder).get("model_type")))
    read = read_examples(config, task, options, plugins.readers)
    for note in read.notes:
        listener.note(note)
    _tell(read.findings, config, listener)
    if config.from_scratch:
        texts = [text for example in read.train for text in example.texts]
        source = scratch_source(config.encoder, blueprint, texts, temporary, config.seed, family)
    config, model, facts = _assemble(config, task, read, source, family, device, listener, shared)
    training = encode_training(model, read.train)
    of_examples = [[training.gold[window] for window in own] for own in training.windows_of]
    for note in task.training_notes(read.train, of_examples):
        listener.note(note)
    for note in truncation_notes(
        model.tokenizer, model.policy, (*read.train, *read.dev, *read.test)
    ):
        listener.note(note)
    tokens = [*check_tokens(training.encodings, model.tokenizer, model.policy, "train")]
    _tell(tokens, config, listener)
    for remark in plugins.remarks:
        if remark not in listener.notes:  # of several tasks of one run
            listener.note(remark)
    return Prepared(
        config, model, training, read, source, {**facts, "findings": (*read.findings, *tokens)}
    )


def _tell(findings: Sequence[Finding], config: RunConfig, listener: Listeners) -> None:
    """Pass warnings on; with ``--strict`` they are errors."""
    for finding in findings:
        if finding.level == "warning":
            listener.note(str(finding))
    if config.strict:
        require_clean(findings, config.data)


def _assemble(
    config: RunConfig,
    task: Task[Any],
    read: Examples,
    source: EncoderSource,
    family: Family,
    device: Device,
    listener: Listeners,
    shared: Network | None,
) -> tuple[RunConfig, Model, dict[str, Any]]:
    """Encoder, head and tokenizer as a model; the settings, resolved; facts for the record."""
    train, labels = read.train, read.labels
    linear = choose_linear(device.torch)
    attention = choose_attention(family, device, config.attention)
    encoder = shared.encoder if shared else load_encoder(
        source.folder, linear, family=family, backend=attention.backend,
        attention_dropout=config.attention_dropout,
    )  # fmt: skip
    limit = encoder.max_length if source.spec is None else source.spec.max_length
    tokenizer = Tokenizer(source.folder)
    config, notes = _settle(config, task, source, tokenizer, train, limit, device.token_budget)
    for note in notes:
        listener.note(note)
    spec = task.head(labels, read.options)
    shape = head_shape(encoder.family, spec)
    head = build_head(encoder.config, shape, spec.size, config.seed)
    labels, kept = _start_head(head, config, source, shape, encoder.family, labels, task, listener)
    swap_kernels(head, linear)
    if spec.scaled:
        head = InUnit(head, spec.centre, spec.spread, trained=kept == "kept")
    budget = shared.budget if shared else TokenBudget(int(config.batch_tokens or 0), listener.note)
    encoder, head = encoder.to(device.torch), head.to(device.torch)
    pooling = shape.pooling(encoder.config)
    network = Network(encoder, head, spec.kind, device, budget, pooling=pooling)
    policy = WindowPolicy(
        int(config.max_length or 0), int(config.overlap or 0), config.long_text, task.windows_over
    )
    origin = {"name": source.name, "revision": source.revision, "kind": source.kind}
    model = Model(
        task, labels, network, shape, tokenizer, policy, read.options, origin=origin,
        trained_on=read.trained_on,
    )  # fmt: skip
    listener.note(f"linear layers: {linear.reason}")
    listener.note(f"attention: {attention}")
    facts = {"head": kept, "linear": linear.reason, "attention": str(attention)}
    return config, model, facts


def _settle(
    config: RunConfig,
    task: Task[Any],
    source: EncoderSource,
    tokenizer: Tokenizer,
    train: Sequence[Example],
    limit: int,
    budget: int,
) -> tuple[RunConfig, tuple[str, ...]]:
    """Resolve the config; epochs depend on the number of windows, so those are counted first."""
    length, overlap = window_size(config, task.recipe, limit)
    policy = WindowPolicy(min(length, limit), overlap, config.long_text, task.windows_over)
    windows = len(train)
    if config.epochs is None and windows < task.recipe.min_steps * task.recipe.batch_size:
        windows = len(encode_texts(tokenizer, [e.texts for e in train], train, policy))
    return resolve(config, task.recipe, source.spec, windows, limit, budget)


def _start_head(
    head: Any,
    config: RunConfig,
    source: EncoderSource,
    shape: HeadShape,
    family: Any,
    labels: Labels,
    task: Task[Any],
    listener: Listeners,
) -> tuple[Labels, str]:
    """Fill the head from the checkpoint as far as that is right; say what was done."""
    found = checkpoint_labels(source.folder)
    stored = task.stock_labels(found).names
    same = found != () and set(stored) == set(labels.names) and shape.architecture != ""
    if config.head == "keep" and not same:
        has = _listed(stored) if found else "no classifier"
        raise UsageError(
            f"--head keep: the checkpoint has {has}; the data has {_listed(labels.names)}."
        )
    if same and config.head != "new":
        missing = load_head_weights(head, source.folder, family, shape, tuple(shape.names))
        if not missing:
            listener.note(f"the head of {source.name} is kept: it has the same labels")
            weights = labels.weights and tuple(labels.weights[labels.index(n)] for n in stored)
            return replace(labels, names=stored, weights=weights or None), "kept"
        if config.head == "keep":
            raise UsageError(
                f"--head keep: {source.name} has no such head ({missing[0]} is missing)."
            )
    missing = load_head_weights(head, source.folder, family, shape, shape.pretrained)
    if found and config.head == "auto":
        why = f"its labels are {_listed(stored)}, the data's are {_listed(labels.names)}"
        why = "it is of another kind" if same else why
        listener.note(f"the head of {source.name} is replaced: {why}")
    return labels, "new, pre-trained pooler" if shape.pretrained and not missing else "new"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "no classes"


def encode_training(model: Model, examples: Sequence[Example]) -> TrainingSet:
    """All training windows with their gold."""
    encodings = model.encode_training(examples)
    windows_of: list[list[int]] = [[] for _ in examples]
    for index, encoding in enumerate(encodings):
        windows_of[encoding.example].append(index)
    gold = [model.task.gold(examples[e.example], e, model.labels) for e in encodings]
    return TrainingSet(encodings, gold, windows_of)


def data_facts(prepared: Prepared) -> dict[str, Any]:
    """The record's ``data``: source, sizes, fingerprints."""
    read, splits = prepared.read, prepared.read.splits
    digest = hashlib.sha256(repr(sorted(splits.fingerprints.items())).encode()).hexdigest()
    return {
        "source": prepared.config.data,
        "train": len(read.train),
        "dev": len(read.dev),
        "test": len(read.test),
        "train_windows": len(prepared.training.encodings),
        "train_tokens": sum(len(encoding) for encoding in prepared.training.encodings),
        "findings": [finding.to_json() for finding in prepared.facts["findings"]],
        "files": dict(splits.fingerprints),
        "fingerprint": digest,
    }
