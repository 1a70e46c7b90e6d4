"""The swapped kernels do what the stock layers do."""

import pytest
import torch
from torch import nn
from transformers.activations import FastGELUActivation, GELUActivation, NewGELUActivation

from nlpengine.encoders.kernels import (
    FastDropout,
    FastGelu,
    LinearChoice,
    OneDnnLinear,
    choose_linear,
    dropout_draws,
    kept,
    swap_kernels,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_expectation_and_the_rate(probability):
    torch.manual_seed(0)
    values = torch.ones(400, 500)
    dropped = FastDropout(probability).train()(values)
    assert abs(float((dropped == 0).float().mean()) - probability) < 0.005
    assert abs(float(dropped.mean()) - 1.0) < 0.02


def test_dropout_gradient_follows_the_mask():
    torch.manual_seed(0)
    values = torch.randn(64, 33, requires_grad=True)
    dropped = FastDropout(0.3).train()(values)
    dropped.sum().backward()
    stayed = dropped != 0
    assert torch.equal(values.grad != 0, stayed)
    assert torch.allclose(values.grad[stayed], (dropped / values)[stayed].detach())


def test_dropout_is_off_outside_training_and_seeded_in_it():
    layer, values = FastDropout(0.5), torch.randn(10, 10)
    assert layer.eval()(values) is values
    layer.train()
    torch.manual_seed(3)
    first = layer(values)
    torch.manual_seed(3)
    assert torch.equal(first, layer(values))
    assert not torch.equal(first, layer(values))


def test_dropout_masks_are_independent_between_neighbours():
    """Four elements share one 64-bit draw; they must not share their fate."""
    torch.manual_seed(0)
    mask = kept(dropout_draws(400_000, CPU), 0.5, torch.empty(100_000, 4))
    correlation = torch.corrcoef(mask.T) - torch.eye(4)
    assert float(correlation.abs().max()) < 0.02


@pytest.mark.parametrize("stock", [GELUActivation, NewGELUActivation, FastGELUActivation])
def test_gelu_equals_the_stock_one_with_gradients(stock):
    torch.manual_seed(0)
    model = nn.Sequential(stock())
    values = 4 * torch.randn(50, 33)
    results = []
    for _ in range(2):
        leaf = values.clone().requires_grad_()
        model(leaf).square().sum().backward()
        with torch.inference_mode():
            results.append((leaf.grad, model(values.clone())))
        swap_kernels(model, LinearChoice(False, "test"), gelu_in_place=True)
    assert isinstance(model[0], FastGelu)
    for one, other in zip(*results, strict=True):
        assert torch.allclose(one, other, rtol=1e-5, atol=1e-5)


def test_gelu_writes_over_its_input_only_where_nothing_reads_it():
    values = torch.randn(20, 30)
    with torch.inference_mode():
        assert FastGelu("none", in_place=True)(values) is values
        before = values.clone()
        FastGelu("none", in_place=False)(values)
        assert torch.equal(values, before)
    leaf = before.clone().requires_grad_()
    doubled = 2 * leaf
    FastGelu("none", in_place=True)(doubled)
    assert torch.equal(doubled, 2 * before)


@pytest.mark.skipif(not choose_linear(CPU).onednn, reason="oneDNN is not chosen here")
def test_onednn_linear_equals_torch_with_gradients():
    torch.manual_seed(0)
    stock = nn.Linear(48, 20)
    ours = OneDnnLinear(stock)
    rows = torch.randn(3, 7, 48)
    results = []
    for layer in (stock, ours):
        leaf = rows.clone().requires_grad_()
        stock.zero_grad()
        layer(leaf).square().sum().backward()
        results.append((leaf.grad, stock.weight.grad.clone(), stock.bias.grad.clone()))
    for one, other in zip(*results, strict=True):
        assert torch.allclose(one, other, rtol=1e-4, atol=1e-4)


def test_the_choice_is_explained_and_never_timed():
    first, second = choose_linear(CPU), choose_linear(CPU)
    assert first == second
    assert first.reason
    assert not choose_linear(torch.device("cuda")).onednn


def test_swapping_keeps_names_and_parameters():
    model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1), nn.Sequential(nn.Linear(4, 2)))
    before = dict(model.named_parameters())
    swap_kernels(model, LinearChoice(True, "test"))
    after = dict(model.named_parameters())
    assert before.keys() == after.keys()
    assert all(before[name] is after[name] for name in before)
    assert isinstance(model[2][0], OneDnnLinear)
    assert isinstance(model[1], FastDropout)
