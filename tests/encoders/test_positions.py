"""Position projections kept between predictions: never other than fresh ones."""

import copy
import gc
import pickle
from unittest import mock

import numpy as np
import pytest
import torch
from torch import nn
from transformers import AutoModel, DebertaConfig, DebertaV2Config

from nlpengine.encoders import positions
from nlpengine.encoders.checkpoint import load_encoder
from nlpengine.encoders.deberta import deberta_packed
from nlpengine.encoders.kernels import LinearChoice
from nlpengine.encoders.store import EncoderStore
from nlpengine.encoding.encoding import Encoding
from nlpengine.encoding.packing import pack

TINY = {
    "vocab_size": 60, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
    "intermediate_size": 48, "max_position_embeddings": 300, "max_relative_positions": 300,
    "relative_attention": True, "pos_att_type": "c2p|p2c", "type_vocab_size": 0,
}  # fmt: skip
CONFIGS = {
    "v1": DebertaConfig(**TINY),
    "v2": DebertaV2Config(**TINY, position_buckets=160),
    "v3": DebertaV2Config(
        **TINY, position_buckets=160, share_att_key=True, norm_rel_ebd="layer_norm"
    ),
}
EVERY = pytest.mark.parametrize("name", CONFIGS)


def deberta(name="v3"):
    """A stock model in which nothing hides behind zeros."""
    torch.manual_seed(0)
    model = AutoModel.from_config(CONFIGS[name])
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.5 if parameter.dim() == 1 else 0.0, 0.3)
    return model.eval()


def texts(*lengths):
    generator = np.random.default_rng(0)
    return pack([
        Encoding(generator.integers(5, 60, n).astype(np.int32), np.zeros(n, np.int32), 0, 0, 0, n)
        for n in lengths
    ])  # fmt: skip


BATCH = texts(3, 17, 9, 64)


def predict(model, batch=BATCH):
    with torch.inference_mode():
        return deberta_packed(model, batch)


def fresh(model, batch=BATCH):
    positions.forget_positions(model.encoder)
    return predict(model, batch)


def is_kept(model):
    return model.encoder in positions._kept


@EVERY
def test_kept_positions_are_fresh_ones_bit_for_bit(name):
    model = deberta(name)
    expected = fresh(model)
    with mock.patch.object(positions, "_project", side_effect=AssertionError):
        assert torch.equal(predict(model), expected)
        with torch.no_grad():
            assert torch.equal(deberta_packed(model, BATCH), expected)
    assert (deberta_packed(model, BATCH) - expected).abs().max() <= 1e-5  # those of training


@EVERY
def test_what_was_read_before_changes_nothing(name):
    """Longer texts reach farther; a batch then meets the middle of larger tables."""
    model, lengths = deberta(name), (5, 60, 70, 200, 300)
    alone = [fresh(model, texts(n)) for n in lengths]
    predict(model, texts(300))
    assert positions._kept[model.encoder].reach == 320
    for expected, length in zip(alone, lengths, strict=True):
        assert (predict(model, texts(length)) - expected).abs().max() <= 1e-6
    for parts in (model.encoder.layer, [model]):
        assert not any("kept" in key for part in parts for key in part.state_dict())


def stock_gradients(model):
    """By the stock forward: nothing of ours hears of it."""
    model(torch.arange(5, 25)[None]).last_hidden_state.square().sum().backward()


def step(optimiser, **settings):
    def change(model):
        made = optimiser(model.parameters(), lr=0.1, **settings)
        predict(model)  # kept in the midst of it
        stock_gradients(model)
        predict(model)
        made.step()
        made.zero_grad()

    return change


def load(model):
    model.load_state_dict({k: v * 1.5 for k, v in model.state_dict().items()})


def assign(model):
    state = {k: v * 1.5 for k, v in model.state_dict().items()}
    model.load_state_dict(state, assign=True)


def write(part):
    def change(model):
        with torch.no_grad():
            part(model).copy_(part(model).flip(0))

    return change


def new_memory(model):
    weight = model.encoder.layer[1].attention.self.key_proj.weight
    weight.data = weight.data * 1.5


def turned(model):
    weight = model.encoder.layer[1].attention.self.key_proj.weight
    weight.data = weight.data.t()


def old_address(model):
    model.half().float()  # the allocator likes to give the same memory again


def train_by_data(model):
    deberta_packed(model, BATCH).sum().backward()
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.data.add_(parameter.grad, alpha=-0.1)


def other_module(model):
    inner = model.encoder.layer[0].attention.self
    inner.key_proj = nn.Linear(32, 32)


