"""A run of several tasks on one encoder: trained together, saved as one model, reported apart."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nlpengine.encoders.device import choose_device
from nlpengine.errors import UsageError
from nlpengine.metrics import Score
from nlpengine.plugin.manager import PluginManager
from nlpengine.workflow.config import RunConfig, make_config
from nlpengine.workflow.files import write_json
from nlpengine.workflow.joint import JointModel
from nlpengine.workflow.joint_folder import save_joint
from nlpengine.workflow.listener import Listener, Listeners, MetricsFile
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

PER_TASK = ("data", "format", "map", "options")
"""Settings that each task has of its own."""


@dataclass(frozen=True, slots=True)
class JointRun:
    """A finished run of several tasks.

    Attributes:
        path: The run folder; each task's own record, predictions and report are in a folder in it.
        records: Task → what its run.json holds.
        model: The trained model.
    """

    path: Path
    records: Mapping[str, RunRecord]
    model: JointModel

    @property
    def metrics(self) -> dict[str, dict[str, Score]]:
        """Task → its test metrics, the main one first."""
        return {
            name: dict(record.scores.metrics) if record.scores else {}
            for name, record in self.records.items()
        }

    @property
    def status(self) -> str:
        """As in the records, where it is the same."""
        return next(iter(self.records.values())).status

    def to_json(self) -> dict[str, Any]:
        """What run.json holds: each task's under its name."""
        return {
            "format": 1,
            "status": self.status,
            "task": ",".join(self.records),
            "run_dir": str(self.path),
            "tasks": {name: record.to_json() for name, record in self.records.items()},
        }


def joint_configs(names: Sequence[str], settings: Mapping[str, Any]) -> dict[str, RunConfig]:
    """The settings of each task of a run of several.

    Args:
        names: The tasks.
        settings: Of all; ``data``, ``map`` and ``options`` are each task → its own.

    Raises:
        UsageError: A task is named twice, a setting is for a task that isn't among them, or is
            none that such a run can have.
    """
    if len(set(names)) < len(names):
        raise UsageError(f"a task is named twice in {','.join(names)}.")
    for setting in ("from_scratch", "add_head"):
        if settings.get(setting):
            raise UsageError(f"--{setting.replace('_', '-')} is for one task alone: name one.")
    common = {name: value for name, value in settings.items() if name not in PER_TASK}
    for setting in PER_TASK:
        own = settings.get(setting, {})
        if not isinstance(own, Mapping) or own.keys() - set(names):
            raise UsageError(
                f"{setting}: with several tasks, say whose it is: "
                + ", ".join(f"{name}=…" for name in names)
            )
    return {
        name: make_config(
            {
                "task": name,
                **common,
                **{s: settings[s][name] for s in PER_TASK if name in settings.get(s, {})},
            }
        )
        for name in names
    }


def execute_joint(
    configs: Mapping[str, RunConfig], plugins: PluginManager, listener: Listener
) -> JointRun:
    """Train several tasks on one encoder, test each, save all as one model.

    Each optimiser step is of one task; an epoch takes all steps of all of them, mixed, so tasks
    count in proportion to their data.

    Args:
        configs: Task → its settings; those that are not a task's own are alike.
        plugins: Where tasks come from.
        listener: Told what happens.

    Raises:
        NlpengineError: Whatever a user can cause; nothing is left behind but the run folder.
    """
    began = time.perf_counter()
    listeners = Listeners(listener)
    check_output(next(iter(configs.values())))
    device = choose_device(*_device(configs))
    prepared = _prepare_all(configs, plugins, listeners)
    first = next(iter(prepared.values()))
    together = first.config.model_copy(update={"task": ",".join(configs)})
    folder = make_folder(together, first.source)
    records: dict[str, RunRecord] = {}
    for name, one in prepared.items():
        (folder / name).mkdir()
        records[name] = new_record(one, folder / name, device, plugins)
    model = JointModel({name: one.model for name, one in prepared.items()})
    run = JointRun(folder, records, model)
    try:
        model, interrupted = _train(prepared, records, folder, listener)
        run = replace(run, model=model)
        for name, one in prepared.items():
            if not interrupted:
                test_trained(one, model.models[name], records[name], listeners)
        _set_status(records, "interrupted" if interrupted else "finished")
    except KeyboardInterrupt:
        _set_status(records, "interrupted")
    except BaseException as error:
        _set_status(records, "failed")
        listeners.note(f"failed: {error}")
        if (folder / "model").exists():
            listeners.note(f"the trained model is kept: {folder / 'model'}")
        raise
    finally:
        for record in records.values():
            record.notes = listeners.notes
            record.timings["total_s"] = time.perf_counter() - began
            write_json(record.run_dir / "run.json", record.to_json())
        write_json(folder / "run.json", run.to_json())
    return run


def _train(
    prepared: Mapping[str, Prepared],
    records: Mapping[str, RunRecord],
    folder: Path,
    listener: Listener,
) -> tuple[JointModel, bool]:
    """Train and save before anything else; the model, and whether Ctrl-C ended it."""
    with MetricsFile(folder / "metrics.jsonl") as metrics:
        training = train_on(list(prepared.values()), Listeners(listener, metrics))
    done = learnt(list(prepared.values()), training)
    model = JointModel({name: one.model for name, one in zip(prepared, done, strict=True)})
    for record in records.values():
        note_training(record, training, done)
    save_joint(model, folder / "model")
    for record in records.values():
        record.training["saved"] = True
    if training.error is not None:
        raise training.error
    return model, training.interrupted


def _device(configs: Mapping[str, RunConfig]) -> tuple[str, Any]:
    first = next(iter(configs.values()))
    return first.device, first.precision


def _set_status(records: Mapping[str, RunRecord], status: Any) -> None:
    for record in records.values():
        record.status = status


def _prepare_all(
    configs: Mapping[str, RunConfig], plugins: PluginManager, listeners: Listeners
) -> dict[str, Prepared]:
    """Each task's data and head, all on the first one's encoder; as many epochs for all."""
    device = choose_device(*_device(configs))
    prepared: dict[str, Prepared] = {}
    for name, config in configs.items():
        listeners.phase(f"preparing {name}")
        shared = next(iter(prepared.values())).model.network if prepared else None
        prepared[name] = prepare(config, plugins.task(name), device, plugins, listeners, shared)
    epochs = max(int(one.config.epochs or 0) for one in prepared.values())
    own = (
        f"steps of {name} have batch_size {one.config.batch_size} and lr {one.config.lr:g}"
        for name, one in prepared.items()
    )
    listeners.note(f"all tasks together: epochs {epochs}; {', '.join(own)}")
    return {
        name: replace(one, config=one.config.model_copy(update={"epochs": epochs}))
        for name, one in prepared.items()
    }
