"""Training only the rows of the word embeddings that the data names: the weights are the same."""

import contextlib

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nlpengine.metrics import Score
from nlpengine.workflow import train as loop
from nlpengine.workflow.inference import window_logits
from nlpengine.workflow.listener import Listener
from nlpengine.workflow.train import Course, train
from nlpengine.workflow.training import DevScore, Schedule
from nlpengine.workflow.used_rows import used_rows

from .test_train import loss, make_data, make_network

SCHEDULE = Schedule(epochs=2, weight_decay=0.1, warmup=0.1, clip=1.0, seed=0)


def trained(tiny, monkeypatch, *, all_rows, scores=()):
    """Weights after training; ``scores`` are what its evaluations find."""
    network, data, waiting = make_network(tiny), make_data(), list(scores)

    def evaluate():
        window_logits(network, data.encodings[:2])
        return DevScore("accuracy", Score(waiting.pop(0), None, None, 2))

    with monkeypatch.context() as patch:
        if all_rows:
            patch.setattr(loop, "used_rows", lambda *_: contextlib.nullcontext())
        train(
            [Course(network, data, loss, 8, 1e-2)],
            SCHEDULE,
            evaluate if scores else None,
            Listener(),
        )
    return network.encoder.model.state_dict()


@pytest.mark.parametrize("scores", [(), (0.5, 0.7), (0.7, 0.5)])
def test_the_weights_are_those_of_training_all_rows(tiny, monkeypatch, scores):
    """With decay, and with the best weights of either epoch put back."""
    some = trained(tiny, monkeypatch, all_rows=False, scores=scores)
    every = trained(tiny, monkeypatch, all_rows=True, scores=scores)
    assert list(some) == list(every)
    for name, value in every.items():
        torch.testing.assert_close(some[name], value, rtol=1e-5, atol=1e-6, msg=name)


def test_rows_without_a_token_only_decay(tiny, monkeypatch):
    """Negative control of the one above: these rows did change."""
    before = make_network(tiny).encoder.model.get_input_embeddings().weight.detach()
    after = trained(tiny, monkeypatch, all_rows=False)["embeddings.word_embeddings.weight"]
    ratio = after[100:] / before[100:]
    assert float(ratio.mean()) < 0.999
    assert float(ratio.std()) < 1e-5


class Model(nn.Module):
    """What ``used_rows`` needs of a stock model."""

    def __init__(self, rows, padding):
        super().__init__()
        torch.manual_seed(0)
        self.words = nn.Embedding(rows, 4, padding_idx=padding)
        self.config = type("Config", (), {"pad_token_id": padding})()

    def get_input_embeddings(self):
        return self.words

    def set_input_embeddings(self, words):
        self.words = words


class Named:
    def __init__(self, ids):
        self.input_ids = ids


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_ids_read_the_rows_of_the_stock_embeddings(data):
    rows = data.draw(st.integers(2, 40))
    padding = data.draw(st.none() | st.integers(0, rows - 1))
    ids = st.lists(st.integers(0, rows - 1), min_size=1, max_size=20)
    named, asked = torch.tensor(data.draw(ids)), torch.tensor(data.draw(ids))
    model = Model(rows, padding)
    stock = model.words
    expected, gradient = stock.weight.detach().clone(), torch.zeros(rows, 4)
    stock(named).sum().backward()
    gradient += stock.weight.grad
    stock.weight.grad = None
    with used_rows(model, [Named(named.numpy())]) as words:
        with torch.inference_mode():
            assert torch.equal(model.words(asked), expected[asked])
        out = model.words(named)
        assert torch.equal(out, expected[named])
        out.sum().backward()
        learnt = torch.zeros(rows, 4)
        learnt[sorted({0, padding or 0, *named.tolist()})] = words.weight.grad.to_dense()
        assert torch.equal(learnt, gradient)
    assert model.words is stock
    assert torch.equal(stock.weight, expected)


def test_an_error_in_training_gives_the_embeddings_back(tiny):
    network = make_network(tiny)
    before = network.encoder.model.get_input_embeddings().weight.detach().clone()
    with pytest.raises(RuntimeError), used_rows(network.encoder.model, make_data().encodings):
        raise RuntimeError
    assert torch.equal(network.encoder.model.get_input_embeddings().weight, before)


def test_frozen_embeddings_stay(tiny):
    network = make_network(tiny)
    network.encoder.requires_grad_(False)
    with used_rows(network.encoder.model, make_data().encodings) as rows:
        assert rows is None
