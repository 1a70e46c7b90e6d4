"""Heads of numbers: where they start, and what folding leaves."""

import copy

import pytest
import torch

from nlpengine import PluginError
from nlpengine.heads import HeadSpec
from nlpengine.heads.sequence import PooledClassifier
from nlpengine.heads.unit import InUnit

ROWS = torch.randn(7, 16, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def head():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return PooledClassifier(16, 1, 0.0)


def test_a_fresh_head_starts_at_the_centre(head):
    plain = head(ROWS)
    found = InUnit(head, 50.0, 20.0, trained=False)(ROWS)
    assert torch.allclose(found, 50 + 20 * plain)


def test_a_trained_head_gives_what_it_gave(head):
    plain = head(ROWS).detach()
    unit = InUnit(head, 50.0, 20.0, trained=True)
    assert torch.allclose(unit(ROWS), plain, atol=1e-5)
    assert not torch.allclose(unit.head(ROWS), plain, atol=1e-2)


@pytest.mark.parametrize("trained", [False, True])
def test_folding_changes_no_logit(head, trained):
    unit = InUnit(copy.deepcopy(head), 50.0, 20.0, trained=trained)
    before = unit(ROWS).detach()
    folded = unit.folded()
    assert type(folded) is PooledClassifier
    assert list(folded.state_dict()) == list(head.state_dict())
    assert torch.allclose(folded(ROWS), before, atol=1e-5)


def test_logits_in_half_precision_keep_their_digits(head):
    """bfloat16 has 8 bits: around 50 it knows steps of a quarter only."""
    unit = InUnit(head, 50.0, 1.0, trained=False)
    wanted = unit(ROWS)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = unit(ROWS)
        rounded = unit.folded()(ROWS).float()
    assert found.dtype == torch.float32
    assert (found - wanted).abs().max() < 0.01
    assert (rounded - wanted).abs().max() > 0.01


@pytest.mark.parametrize("last", [None, torch.nn.Linear(16, 1, bias=False)])
def test_a_head_that_cant_be_folded_is_refused_before_it_learns(last):
    head = torch.nn.Sequential(torch.nn.Linear(16, 1))
    if last is not None:
        head.classifier = last
    with pytest.raises(PluginError, match=r"the head Sequential .* no last linear layer 'classif"):
        InUnit(head, 50.0, 20.0, trained=False)


def test_only_numbers_have_a_unit():
    assert not HeadSpec("sequence", 3).scaled
    assert HeadSpec("sequence", 1, 2.5, 1.0).scaled
    assert HeadSpec("sequence", 1, 0.0, 3.0).scaled
