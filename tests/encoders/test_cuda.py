"""On a GPU: packed equals stock padded there too, learns in half precision, and gives memory up."""

import gc
import math

import numpy as np
import pytest
import torch
from transformers import AutoModel

from nlpengine import Engine
from nlpengine.encoders import positions
from nlpengine.encoders.backends import choose_attention
from nlpengine.encoders.checkpoint import load_encoder
from nlpengine.encoders.device import choose_device
from nlpengine.encoders.families import FAMILIES
from nlpengine.encoders.kernels import LinearChoice
from nlpengine.encoders.store import EncoderStore
from nlpengine.encoding.encoding import Encoding
from nlpengine.encoding.packing import pack
from nlpengine.errors import UsageError
from nlpengine.testing.tiny_configs import tiny_config

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]
DEVICE = "cuda"
TORCH = LinearChoice(False, "test")
LENGTHS = [3, 17, 4, 30, 90, 9, 9, 64]
EXACT = {"fp32": 1e-5, "bf16": 5e-2, "fp16": 1e-2}
"""What hidden rows, which are of size 1, may be apart."""


@pytest.fixture(autouse=True)
def exact_convolutions(monkeypatch):
    """By default they go through TF32, which has 10 bits, also in float32."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def batch_of(encoder, lengths=LENGTHS):
    generator = np.random.default_rng(0)
    ids = [generator.integers(5, 120, n).astype(np.int32) for n in lengths]
    encodings = [Encoding(i, np.zeros_like(i), 0, 0, 0, len(i)) for i in ids]
    return pack(encodings, encoder.position_offset).to(encoder.device)


def saved(family, folder):
    torch.manual_seed(0)
    AutoModel.from_config(tiny_config(family)).save_pretrained(folder)


def opened(folder, device, backend="packed"):
    return load_encoder(folder, TORCH, backend=backend).to(device.torch).eval()


def require(family, backend, device):
    try:
        choose_attention(FAMILIES[family], device, backend)
    except UsageError as error:
        pytest.skip(str(error))


def hidden_of(encoder, device, **arguments):
    with torch.inference_mode(), device.autocast():
        return encoder(batch_of(encoder), **arguments).float().cpu()


def gradients_of(encoder, device):
    """Of a random functional of the first tokens, as one row."""
    encoder.zero_grad()
    with device.autocast():
        rows = encoder(batch_of(encoder), only_first=True).float()
    factors = torch.randn(rows.shape, generator=torch.Generator().manual_seed(1))
    (rows * factors.to(rows.device)).sum().backward()
    found = [p.grad for p in encoder.parameters() if p.grad is not None]
    return torch.cat([gradient.flatten() for gradient in found]).float().cpu()


@pytest.mark.parametrize("only_first", [False, True])
@pytest.mark.parametrize("precision", EXACT)
@pytest.mark.parametrize("backend", ["packed", "varlen", "padded"])
@pytest.mark.parametrize("family", FAMILIES)
def test_hidden_on_the_gpu_equals_padded_in_fp32(family, backend, precision, only_first, tmp_path):
    device, host = choose_device(DEVICE, precision), choose_device("cpu", "fp32")
    require(family, backend, device)
    saved(family, tmp_path)
    expected = hidden_of(opened(tmp_path, host, "padded"), host, only_first=only_first)
    encoder = opened(tmp_path, device, backend)
    for _ in range(2):  # the second time with what the first has kept
        found = hidden_of(encoder, device, only_first=only_first)
        assert float((found - expected).abs().max()) <= EXACT[precision]


@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-4), ("bf16", 0.1)])
@pytest.mark.parametrize("backend", ["packed", "varlen"])
@pytest.mark.parametrize("family", FAMILIES)
def test_gradients_on_the_gpu_are_those_of_padded_in_fp32(
    family, backend, precision, tolerance, tmp_path
):
    device, host = choose_device(DEVICE, precision), choose_device("cpu", "fp32")
    require(family, backend, device)
    saved(family, tmp_path)
    expected = gradients_of(opened(tmp_path, host, "padded"), host)
    found = gradients_of(opened(tmp_path, device, backend), device)
    assert float((found - expected).norm() / expected.norm()) <= tolerance


def test_control_a_leak_would_be_seen_in_half_precision(tmp_path):
    """Two texts as one differ by more than the tolerance allows."""
    device = choose_device(DEVICE, "bf16")
    saved("bert", tmp_path)
    encoder = opened(tmp_path, device)
    with torch.no_grad():
        for parameter in encoder.parameters():  # attention that matters
            if parameter.dim() == 2:
                parameter.mul_(10)
    batch = batch_of(encoder, [20])
    ids = batch.input_ids[:10].cpu().numpy()
    alone = pack([Encoding(ids, np.zeros_like(ids), 0, 0, 0, 10)])
    with torch.inference_mode(), device.autocast():
        together = encoder(batch)[:10]
        apart = encoder(alone.to(device.torch))
    assert float((together - apart).abs().max()) > EXACT["bf16"]


@pytest.mark.parametrize("attention_dropout", [None, 0.0])
@pytest.mark.parametrize("attention", ["packed", "varlen"])
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision_learns(precision, attention, attention_dropout, tiny, reviews, tmp_path):
    """Loss scale and all; with dropout of attention varlen goes by products, without by kernel."""
    device = choose_device(DEVICE, precision)
    require("bert", attention, device)
    run = Engine().run(
        "sentiment", encoder=str(tiny), data=str(reviews), output=tmp_path / "run", epochs=10,
        lr=3e-3, batch_size=8, warmup=0.1, device=DEVICE, precision=precision,
        attention=attention, attention_dropout=attention_dropout,
    )  # fmt: skip
    assert run.metrics["accuracy"].value >= 0.8
    parameters = list(run.model.network.encoder.parameters())
    assert all(p.dtype == torch.float32 and p.isfinite().all() for p in parameters)
    assert all(math.isfinite(score) for score in run.model("good film").scores.values())


def test_dropout_is_drawn_from_the_seed(tiny):
    device = choose_device(DEVICE, "bf16")
    encoder = opened(tiny, device).train()

    def draw(seed):
        torch.manual_seed(seed)
        with torch.no_grad(), device.autocast():
            return encoder(batch_of(encoder, [3, 17, 30]))

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


def test_kept_positions_follow_the_weights_from_device_to_device(tmp_path):
    saved("deberta-v2", tmp_path)
    device, host = choose_device(DEVICE, "fp32"), choose_device("cpu", "fp32")
    encoder = opened(tmp_path, device)
    first = hidden_of(encoder, device)
    kept = positions._kept[encoder.model.encoder].tables[0][0]
    assert kept.device.type == DEVICE
    moved = hidden_of(encoder.to("cpu"), host)
    assert positions._kept[encoder.model.encoder].tables[0][0].device.type == "cpu"
    assert float((moved - first).abs().max()) <= EXACT["fp32"]
    assert torch.equal(hidden_of(encoder.to(device.torch), device), first)


@pytest.mark.parametrize("family", ["bert", "deberta-v2"])
def test_the_store_counts_and_frees_device_memory(family, tmp_path):
    device = choose_device(DEVICE)
    AutoModel.from_config(tiny_config(family, vocab_size=50_000)).save_pretrained(tmp_path)
    store = EncoderStore(budget=10**9)
    hidden_of(opened(tmp_path, device), device)  # the libraries' own workspaces stay
    gc.collect()
    empty = torch.cuda.memory_allocated()
    encoder = store.get("one", "one", lambda: opened(tmp_path, device))
    before = hidden_of(encoder, device)
    (resident,) = store.resident
    assert resident.device.startswith(DEVICE)
    assert resident.bytes == sum(p.numel() * p.element_size() for p in encoder.parameters())
    taken = torch.cuda.memory_allocated() - empty
    assert resident.bytes <= taken <= resident.bytes * 1.1 + 2**20
    assert store.evict_unused() == resident.bytes
    gc.collect()
    assert torch.cuda.memory_allocated() - empty <= 2**20  # buffers stay
    assert store.resident == []
    with store.using(encoder):
        assert torch.equal(hidden_of(encoder, device), before)
    assert [found.bytes for found in store.resident] == [resident.bytes]
