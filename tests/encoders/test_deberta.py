"""DeBERTa v1, v2 and v3 packed against the stock padded models."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForSequenceClassification, DebertaConfig, DebertaV2Config

from nlpengine.encoders import disentangled
from nlpengine.encoders import plan as plans
from nlpengine.encoders.attention import attend
from nlpengine.encoders.checkpoint import (
    build_head,
    load_encoder,
    load_head_weights,
    save_checkpoint,
)
from nlpengine.encoders.deberta import _convolve, deberta_packed
from nlpengine.encoders.kernels import LinearChoice
from nlpengine.encoders.plan import plan_attention
from nlpengine.encoding.encoding import Encoding
from nlpengine.encoding.packing import pack
from nlpengine.errors import EncoderUnavailable

TORCH = LinearChoice(False, "test")
CPU = torch.device("cpu")
LENGTHS = (3, 17, 4, 4, 30, 64, 2, 9, 9, 9, 28, 31, 1)
TINY = {
    "vocab_size": 60,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "max_position_embeddings": 64,
    "relative_attention": True,
}
V3 = {
    "position_buckets": 8,
    "share_att_key": True,
    "norm_rel_ebd": "layer_norm",
    "position_biased_input": False,
    "max_relative_positions": 32,
}
V2 = {"position_buckets": 8, "conv_kernel_size": 5, "conv_act": "gelu", "conv_groups": 2}
BOTH = {"pos_att_type": "c2p|p2c"}
CONFIGS = {
    **{
        f"{name} {types}": kind(**TINY, **extra, pos_att_type=types)
        for types in (None, "c2p", "p2c", "c2p|p2c")
        for name, kind, extra in (
            ("v1", DebertaConfig, {"type_vocab_size": 2}),
            ("v2", DebertaV2Config, {}),
            ("v3", DebertaV2Config, V3),
        )
    },
    "v1 clamped": DebertaConfig(**TINY, **BOTH, max_relative_positions=12, embedding_size=16),
    "v2 clamped": DebertaV2Config(**TINY, **BOTH, max_relative_positions=12, embedding_size=16),
    "v1 plain": DebertaConfig(**TINY | BOTH | {"relative_attention": False}),
    "v2 plain": DebertaV2Config(**TINY | BOTH | {"relative_attention": False}),
    "v2 conv": DebertaV2Config(**TINY, **BOTH, **V2),
    "v2 conv, one layer": DebertaV2Config(**TINY | BOTH | V2 | {"num_hidden_layers": 1}),
}


def encodings(lengths, seed=0):
    generator = np.random.default_rng(seed)
    found = []
    for length in lengths:
        ids = generator.integers(5, 60, length).astype(np.int32)
        types = np.arange(length, dtype=np.int32) // 3 % 2
        found.append(Encoding(ids, types, 0, 0, 0, length))
    return found


def classifier(config):
    """A stock model in which nothing hides behind zeros."""
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_config(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0.5 if parameter.dim() == 1 else 0.0, 0.3)
    return model.eval()


def padded(batch):
    """The stock model's arguments."""
    longest = max(map(len, batch))
    ids, types, mask = (torch.zeros(len(batch), longest, dtype=torch.long) for _ in range(3))
    for row, one in enumerate(batch):
        ids[row, : len(one)] = torch.from_numpy(one.input_ids.astype(np.int64))
        types[row, : len(one)] = torch.from_numpy(one.token_type_ids.astype(np.int64))
        mask[row, : len(one)] = 1
    return {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}


def stock_hidden(model, batch, *, only_first=False):
    """Rows of the stock padded model, in the order of the packed ones."""
    hidden = model(**padded(batch)).last_hidden_state
    order = pack(batch).order
    return torch.cat([hidden[i, : 1 if only_first else len(batch[i])] for i in order])