CHANGES = {
    "fused AdamW": step(torch.optim.AdamW, fused=True),
    "AdamW": step(torch.optim.AdamW, foreach=False),
    "SGD": step(torch.optim.SGD, foreach=True),
    "a loop that writes to .data": train_by_data,
    "load_state_dict": load,
    "load_state_dict, assigned": assign,
    "the positions": write(lambda model: model.encoder.rel_embeddings.weight),
    "their norm": write(lambda model: model.encoder.LayerNorm.bias),
    "a bias": write(lambda model: model.encoder.layer[1].attention.self.query_proj.bias),
    "new memory": new_memory,
    "a view": turned,
    "an old address": old_address,
    "another module": other_module,
    "another type": lambda model: model.double(),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_weights_are_noticed(change):
    model = deberta()
    before = predict(model)
    CHANGES[change](model)
    found = predict(model)
    assert torch.equal(found, fresh(model))
    assert not torch.equal(found, before.to(found.dtype))


@pytest.mark.parametrize("change", ["fused AdamW", "SGD", "the positions", "another module"])
def test_control_stale_positions_would_be_seen(change):
    model = deberta()
    with mock.patch.object(positions, "_state", return_value=[]):
        predict(model)
        CHANGES[change](model)
        assert not torch.equal(predict(model), fresh(model))


def test_half_precision_has_positions_of_its_own():
    model = deberta()
    whole = predict(model)
    for _ in range(2):
        with torch.autocast("cpu", torch.bfloat16):
            half = predict(model)
            assert torch.equal(half, fresh(model))
            predict(model)
        assert not torch.equal(half.float(), whole)
        assert torch.equal(predict(model), whole)


def test_a_module_that_is_more_than_its_weights_is_asked_each_time():
    model = deberta()
    predict(model)
    inner, factor = model.encoder.layer[1].attention.self, 2.0
    hook = inner.key_proj.register_forward_hook(lambda module, given, out: out * factor)
    doubled = predict(model)
    assert not is_kept(model)
    factor = 3.0
    assert not torch.equal(predict(model), doubled)
    hook.remove()

    class Scaled(nn.Linear):
        pass

    inner.key_proj.__class__ = Scaled
    predict(model)
    assert not is_kept(model)


def test_weights_without_versions_are_asked_each_time():
    with torch.inference_mode():
        model = deberta()
    assert torch.equal(predict(model), fresh(model))
    assert not is_kept(model)


@pytest.mark.parametrize("training", [False, True])
def test_gradients_know_nothing_of_it(training):
    def gradients(model):
        torch.manual_seed(1)
        deberta_packed(model, BATCH).square().sum().backward()
        return [p.grad for p in model.parameters() if p.grad is not None]

    expected = gradients(deberta().train(training))
    model = deberta()
    predict(model)
    found = gradients(model.train(training))
    assert not is_kept(model)  # nor does training pay for its memory
    assert all(torch.equal(*pair) for pair in zip(found, expected, strict=True))


def test_dropout_of_positions_is_drawn_each_time():
    model = deberta()
    predict(model)
    model.encoder.layer[1].attention.self.pos_dropout.train()
    assert not torch.equal(predict(model), predict(model))
    assert not is_kept(model)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_have_no_part_in_it(copied):
    model = deberta()
    names, size = set(model.state_dict()), len(pickle.dumps(model))
    before = predict(model)
    assert set(model.state_dict()) == names
    assert len(pickle.dumps(model)) == size
    other = copied(model)
    assert is_kept(model)
    assert not is_kept(other)
    with torch.no_grad():
        other.encoder.rel_embeddings.weight.zero_()
    assert not torch.equal(predict(other), before)
    assert torch.equal(predict(model), before)


def test_what_is_kept_is_bounded_and_dies_with_its_model(monkeypatch):
    monkeypatch.setattr(positions, "MOST", 64)
    model = deberta()
    predict(model, texts(64))
    table = positions._kept[model.encoder].tables[0][0]
    assert table.shape == (4, 127, 8)
    expected = fresh(model, texts(65))
    assert not is_kept(model)
    predict(model, texts(5))
    assert torch.equal(predict(model, texts(65)), expected)
    assert positions._kept[model.encoder].reach == 64
    gc.collect()
    number = len(positions._kept)
    del model
    gc.collect()
    assert len(positions._kept) == number - 1


def test_an_evicted_encoder_gives_up_its_positions_too(tmp_path):
    deberta().save_pretrained(tmp_path)
    store = EncoderStore(budget=10**9)
    encoder = store.get("one", "one", lambda: load_encoder(tmp_path, LinearChoice(False, "test")))
    encoder.eval()
    with torch.inference_mode(), store.using(encoder):
        expected = encoder(BATCH)
    assert is_kept(encoder.model)
    assert store.evict_unused() > 0
    assert not is_kept(encoder.model)
    with torch.inference_mode(), store.using(encoder):
        assert torch.equal(encoder(BATCH), expected)
