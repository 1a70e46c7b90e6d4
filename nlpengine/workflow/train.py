"""The training loop: one function, top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from nlpengine.encoders.device import is_out_of_memory
from nlpengine.encoding import Encoding
from nlpengine.encoding.packing import fill
from nlpengine.errors import DeviceError
from nlpengine.metrics import Score
from nlpengine.workflow.inference import Network
from nlpengine.workflow.listener import EvaluationReport, Listener, StepReport
from nlpengine.workflow.optimiser import (
    learning_rate,
    make_optimiser,
    normalise_and_clip,
    parameters_of,
    zero_gradients,
)
from nlpengine.workflow.order import epoch_steps, step_seed

Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""(logits, gold) → (summed loss, summed weight)."""


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Encoded training data.

    Attributes:
        encodings: All windows; those of an example stand together.
        gold: Gold of each window.
        windows_of: Per example, the indices of its windows.
    """

    encodings: Sequence[Encoding]
    gold: np.ndarray
    windows_of: Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How to train; the meaning of each field is the flag's of the same name.

    Attributes:
        log_every: Steps between reports.
    """

    epochs: int
    lr: float
    batch_size: int
    weight_decay: float
    warmup: float
    clip: float
    seed: int
    evaluate_every: int | None = None
    patience: int | None = None
    log_every: int = 10


@dataclass(slots=True)
class Training:
    """What came of it.

    Attributes:
        steps: Optimiser steps done.
        windows: Windows trained on, repetitions counted.
        tokens: Tokens trained on, likewise.
        seconds: Spent training, without evaluations.
        best_step: The step whose weights the network has now; 0 where none was evaluated.
        best: Its score.
        evaluations: All of them.
        stopped_early: Whether patience ran out.
        interrupted: Whether Ctrl-C ended it.
    """

    steps: int = 0
    windows: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best_step: int = 0
    best: Score | None = None
    evaluations: list[EvaluationReport] = field(default_factory=list)
    stopped_early: bool = False
    interrupted: bool = False


def train(
    network: Network,
    data: TrainingSet,
    loss: Loss,
    schedule: Schedule,
    evaluate: Callable[[], tuple[str, Score]] | None,
    listener: Listener,
) -> Training:
    """Fine-tune a network in place and leave it with its best weights on the dev split.

    Args:
        network: Encoder and head.
        data: What to learn from.
        loss: The task's.
        schedule: How.
        evaluate: Scores the network on the dev split; None to keep the last weights.
        listener: Told about steps and evaluations.

    Raises:
        DeviceError: Memory is out even for one window, or the loss is no number.
    """
    done = Training()
    keeper = _Best(network)
    with torch.random.fork_rng(), _RowGradients(network):
        optimiser = make_optimiser(network.modules(), schedule.lr, schedule.weight_decay)
        per_epoch = len(epoch_steps(schedule.seed, 0, data.windows_of, schedule.batch_size))
        total = per_epoch * schedule.epochs
        meter = _Meter(total, schedule)
        try:
            for epoch in range(schedule.epochs):
                steps = epoch_steps(schedule.seed, epoch, data.windows_of, schedule.batch_size)
                for windows in steps:
                    started = time.perf_counter()
                    rate = learning_rate(done.steps, total, schedule.lr, schedule.warmup)
                    value, norm = _step(
                        network, data, windows, loss, optimiser, rate, schedule, done
                    )
                    done.steps += 1
                    done.windows += len(windows)
                    done.tokens += sum(len(data.encodings[w]) for w in windows)
                    done.seconds += time.perf_counter() - started
                    meter.add(value, rate, norm, epoch, done, listener)
                    last_of_epoch = done.steps % per_epoch == 0
                    if evaluate and _is_due(done.steps, schedule.evaluate_every, last_of_epoch):
                        _evaluate(evaluate, keeper, done, epoch, listener)
                        if keeper.stale(schedule.patience):
                            done.stopped_early = True
                            break
                if done.stopped_early:
                    break
        except KeyboardInterrupt:
            done.interrupted = True
    keeper.restore()
    return done


