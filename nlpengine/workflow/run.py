"""A run, from data to folder: prepare, train, test, compare, save, report."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from nlpengine.encoders.device import choose_device
from nlpengine.encoders.store import EncoderStore
from nlpengine.errors import DataError, UsageError
from nlpengine.metrics import Score
from nlpengine.plugin.manager import PluginManager
from nlpengine.workflow.config import RunConfig
from nlpengine.workflow.files import write_json
from nlpengine.workflow.folder import load_model, save_model
from nlpengine.workflow.joint import JointModel
from nlpengine.workflow.joint_folder import save_joint, with_head
from nlpengine.workflow.listener import Listener, Listeners, MetricsFile
from nlpengine.workflow.model import Model
from nlpengine.workflow.prepare import Prepared, prepare
from nlpengine.workflow.record import RunRecord
from nlpengine.workflow.stages import (
    check_output,
    learnt,
    make_folder,
    new_record,
    note_training,
    test_trained,
    train_on,
)


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

    After Ctrl-C in training the record's status is "interrupted" and the best model so far saved;
    after an error, too, once there is one with a score on dev.

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
    config = config.model_copy(update={"task": task.name})  # a file's is its reference till here
    check_output(config)
    if config.add_head and config.from_scratch:
        raise UsageError("--add-head is for a finished model, --from-scratch makes a new encoder.")
    device = choose_device(config.device, config.precision)
    prepared = prepare(config, task, device, plugins, listeners)
    source = _frozen_source(prepared, plugins) if config.add_head else None
    folder = make_folder(prepared.config, prepared.source)
    record = new_record(prepared, folder, device, plugins)
    write_json(folder / "run.json", record.to_json())
    model = prepared.model
    try:
        model, interrupted = _train(prepared, source, record, listener)
        if interrupted:
            record.status = "interrupted"
        else:
            test_trained(prepared, model, record, listeners)
            record.status = "finished"
    except KeyboardInterrupt:  # after training
        record.status = "interrupted"
    except BaseException as error:
        record.status = "failed"
        listeners.note(f"failed: {error}")
        if (folder / "model").exists():
            listeners.note(f"the trained model is kept: {folder / 'model'}")
        raise
    finally:
        record.notes = listeners.notes
        record.timings["total_s"] = time.perf_counter() - began
        write_json(folder / "run.json", record.to_json())
    return Run(folder, record, model)


def _train(
    prepared: Prepared, source: Model | JointModel | None, record: RunRecord, listener: Listener
) -> tuple[Model, bool]:
    """Train and save before anything else; the model, and whether Ctrl-C ended it."""
    with MetricsFile(record.run_dir / "metrics.jsonl") as metrics:
        training = train_on([prepared], Listeners(listener, metrics))
    (done,) = learnt([prepared], training)
    note_training(record, training, [done])
    _save(done.model, source, record.run_dir / "model")
    record.training["saved"] = True
    if training.error is not None:
        raise training.error
    return done.model, training.interrupted


def _frozen_source(prepared: Prepared, plugins: PluginManager) -> Model | JointModel:
    """The model that a head is added to; its encoder, which the new head reads, is frozen."""
    network, task = prepared.model.network, prepared.config.task
    try:
        source = load_model(
            Path(prepared.source.folder), plugins, network.device, EncoderStore(None)
        )
    except (UsageError, DataError) as error:
        raise UsageError(
            f"--add-head: {prepared.config.encoder} is no model of nlpengine to add a head to "
            f"({error})."
        ) from error
    names = source.models if isinstance(source, JointModel) else {source.task.name: source}
    if task in names:
        raise UsageError(f"--add-head: {prepared.config.encoder} has a head for {task!r} already.")
    for parameter in network.encoder.parameters():
        parameter.requires_grad_(False)
    return source


def _save(model: Model, source: Model | JointModel | None, folder: Path) -> None:
    if source is not None:
        save_joint(with_head(model, source), folder)
    else:
        save_model(model, folder)
