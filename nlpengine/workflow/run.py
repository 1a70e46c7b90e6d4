"""A run, from data to folder: prepare, train, test, compare, save, report."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nlpengine.encoders.device import Device, choose_device
from nlpengine.errors import UsageError
from nlpengine.metrics import Score, Scores
from nlpengine.plugin.contract import Task
from nlpengine.plugin.manager import PluginManager
from nlpengine.workflow.compare import compare_baselines, worst_mistakes
from nlpengine.workflow.config import RunConfig
from nlpengine.workflow.folder import save_model, write_json
from nlpengine.workflow.listener import Listener, Listeners, MetricsFile
from nlpengine.workflow.model import Model
from nlpengine.workflow.prepare import Prepared, data_facts, prepare
from nlpengine.workflow.record import RunRecord, versions
from nlpengine.workflow.train import Course, train
from nlpengine.workflow.training import Schedule, Training


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run.

    Attributes:
        path: The run folder.
        record: What run.json holds.
        model: The trained model, ready to predict.
    """

    path: Path
    record: RunRecord
    model: Model

    @property
    def metrics(self) -> dict[str, Score]:
        """Test metrics, the main one first."""
        return dict(self.record.scores.metrics) if self.record.scores else {}


def execute(config: RunConfig, plugins: PluginManager, listener: Listener) -> Run:
    """Do a run.

    After Ctrl-C in training the record's status is "interrupted" and the best model so far saved.

    Args:
        config: What to do.
        plugins: Where tasks come from.
        listener: Told what happens.

    Raises:
        NlpengineError: Whatever a user can cause; nothing is left behind but the run folder.
    """
    began = time.perf_counter()
    listeners = Listeners(listener)
    listeners.phase("preparing")
    task = plugins.task(config.task)
    device = choose_device(config.device, config.precision)
    prepared = prepare(config, task, device, plugins, listeners)
    folder = _make_folder(prepared)
    record = _record(prepared, folder, device, plugins)
    write_json(folder / "run.json", record.to_json())
    model = prepared.model
    try:
        with MetricsFile(folder / "metrics.jsonl") as metrics:
            training = _train(prepared, Listeners(listener, metrics))
        model = _finish_training(prepared, training, record)
        if training.interrupted:
            record.status = "interrupted"
        else:
            _test(prepared, model, record, listeners)
            record.status = "finished"
    except KeyboardInterrupt:  # after training: the model is saved, its scores are not known
        record.status = "interrupted"
    except BaseException as error:
        record.status = "failed"
        listeners.note(f"failed: {error}")
        raise
    finally:
        record.notes = listeners.notes
        record.timings["total_s"] = time.perf_counter() - began
        write_json(folder / "run.json", record.to_json())
    return Run(folder, record, model)


def _make_folder(prepared: Prepared) -> Path:
    config = prepared.config
    if config.output is not None:
        folder = Path(config.output)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UsageError(f"--output {folder}: exists already. Choose a new folder.")
    else:
        encoder = Path(prepared.source.name.rstrip("/")).name
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        base = Path("runs") / f"{prepared.model.task.name}-{encoder}-{stamp}"
        folder = next(p for p in _numbered(base) if not p.exists())
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"the run folder {folder} can't be made: {error.strerror}.") from error
    return folder


def _numbered(base: Path) -> Sequence[Path]:
    return [base, *(base.with_name(f"{base.name}-{number}") for number in range(2, 100))]


def _record(prepared: Prepared, folder: Path, device: Device, plugins: PluginManager) -> RunRecord:
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
        task=prepared.model.task.name,
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
    )


def _threads() -> int:
    import torch

    return torch.get_num_threads()


def _train(prepared: Prepared, listener: Listener) -> Training:
    config, model = prepared.config, prepared.model
    listener.phase("training")

    def loss(logits: Any, gold: Any) -> Any:
        return model.task.loss(logits, gold, model.labels, model.options)

    def evaluate() -> tuple[str, Score]:
        return _scores(model, prepared.read.dev).main

    schedule = Schedule(
        epochs=config.epochs or 0,
        lr=config.lr or 0.0,
        batch_size=config.batch_size or 0,
        weight_decay=config.weight_decay,
        warmup=config.warmup,
        clip=config.clip,
        seed=config.seed,
        evaluate_every=config.evaluate_every,
        patience=config.patience,
    )
    return train([Course(model.network, prepared.training, loss)], schedule, evaluate, listener)


def _scores(model: Model, examples: Sequence[Any]) -> Scores:
    return model.task.score(examples, model.predict_examples(examples), model.labels)


def _finish_training(prepared: Prepared, training: Training, record: RunRecord) -> Model:
    """Note what came of training, tune on dev, and save the model before anything else."""
    record.training = {
        "steps": training.steps,
        "best_step": training.best_step,
        "stopped_early": training.stopped_early,
        "batch_tokens": prepared.model.network.budget.tokens,
    }
    record.history = [
        {"step": e.step, "epoch": e.epoch, "metric": e.metric, **e.score.to_json(), "best": e.best}
        for e in training.evaluations
    ]
    seconds = max(training.seconds, 1e-9)
    windows_per_text = len(prepared.training.encodings) / len(prepared.read.train)
    record.timings = {
        "train_texts_per_s": training.windows / windows_per_text / seconds,
        "train_windows_per_s": training.windows / seconds,
        "train_tokens_per_s": training.tokens / seconds,
        "train_s": training.seconds,
    }
    model = prepared.model
    if prepared.read.dev and not training.interrupted:
        grouped = model.windows(len(prepared.read.dev), model.encode(prepared.read.dev))
        state = model.task.tune(prepared.read.dev, grouped, model.labels, model.options)
        model = dataclasses.replace(model, state=state)
    save_model(model, record.run_dir / "model")
    return model


def _test(prepared: Prepared, model: Model, record: RunRecord, listener: Listeners) -> None:
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
                "text": " ".join(example.texts),
                "gold": task.gold_of(example),
                **prediction.to_json(),
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
