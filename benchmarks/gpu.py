"""On a GPU: nlpengine beside stock transformers on bert-base's shape: parity, speed, memory.

    python benchmarks/gpu.py [--rounds 7] [--precision bf16]
    python benchmarks/gpu.py --device cpu      # tiny, in float32: whether the script runs

Random weights, the same for all. Batches of equal length, where there is no padding to save, and
texts of mixed length: nlpengine fills its token budget, stock takes 32 as they come, or 128 sorted
by length (in training one step's texts at once). Stock runs with attention "sdpa" and, where
flash-attn is installed, "flash_attention_2"; to predict with weights in half precision, its fastest
way, to train under autocast as its Trainer does. nlpengine does both under autocast.

Parity comes first, against stock in float32: hidden rows, and gradients without dropout. What is
farther off than twice stock's own half precision is named, and the exit status is 1. Rounds
alternate the systems; ratios to "stock sdpa" are taken round by round, and their median printed.
Peak memory is what a call takes beyond weights, gradients and the optimiser's state. U is useful
FLOP/s over the fastest product of large matrices in this precision, measured in this run.
"""

import argparse
import gc
import json
import math
import statistics
import sys
import tempfile
import time
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import torch
import transformers
from flops import flops
from systems import BASE, Own, Stock, half_type, systems
from transformers import AutoModel, BertConfig

from nlpengine.encoders.device import choose_device

RESULTS = Path(__file__).parent / "results"
TINY = {
    "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 256,
    "vocab_size": 1000,
}  # fmt: skip
LEAST = 0.3
"""Seconds that a measurement takes at least."""


def mixed_lengths(count: int, longest: int):
    """As reviews and sentences come: half below 45 tokens, a few at the limit."""
    drawn = np.random.default_rng(0).lognormal(math.log(45), 0.9, count)
    return drawn.clip(4, longest).astype(int).tolist()


def cases(tiny: bool, training: bool):
    """Title → lengths."""
    if tiny:
        return {"8 x 4": [8] * 4, "mixed x 40": mixed_lengths(40, 32)}
    mixed = 64 if training else 512
    return {
        "24 x 256": [24] * 256, "128 x 128": [128] * 128, "384 x 32": [384] * 32,
        f"mixed x {mixed}": mixed_lengths(mixed, 512),
    }  # fmt: skip


def random_ids(lengths):
    generator = np.random.default_rng(1)
    return [generator.integers(5, 1000, n).astype(np.int32) for n in lengths]


def switch(found, *, training: bool) -> None:
    for system in found.values():
        system.model.train(training)
        if type(system) is Own:
            system.encoder.train(training)


def gradient(system, ids):
    """Of a random functional of the first tokens, by parameter's name."""
    system.model.zero_grad()
    rows = system.first(ids).float()
    factors = torch.randn(rows.shape, generator=torch.Generator().manual_seed(1))
    (rows * factors.to(rows.device)).sum().backward()
    found = {n: p.grad.float() for n, p in system.model.named_parameters() if p.grad is not None}
    system.model.zero_grad()
    return found


