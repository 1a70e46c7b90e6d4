"""The loop: gradients, memory, seeds, selection, interruption."""

import dataclasses

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpengine.encoders.checkpoint import build_head, load_encoder
from nlpengine.encoders.device import choose_device
from nlpengine.encoders.families import FAMILIES
from nlpengine.encoders.kernels import LinearChoice
from nlpengine.encoding.encoding import Encoding
from nlpengine.encoding.packing import fill
from nlpengine.errors import DataError, DeviceError
from nlpengine.metrics import Score
from nlpengine.workflow.inference import Network, TokenBudget, window_logits
from nlpengine.workflow.listener import Listener
from nlpengine.workflow.optimiser import learning_rate, make_optimiser
from nlpengine.workflow.order import epoch_order, epoch_steps, step_seed
from nlpengine.workflow.train import Course, train
from nlpengine.workflow.training import DevScore, Schedule, TrainingSet


def make_network(folder, *, dropout=0.0, seed=0) -> Network:
    encoder = load_encoder(folder, LinearChoice(False, "test"))
    shape = FAMILIES["bert"].heads["sequence"]
    head = build_head(encoder.config, shape, 2, seed=seed)
    for module in (*encoder.modules(), *head.modules()):
        if hasattr(module, "p"):
            module.p = dropout
    return Network(encoder, head, "sequence", choose_device("cpu"), TokenBudget(100_000))


def make_data(count=24, seed=0) -> TrainingSet:
    generator = np.random.default_rng(seed)
    encodings, gold = [], []
    for number in range(count):
        label = number % 2
        ids = generator.integers(10, 30, generator.integers(3, 40)) + 25 * label
        ids = ids.astype(np.int32)
        encodings.append(Encoding(ids, np.zeros_like(ids), number, 0, 0, len(ids)))
        gold.append(label)
    return TrainingSet(encodings, np.asarray(gold), [[i] for i in range(count)])


def loss(logits, gold):
    losses = torch.nn.functional.cross_entropy(logits, gold, reduction="none")
    return losses.sum(), torch.tensor(float(len(gold)))


def weighted_loss(logits, gold):
    losses = torch.nn.functional.cross_entropy(logits, gold, reduction="none")
    weights = torch.where(gold == 1, 3.0, 0.5)
    return (losses * weights).sum(), weights.sum()


SCHEDULE = Schedule(epochs=1, weight_decay=0.01, warmup=0.1, clip=1.0, seed=0, log_every=1)


def course(network, data, criterion, batch_size=24, lr=1e-3) -> Course:
    return Course(network, data, criterion, batch_size, lr)


class Recorder(Listener):
    def __init__(self):
        self.steps, self.notes, self.evaluations = [], [], []

    def step(self, report):
        self.steps.append(report)

    def evaluated(self, report):
        self.evaluations.append(report)

    def note(self, sentence):
        self.notes.append(sentence)


def weights(network) -> dict[str, torch.Tensor]:
    return {
        f"{place}.{name}": value.clone()
        for place, module in enumerate(network.modules())
        for name, value in module.state_dict().items()
    }


def gradients_of_one_step(folder, budget, criterion) -> torch.Tensor:
    """The clipped mean gradient that reaches the optimiser."""
    network = make_network(folder)
    network.budget.tokens = budget
    seen = []

    def spy(self, closure=None):
        seen.append(
            torch.cat([p.grad.flatten() for g in self.param_groups for p in g["params"]]).clone()
        )

    patch = pytest.MonkeyPatch()
    patch.setattr(torch.optim.AdamW, "step", spy)
    try:
        train([course(network, make_data(), criterion)], SCHEDULE, None, Listener())
    finally:
        patch.undo()
    return seen[0]


