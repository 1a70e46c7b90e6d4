"""Every family: the stock model padded beside the packed encoder, on random weights.

    python benchmarks/families.py [--data PATH/sst2-sentences] [--first] [--device cuda]

Encoders of 6 layers x 384 (bert-base's shape with --base) with the family's own architecture and
random weights; both systems get the same weights and ids and give hidden rows of all tokens (with
--first those of first tokens, which is what a sequence head reads). Rounds
alternate the systems, ratios are taken round by round, their median is printed. Peak memory is that
of a process of its own per cell.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import numpy as np
import peer
import torch
from transformers import AutoConfig, AutoModel

from nlpengine.encoders.backends import choose_attention
from nlpengine.encoders.checkpoint import load_encoder
from nlpengine.encoders.device import available_threads, choose_device
from nlpengine.encoders.families import FAMILIES
from nlpengine.encoders.kernels import choose_linear
from nlpengine.encoding.encoding import Encoding
from nlpengine.encoding.packing import pack

RESULTS = Path(__file__).parent / "results"
CELLS = ((24, 32), (24, 1), (128, 16), (384, 8))
"""Length, texts in a batch."""
VOCABULARY = 8000
SENTENCES = 384
"""Of SST-2's dev split."""
FIELDS = {
    "roberta": {"max_position_embeddings": 514, "pad_token_id": 1, "type_vocab_size": 1},
    "xlm-roberta": {"max_position_embeddings": 514, "pad_token_id": 1, "type_vocab_size": 1},
    "albert": {"embedding_size": 128},
    "deberta": {
        "relative_attention": True, "pos_att_type": ["c2p", "p2c"], "type_vocab_size": 0,
        "position_biased_input": False, "max_relative_positions": -1,
    },
    "deberta-v2": {
        "relative_attention": True, "pos_att_type": ["p2c", "c2p"], "type_vocab_size": 0,
        "position_biased_input": False, "position_buckets": 256, "norm_rel_ebd": "layer_norm",
        "share_att_key": True, "max_relative_positions": -1,
    },
}  # fmt: skip


def config(family: str, base: bool):
    width, layers, heads = (768, 12, 12) if base else (384, 6, 6)
    inner = {"hidden_dim" if family == "distilbert" else "intermediate_size": 4 * width}
    return AutoConfig.for_model(
        family, vocab_size=VOCABULARY, hidden_size=width, num_hidden_layers=layers,
        num_attention_heads=heads, **inner, **FIELDS.get(family, {}),
    )  # fmt: skip