def _step(
    network: Network,
    data: TrainingSet,
    windows: Sequence[int],
    loss: Loss,
    optimiser: torch.optim.Optimizer,
    rate: float,
    schedule: Schedule,
    done: Training,
) -> tuple[float, float]:
    """One optimiser step over any number of micro-batches → (mean loss, gradient norm)."""
    parameters = parameters_of(optimiser)
    lengths = [len(data.encodings[window]) for window in windows]
    while True:
        for module in network.modules():
            module.train()
        torch.manual_seed(step_seed(schedule.seed, done.steps))
        zero_gradients(parameters)
        summed, weight = 0.0, 0.0
        try:
            for part in fill(lengths, network.budget.tokens):
                chosen = [windows[i] for i in part]
                batch = network.pack([data.encodings[w] for w in chosen])
                gold = torch.from_numpy(data.gold[[chosen[i] for i in batch.order]])
                part_sum, part_weight = loss(
                    network.forward(batch), gold.to(batch.input_ids.device)
                )
                part_sum.backward()  # type: ignore[no-untyped-call]
                summed += float(part_sum.detach())
                weight += float(part_weight)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            network.budget.halve(error, max(lengths))
            continue
        break
    if not np.isfinite(summed) or weight <= 0:
        raise DeviceError(
            f"the loss of step {done.steps + 1} is {summed} (weight {weight}): training can't "
            "go on. Lower --lr, or use --precision fp32."
        )
    norm = normalise_and_clip(parameters, weight, schedule.clip)
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.step()
    return summed / weight, norm


def _is_due(step: int, every: int | None, last_of_epoch: bool) -> bool:
    return last_of_epoch if every is None else step % every == 0 or last_of_epoch


def _evaluate(
    evaluate: Callable[[], tuple[str, Score]],
    keeper: _Best,
    done: Training,
    epoch: int,
    listener: Listener,
) -> None:
    metric, score = evaluate()
    best = keeper.offer(score)
    if best:
        done.best, done.best_step = score, done.steps
    report = EvaluationReport(done.steps, epoch + 1, metric, score, best)
    done.evaluations.append(report)
    listener.evaluated(report)


class _Best:
    """Keeps a copy of the best weights seen."""

    def __init__(self, network: Network) -> None:
        self._modules = network.modules()
        self._score: float | None = None
        self._weights: list[dict[str, Tensor]] = []
        self._worse = 0

    def offer(self, score: Score) -> bool:
        """Keep the present weights if they are better than all before."""
        if self._score is not None and score.value <= self._score:
            self._worse += 1
            return False
        self._score, self._worse = score.value, 0
        self._weights = [
            {name: value.detach().clone() for name, value in module.state_dict().items()}
            for module in self._modules
        ]
        return True

    def stale(self, patience: int | None) -> bool:
        """Whether the last ``patience`` evaluations were none the best."""
        return patience is not None and self._worse >= patience

    def restore(self) -> None:
        """Put the best weights back."""
        for module, weights in zip(self._modules, self._weights, strict=False):
            module.load_state_dict(weights)


class _Meter:
    """Gathers steps into reports."""

    def __init__(self, total: int, schedule: Schedule) -> None:
        self._total = total
        self._schedule = schedule
        self._began = time.perf_counter()
        self._losses: list[float] = []
        self._mark = (0, 0, 0.0)

    def add(
        self, loss: float, rate: float, norm: float, epoch: int, done: Training, listener: Listener
    ) -> None:
        self._losses.append(loss)
        if done.steps % self._schedule.log_every and done.steps != self._total:
            return
        windows, tokens, seconds = self._mark
        spent = max(done.seconds - seconds, 1e-9)
        listener.step(
            StepReport(
                step=done.steps,
                steps=self._total,
                epoch=epoch + 1,
                epochs=self._schedule.epochs,
                loss=sum(self._losses) / len(self._losses),
                lr=rate,
                gradient_norm=norm,
                texts_per_s=(done.windows - windows) / spent,
                tokens_per_s=(done.tokens - tokens) / spent,
                seconds=time.perf_counter() - self._began,
            )
        )
        self._losses = []
        self._mark = (done.windows, done.tokens, done.seconds)


class _RowGradients:
    """Let the word embeddings give gradients of the rows they used, on the CPU.

    A step touches a few hundred of 30,000 rows; a dense gradient is built and added for all of
    them, 6 % of a step. Rows are added into the same dense gradient, so the optimiser
    sees no difference.
    """

    def __init__(self, network: Network) -> None:
        find = getattr(network.encoder.model, "get_input_embeddings", None)
        found = find() if find and network.device.torch.type == "cpu" else None
        self._embedding = found if isinstance(found, nn.Embedding) else None

    def __enter__(self) -> None:
        if self._embedding is not None:
            self._embedding.sparse = True

    def __exit__(self, *unused: object) -> None:
        if self._embedding is not None:
            self._embedding.sparse = False
