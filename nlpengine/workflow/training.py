"""What training takes and gives, and what the loop keeps an eye on."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nlpengine.encoding import Encoding
from nlpengine.heads import HeadKind
from nlpengine.metrics import Score
from nlpengine.plugin.prediction import State
from nlpengine.workflow.listener import EvaluationReport, Listener, StepReport


@dataclass(frozen=True, slots=True)
class TrainingSet:
    """Encoded training data.

    Attributes:
        encodings: All windows; those of an example stand together.
        gold: Gold of each window, as the head's kind has it: a number or a row of them; one per
            token [tokens]; two places [2].
        windows_of: Per example, the indices of its windows.
    """

    encodings: Sequence[Encoding]
    gold: Sequence[Any]
    windows_of: Sequence[Sequence[int]]

    def gold_of(self, windows: Sequence[int], kind: HeadKind) -> Tensor:
        """Gold of some windows together: [windows, …], [tokens of all], or [windows, 2]."""
        chosen = [np.asarray(self.gold[window]) for window in windows]
        together = np.concatenate(chosen) if kind == "token" else np.stack(chosen)
        return torch.from_numpy(together)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How to train; the meaning of each field is the flag's of the same name.

    Attributes:
        log_every: Steps between reports.
    """

    epochs: int
    weight_decay: float
    warmup: float
    clip: float
    seed: int
    evaluate_every: int | None = None
    patience: int | None = None
    log_every: int = 10


@dataclass(frozen=True, slots=True)
class DevScore:
    """How the networks do on the dev split.

    Attributes:
        metric: What training is to raise.
        score: Its value.
        states: What each course's task learned there, and was scored with.
    """

    metric: str
    score: Score
    states: tuple[State, ...] = ()


@dataclass(slots=True)
class Training:
    """What came of it.

    Attributes:
        steps: Optimiser steps done.
        windows: Windows trained on, repetitions counted.
        tokens: Tokens trained on, likewise.
        seconds: Spent training, without evaluations.
        best_step: The step whose weights the network has now; 0 where none was evaluated.
        best: What it was on dev.
        evaluations: All of them.
        stopped_early: Whether patience ran out.
        interrupted: Whether Ctrl-C ended it.
        idle: Steps that taught nothing, as no window of theirs held gold.
        error: What ended it after that best step; whoever keeps the weights raises it then.
    """

    steps: int = 0
    windows: int = 0
    tokens: int = 0
    seconds: float = 0.0
    best_step: int = 0
    best: DevScore | None = None
    evaluations: list[EvaluationReport] = field(default_factory=list)
    stopped_early: bool = False
    interrupted: bool = False
    idle: int = 0
    error: Exception | None = None

    def count(self, trained: Sequence[Encoding], started: float) -> None:
        """Count a step that began at ``started``, by `time.perf_counter`."""
        self.steps += 1
        self.windows += len(trained)
        self.tokens += sum(map(len, trained))
        self.seconds += time.perf_counter() - started


class Best:
    """Keeps a copy of the best weights seen.

    Args:
        modules: Whose weights.
    """

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        self._modules = modules
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


class Meter:
    """Gathers steps into reports.

    Args:
        total: Steps of the whole training.
        schedule: How often to report.
    """

    def __init__(self, total: int, schedule: Schedule) -> None:
        self._total = total
        self._schedule = schedule
        self._began = time.perf_counter()
        self._losses: list[float] = []
        self._mark = (0, 0, 0.0)

    def add(
        self, loss: float, rate: float, norm: float, epoch: int, done: Training, listener: Listener
    ) -> None:
        """Count a step; tell the listener where a report is due."""
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