def parity(folder, device, tiny: bool) -> bool:
    """Print how far each system is from stock in float32; whether that is near enough."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    exact = choose_device(str(device.torch), "fp32")
    found = {"nlpengine packed, fp32": Own(folder, exact, "packed", 0.0)}
    found |= systems(folder, device, 0.0, training=True)
    reference = Stock(folder, exact, "sdpa", 0.0, half=False)
    switch({**found, "": reference}, training=False)
    ids = random_ids(mixed_lengths(8, 32) if tiny else [*mixed_lengths(40, 512), 512])
    with torch.inference_mode():
        rows = reference.rows(ids)
    wanted, apart = gradient(reference, ids), {}
    norm = math.sqrt(sum(float(g.square().sum()) for g in wanted.values()))
    for name, system in found.items():
        with torch.inference_mode():
            pairs = zip(rows, system.rows(ids), strict=True)
            far = max(float((a - b.float()).abs().max()) for a, b in pairs)
        own = gradient(system, ids)
        off = sum(float((own[n] - g).square().sum()) for n, g in wanted.items())
        apart[name] = far, math.sqrt(off) / norm
    near = True
    print("| against stock in fp32 | largest difference of hidden | gradient, relative |")
    print("|---|---|---|")
    for name, values in apart.items():
        bounds = [2 * value + 1e-3 for value in apart[BASE]]
        good = all(
            v <= (1e-4 if "fp32" in name else b) for v, b in zip(values, bounds, strict=True)
        )
        near &= good
        print(f"| {name} | {values[0]:.1e} | {values[1]:.1e} |{'' if good else ' TOO FAR'}")
    return near


def matmul_rate(device, size: int) -> float:
    """TFLOP/s of a product of two large matrices: the best of some repetitions."""
    a, b = (torch.randn(size, size, device=device.torch, dtype=half_type(device)) for _ in "ab")
    best = min(seconds(lambda: a @ b, 5, device) / 5 for _ in range(10))
    return 2 * size**3 / best / 1e12


def seconds(work, repeats: int, device) -> float:
    wait(device)
    began = time.perf_counter()
    for _ in range(repeats):
        work()
    wait(device)
    return time.perf_counter() - began


def wait(device) -> None:
    if device.torch.type == "cuda":
        torch.cuda.synchronize(device.torch)


def peak(work, device) -> float:
    """MiB that a call takes beyond what is allocated before it."""
    if device.torch.type != "cuda":
        return math.nan
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats(device.torch)
    before = torch.cuda.memory_allocated(device.torch)
    work()
    wait(device)
    return (torch.cuda.max_memory_allocated(device.torch) - before) / 2**20


def measure(works, texts: int, rounds: int, device):
    """Name → texts per second, a value per round; name → peak."""
    repeats, peaks = {}, {}
    for name, work in works.items():
        try:
            work()
            peaks[name] = peak(work, device)
            repeats[name] = math.ceil(LEAST / seconds(work, 1, device))
        except torch.OutOfMemoryError:
            print(f"{name}: out of memory", flush=True)
            torch.cuda.empty_cache()
    found = {name: [] for name in repeats}
    for _ in range(rounds):
        for name, count in repeats.items():
            found[name].append(count * texts / seconds(works[name], count, device))
    return found, peaks


def predictions(found, ids):
    """Name → work: hidden rows of all tokens."""

    def predict(system, parts):
        with torch.inference_mode():
            for part in parts:
                system.hidden(part)

    mixed = len(set(map(len, ids))) > 1
    works = {}
    for name, system in found.items():
        parts = system.parts(ids, 32 if mixed else len(ids))
        works[name] = partial(predict, system, parts)
        if mixed and type(system) is Stock:
            parts = system.parts(sorted(ids, key=len), 128)
            works[f"{name}, sorted"] = partial(predict, system, parts)
    return works


def steps(found, ids):
    """Name → work: an optimiser step of a classifier."""
    gold = torch.arange(len(ids)) % 2

    def learn(system, step):
        logits = system.logits(ids)
        torch.nn.functional.cross_entropy(logits, gold.to(logits.device)).backward()
        step()

    return {name: partial(learn, system, system.learner()) for name, system in found.items()}


def table(title, folder, device, dropout, arguments, limit: float, *, training: bool):
    """Measure a section and print it."""
    print(f"\n### {title}\n", flush=True)
    found, raw = systems(folder, device, dropout, training=training), {}
    switch(found, training=training)
    print(f"\n| tokens x texts | system | texts/s | x {BASE} | peak MiB | U |")
    print("|---|---|---|---|---|---|")
    for case, lengths in cases(arguments.device == "cpu", training).items():
        ids = random_ids(lengths)
        works = steps(found, ids) if training else predictions(found, ids)
        rates, peaks = measure(works, len(ids), arguments.rounds, device)
        for name, values in rates.items():
            ratios = [own / base for own, base in zip(values, rates.get(BASE, ()), strict=False)]
            ratio = "" if name == BASE or not ratios else (
                f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            )  # fmt: skip
            whole = not (training and name.startswith("nlpengine"))
            config = next(iter(found.values())).model.config
            useful = flops(lengths, config, last_whole=whole) * (3 if training else 1) / len(ids)
            rate = statistics.median(values)
            print(f"| {case} | {name} | {rate:.0f} | {ratio} | {peaks[name]:.0f} "
                  f"| {rate * useful / 1e12 / limit:.3f} |", flush=True)  # fmt: skip
        raw[case] = {"rates": rates, "peaks": peaks}
    return raw


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--precision", default="auto", help="auto, bf16 or fp16")
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    tiny = arguments.device == "cpu"
    if not tiny and not torch.cuda.is_available():
        sys.exit(
            f"torch {torch.__version__} sees no CUDA device here, and this measures one. "
            "With --device cpu it runs on something tiny, to see that it runs."
        )
    device = choose_device(arguments.device, arguments.precision)
    name = "cpu" if tiny else torch.cuda.get_device_name(device.torch)
    limit = matmul_rate(device, 512 if tiny else 8192)
    print(f"{date.today()}, {name}, {device.precision}, torch {torch.__version__}, CUDA "
          f"{torch.version.cuda}, transformers {transformers.__version__}; product of large "
          f"matrices {limit:.3g} TFLOP/s\n")  # fmt: skip
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        torch.manual_seed(0)
        shape = BertConfig(**(TINY if tiny else {}))
        AutoModel.from_config(shape, add_pooling_layer=False).save_pretrained(folder)
        folder, raw = Path(folder), {"device": name, "limit": limit}
        near = parity(folder, device, tiny)
        for title, dropout, training in (
            ("Prediction: hidden of all tokens", None, False),
            ("Training step, dropout 0.1", None, True),
            ("Training step, no dropout of attention", 0.0, True),
        ):
            raw[title] = table(title, folder, device, dropout, arguments, limit, training=training)
    if not tiny:
        RESULTS.mkdir(exist_ok=True)
        (RESULTS / "gpu.json").write_text(json.dumps(raw, indent=1))
    if not near:
        sys.exit("parity: too far from stock in float32, see above")


if __name__ == "__main__":
    main()
