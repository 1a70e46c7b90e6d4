"""Checks of what a task leaves behind: in a model's folder, in the process, in others' models."""

from __future__ import annotations

import copy
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from nlpengine.data import Column, Record, TextExample
from nlpengine.plugin import Classification, label_of
from nlpengine.testing.checking import require
from nlpengine.testing.task_checks.answering import read_only
from nlpengine.testing.task_checks.subject import Subject, manager_of, stirred
from nlpengine.testing.task_checks.values import json_of, require_same


class Neighbour(Classification[TextExample]):
    """Another task on the same encoder."""

    name = "neighbour"
    summary = "a task beside the one under test"
    columns = (Column("text"), Column("label", required=False, role="gold"))

    def adapt(self, record: Record) -> TextExample:
        """A text with its label."""
        return TextExample(record.text("text"), label_of(record), record.origin)


ROWS = tuple({"text": f"{word} {n}", "label": word} for n in range(4) for word in ("good", "bad"))


def saves(subject: Subject) -> None:
    """A saved model that another process opens gives the same logits and predictions."""
    from nlpengine.encoders.device import choose_device
    from nlpengine.encoders.store import EncoderStore
    from nlpengine.workflow.folder import load_model, save_model
    from nlpengine.workflow.inference import window_logits

    model, examples = subject.model, subject.examples
    state = subject.task.tune(examples, subject.windows, model.labels, model.options)
    model = replace(model, state=state)
    before = [json_of(one) for one in model.predict_examples(examples)]
    folder = subject.folder / "saved"
    save_model(model, folder)
    # A new object, as another process has one: what only the old one knows is lost.
    plugins = manager_of(subject.fresh())
    again: Any = load_model(folder, plugins, choose_device("cpu", "fp32"), EncoderStore())
    require(again.labels == model.labels, f"labels: {model.labels} → {again.labels}")
    require(again.options == model.options, f"options: {model.options} → {again.options}")
    require_same(dict(model.state), dict(again.state), "what tune learned changes when it is saved")
    rows = zip(
        window_logits(model.network, subject.encodings),
        window_logits(again.network, subject.encodings),
        strict=True,
    )
    require(all(np.allclose(a, b, atol=1e-5) for a, b in rows), "a saved model's logits differ")
    after = [json_of(one) for one in again.predict_examples(examples)]
    for one, other in zip(before, after, strict=True):
        require_same(one, other, "a prediction differs when the model was saved and opened again")


def shares(subject: Subject) -> None:
    """With another task on the same encoder, both predict as each does by itself."""
    from nlpengine.encoders.device import choose_device
    from nlpengine.encoders.store import EncoderStore
    from nlpengine.workflow.folder import load_model, save_model

    other = Subject(Neighbour(), ROWS, subject.folder / "neighbour")
    other.folder.mkdir()
    other.__dict__["encoder"] = subject.encoder
    store, device = EncoderStore(), choose_device("cpu", "fp32")
    opened: list[Any] = []
    for name, own in (("first", subject), ("second", other)):
        made = stirred(own.prepare().model)
        save_model(made, subject.folder / name)
        opened.append(load_model(subject.folder / name, manager_of(own.task), device, store))
    mine, theirs = opened
    # A model with a head of its task's own is kept in another layout, and its encoder with it.
    if subject.task.head(mine.labels, mine.options).build is None:
        require(mine.network.encoder is theirs.network.encoder, "the two don't share an encoder")
    texts = [row["text"] for row in ROWS]
    expected = [answer.to_json() for answer in theirs.predict(texts)]
    first = [json_of(one) for one in mine.predict_examples(subject.examples)]
    found = [answer.to_json() for answer in theirs.predict(texts)]
    again = [json_of(one) for one in mine.predict_examples(subject.examples)]
    for one, two in zip(expected, found, strict=True):
        require_same(one, two, "predicting with this task changes another task's predictions", 1e-6)
    for one, two in zip(first, again, strict=True):
        require_same(one, two, "another task's predictions change this task's", 1e-6)


def pure(subject: Subject) -> None:
    """A task leaves what it is given, and the process, as they were."""
    task, model, examples = subject.task, subject.model, subject.examples
    windows = [read_only(own) for own in subject.windows]
    labels, options = model.labels, model.options
    before = copy.deepcopy(examples), copy.deepcopy(labels), copy.deepcopy(options)
    with _process_as_it_was():
        try:
            for example, own in zip(examples, windows, strict=True):
                for window in own:
                    task.gold(example, window.encoding, labels)
            state = task.tune(examples, windows, labels, options)
            found = [
                task.decode(example, own, labels, options, state)
                for example, own in zip(examples, windows, strict=True)
            ]
            task.score(examples, found, labels)
        except ValueError as error:
            require(
                "read-only" not in str(error), f"an array that was handed in is changed: {error}"
            )
            raise
    require(before == (examples, labels, options), "examples, labels or options are changed")


@contextmanager
def _process_as_it_was() -> Iterator[None]:
    """Fail where the process was changed, and mend it."""
    import torch

    def state() -> dict[str, Any]:
        return {
            "the current folder": os.getcwd(),
            "environment variables": dict(os.environ),
            "Python's random numbers": random.getstate(),
            "numpy's random numbers": repr(np.random.get_state()),
            "torch's random numbers": torch.get_rng_state().tolist(),
            "numpy's error settings": np.geterr(),
            "torch's default type": torch.get_default_dtype(),
            "torch's gradients": torch.is_grad_enabled(),
            "torch's threads": torch.get_num_threads(),
        }

    kept = random.getstate(), np.random.get_state(), torch.get_rng_state()
    # Where nobody else would seed them to: who seeds with 0 changes nothing the second time.
    random.seed("pure")
    np.random.seed(987_654_321)
    torch.manual_seed(987_654_321)
    before = state()
    yield
    after = state()
    random.setstate(kept[0])
    np.random.set_state(kept[1])
    torch.set_rng_state(kept[2])
    torch.set_default_dtype(before["torch's default type"])
    torch.set_grad_enabled(before["torch's gradients"])
    torch.set_num_threads(before["torch's threads"])
    np.seterr(**before["numpy's error settings"])
    os.chdir(before["the current folder"])
    changed = [name for name, value in before.items() if after[name] != value]
    require(not changed, f"changed while gold, tune, decode and score were called: {changed}")
