"""Checks of loss and training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nlpengine.plugin.prediction import IGNORED, WindowLogits
from nlpengine.testing.checking import require
from nlpengine.testing.task_checks.subject import Subject
from nlpengine.testing.task_checks.values import json_of

if TYPE_CHECKING:
    from torch import Tensor

ROUNDS = 6
EPOCHS = 30
STEPS = 150
CLOSE = 0.02
"""How far below the best a score may be after learning by heart."""


def gradient(subject: Subject) -> None:
    """The loss is finite, and every parameter and every logit gets a finite gradient."""
    import torch

    made = subject.prepare()
    network, logits = made.model.network, []
    for module in network.modules():
        module.train()

    def loss(rows: Tensor, gold: Tensor) -> Any:
        rows.retain_grad()
        logits.append(rows)
        return subject.task.loss(rows, gold, made.model.labels, made.model.options)

    batch = network.pack(made.training.encodings)
    gold = made.training.gold_of(batch.order, network.kind)
    summed, weight = loss(network.for_loss(batch, network.forward(batch)), gold)
    _check_loss(summed, weight)
    summed.backward()
    own = logits[0].grad
    if own is None:
        raise AssertionError("the loss gives the logits no gradient")
    columns = own.reshape(-1, own.shape[-1])
    require(bool(torch.isfinite(columns).all()), "the gradient of some logits is no number")
    dead = torch.nonzero((columns == 0).all(dim=0)).flatten().tolist()
    require(not dead, f"the logits {dead} of {columns.shape[1]} have no part in the loss")
    for module, what in ((network.head, "head"), (network.encoder, "encoder")):
        for name, parameter in module.named_parameters():
            if parameter.requires_grad:
                require(parameter.grad is not None, f"no gradient in the {what}'s {name}")
                finite = bool(torch.isfinite(parameter.grad).all())
                require(finite, f"the gradient of the {what}'s {name} is no number")


def _check_loss(summed: Any, weight: Any) -> None:
    """Two finite scalars; the sum leads back to the logits, and the weight isn't 0."""
    import torch

    for what, value in (("sum", summed), ("weight", weight)):
        require(isinstance(value, torch.Tensor), f"the loss's {what} is {value!r:.40}, no tensor")
        require(value.ndim == 0, f"the loss's {what} has the shape {tuple(value.shape)}, not ()")
        number = float(value.detach())
        require(math.isfinite(number), f"the loss's {what} is {number}")
    require(float(weight.detach()) > 0, f"the loss's weight is {float(weight.detach())}")
    require(
        summed.requires_grad,
        "the loss gives no gradient: is it made of detached logits or numbers?",
    )


def additive(subject: Subject) -> None:
    """Sum and weight of the loss are the same however a step's windows are split and ordered."""
    count = len(subject.encodings)
    places = list(range(count))
    splits = {
        "one by one": [[place] for place in places],
        "in halves": [places[::2], places[1::2]],
        "in another order": [places[::-1]],
    }
    rows = _random_rows(subject)
    whole = _loss(subject, places, rows)
    for how, parts in splits.items():
        found = [_loss(subject, part, rows) for part in parts if part]
        for what, index in (("sum", 0), ("weight", 1)):
            together = sum(one[index] for one in found)
            require(
                np.isclose(together, whole[index], rtol=1e-4, atol=1e-5),
                f"the loss's {what} of {count} windows is {whole[index]:.6g} at once and "
                f"{together:.6g} {how}: return a sum and its weight, no mean",
            )
    if subject.prepared.model.network.kind == "token":
        _nothing_to_learn(subject, rows)


def _nothing_to_learn(subject: Subject, rows: Sequence[Tensor]) -> None:
    """A window whose tokens are all without gold: micro-batches may hold nothing else."""
    import torch

    made = subject.prepared
    gold = torch.full((len(rows[0]),), IGNORED)
    summed, weight = subject.task.loss(rows[0], gold, made.model.labels, made.model.options)
    require(
        float(summed) == 0.0 and float(weight) == 0.0,
        f"tokens without gold alone give the loss ({float(summed)}, {float(weight)}), not (0, 0)",
    )


def _random_rows(subject: Subject) -> list[Tensor]:
    """Random logits for each training window."""
    import torch

    made = subject.prepared
    head = subject.task.head(made.model.labels, made.model.options)
    generator = torch.Generator().manual_seed(3)
    shapes = [(len(e), head.size) if head.kind != "sequence" else (head.size,)
              for e in made.training.encodings]  # fmt: skip
    return [torch.randn(shape, generator=generator) for shape in shapes]