class Pair:
    """The two systems on the same weights."""

    def __init__(self, family: str, arguments) -> None:
        self.device = choose_device(arguments.device, arguments.precision)
        settings = config(family, arguments.base)
        torch.manual_seed(0)
        self.pad = settings.pad_token_id or 0
        self.first = arguments.first
        with tempfile.TemporaryDirectory() as folder:
            model = AutoModel.from_config(settings)
            for name, parameter in model.named_parameters():
                if name.endswith("bias"):
                    torch.nn.init.normal_(parameter, std=0.02)
            model.save_pretrained(folder)
            own = FAMILIES[family]
            backend = choose_attention(own, self.device).backend
            linear = choose_linear(self.device.torch)
            self.encoder = load_encoder(Path(folder), linear, backend=backend)
            self.stock = AutoModel.from_pretrained(
                folder, dtype=torch.float32, **(own.base_arguments or {})
            )
        self.encoder.to(self.device.torch).eval()
        self.stock.to(self.device.torch).eval()

    def packed(self, ids):
        encodings = [Encoding(i, np.zeros_like(i), 0, 0, 0, len(i)) for i in ids]
        batch = pack(encodings, self.encoder.position_offset).to(self.device.torch)
        with torch.inference_mode(), self.device.autocast():
            return self.encoder(batch, only_first=self.first), batch

    def padded(self, ids):
        shape = len(ids), max(map(len, ids))
        padded, mask = np.full(shape, self.pad, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for row, one in enumerate(ids):
            padded[row, : len(one)], mask[row, : len(one)] = one, 1
        tensors = (torch.from_numpy(t).to(self.device.torch) for t in (padded, mask))
        with torch.inference_mode(), self.device.autocast():
            return self.stock(*tensors).last_hidden_state

    def difference(self, ids) -> float:
        """Largest, between hidden rows of the same tokens."""
        (own, batch), stock = self.packed(ids), self.padded(ids)
        if self.first:
            return float((own - stock[list(batch.order), 0]).abs().max())
        ends = batch.cu_seqlens.tolist()
        return max(
            float((own[ends[n] : ends[n + 1]] - stock[place, : batch.lengths[n]]).abs().max())
            for n, place in enumerate(batch.order)
        )


def random_ids(lengths, seed: int = 0):
    generator = np.random.default_rng(seed)
    return [generator.integers(5, VOCABULARY, n).astype(np.int32) for n in lengths]


def rates(systems, texts: int, rounds: int) -> dict[str, list[float]]:
    """Texts per second by system, a value per round; the first round warms up."""
    found = {name: [] for name in systems}
    for number in range(-1, rounds):
        for name, work in systems.items():
            began = time.perf_counter()
            work()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if number >= 0:
                found[name].append(texts / (time.perf_counter() - began))
    return found


def row(title: str, found, difference: float, peaks) -> str:
    ratios = [a / b for a, b in zip(found["packed"], found["stock"], strict=True)]
    own, stock = (statistics.median(found[name]) for name in ("packed", "stock"))
    return (
        f"| {title} | {stock:.1f} | {own:.1f} | {statistics.median(ratios):.2f} x "
        f"({min(ratios):.2f} to {max(ratios):.2f}) | {peaks[1]:.0f} / {peaks[0]:.0f} "
        f"| {difference:.1e} |"
    )


def peak(arguments, family: str, length: int, texts: int, system: str) -> float:
    """MiB of a process that does one cell with one system."""
    command = [
        sys.executable, __file__, "--device", arguments.device, "--precision",
        arguments.precision, "--peak", json.dumps([family, length, texts, system]),
    ]  # fmt: skip
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return float(out.strip().splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--base", action="store_true")
    parser.add_argument("--first", action="store_true", help="first tokens' rows alone")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--families", nargs="*", default=list(FAMILIES))
    parser.add_argument("--peak")
    arguments = parser.parse_args()
    torch.set_num_threads(available_threads())
    if arguments.peak:
        family, length, texts, system = json.loads(arguments.peak)
        pair = Pair(family, arguments)
        for _ in range(3):
            getattr(pair, system)(random_ids([length] * texts))
        # Not getrusage: a child's peak begins with its parent's.
        status = Path("/proc/self/status").read_text(encoding="ascii")
        print(int(status.partition("VmHWM:")[2].split()[0]) / 1024)
        return
    device = choose_device(arguments.device, arguments.precision)
    print(f"{date.today()}, {device.torch} {device.precision}, {torch.get_num_threads()} threads, "
          f"torch {torch.__version__}\n")  # fmt: skip
    print("| family, tokens x texts | stock texts/s | packed texts/s | packed is faster by | "
          "peak MiB stock / packed | largest difference |")  # fmt: skip
    print("|---|---|---|---|---|---|")
    for family in arguments.families:
        pair = Pair(family, arguments)
        for length, texts in CELLS:
            print(cell(family, pair, length, texts, arguments), flush=True)
        if arguments.data:
            print(arrival(family, pair, arguments), flush=True)


def cell(family: str, pair: Pair, length: int, texts: int, arguments) -> str:
    """One length and batch size."""
    ids = random_ids([length] * texts)
    repeats = max(1, 768 // (length * texts))
    systems = {
        "packed": lambda: [pair.packed(ids) for _ in range(repeats)],
        "stock": lambda: [pair.padded(ids) for _ in range(repeats)],
    }
    found = rates(systems, texts * repeats, arguments.rounds)
    peaks = [float("nan")] * 2
    if texts > 1:
        peaks = [peak(arguments, family, length, texts, s) for s in ("packed", "padded")]
    return row(f"{family}, {length} x {texts}", found, pair.difference(ids), peaks)


def arrival(family: str, pair: Pair, arguments) -> str:
    """SST-2's dev sentences as they come, batches of 32, hidden of the first token."""
    from nlpengine.encoders.locate import locate

    texts, _ = peer.labelled_lines(arguments.data / "dev.txt")
    tok = peer.tokenizer(locate("minilm").folder)
    ids = random_ids([len(one) for one in tok(texts[:SENTENCES])["input_ids"]])
    batches = [ids[start : start + 32] for start in range(0, len(ids), 32)]

    def own() -> None:
        for batch in batches:
            encodings = [Encoding(i, np.zeros_like(i), 0, 0, 0, len(i)) for i in batch]
            packed = pack(encodings, pair.encoder.position_offset).to(pair.device.torch)
            with torch.inference_mode(), pair.device.autocast():
                pair.encoder(packed, only_first=True)

    def stock() -> None:
        for batch in batches:
            pair.padded(batch)

    found = rates({"packed": own, "stock": stock}, len(ids), max(3, arguments.rounds // 2))
    title = f"{family}, SST-2 dev as it comes x 32"
    return row(title, found, pair.difference(batches[0]), (float("nan"), float("nan")))


if __name__ == "__main__":
    main()
