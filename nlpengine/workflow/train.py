"""The training loop: one function, top to bottom."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from nlpengine.encoders.device import is_out_of_memory
from nlpengine.encoding.packing import fill
from nlpengine.errors import DataError, DeviceError
from nlpengine.workflow.inference import Network
from nlpengine.workflow.listener import EvaluationReport, Listener
from nlpengine.workflow.optimiser import (
    LossScale,
    learning_rate,
    make_optimiser,
    normalise_and_clip,
    parameters_of,
    zero_gradients,
)
from nlpengine.workflow.order import epoch_steps, interleave, step_seed
from nlpengine.workflow.training import Best, DevScore, Meter, Schedule, Training, TrainingSet
from nlpengine.workflow.used_rows import used_rows

Loss = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""(logits, gold) → (summed loss, summed weight)."""


@dataclass(frozen=True, slots=True)
class Course:
    """What one task has a network learn.

    Attributes:
        network: Encoder and head; the courses of one training share the encoder.
        data: What to learn from.
        loss: The task's.
        batch_size: Windows in an optimiser step of it.
        lr: The peak learning rate of these steps.
    """

    network: Network
    data: TrainingSet
    loss: Loss
    batch_size: int
    lr: float


def train(
    courses: Sequence[Course],
    schedule: Schedule,
    evaluate: Callable[[], DevScore] | None,
    listener: Listener,
) -> Training:
    """Fine-tune in place, and leave the best weights on the dev split; no later error loses them.

    Each optimiser step is of one course; an epoch takes all steps of all of them, mixed.

    Args:
        courses: At least one.
        schedule: How.
        evaluate: Scores the networks on the dev split; None to keep the last weights.
        listener: Told about steps and evaluations.

    Raises:
        DataError: No window holds gold.
        DeviceError: Memory is out even for one window, or the loss is no number: before any score.
    """
    done = Training()
    modules = list({id(m): m for c in courses for m in c.network.modules()}.values())
    keeper = Best(modules)
    encoder = courses[0].network.encoder.model
    named = (encoding for course in courses for encoding in course.data.encodings)
    with torch.random.fork_rng(), used_rows(encoder, named):
        optimiser = make_optimiser(modules, courses[0].lr, schedule.weight_decay)
        per_epoch = len(_epoch(courses, schedule, 0))
        total = per_epoch * schedule.epochs
        meter = Meter(total, schedule)
        scale = LossScale.of(courses[0].network.device.precision)
        try:
            for epoch, course, windows in _steps(courses, schedule):
                started = time.perf_counter()
                rate = learning_rate(done.steps, total, course.lr, schedule.warmup)
                value, norm = _step(course, windows, optimiser, scale, rate, schedule, done)
                done.count([course.data.encodings[w] for w in windows], started)
                meter.add(value, rate, norm, epoch, done, listener)
                last_of_epoch = done.steps % per_epoch == 0
                if last_of_epoch and done.idle == done.steps:
                    raise DataError("no window of train holds gold: there is nothing to learn")
                if evaluate and _is_due(done.steps, schedule.evaluate_every, last_of_epoch):
                    _evaluate(evaluate, keeper, done, epoch, listener)
                    if keeper.stale(schedule.patience):
                        done.stopped_early = True
                        break
        except KeyboardInterrupt:
            done.interrupted = True
        except Exception as error:
            if done.best is None:
                raise
            done.error = error
        keeper.restore()
    if done.interrupted and evaluate and done.best is None:
        listener.note("interrupted before any score on dev: the last weights are kept, untuned")
    if done.idle:
        listener.note(f"steps without gold in any window, which taught nothing: {done.idle:,}")
    return done


def _steps(
    courses: Sequence[Course], schedule: Schedule
) -> Iterator[tuple[int, Course, list[int]]]:
    """Epoch, course and windows of every step, in order."""
    for epoch in range(schedule.epochs):
        for course, windows in _epoch(courses, schedule, epoch):
            yield epoch, course, windows


def _epoch(
    courses: Sequence[Course], schedule: Schedule, epoch: int
) -> list[tuple[Course, list[int]]]:
    """The steps of an epoch: whose they are, and their windows."""
    steps = [
        epoch_steps(schedule.seed, epoch, course.data.windows_of, course.batch_size)
        for course in courses
    ]
    waiting = [iter(own) for own in steps]
    turns = interleave(schedule.seed, epoch, [len(own) for own in steps])
    return [(courses[turn], next(waiting[turn])) for turn in turns]


def _step(
    course: Course,
    windows: Sequence[int],
    optimiser: torch.optim.Optimizer,
    scale: LossScale,
    rate: float,
    schedule: Schedule,
    done: Training,
) -> tuple[float, float]:
    """One optimiser step over any number of micro-batches → (mean loss, gradient norm)."""
    network = course.network
    parameters = parameters_of(optimiser)
    own = {id(p) for module in network.modules() for p in module.parameters()}
    idle = [parameter for parameter in parameters if id(parameter) not in own]
    lengths = [len(course.data.encodings[window]) for window in windows]
    while True:
        for module in network.modules():
            # A frozen module stays as it predicts, without dropout.
            module.train(any(parameter.requires_grad for parameter in module.parameters()))
        torch.manual_seed(step_seed(schedule.seed, done.steps))
        zero_gradients(parameters, idle)
        try:
            summed, weight = _gradients(course, windows, lengths, scale.value)
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            network.budget.halve(error, max(lengths))
            continue
        norm = float("nan")
        if weight > 0:
            norm = normalise_and_clip(parameters, weight * scale.value, schedule.clip)
        if weight == 0 or np.isfinite(norm) or not scale.overflowed():
            break
    if weight == 0 and np.isfinite(summed):
        done.idle += 1
        return 0.0, 0.0
    if not np.isfinite(summed) or not np.isfinite(norm) or weight <= 0:
        raise DeviceError(
            f"the loss of step {done.steps + 1} is {summed} (weight {weight}), its gradient's norm "
            f"{norm}: training can't go on. Lower --lr, or use --precision fp32."
        )
    scale.held()
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.step()
    return summed / weight, norm


def _gradients(
    course: Course, windows: Sequence[int], lengths: Sequence[int], scale: float
) -> tuple[float, float]:
    """Add up gradients of ``scale`` times the summed loss → (summed loss, summed weight)."""
    network, data = course.network, course.data
    summed, weight = 0.0, 0.0
    for part in fill(lengths, network.budget.tokens):
        chosen = [windows[i] for i in part]
        batch = network.pack([data.encodings[w] for w in chosen])
        gold = data.gold_of([chosen[i] for i in batch.order], network.kind)
        logits = network.for_loss(batch, network.forward(batch))
        part_sum, part_weight = course.loss(logits, gold.to(logits.device))
        (part_sum * scale if scale != 1.0 else part_sum).backward()
        summed += float(part_sum.detach())
        weight += float(part_weight)
    return summed, weight


def _is_due(step: int, every: int | None, last_of_epoch: bool) -> bool:
    return last_of_epoch if every is None else step % every == 0 or last_of_epoch


def _evaluate(
    evaluate: Callable[[], DevScore],
    keeper: Best,
    done: Training,
    epoch: int,
    listener: Listener,
) -> None:
    found = evaluate()
    best = keeper.offer(found.score)
    if best:
        done.best, done.best_step = found, done.steps
    report = EvaluationReport(done.steps, epoch + 1, found.metric, found.score, best)
    done.evaluations.append(report)
    listener.evaluated(report)