@pytest.mark.parametrize("criterion", [loss, weighted_loss])
def test_any_micro_batching_gives_the_same_gradient(tiny, criterion):
    whole = gradients_of_one_step(tiny, 100_000, criterion)
    for budget in (40, 97, 300):
        parts = gradients_of_one_step(tiny, budget, criterion)
        assert float((whole - parts).norm() / whole.norm()) <= 1e-6


def test_a_mean_of_means_would_be_noticed(tiny):
    """Negative control: normalising each micro-batch on its own is a different gradient."""

    def wrong(logits, gold):
        total, weight = weighted_loss(logits, gold)
        return total / weight, torch.tensor(1.0)

    whole = gradients_of_one_step(tiny, 100_000, wrong)
    parts = gradients_of_one_step(tiny, 97, wrong)
    assert float((whole - parts).norm() / whole.norm()) > 1e-3


def test_two_runs_with_one_seed_are_identical(tiny):
    found = []
    for seed in (0, 0, 1):
        network = make_network(tiny, dropout=0.1)
        schedule = dataclasses.replace(SCHEDULE, epochs=3, seed=seed)
        train([course(network, make_data(), loss, 5)], schedule, None, Listener())
        found.append(weights(network))
    assert all(torch.equal(found[0][name], found[1][name]) for name in found[0])
    assert not all(torch.equal(found[0][name], found[2][name]) for name in found[0])


def test_training_leaves_the_callers_random_state_alone(tiny):
    torch.manual_seed(7)
    before = torch.get_rng_state()
    train([course(make_network(tiny, dropout=0.1), make_data(), loss)], SCHEDULE, None, Listener())
    assert torch.equal(before, torch.get_rng_state())


def fail_above(network, tokens):
    """Make the encoder run out of memory on batches above a size."""
    stock = network.encoder.forward

    def forward(batch, **arguments):
        if batch.tokens > tokens:
            raise torch.OutOfMemoryError(f"{batch.tokens} tokens are too many")
        return stock(batch, **arguments)

    network.encoder.forward = forward


def test_out_of_memory_halves_the_budget_and_changes_nothing(tiny):
    results = []
    for limit in (100_000, 150):
        network, recorder = make_network(tiny), Recorder()
        network.budget.tokens = 600
        network.budget.on_change = recorder.note
        fail_above(network, limit)
        train([course(network, make_data(), loss)], SCHEDULE, None, recorder)
        results.append(weights(network))
        assert bool(recorder.notes) == (limit == 150)
    assert network.budget.tokens == 150
    assert "600" in recorder.notes[0]
    assert "same" in recorder.notes[0]
    for name, value in results[0].items():
        assert torch.allclose(value, results[1][name], atol=1e-5)


def test_out_of_memory_with_one_window_is_an_error(tiny):
    network = make_network(tiny)
    fail_above(network, 0)
    with pytest.raises(DeviceError, match="out of memory with a single window"):
        train([course(network, make_data(), loss)], SCHEDULE, None, Listener())
    with pytest.raises(DeviceError, match="--max-length"):
        window_logits(network, make_data().encodings)


def test_prediction_survives_out_of_memory(tiny):
    network, data = make_network(tiny), make_data()
    expected = window_logits(network, data.encodings)
    fail_above(network, 120)
    got = window_logits(network, data.encodings)
    assert np.abs(np.stack(expected) - np.stack(got)).max() < 1e-5


def test_a_loss_that_is_no_number_stops_training(tiny):
    def bad(logits, gold):
        return logits.sum() * float("nan"), torch.tensor(1.0)

    with pytest.raises(DeviceError, match="the loss of step 1 is nan"):
        train([course(make_network(tiny), make_data(), bad)], SCHEDULE, None, Listener())


def sparse_loss(logits, gold):
    """Only windows of label 1 teach."""
    losses = torch.nn.functional.cross_entropy(logits, gold, reduction="none")
    return (losses * gold).sum(), gold.sum()


