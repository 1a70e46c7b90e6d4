"""The stages of a run, put in order by `run` and `joint_run`: folder, record, training, test."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nlpengine.encoders.device import Device
from nlpengine.encoders.locate import EncoderSource
from nlpengine.errors import UsageError
from nlpengine.metrics import Score
from nlpengine.plugin.contract import Task
from nlpengine.plugin.manager import PluginManager
from nlpengine.workflow.compare import compare_baselines, worst_mistakes
from nlpengine.workflow.config import RunConfig
from nlpengine.workflow.listener import Listener
from nlpengine.workflow.model import Model
from nlpengine.workflow.prepare import Prepared, data_facts
from nlpengine.workflow.record import RunRecord, versions
from nlpengine.workflow.train import Course, Loss, train
from nlpengine.workflow.training import DevScore, Schedule, Training

if TYPE_CHECKING:
    from torch import Tensor


def check_output(config: RunConfig) -> None:
    """Refuse an output folder that is there already, before anything is done.

    Raises:
        UsageError: It holds something.
    """
    folder = config.output
    if folder is not None and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"--output {folder}: exists already. Choose a new folder.")


def make_folder(config: RunConfig, source: EncoderSource) -> Path:
    """The run folder, new and empty.

    Raises:
        UsageError: ``config.output`` exists already, or the folder can't be made.
    """
    if config.output is not None:
        check_output(config)
        folder = config.output
    else:
        encoder = Path(source.name.rstrip("/")).name
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        base = Path("runs") / f"{config.task.replace(',', '+')}-{encoder}-{stamp}"
        folder = next(p for p in _numbered(base) if not p.exists())
    try:
        # A folder of the user's may stand empty; one that is named here is nobody else's.
        folder.mkdir(parents=True, exist_ok=config.output is not None)
    except OSError as error:
        raise UsageError(f"the run folder {folder} can't be made: {error.strerror}.") from error
    return folder


def _numbered(base: Path) -> Sequence[Path]:
    return [base, *(base.with_name(f"{base.name}-{number}") for number in range(2, 100))]


def new_record(
    prepared: Prepared, folder: Path, device: Device, plugins: PluginManager
) -> RunRecord:
    """The record of a run that is about to train."""
    config, source = prepared.config, prepared.source
    encoder = {
        "name": source.name,
        "kind": source.kind,
        "hub_id": source.spec.hub_id if source.spec else None,
        "revision": source.revision,
        "family": prepared.model.network.encoder.family.name,
        "parameters": sum(p.numel() for p in prepared.model.network.encoder.parameters()),
        "head": prepared.facts["head"],
    }
    return RunRecord(
        task=config.task,
        run_dir=folder,
        encoder=encoder,
        config=config.to_json() | {"options": dataclasses.asdict(prepared.model.options)},
        data=data_facts(prepared),
        seed=config.seed,
        device={
            "device": str(device.torch),
            "precision": device.precision,
            "threads": _threads(),
            "linear": prepared.facts["linear"],
            "attention": prepared.facts["attention"],
        },
        plugins=plugins.used(),
        versions=versions(),
        labels=list(prepared.model.labels.names),
        inputs=prepared.model.task.needed,
    )


def _threads() -> int:
    import torch

    return torch.get_num_threads()


def train_on(prepared: Sequence[Prepared], listener: Listener) -> Training:
    """Train the models of some tasks, which share an encoder, and keep the best weights on dev.

    The best are those of the highest main metric, tuned as the finished model will be; of several
    tasks, of their mean.

    Args:
        prepared: At least one; the settings are the first one's.
        listener: Told what happens.
    """
    config = prepared[0].config
    listener.phase("training")
    schedule = Schedule(
        epochs=config.epochs or 0,
        weight_decay=config.weight_decay,
        warmup=config.warmup,
        clip=config.clip,
        seed=config.seed,
        evaluate_every=config.evaluate_every,
        patience=config.patience,
    )
    courses = [
        Course(
            one.model.network, one.training, _loss_of(one.model),
            batch_size=one.config.batch_size or 0, lr=one.config.lr or 0.0,
        )
        for one in prepared
    ]  # fmt: skip
    return train(courses, schedule, partial(_dev_score, prepared), listener)


def learnt(prepared: Sequence[Prepared], training: Training) -> list[Prepared]:
    """As they are once training is over.

    Heads are those of a checkpoint, and models hold what was tuned at the best score on dev.
    """
    found = training.best.states if training.best else [one.model.state for one in prepared]
    models = [
        dataclasses.replace(one.model, network=one.model.network.learnt(), state=state)
        for one, state in zip(prepared, found, strict=True)
    ]
    return [
        dataclasses.replace(one, model=model) for one, model in zip(prepared, models, strict=True)
    ]


def _loss_of(model: Model) -> Loss:
    def loss(logits: Tensor, gold: Tensor) -> tuple[Tensor, Tensor]:
        return model.task.loss(logits, gold, model.labels, model.options)

    return loss


def _dev_score(prepared: Sequence[Prepared]) -> DevScore:
    """What training is to raise, and what is tuned there."""
    found, states = [], []
    for one in prepared:
        model, dev = one.model, one.read.dev
        windows = model.windows(len(dev), model.encode(dev))
        state = model.task.tune(dev, windows, model.labels, model.options)
        states.append(state)
        # Untuned, a task with a threshold may look alike all along, and its worst weights be kept.
        answers = [
            model.task.decode(example, own, model.labels, model.options, state)
            for example, own in zip(dev, windows, strict=True)
        ]
        found.append(model.task.score(dev, answers, model.labels).main)
    if len(found) == 1:
        return DevScore(*found[0], tuple(states))
    names, scores = zip(*found, strict=True)
    mean = Score(
        value=sum(score.value for score in scores) / len(scores),
        low=sum(score.low for score in scores) / len(scores),
        high=sum(score.high for score in scores) / len(scores),
        n=sum(score.n for score in scores),
    )
    return DevScore(f"mean of {', '.join(names)}", mean, tuple(states))


def note_training(record: RunRecord, training: Training, prepared: Sequence[Prepared]) -> None:
    """Put what came of training into a record."""
    record.training = {
        "steps": training.steps,
        "best_step": training.best_step,
        "stopped_early": training.stopped_early,
        "batch_tokens": prepared[0].model.network.budget.tokens,
    }
    record.history = [
        {"step": e.step, "epoch": e.epoch, "metric": e.metric, **e.score.to_json(), "best": e.best}
        for e in training.evaluations
    ]
    seconds = max(training.seconds, 1e-9)
    windows = sum(len(one.training.encodings) for one in prepared)
    windows_per_text = windows / sum(len(one.read.train) for one in prepared)
    record.timings = {
        "train_texts_per_s": training.windows / windows_per_text / seconds,
        "train_windows_per_s": training.windows / seconds,
        "train_tokens_per_s": training.tokens / seconds,
        "train_s": training.seconds,
    }


def test_trained(prepared: Prepared, model: Model, record: RunRecord, listener: Listener) -> None:
    """Predict the test split, score it, compare it with baselines; note it in record and folder."""
    listener.phase("test")
    began = time.perf_counter()
    train, test = prepared.read.train, prepared.read.test
    predictions = model.predict_examples(test)
    record.timings["predict_texts_per_s"] = len(test) / (time.perf_counter() - began)
    record.scores = model.task.score(test, predictions, model.labels)
    write_predictions(record.run_dir / "predictions.jsonl", model.task, test, predictions)
    record.mistakes = worst_mistakes(model.task, test, predictions)
    if prepared.config.baseline and model.task.baselines_for(model.labels):
        listener.phase("baselines")
        began = time.perf_counter()
        record.baselines = compare_baselines(
            model.task, train, test, record.scores, model.labels, record.seed
        )
        record.timings["baselines_s"] = time.perf_counter() - began


def write_predictions(
    path: Path, task: Task[Any], examples: Sequence[Any], predictions: Sequence[Any]
) -> None:
    """predictions.jsonl: a line per test example, prediction beside gold."""
    with path.open("w", encoding="utf-8") as file:
        for example, prediction in zip(examples, predictions, strict=True):
            line = {
                "origin": str(example.origin),
                **task.about(example),
                "gold": task.gold_of(example),
                **prediction.to_json(),
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