def _loss(
    subject: Subject, places: Sequence[int], rows: Sequence[Tensor], *, tensors: bool = False
) -> Any:
    """(sum, weight) of some windows, with logits of one's own."""
    import torch

    made = subject.prepared
    chosen = [rows[place] for place in places]
    kind = made.model.network.kind
    if kind == "sequence":
        logits = torch.stack(chosen)
    elif kind == "token":
        logits = torch.cat(chosen)
    else:
        longest = max(map(len, chosen))
        pads = [row.new_full((longest - len(row), row.shape[1]), -torch.inf) for row in chosen]
        logits = torch.stack([torch.cat(pair) for pair in zip(chosen, pads, strict=True)])
    gold = made.training.gold_of(places, kind)
    summed, weight = subject.task.loss(logits, gold, made.model.labels, made.model.options)
    return (summed, weight) if tensors else (float(summed), float(weight))


def ideal_windows(subject: Subject) -> list[list[WindowLogits]]:
    """Per example, windows with the logits that the task's own loss likes best."""
    if "ideal" not in subject.kept:
        subject.kept["ideal"] = _ideal(subject)
    found: list[list[WindowLogits]] = subject.kept["ideal"]
    return found


def _ideal(subject: Subject) -> list[list[WindowLogits]]:
    import torch

    made = subject.prepared
    # From zero, so that equal rows get equal logits: ranks know ties.
    rows = [row.zero_().requires_grad_() for row in _random_rows(subject)]
    optimiser = torch.optim.Adam(rows, lr=0.3)
    places = list(range(len(rows)))
    for _ in range(STEPS):
        optimiser.zero_grad()
        summed, weight = _loss(subject, places, rows, tensors=True)
        (summed / weight).backward()
        optimiser.step()
    found: list[list[WindowLogits]] = [[] for _ in made.training.windows_of]
    for encoding, row in zip(made.training.encodings, rows, strict=True):
        logits = row.detach().double().numpy()
        found[encoding.example].append(WindowLogits(encoding, logits))
    return found


def learns(subject: Subject) -> None:
    """Logits that make the loss least are decoded to the gold: loss, gold and decode agree."""
    windows = ideal_windows(subject)
    model = subject.prepared.model
    state = subject.task.tune(subject.examples, windows, model.labels, model.options)
    found = [
        subject.decode(example, own, state)
        for example, own in zip(subject.examples, windows, strict=True)
    ]
    name, score = subject.score(found).main
    said = json_of(found[0])
    require(
        score.value >= subject.best - CLOSE,
        f"logits that make the loss least give {name} {score.value:.3f}, not {subject.best:g}: "
        f"decode doesn't answer what loss and gold teach. For the first row: {said!r:.160}",
    )


def overfits(subject: Subject) -> None:
    """Eight rows are learned by heart."""
    from nlpengine.workflow.listener import Listener
    from nlpengine.workflow.train import Course, train

    made = subject.prepare()
    course = Course(made.model.network, made.training, _loss_of(made), batch_size=8, lr=3e-3)
    for _ in range(ROUNDS):
        train([course], _schedule(EPOCHS), None, Listener())
        found = made.model.predict_examples(made.read.train)
        name, score = subject.task.score(made.read.train, found, made.model.labels).main
        if score.value >= subject.best - CLOSE:
            return
    raise AssertionError(
        f"{name} on the eight rows that it learned for {ROUNDS * EPOCHS} epochs is "
        f"{score.value:.3f}, not {subject.best:g}"
    )


def deterministic(subject: Subject) -> None:
    """One seed, one result: trained twice, and decoded twice."""
    from nlpengine.workflow.inference import window_logits
    from nlpengine.workflow.listener import Listener
    from nlpengine.workflow.train import Course, train

    logits, answers = [], []
    for _ in range(2):
        made = subject.prepare()
        course = Course(made.model.network, made.training, _loss_of(made), batch_size=8, lr=3e-3)
        train([course], _schedule(3), None, Listener())
        logits.append(window_logits(made.model.network, made.training.encodings))
        for _ in range(2):
            predictions = made.model.predict_examples(made.read.train)
            answers.append([json_of(prediction) for prediction in predictions])
    require(
        all(np.array_equal(one, other) for one, other in zip(*logits, strict=True)),
        "two trainings with one seed end with different weights: gold or loss draws at random",
    )
    require(
        all(answer == answers[0] for answer in answers),
        "the same logits are decoded to different predictions",
    )


def _loss_of(made: Any) -> Any:
    def loss(logits: Tensor, gold: Tensor) -> Any:
        return made.model.task.loss(logits, gold, made.model.labels, made.model.options)

    return loss


def _schedule(epochs: int) -> Any:
    from nlpengine.workflow.training import Schedule

    return Schedule(epochs=epochs, weight_decay=0.0, warmup=0.1, clip=1.0, seed=0)