def gradients(model, hidden):
    """All parameters' gradients of a random functional of the hidden rows, as one row."""
    factors = torch.randn(hidden.shape, generator=torch.Generator().manual_seed(1))
    model.zero_grad()
    (hidden * factors).sum().backward()
    parts = [torch.zeros_like(p) if p.grad is None else p.grad for p in model.parameters()]
    return torch.cat([part.flatten() for part in parts]).clone()


def assert_parity(model, batch, only_first, spare=0):
    expected = stock_hidden(model, batch, only_first=only_first)
    with torch.inference_mode():
        predicted = deberta_packed(model, pack(batch), only_first=only_first, spare=spare)
    trained = deberta_packed(model, pack(batch), only_first=only_first, spare=spare)
    assert float(torch.std(expected.detach())) > 0.1  # the comparison means something
    assert (predicted - expected).abs().max() <= 1e-5
    assert (trained - expected).abs().max() <= 1e-5
    gradient = gradients(model, expected)
    assert (gradients(model, trained) - gradient).norm() <= 1e-4 * gradient.norm()


@pytest.mark.parametrize("only_first", [False, True])
@pytest.mark.parametrize("name", CONFIGS)
def test_hidden_and_gradients_equal_the_stock_padded_model(name, only_first):
    model = classifier(CONFIGS[name]).deberta
    assert_parity(model, encodings(LENGTHS), only_first, spare=5 * only_first)


@pytest.mark.parametrize("only_first", [False, True])
@pytest.mark.parametrize("name", ["v1 c2p|p2c", "v3 c2p|p2c", "v2 conv"])
def test_bands_and_split_runs_change_nothing(name, only_first, monkeypatch):
    monkeypatch.setattr(disentangled, "BAND", 7)
    monkeypatch.setattr(plans, "RUN", 1500)
    model = classifier(CONFIGS[name]).deberta
    assert_parity(model, encodings((*LENGTHS, 9, 9, 9)), only_first)


def test_long_texts_equal_the_stock_padded_model():
    longer = {"max_position_embeddings": 300, "max_relative_positions": 300}
    config = DebertaV2Config(**TINY | V3 | BOTH | longer | {"position_buckets": 32})
    assert_parity(classifier(config).deberta, encodings((5, 290, 300, 129, 128)), False)


@pytest.fixture(scope="module")
def models():
    return [classifier(CONFIGS[n]).deberta for n in ("v1 c2p|p2c", "v2 conv", "v3 c2p|p2c")]


@settings(max_examples=12, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 64), min_size=1, max_size=20),
    only_first=st.booleans(),
    seed=st.integers(0, 5),
)
def test_alone_equals_in_any_batch(models, lengths, only_first, seed):
    batch = encodings(lengths, seed)
    packed = pack(batch)
    for model in models:
        with torch.inference_mode():
            together = deberta_packed(model, packed, only_first=only_first)
            alone = [
                deberta_packed(model, pack([batch[i]]), only_first=only_first) for i in packed.order
            ]
        assert (together - torch.cat(alone)).abs().max() <= 1e-5


@pytest.mark.parametrize("name", ["v1 c2p|p2c", "v2 conv", "v3 c2p|p2c"])
def test_an_unplanned_border_would_be_noticed(name):
    """Negative control: the parity tests see texts leaking into each other."""
    model = classifier(CONFIGS[name]).deberta
    batch = encodings([10, 10])
    ids = np.concatenate([one.input_ids for one in batch])
    leaky = Encoding(ids, np.concatenate([one.token_type_ids for one in batch]), 0, 0, 0, 20)
    with torch.inference_mode():
        got = deberta_packed(model, pack([leaky]))
        assert (got - stock_hidden(model, batch)).abs().max() > 1e-3


