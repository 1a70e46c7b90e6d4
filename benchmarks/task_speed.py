"""Training and prediction speed on each task, beside stock Hugging Face, in turns.

    python benchmarks/task_speed.py --data PATH [--set mrpc …] [--rounds 3]
    python benchmarks/task_speed.py --data PATH --set squad1 --questions --rounds 5

Training: windows of 50 optimiser steps on random rows of train, the first 5 left out; the stock
Trainer pads each random batch to its longest. The bar is 1.1 x the set's padding ratio (padded
tokens by real ones, of the same batches). Prediction, for questions: the stock example's loop over
windows padded to 384 tokens, and its post-processing left out.
"""

import argparse
import json
import random
import statistics
import time
from datetime import date
from pathlib import Path

import numpy as np
import speed
import task_peer
import torch
from transformers import TrainerCallback

from nlpengine.encoders.device import available_threads, choose_device
from nlpengine.encoders.locate import locate
from nlpengine.plugin.manager import PluginManager
from nlpengine.workflow.listener import Listener, Listeners
from nlpengine.workflow.prepare import encode_training, prepare
from nlpengine.workflow.train import Course, train
from nlpengine.workflow.training import Schedule
from tasks import RESULTS, SETS, config_of

STEPS, WARM = 50, 5


def prepared(name: str, data: Path):
    """As `run` prepares, on the processor in float32."""
    config = config_of(name, data, 0)
    plugins = PluginManager()
    task = plugins.task(config.task)
    return prepare(config, task, choose_device("cpu", "fp32"), plugins, Listeners(Listener()))


def rate(marks, per_step: float) -> float:
    (first, began), (last, ended) = marks[WARM - 1], marks[-1]
    return (last - first) * per_step / (ended - began)


def train_own(made, examples, batch: int, seed: int) -> float:
    """Examples a second."""
    model = made.model
    data = encode_training(model, examples)
    marks: list[tuple[int, float]] = []

    class Marks(Listener):
        def step(self, report) -> None:
            marks.append((report.step, time.perf_counter()))

    def loss(logits, gold):
        return model.task.loss(logits, gold, model.labels, model.options)

    schedule = Schedule(1, 0.0, 0.0, 1.0, seed, log_every=1)
    train([Course(model.network, data, loss, batch, 5e-5)], schedule, None, Marks())
    return rate(marks, len(examples) / len(marks))


def train_stock(task: str, names, examples, batch: int, seed: int) -> tuple[float, float]:
    """Examples a second, and the padding ratio."""
    folder = locate("minilm").folder
    tok = task_peer.tokenizer(folder)
    rows = task_peer.rows(task, tok, examples, names)
    marks: list[tuple[int, float]] = []

    class Marks(TrainerCallback):
        def on_step_end(self, args, state, control, **kwargs) -> None:
            marks.append((state.global_step, time.perf_counter()))

    task_peer.train(
        task, task_peer.build(task, folder, names, seed), tok, rows, seed=seed, callbacks=[Marks()],
        per_device_train_batch_size=batch, num_train_epochs=1, learning_rate=5e-5,
    )  # fmt: skip
    lengths = np.asarray([len(ids) for ids in rows["input_ids"]])
    np.random.default_rng(seed).shuffle(lengths)
    batches = [lengths[i : i + batch] for i in range(0, len(lengths), batch)]
    padded = sum(part.max() * len(part) for part in batches)
    return rate(marks, len(examples) / len(marks)), padded / lengths.sum()


def useful(made, examples) -> float:
    """FLOPs of a forward pass, per example: real tokens only, as nlpengine computes it."""
    encodings = made.model.encode_training(examples)
    whole = made.model.network.kind != "sequence"
    config = made.model.network.encoder.config
    lengths = [len(encoding) for encoding in encodings]
    return speed.flops(lengths, config, last_whole=whole) / len(examples)


