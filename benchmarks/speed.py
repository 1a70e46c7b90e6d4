"""Speed on the SST-2 sentences: nlpengine beside stock Hugging Face, interleaved, one process.

    python benchmarks/speed.py --data PATH/sst2-sentences

Same weights, same texts, same batch size, same dropout, float32. Every round runs each system once;
the ratios are taken round by round and their median is printed, because shared machines drift.
U is the useful FLOP/s (real tokens only, and of the last layer what is really computed) over the
fastest matrix product measured in the same run.
"""

import argparse
import json
import random
import statistics
import time
from datetime import date
from pathlib import Path

import numpy as np
import peer
import torch
from flops import flops
from transformers import pipeline, set_seed

from nlpengine.encoders.checkpoint import build_head, load_encoder, load_head_weights
from nlpengine.encoders.device import available_threads, choose_device
from nlpengine.encoders.families import FAMILIES
from nlpengine.encoders.kernels import choose_linear, swap_kernels
from nlpengine.encoders.locate import locate
from nlpengine.encoding.tokenizer import Tokenizer
from nlpengine.encoding.windows import WindowPolicy
from nlpengine.plugin.contract import Labels
from nlpengine.plugin.manager import PluginManager
from nlpengine.workflow.inference import Network, TokenBudget
from nlpengine.workflow.listener import Listener
from nlpengine.workflow.model import Model
from nlpengine.workflow.train import Course, train
from nlpengine.workflow.training import Schedule, TrainingSet

RESULTS = Path(__file__).parent / "results"
STEPS, WARM, BATCH = 28, 3, 32


def matmul_rate() -> dict[str, float]:
    """GFLOP/s of a typical product, by library: the best of some repetitions."""
    rows, weight = torch.randn(800, 384), torch.randn(1536, 384)
    ways = {"torch": lambda: torch.nn.functional.linear(rows, weight)}
    if choose_linear(torch.device("cpu")).onednn:
        onednn = torch.ops.mkldnn._linear_pointwise
        ways["onednn"] = lambda: onednn(rows, weight, None, "none", [], "")
    found = {}
    for name, work in ways.items():
        best = float("inf")
        for _ in range(60):
            began = time.perf_counter()
            work()
            best = min(best, time.perf_counter() - began)
        found[name] = 2 * 800 * 384 * 1536 / best / 1e9
    return found


def own_model() -> Model:
    """A Model as `run` builds it, on MiniLM."""
    folder = locate("minilm").folder
    linear = choose_linear(torch.device("cpu"))
    encoder = load_encoder(folder, linear)
    shape = FAMILIES["bert"].heads["sequence"]
    head = build_head(encoder.config, shape, 2, seed=0)
    load_head_weights(head, folder, encoder.family, shape, shape.pretrained)
    swap_kernels(head, linear)
    device = choose_device("cpu", "fp32")
    network = Network(encoder, head, "sequence", device, TokenBudget(device.token_budget))
    task = PluginManager().task("sentiment")
    policy = WindowPolicy(512, 64)
    labels = Labels(("0", "1"))
    return Model(task, labels, network, shape, Tokenizer(folder), policy, task.options())


def train_own(texts, labels, seed: int) -> float:
    """Texts per second of STEPS optimiser steps, the first WARM left out."""
    model = own_model()
    encodings = model.tokenizer.encode([(t,) for t in texts], model.policy)
    data = TrainingSet(encodings, np.asarray(labels), [[i] for i in range(len(texts))])
    marks: list[tuple[int, float]] = []

    class Marks(Listener):
        def step(self, report) -> None:
            marks.append((report.step, time.perf_counter()))

    def loss(logits, gold):
        return model.task.loss(logits, gold, model.labels, model.options)

    schedule = Schedule(1, 0.0, 0.0, 1.0, seed, log_every=1)
    train([Course(model.network, data, loss, BATCH, 5e-5)], schedule, None, Marks())
    return _rate(marks[WARM - 1 :])


def train_stock(texts, labels, seed: int, sampling: str) -> float:
    """The same with the stock Trainer."""
    set_seed(seed)
    folder = locate("minilm").folder
    tok = peer.tokenizer(folder)
    marks: list[tuple[int, float]] = []

    class Marks(peer.TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs) -> None:
            marks.append((state.global_step, time.perf_counter()))

    peer.train(
        peer.classifier(folder, 2), tok, peer.dataset(tok, texts, labels), seed=seed,
        sampling=sampling, callbacks=[Marks()], per_device_train_batch_size=BATCH,
        num_train_epochs=1, learning_rate=5e-5,
    )  # fmt: skip
    return _rate(marks[WARM - 1 :])