def test_control_convolution_reads_no_neighbour():
    """Without the gaps between sequences the convolution alone would leak."""
    model = classifier(CONFIGS["v2 conv"]).deberta
    conv, batch = model.encoder.conv, pack(encodings([6, 6]))
    rows = torch.randn(12, 32, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        apart = _convolve(conv, rows, rows, batch)
        mask = torch.ones(1, 6, dtype=torch.long)
        for part in (slice(0, 6), slice(6, 12)):
            alone = conv(rows[None, part], rows[None, part], mask)[0]
            assert (apart[part] - alone).abs().max() <= 1e-6
        joined = conv(rows[None], rows[None], torch.ones(1, 12, dtype=torch.long))[0]
        assert (joined - apart)[4:8].abs().max() > 1e-3


@pytest.mark.parametrize("dropout", [0.0, 0.25])
@pytest.mark.parametrize("first", [False, True])
def test_gradients_by_finite_differences(first, dropout):
    lengths, heads, width = (2, 3, 3, 5), 2, 3
    plan = plan_attention(lengths, heads, CPU, by_head=True)
    generator = torch.Generator().manual_seed(0)

    def random(*shape):
        return torch.randn(*shape, dtype=torch.float64, generator=generator, requires_grad=True)

    rows = [random(13, heads, width) for _ in range(2)]
    tables = [random(heads, 2 * lengths[-1] - 1, width) for _ in range(2)]
    queries = random(4 if first else 13, heads, width)

    def run(q, k, v, *positions):
        torch.manual_seed(3)  # the same elements dropped each time
        return attend(q, k, v, plan, scaling=0.7, dropout=dropout, first=first, positions=positions)

    assert torch.autograd.gradcheck(run, (queries, *rows, *tables))


def test_positions_need_a_plan_by_head():
    rows, table = torch.ones(5, 2, 3), torch.ones(2, 9, 3)
    with pytest.raises(ValueError, match="need a plan by head"):
        attend(*[rows] * 3, plan_attention([5], 2, CPU), scaling=1.0, positions=(table, None))


def test_dropout_strikes_where_stock_drops():
    """Positions, attention weights and hidden; with each probability 0, nothing."""
    model = classifier(CONFIGS["v3 c2p|p2c"]).deberta
    batch = pack(encodings(LENGTHS))
    model.train()
    for module in model.modules():
        if hasattr(module, "p"):
            module.p = 0.0
    with torch.no_grad():
        expected = deberta_packed(model.eval(), batch)
        assert torch.equal(deberta_packed(model.train(), batch), expected)
        inner = model.encoder.layer[0].attention.self
        for part in (inner.pos_dropout, inner.dropout, model.embeddings.dropout):
            part.p = 0.5
            assert (deberta_packed(model, batch) - expected).abs().max() > 1e-3
            part.p = 0.0


def test_heads_that_talk_are_refused():
    config = DebertaConfig(**TINY, **BOTH)
    config.talking_head = True
    model = classifier(config).deberta
    with pytest.raises(EncoderUnavailable, match="talking_head=true doesn't run packed"):
        deberta_packed(model, pack(encodings([3])))


@pytest.mark.parametrize("backend", ["packed", "padded"])
@pytest.mark.parametrize("name", ["v1 c2p|p2c", "v3 c2p|p2c"])
def test_checkpoints_open_both_ways(name, backend, tmp_path):
    stock = classifier(CONFIGS[name])
    stock.save_pretrained(tmp_path / "theirs")
    encoder = load_encoder(tmp_path / "theirs", TORCH, backend=backend).eval()
    shape = encoder.family.heads["sequence"]
    head = build_head(encoder.config, shape, 2, seed=0).eval()
    theirs = tmp_path / "theirs"
    assert load_head_weights(head, theirs, encoder.family, shape, tuple(shape.names)) == []
    batch = encodings(LENGTHS)
    both = pack(batch)
    expected = stock(**padded(batch)).logits[list(both.order)]
    for rounded in (False, True):
        encoder.rounded = rounded
        assert (head(encoder(both, only_first=True)) - expected).abs().max() <= 1e-5
    (tmp_path / "ours").mkdir()
    save_checkpoint(tmp_path / "ours", encoder, head, shape, ["no", "yes"])
    opened = AutoModelForSequenceClassification.from_pretrained(tmp_path / "ours").eval()
    assert type(opened) is type(stock)
    assert torch.equal(opened(**padded(batch)).logits[list(both.order)], expected)