def training(name: str, made, rounds: int):
    work = SETS[name]
    found = []
    for number in range(rounds):
        chosen = random.Random(number)
        count = min(STEPS * work.batch_size, len(made.read.train))
        examples = chosen.sample(list(made.read.train), count)
        own = train_own(made, examples, work.batch_size, number)
        stock, padding = train_stock(
            work.task, made.model.labels.names, examples, work.batch_size, number
        )
        print(f"{name} round {number}: {own:.1f} {stock:.1f} {padding:.2f}", flush=True)
        found.append((own, stock, padding, useful(made, examples)))
    return found


@torch.inference_mode()
def stock_answers(model, tok, examples) -> None:
    """The stock example's prediction: windows padded to 384 tokens, batches of 8."""
    encoded = task_peer.windows(tok, examples, padded=True)
    names = [n for n in ("input_ids", "attention_mask", "token_type_ids") if n in encoded]
    for start in range(0, len(encoded["input_ids"]), 8):
        batch = {n: torch.tensor(encoded[n][start : start + 8]) for n in names}
        out = model(**batch)
        out.start_logits.numpy()
        out.end_logits.numpy()


def questions(made, rounds: int):
    """Questions a second: nlpengine with decoding, the stock loop without.

    The whole test split, shuffled, a part of it in each round.
    """
    folder = locate("minilm").folder
    tok, stock = task_peer.tokenizer(folder), task_peer.build("qa", folder, (), 0).eval()
    examples = list(made.read.test)
    random.Random(0).shuffle(examples)
    made.model.predict_examples(examples[:20])
    stock_answers(stock, tok, examples[:20])
    found = []
    for number in range(rounds):
        part = examples[number::rounds]
        began = time.perf_counter()
        made.model.predict_examples(part)
        middle = time.perf_counter()
        stock_answers(stock, tok, part)
        ended = time.perf_counter()
        found.append((len(part) / (middle - began), len(part) / (ended - middle)))
        print(f"questions, round {number}: {found[-1][0]:.1f} {found[-1][1]:.1f}", flush=True)
    return found


def report_questions(name: str, made, rounds: int) -> None:
    asked = questions(made, rounds)
    ratios = [a / b for a, b in asked]
    mine, theirs = (statistics.median(column) for column in zip(*asked, strict=True))
    said = f"{statistics.median(ratios):.2f} x ({min(ratios):.2f} to {max(ratios):.2f})"
    print(f"{name} prediction: {mine:.1f} and {theirs:.1f} questions/s, {said}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", nargs="*", choices=list(SETS), default=list(SETS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--questions", action="store_true", help="prediction alone, of questions")
    arguments = parser.parse_args()
    torch.set_num_threads(available_threads())
    matmul = max(speed.matmul_rate().values())
    lines = []
    for name in arguments.set:
        made = prepared(name, arguments.data)
        if arguments.questions:
            report_questions(name, made, arguments.rounds)
            continue
        found = training(name, made, arguments.rounds)
        own, stock, padding, flops = (statistics.median(c) for c in zip(*found, strict=True))
        ratios = [row[0] / row[1] for row in found]
        ratio = statistics.median(ratios)
        u = own * 3 * flops / 1e9 / matmul
        line = (
            f"| {name} | {own:.1f} | {stock:.1f} | {ratio:.2f} ({min(ratios):.2f} to "
            f"{max(ratios):.2f}) | {padding:.2f} | {ratio / padding:.2f} | {u:.2f} |"
        )
        lines.append(line)
        if SETS[name].task == "qa":
            report_questions(name, made, arguments.rounds)
    if not lines:
        return
    print(
        f"{date.today()}, {torch.get_num_threads()} threads, matmul {matmul:.0f} GFLOP/s\n\n"
        "| set | nlpengine, examples/s | Trainer | faster by | padding ratio | by padding | U |\n"
        "|---|---|---|---|---|---|---|"
    )
    print("\n".join(lines))
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / "speed.json").write_text(json.dumps(lines, indent=1))


if __name__ == "__main__":
    main()