def test_steps_without_gold_teach_nothing_and_are_counted(tiny):
    network, data, listener = make_network(tiny), make_data(4), Recorder()
    done = train([course(network, data, sparse_loss, 1)], SCHEDULE, None, listener)
    assert (done.steps, done.idle) == (4, 2)
    assert listener.notes == ["steps without gold in any window, which taught nothing: 2"]


def test_gold_in_no_window_at_all_is_an_error(tiny):
    data = make_data(4)
    data = dataclasses.replace(data, gold=np.zeros_like(data.gold))
    before = weights(network := make_network(tiny))
    with pytest.raises(DataError, match="no window of train holds gold"):
        train([course(network, data, sparse_loss)], SCHEDULE, None, Recorder())
    for name, value in weights(network).items():
        assert torch.equal(value, before[name])


def evaluator(values):
    left = iter(values)
    return lambda: DevScore("accuracy", Score(next(left), 0.0, 1.0, 10))


def test_the_best_weights_are_kept(tiny):
    network, seen = make_network(tiny), []
    scores = evaluator([0.5, 0.9, 0.9, 0.4])
    texts = make_data(seed=1).encodings

    def evaluate():
        seen.append(window_logits(network, texts))
        return scores()

    schedule = dataclasses.replace(SCHEDULE, epochs=4)
    done = train([course(network, make_data(), loss)], schedule, evaluate, Listener())
    assert done.best_step == 2  # among equals the earlier
    assert [report.best for report in done.evaluations] == [True, True, False, False]
    now = window_logits(network, texts)
    assert [np.array_equal(now, then) for then in seen] == [False, True, False, False]


def test_patience_stops_early(tiny):
    schedule = dataclasses.replace(SCHEDULE, epochs=9, patience=2)
    scores = evaluator([0.5, 0.6, 0.6, 0.1] + [0.0] * 9)
    done = train([course(make_network(tiny), make_data(), loss)], schedule, scores, Listener())
    assert done.stopped_early
    assert done.steps == 4


def test_evaluation_every_so_many_steps_and_at_each_epoch(tiny):
    schedule = dataclasses.replace(SCHEDULE, epochs=2, evaluate_every=2)
    done = train(
        [course(make_network(tiny), make_data(), loss, 5)],
        schedule,
        evaluator([0.1] * 9),
        Listener(),
    )
    assert [report.step for report in done.evaluations] == [2, 4, 5, 6, 8, 10]


def test_interruption_keeps_the_best(tiny):
    network = make_network(tiny)
    calls = iter(["first", "second"])

    def evaluate():
        if next(calls) == "second":
            raise KeyboardInterrupt
        return DevScore("accuracy", Score(0.5, 0, 1, 10), ({"threshold": 3},))

    schedule = dataclasses.replace(SCHEDULE, epochs=5)
    done = train([course(network, make_data(), loss)], schedule, evaluate, Listener())
    assert done.interrupted
    assert done.best_step == 1
    assert done.best.states == ({"threshold": 3},)


def test_an_error_after_the_best_loses_nothing(tiny):
    network, texts = make_network(tiny), make_data(seed=1).encodings
    scores, seen = evaluator([0.5]), []

    def evaluate():
        seen.append(window_logits(network, texts))
        return scores()

    def failing(logits, gold):
        total, weight = loss(logits, gold)
        return (total * float("nan"), weight) if seen else (total, weight)

    schedule = dataclasses.replace(SCHEDULE, epochs=5)
    done = train([course(network, make_data(), failing)], schedule, evaluate, Listener())
    assert isinstance(done.error, DeviceError)
    assert done.best_step == 1
    assert np.array_equal(window_logits(network, texts), seen[0])
    with pytest.raises(DeviceError, match="is nan"):  # before there is a best one
        train([course(network, make_data(), failing)], schedule, evaluate, Listener())


def test_an_interruption_before_any_score_is_said(tiny):
    recorder = Recorder()

    def evaluate():
        raise KeyboardInterrupt

    done = train([course(make_network(tiny), make_data(), loss)], SCHEDULE, evaluate, recorder)
    assert (done.interrupted, done.best) == (True, None)
    assert any("before any score on dev" in note for note in recorder.notes)


