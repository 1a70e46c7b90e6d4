"""Packed execution against the stock model: logits, gradients, batch mates, kernels."""

import copy
from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForSequenceClassification

from nlpengine.encoders import plan as plans
from nlpengine.encoders.attention import attend
from nlpengine.encoders.checkpoint import build_head, load_encoder, load_head_weights
from nlpengine.encoders.device import choose_device
from nlpengine.encoders.encoder import round_length
from nlpengine.encoders.families import FAMILIES
from nlpengine.encoders.kernels import LinearChoice, choose_linear
from nlpengine.encoders.plan import plan_attention
from nlpengine.encoding.encoding import Encoding
from nlpengine.encoding.packing import pack
from nlpengine.testing import tiny_encoder
from nlpengine.workflow.inference import Network, TokenBudget, window_logits

CPU = torch.device("cpu")
TORCH = LinearChoice(False, "test")
CHOICES = [TORCH]
if choose_linear(CPU).onednn:
    CHOICES.append(LinearChoice(True, "test"))


def encoding(ids) -> Encoding:
    ids = np.asarray(ids, dtype=np.int32)
    return Encoding(ids, np.zeros_like(ids), 0, 0, 0, len(ids))


def encodings(lengths, vocabulary=100, seed=0):
    generator = np.random.default_rng(seed)
    return [encoding(generator.integers(5, vocabulary, length)) for length in lengths]


@pytest.fixture(scope="module")
def stock(tiny, tmp_path_factory):
    """A stock fine-tuned classifier folder with a non-trivial head."""
    torch.manual_seed(1)
    model = AutoModelForSequenceClassification.from_pretrained(tiny, num_labels=3)
    torch.nn.init.normal_(model.classifier.weight, std=0.5)
    torch.nn.init.normal_(model.classifier.bias)
    folder = tmp_path_factory.mktemp("stock")
    model.save_pretrained(folder)
    return model.eval(), folder


def network(folder, linear, backend="packed", rounded=False) -> Network:
    encoder = load_encoder(folder, linear, backend=backend)
    encoder.rounded = rounded or linear.onednn
    shape = FAMILIES["bert"].heads["sequence"]
    head = build_head(encoder.config, shape, 3, seed=0)
    assert load_head_weights(head, folder, encoder.family, shape, tuple(shape.names)) == []
    return Network(encoder, head, "sequence", choose_device("cpu"), TokenBudget(100_000))


def stock_logits(model, batch):
    longest = max(len(e) for e in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, e in enumerate(batch):
        ids[row, : len(e)] = torch.from_numpy(e.input_ids.astype(np.int64))
        mask[row, : len(e)] = 1
    return model(input_ids=ids, attention_mask=mask).logits


LENGTHS = [3, 17, 4, 4, 30, 64, 2, 9, 9, 9, 28, 31]


@pytest.mark.parametrize("linear", CHOICES, ids=lambda c: "onednn" if c.onednn else "torch")
@pytest.mark.parametrize("backend", ["packed", "padded"])
def test_logits_equal_the_stock_padded_model(stock, linear, backend):
    model, folder = stock
    batch = encodings(LENGTHS)
    expected = stock_logits(model, batch).detach().numpy()
    got = np.stack(window_logits(network(folder, linear, backend), batch))
    assert np.abs(got - expected).max() <= 1e-5
    assert np.ptp(expected) > 0.1  # the comparison means something


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("linear", CHOICES, ids=lambda c: "onednn" if c.onednn else "torch")
def test_gradients_equal_the_stock_padded_model(stock, linear, rounded):
    model, folder = stock
    batch = encodings(LENGTHS)
    gold = torch.arange(len(batch)) % 3
    model.zero_grad()
    torch.nn.functional.cross_entropy(stock_logits(model, batch), gold).backward()
    ours = network(folder, linear, rounded=rounded)
    for module in ours.modules():
        module.eval()  # no dropout; gradients flow all the same
    packed = ours.pack(batch)
    loss = torch.nn.functional.cross_entropy(ours.forward(packed), gold[list(packed.order)])
    loss.backward()
    expected = {name: p.grad for name, p in model.named_parameters()}
    found = {"bert." + n: p.grad for n, p in ours.encoder.model.named_parameters()}
    names = FAMILIES["bert"].heads["sequence"].names
    for own, stored in names.items():
        found |= {
            stored + n.removeprefix(own): p.grad
            for n, p in ours.head.named_parameters()
            if n.startswith(own)
        }
    assert expected.keys() == found.keys()
    difference = torch.cat([(expected[n] - found[n]).flatten() for n in expected])
    norm = torch.cat([g.flatten() for g in expected.values()]).norm()
    assert float(difference.norm() / norm) <= 1e-4


def test_attention_of_an_unplanned_border_would_be_noticed(stock):
    """Negative control: the parity test sees texts leaking into each other."""
    model, folder = stock
    batch = encodings([10, 10])
    expected = stock_logits(model, batch).detach().numpy()
    leaky = network(folder, TORCH)
    one = encoding(np.concatenate([e.input_ids for e in batch]))
    packed = leaky.pack([one])
    with torch.no_grad():
        hidden = leaky.encoder(packed)
        got = leaky.head(hidden[[0, 10]]).numpy()
    assert np.abs(got - expected).max() > 1e-3


@pytest.mark.parametrize("rounded", [False, True])
@pytest.mark.parametrize("training", [False, True])
def test_first_tokens_alone_are_the_rows_of_the_whole(tiny, training, rounded):
    encoder = load_encoder(tiny, TORCH).eval()
    encoder.rounded = rounded
    batch = pack(encodings(LENGTHS))
    with torch.set_grad_enabled(training):
        whole = encoder(batch)
        first = encoder(batch, only_first=True)
    assert whole.shape == (sum(LENGTHS), 32)
    assert (whole[batch.cu_seqlens[:-1]] - first).abs().max() <= 1e-6


def test_a_deep_copy_computes_with_its_own_weights(tiny):
    encoder, batch = load_encoder(tiny, TORCH).eval(), pack(encodings(LENGTHS))
    before = encoder(batch, only_first=True)
    copied = copy.deepcopy(encoder)
    with torch.no_grad():
        for parameter in copied.parameters():
            parameter.zero_()
    assert torch.equal(encoder(batch, only_first=True), before)
    assert not copied(batch, only_first=True).any()


def test_long_runs_equal_the_stock_padded_model(tmp_path):
    folder = tiny_encoder(tmp_path / "long", max_length=320)
    batch = encodings([5, 280, 300, 320, 257, 256])
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=3).eval()
    model.save_pretrained(folder)
    expected = stock_logits(model, batch).detach().numpy()
    got = np.stack(window_logits(network(folder, TORCH), batch))
    assert np.abs(got - expected).max() <= 1e-5


