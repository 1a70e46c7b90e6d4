"""On a GPU: packed equals stock padded there too, in fp32 and in half precision."""

import numpy as np
import pytest
import torch
from transformers import AutoModel

from nlpengine.encoders.backends import choose_attention
from nlpengine.encoders.checkpoint import load_encoder
from nlpengine.encoders.device import choose_device
from nlpengine.encoders.families import FAMILIES
from nlpengine.encoders.kernels import choose_linear
from nlpengine.encoding.encoding import Encoding
from nlpengine.encoding.packing import pack
from nlpengine.testing.tiny_configs import tiny_config

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]
LENGTHS = [3, 17, 4, 30, 90, 9, 9, 64]


@pytest.mark.parametrize(("precision", "tolerance"), [("fp32", 1e-5), ("bf16", 5e-2)])
@pytest.mark.parametrize("backend", ["packed", "varlen"])
@pytest.mark.parametrize("family", FAMILIES)
def test_packed_on_the_gpu_equals_padded_in_fp32(family, backend, precision, tolerance, tmp_path):
    device = choose_device("cuda", precision)
    if backend == "varlen" and choose_attention(FAMILIES[family], device).backend != "varlen":
        pytest.skip("varlen can't be had for this family and precision")
    torch.manual_seed(0)
    AutoModel.from_config(tiny_config(family)).save_pretrained(tmp_path)
    generator = np.random.default_rng(0)
    ids = [generator.integers(5, 120, n).astype(np.int32) for n in LENGTHS]
    encodings = [Encoding(i, np.zeros_like(i), 0, 0, 0, len(i)) for i in ids]
    hidden = []
    for where, name in ((choose_device("cpu", "fp32"), "padded"), (device, backend)):
        linear = choose_linear(where.torch)
        encoder = load_encoder(tmp_path, linear, backend=name).to(where.torch).eval()
        batch = pack(encodings, encoder.position_offset).to(where.torch)
        with torch.inference_mode(), where.autocast():
            hidden.append(encoder(batch).float().cpu())
    assert float((hidden[0] - hidden[1]).abs().max()) <= tolerance
