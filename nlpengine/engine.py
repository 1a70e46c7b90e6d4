"""Engine: the Python API. It holds the plugins of one caller; nothing here is global."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from nlpengine.encoders.device import choose_device
from nlpengine.encoders.store import EncoderStore, parse_bytes
from nlpengine.errors import UsageError
from nlpengine.plugin.listing import Switches
from nlpengine.plugin.manager import PluginManager
from nlpengine.report.html import write_report
from nlpengine.workflow.config import RunConfig, make_config
from nlpengine.workflow.evaluate import Evaluation, evaluate
from nlpengine.workflow.folder import load_model
from nlpengine.workflow.joint import JointModel
from nlpengine.workflow.joint_run import JointRun, execute_joint, joint_configs
from nlpengine.workflow.listener import Listener
from nlpengine.workflow.model import Model
from nlpengine.workflow.record import RunRecord
from nlpengine.workflow.run import Run, execute


class Engine:
    """Runs tasks and opens models.

    Args:
        switches: Which plugins may load; by default what the environment says.
        memory_budget: What the encoders of opened models may take together ("6GB"): models with the
            same encoder share it, and the least recently used ones give their weights up and read
            them again when needed. None for no bound.

    Raises:
        UsageError: The budget is no amount of memory.

    Example::

        run = Engine().run("sentiment", data="reviews/", epochs=2)
        run.metrics["accuracy"].value
        run.model("What a lovely day.").label
    """

    def __init__(
        self, *, switches: Switches | None = None, memory_budget: str | int | None = None
    ) -> None:
        self.plugins = PluginManager(switches)
        self.encoders = EncoderStore(None if memory_budget is None else parse_bytes(memory_budget))

    def run(self, task: str, *, listener: Listener | None = None, **settings: Any) -> Run:
        """Fine-tune, evaluate, compare and save.

        Args:
            task: An installed task's name, or a single file's: "./my_task.py:emotion".
            listener: Told what happens; nothing is printed without one.
            settings: As the flags of ``nlpengine run``: encoder, data, epochs, lr … and the task's
                own options (``decoder="crf"``, which is ``options={"decoder": "crf"}``, too).

        Raises:
            NlpengineError: Whatever is wrong, in one message.
            KeyboardInterrupt: Ctrl-C in training; it says where the best model so far is.
        """
        config = make_config({"task": task, **self._with_options(task, settings)})
        with self.plugins.blaming():
            run = execute(config, self.plugins, listener or Listener())
            write_report(run.record)
        if run.record.status == "interrupted":
            raise _interrupted(run.record, run.path)
        return run

    def _with_options(self, task: str, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Settings with the task's own options, named among them, where they belong."""
        others = settings.keys() - RunConfig.model_fields
        if not others:
            return dict(settings)
        own = others & {field.name for field in fields(self.plugins.task(task).options)}
        options = dict(settings.get("options", {}))
        for name in sorted(own & options.keys()):
            raise UsageError(
                f"{name} is given twice: among the settings, and in options. Leave one."
            )
        options |= {name: settings[name] for name in own}
        return {n: v for n, v in settings.items() if n not in own} | {"options": options}

    def run_joint(
        self, tasks: Sequence[str], *, listener: Listener | None = None, **settings: Any
    ) -> JointRun:
        """Train several tasks on one encoder, which one pass then answers.

        Args:
            tasks: Their names; or single files, "./my_task.py:emotion".
            listener: Told what happens; nothing is printed without one.
            settings: As for `run`; ``data``, ``format``, ``map`` and ``options`` are dicts
                by task.

        Raises:
            NlpengineError: Whatever is wrong, in one message.
            KeyboardInterrupt: Ctrl-C in training; it says where the best model so far is.

        Example::

            run = Engine().run_joint(["sentiment", "ner"], data={"sentiment": "reviews/"})
            run.model("Greta loved the soup in Bergen.")["ner"].entities
        """
        names = [self.plugins.task(task).name for task in tasks]
        configs = joint_configs(names, settings)
        with self.plugins.blaming():
            done = execute_joint(configs, self.plugins, listener or Listener())
            for record in done.records.values():
                write_report(record)
        if done.status == "interrupted":
            raise _interrupted(next(iter(done.records.values())), done.path)
        return done

    def load(
        self,
        path: str | Path,
        *,
        task: str | None = None,
        device: str = "auto",
        batch_tokens: int | None = None,
    ) -> Model | JointModel:
        """Open a run, a model folder, or a stock fine-tuned checkpoint.

        Args:
            path: The folder.
            task: The task of a stock checkpoint, which doesn't say; or "FILE.py:NAME" of a model
                whose task is a single file that was never run here.
            device: "auto", "cpu", "cuda" or "cuda:N".
            batch_tokens: Tokens in a batch of predictions.

        Raises:
            NlpengineError: It can't be opened.
        """
        where = choose_device(device)
        with self.plugins.blaming():
            return load_model(
                Path(path), self.plugins, where, self.encoders, task=task, budget=batch_tokens
            )

    def evaluate(
        self,
        model: Model | JointModel,
        data: str | Path,
        *,
        map: dict[str, str] | None = None,
        format: str | None = None,
    ) -> Evaluation:
        """Score a model on a labelled file or a folder's test split.

        Args:
            model: From `load` or a run.
            data: Where the rows are.
            map: Field → column, where names can't be inferred.
            format: Of the files, where names don't say it.

        Raises:
            DataError: The rows can't be used.
            UsageError: A model of several tasks: choose one when loading it.
        """
        if isinstance(model, JointModel):
            raise UsageError(
                f"the model has heads for {', '.join(model.models)}: choose one with --task "
                "(in Python: load(…, task=…))."
            )
        with self.plugins.blaming():
            return evaluate(model, str(data), map or {}, self.plugins.readers.wanting(format))


def _interrupted(record: RunRecord, folder: Path) -> KeyboardInterrupt:
    if not record.training.get("saved"):
        return KeyboardInterrupt("no model was saved yet")
    return KeyboardInterrupt(f"the best model so far is kept: {folder / 'model'}")


def load(path: str | Path, *, task: str | None = None, device: str = "auto") -> Model | JointModel:
    """Open a model with an engine of its own; see `Engine.load`."""
    return Engine().load(path, task=task, device=device)