@settings(max_examples=25, deadline=None)
@given(
    lengths=st.lists(st.integers(2, 64), min_size=1, max_size=20),
    budget=st.integers(2, 300),
    seed=st.integers(0, 5),
)
def test_alone_equals_in_any_batch(stock, lengths, budget, seed):
    ours = network(stock[1], TORCH)
    batch = encodings(lengths, seed=seed)
    alone = [window_logits(ours, [e])[0] for e in batch]
    ours.budget.tokens = budget
    together = window_logits(ours, batch)
    assert max(np.abs(a - b).max() for a, b in zip(alone, together, strict=True)) <= 1e-5


@given(st.integers(1, 100_000))
def test_rounded_lengths_are_few_and_close(tokens):
    rounded = round_length(tokens)
    assert tokens <= rounded <= max(16, tokens + max(15, tokens / 16))
    assert round_length(rounded) == rounded


@settings(max_examples=20, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=8).map(sorted),
    piece=st.integers(1, 3000),
    window=st.none() | st.integers(0, 20),
    first=st.booleans(),
    alone=st.integers(1, 40),
    long=st.integers(1, 40),
)
def test_gradients_of_attention_are_those_of_autograd(lengths, piece, window, first, alone, long):
    """Against the definition, sequence by sequence, in double precision; with dropout's mask."""
    heads, width = 2, 4
    with mock.patch.object(plans, "PIECE", piece), mock.patch.object(plans, "ALONE", alone):
        plan = plan_attention(lengths, heads, CPU)
    generator = torch.Generator().manual_seed(0)
    rows = [sum(lengths), sum(lengths), sum(lengths)]
    rows[0] = len(lengths) if first else rows[0]
    q, k, v = (
        torch.randn(n, heads, width, generator=generator, dtype=torch.float64).requires_grad_()
        for n in rows
    )
    outer = torch.randn(rows[0], heads, width, generator=generator, dtype=torch.float64)
    out = attend(q, k, v, plan, scaling=0.7, first=first, window=window)
    found = torch.autograd.grad((out * outer).sum(), (q, k, v))
    with torch.no_grad():
        with mock.patch.object(plans, "LONG", long), mock.patch.object(plans, "ALONE", alone):
            plan = plan_attention(lengths, heads, CPU, fused=True)
        again = attend(q, k, v, plan, scaling=0.7, first=first, window=window)
    assert torch.allclose(again, out, atol=1e-12)
    wanted, start = [], 0
    for number, length in enumerate(lengths):
        part = slice(start, start := start + length)
        own = q[number : number + 1] if first else q[part]
        scores = torch.einsum("ihd,jhd->hij", own, k[part]) * 0.7
        if window is not None:
            places = torch.arange(length)
            far = (places[: len(own), None] - places).abs() > window
            scores = scores.masked_fill(far, float("-inf"))
        wanted.append(torch.einsum("hij,jhd->ihd", scores.softmax(-1), v[part]))
    expected = torch.cat(wanted)
    assert torch.allclose(out, expected, atol=1e-12)
    for one, other in zip(
        found, torch.autograd.grad((expected * outer).sum(), (q, k, v)), strict=True
    ):
        assert torch.allclose(one, other, atol=1e-12)


def test_dropout_in_attention_has_the_gradient_of_its_mask():
    """Finite differences with the same random numbers."""
    lengths, heads = [3, 5, 9], 2
    with mock.patch.object(plans, "ALONE", 6):
        plan = plan_attention(lengths, heads, CPU)
    tensors = [torch.randn(17, heads, 4, dtype=torch.float64, requires_grad=True) for _ in "qkv"]

    def run(*inputs):
        torch.manual_seed(3)
        return attend(*inputs, plan, scaling=0.5, dropout=0.4)

    assert torch.autograd.gradcheck(run, tensors)
    with torch.no_grad():
        assert not torch.allclose(run(*tensors), attend(*tensors, plan, scaling=0.5))


@given(st.lists(st.lists(st.integers(5, 90), min_size=1, max_size=12), min_size=1, max_size=9))
def test_packing_loses_nothing(sequences):
    batch = pack([encoding(ids) for ids in sequences], position_offset=2)
    assert list(batch.lengths) == sorted(map(len, sequences))
    borders = batch.cu_seqlens.tolist()
    for place, source in enumerate(batch.order):
        part = slice(borders[place], borders[place + 1])
        assert batch.input_ids[part].tolist() == sequences[source]
        assert batch.position_ids[part].tolist() == list(range(2, 2 + len(sequences[source])))