def test_it_learns(tiny):
    network = make_network(tiny, dropout=0.1)
    data = make_data()
    schedule = dataclasses.replace(SCHEDULE, epochs=30)
    recorder = Recorder()
    train([course(network, data, loss, 8, 2e-3)], schedule, None, recorder)
    right = np.stack(window_logits(network, data.encodings)).argmax(1) == data.gold
    assert right.mean() >= 0.95
    assert recorder.steps[-1].loss < recorder.steps[0].loss / 2


def test_no_decay_on_biases_and_norms(tiny):
    network = make_network(tiny)
    groups = make_optimiser(network.modules(), 1e-3, 0.01).param_groups
    counted = sum(len(group["params"]) for group in groups)
    assert counted == sum(len(list(module.parameters())) for module in network.modules())
    assert {group["weight_decay"] for group in groups} == {0.01, 0.0}
    plain = next(group for group in groups if group["weight_decay"] == 0.0)
    assert all(parameter.dim() == 1 for parameter in plain["params"])


@given(total=st.integers(1, 500), warmup=st.floats(0, 0.9))
def test_learning_rate_rises_then_falls(total, warmup):
    rates = [learning_rate(step, total, 1.0, warmup) for step in range(total)]
    top = rates.index(max(rates))
    assert 0 < max(rates) <= 1.0
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)
    assert min(rates) > 0


@settings(max_examples=50)
@given(
    counts=st.lists(st.integers(1, 4), min_size=1, max_size=30),
    batch=st.integers(1, 9),
    epoch=st.integers(0, 4),
    world=st.integers(1, 3),
)
def test_every_window_is_trained_once_an_epoch(counts, batch, epoch, world):
    windows_of, start = [], 0
    for count in counts:
        windows_of.append(list(range(start, start + count)))
        start += count
    ranks = [
        epoch_steps(3, epoch, windows_of, batch, rank=rank, world=world) for rank in range(world)
    ]
    seen = sorted(window for steps in ranks for step in steps for window in step)
    assert seen == list(range(start))
    assert len({len(steps) for steps in ranks}) == 1
    assert ranks[0] == epoch_steps(3, epoch, windows_of, batch, rank=0, world=world)


def test_order_depends_on_seed_and_epoch_alone():
    assert epoch_order(1, 2, 50) == epoch_order(1, 2, 50)
    assert epoch_order(1, 2, 50) != epoch_order(1, 3, 50)
    assert epoch_order(1, 2, 50) != epoch_order(2, 2, 50)
    seeds = {step_seed(0, step) for step in range(1000)}
    assert len(seeds) == 1000
    assert all(0 <= seed < 2**63 for seed in seeds)


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 120))
def test_filling_a_budget_loses_nothing(lengths, budget):
    batches = list(fill(lengths, budget))
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert sum(lengths[i] for i in batch) <= budget or len(batch) == 1


def test_each_course_has_its_own_batch_size_and_rate(tiny):
    one, recorder = make_network(tiny), Recorder()
    other = dataclasses.replace(one, head=build_head(
        one.encoder.config, FAMILIES["bert"].heads["sequence"], 2, seed=1
    ))  # fmt: skip
    courses = [
        course(one, make_data(), loss, batch_size=4, lr=1e-4),
        course(other, make_data(), loss, batch_size=12),
    ]
    schedule = dataclasses.replace(SCHEDULE, warmup=0.0)
    done = train(courses, schedule, None, recorder)
    assert (done.steps, done.windows) == (24 // 4 + 24 // 12, 48)
    shares = [report.lr / (1 - place / done.steps) for place, report in enumerate(recorder.steps)]
    assert sorted(round(share, 9) for share in shares) == [1e-4] * 6 + [1e-3] * 2