def _rate(marks) -> float:
    (first, began), (last, ended) = marks[0], marks[-1]
    return (last - first) * BATCH / (ended - began)


def training(data: Path, rounds: int):
    """Texts per second per round and system."""
    texts, labels = peer.labelled_lines(data / "train.txt")
    found = {"nlpengine": [], "Trainer": [], "Trainer, grouped by length": []}
    lengths = []
    for number in range(-1, rounds):  # the first round warms up
        chosen = random.Random(number).sample(range(len(texts)), STEPS * BATCH)
        part = [texts[i] for i in chosen], [labels[i] for i in chosen]
        rates = {
            "nlpengine": train_own(*part, number + 1),
            "Trainer": train_stock(*part, number + 1, "random"),
            "Trainer, grouped by length": train_stock(*part, number + 1, "group_by_length"),
        }
        print("training round", number, {n: round(r, 1) for n, r in rates.items()}, flush=True)
        if number >= 0:
            for name, rate in rates.items():
                found[name].append(rate)
            lengths.append(_mean_flops(part[0]))
    return found, tuple(map(statistics.mean, zip(*lengths, strict=True)))


def _mean_flops(texts) -> tuple[float, float]:
    """Per text: ours, the peer's."""
    model = own_model()
    sizes = [len(e) for e in model.tokenizer.encode([(t,) for t in texts], model.policy)]
    config = model.network.encoder.config
    return tuple(flops(sizes, config, last_whole=w) / len(sizes) for w in (False, True))


def prediction(data: Path, rounds: int):
    """Texts per second per round and system, tokenising included."""
    texts, _ = peer.labelled_lines(data / "dev.txt")
    folder = locate("minilm").folder
    tok, stock = peer.tokenizer(folder), peer.classifier(folder, 2).eval()
    pipe = pipeline("text-classification", model=stock, tokenizer=tok)
    ordered = sorted(texts, key=lambda text: len(tok.encode(text)))
    model = own_model()
    systems = {
        "nlpengine": lambda: list(model.predict(texts)),
        "pipeline": lambda: pipe(texts),
        "pipeline, batches of 32": lambda: pipe(texts, batch_size=32),
        "pipeline, batches of 32, sorted": lambda: pipe(ordered, batch_size=32),
    }
    found = {name: [] for name in systems}
    for number in range(-1, rounds):
        for name, work in systems.items():
            began = time.perf_counter()
            work()
            if number >= 0:
                found[name].append(len(texts) / (time.perf_counter() - began))
        if number >= 0:
            print("prediction round", number, {n: round(r[-1], 1) for n, r in found.items()})
    return found, _mean_flops(texts)


def table(title: str, found, useful, passes: int, rates: dict[str, float]) -> list[str]:
    """Markdown rows: median rate, median ratio, U."""
    best = max(rates.values())
    lines = [f"### {title}", "", "| system | texts/s (median) | nlpengine is faster by | U |"]
    lines.append("|---|---|---|---|")
    for name, values in found.items():
        ratios = [own / other for own, other in zip(found["nlpengine"], values, strict=True)]
        ratio = "" if name == "nlpengine" else (
            f"{statistics.median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f})"
        )  # fmt: skip
        rate = statistics.median(values)
        share = rate * passes * useful[name != "nlpengine"] / 1e9 / best
        lines.append(f"| {name} | {rate:.1f} | {ratio} | {share:.2f} |")
    return [*lines, ""]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(available_threads())
    rates = matmul_rate()
    trained, training_flops = training(arguments.data, arguments.rounds)
    predicted, predict_flops = prediction(arguments.data, arguments.rounds)
    rates = {name: max(rate, matmul_rate()[name]) for name, rate in rates.items()}
    said = ", ".join(f"{name} {rate:.0f} GFLOP/s" for name, rate in rates.items())
    lines = [
        f"{date.today()}, {torch.get_num_threads()} threads, "
        f"{torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}; matmul: {said}; "
        f"linear layers: {choose_linear(torch.device('cpu')).reason}",
        "",
        *table("Training, batches of 32", trained, training_flops, 3, rates),
        *table("Prediction, 872 sentences", predicted, predict_flops, 1, rates),
    ]
    print("\n".join(lines))
    RESULTS.mkdir(exist_ok=True)
    raw = {"matmul": rates, "training": trained, "prediction": predicted}
    (RESULTS / "speed.json").write_text(json.dumps(raw, indent=1))


if __name__ == "__main__":
    main()
