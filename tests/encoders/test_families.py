"""Every family and head: packed equals stock padded, and checkpoints travel both ways."""

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

from nlpengine.encoders.checkpoint import (
    build_head,
    load_encoder,
    load_head_weights,
    merged_state,
    save_checkpoint,
)
from nlpengine.encoders.device import choose_device
from nlpengine.encoders.families import FAMILIES
from nlpengine.encoders.kernels import LinearChoice
from nlpengine.encoding.encoding import Encoding
from nlpengine.testing.tiny_configs import tiny_config
from nlpengine.workflow.inference import Network, TokenBudget, window_logits

STOCK = {
    "sequence": (AutoModelForSequenceClassification, 3),
    "token": (AutoModelForTokenClassification, 5),
    "span": (AutoModelForQuestionAnswering, 2),
}
LENGTHS = [3, 17, 4, 4, 30, 90, 2, 9, 9, 9, 28, 31]
TORCH = LinearChoice(False, "test")
COMBINATIONS = [(family, kind) for family in FAMILIES for kind in STOCK]
every_family_and_head = pytest.mark.parametrize(
    ("family", "kind"), COMBINATIONS, ids=["-".join(pair) for pair in COMBINATIONS]
)


def stock_model(family, kind):
    """A stock model with every parameter random: zero biases would hide mistakes."""
    build, labels = STOCK[kind]
    torch.manual_seed(0)
    config = tiny_config(family, num_labels=labels)
    model = build.from_config(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    return model


def windows(family, lengths=LENGTHS, seed=0):
    generator = np.random.default_rng(seed)
    found = []
    for length in lengths:
        ids = generator.integers(5, 120, length).astype(np.int32)
        types = np.zeros_like(ids)
        if getattr(tiny_config(family), "type_vocab_size", 0) > 1:
            types[length // 2 :] = 1
        found.append(Encoding(ids, types, 0, 0, 0, length))
    return found


def stock_logits(model, family, kind, encodings):
    """Padded to the longest; a list of [labels] or [tokens, labels], with gradients."""
    shape = len(encodings), max(map(len, encodings))
    pad = model.config.pad_token_id or 0
    ids = torch.full(shape, pad)
    mask, types = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
    for row, one in enumerate(encodings):
        ids[row, : len(one)] = torch.from_numpy(one.input_ids.astype(np.int64))
        types[row, : len(one)] = torch.from_numpy(one.token_type_ids.astype(np.int64))
        mask[row, : len(one)] = 1
    segments = {"token_type_ids": types} if FAMILIES[family].segments else {}
    out = model(input_ids=ids, attention_mask=mask, **segments)
    if kind == "sequence":
        return list(out.logits)
    rows = torch.stack([out.start_logits, out.end_logits], -1) if kind == "span" else out.logits
    return [row[: len(one)] for row, one in zip(rows, encodings, strict=True)]


def own_network(folder, kind, size, *, backend="packed"):
    encoder = load_encoder(folder, TORCH, backend=backend)
    shape = encoder.family.heads[kind]
    head = build_head(encoder.config, shape, size, seed=1)
    assert load_head_weights(head, folder, encoder.family, shape, tuple(shape.names)) == []
    budget = TokenBudget(100_000)
    return Network(encoder.eval(), head.eval(), kind, choose_device("cpu", "fp32"), budget), shape


@every_family_and_head
@pytest.mark.parametrize("backend", ["packed", "padded"])
def test_a_stock_checkpoint_gives_the_same_logits_here(family, kind, backend, tmp_path):
    model, batch = stock_model(family, kind), windows(family)
    model.save_pretrained(tmp_path)
    network, _ = own_network(tmp_path, kind, STOCK[kind][1], backend=backend)
    expected = [row.detach().numpy() for row in stock_logits(model, family, kind, batch)]
    found = window_logits(network, batch)
    assert max(np.abs(a - b).max() for a, b in zip(expected, found, strict=True)) <= 1e-5
    assert max(np.ptp(a) for a in expected) > 0.1  # the comparison means something


@every_family_and_head
def test_gradients_equal_the_stock_padded_model(family, kind, tmp_path):
    model, batch = stock_model(family, kind), windows(family)
    model.save_pretrained(tmp_path)
    expected_rows = stock_logits(model, family, kind, batch)
    torch.cat([row.reshape(-1) for row in expected_rows]).square().sum().backward()
    network, shape = own_network(tmp_path, kind, STOCK[kind][1])
    network.forward(network.pack(batch)).square().sum().backward()
    expected = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    found = {network.encoder.family.prefix + n: p.grad for n, p in
             network.encoder.model.named_parameters()}  # fmt: skip
    for own, stored in shape.names.items():
        found |= {stored + n.removeprefix(own): p.grad for n, p in network.head.named_parameters()
                  if n.startswith(own)}  # fmt: skip
    assert expected.keys() == found.keys()
    difference = torch.cat([(expected[n] - found[n]).flatten() for n in expected])
    norm = torch.cat([g.flatten() for g in expected.values()]).norm()
    assert float(difference.norm() / norm) <= 1e-4


@every_family_and_head
def test_what_is_saved_here_opens_in_the_stock_class(family, kind, tmp_path):
    stock, batch = stock_model(family, kind), windows(family)
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    stock.save_pretrained(tmp_path / "first")
    size = STOCK[kind][1]
    network, shape = own_network(tmp_path / "first", kind, size)
    with torch.no_grad():
        for parameter in network.head.parameters():
            parameter += torch.randn_like(parameter)
    labels = [f"label {index}" for index in range(size)]
    save_checkpoint(tmp_path / "second", network.encoder, network.head, shape, labels)
    again, report = STOCK[kind][0].from_pretrained(
        tmp_path / "second", dtype=torch.float32, output_loading_info=True
    )
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    expected = window_logits(network, batch)
    found = [row.detach().numpy() for row in stock_logits(again.eval(), family, kind, batch)]
    assert max(np.abs(a - b).max() for a, b in zip(expected, found, strict=True)) <= 1e-5
    assert list(again.config.id2label.values()) == labels


@every_family_and_head
def test_names_are_a_table_that_reads_both_ways(family, kind, tmp_path):
    stock_model(family, kind).save_pretrained(tmp_path)
    network, shape = own_network(tmp_path, kind, STOCK[kind][1])
    saved = merged_state(network.encoder, network.head, shape)
    assert saved.keys() == stock_model(family, kind).state_dict().keys()
    assert len(set(shape.names.values())) == len(shape.names)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_text_alone_equals_the_text_in_a_batch(family, tmp_path):
    stock_model(family, "token").save_pretrained(tmp_path)
    network, _ = own_network(tmp_path, "token", 5)
    batch = windows(family)
    alone = [window_logits(network, [one])[0] for one in batch]
    together = window_logits(network, batch)
    assert max(np.abs(a - b).max() for a, b in zip(alone, together, strict=True)) <= 1e-5


@pytest.mark.parametrize("family", FAMILIES)
def test_a_border_that_is_not_planned_would_be_noticed(family, tmp_path):
    """Negative control: the comparisons above see texts leaking into each other."""
    stock_model(family, "token").save_pretrained(tmp_path)
    network, _ = own_network(tmp_path, "token", 5)
    one, two = windows(family, [10, 10])
    ids = np.concatenate([one.input_ids, two.input_ids])
    leaky = Encoding(ids, np.zeros_like(ids), 0, 0, 0, 20)
    apart = window_logits(network, [one])[0]
    assert np.abs(window_logits(network, [leaky])[0][:10] - apart).max() > 1e-3
