"""Several tasks on one encoder (MiniLM): what a second head costs, and what joint training does.

    python benchmarks/joint.py speed --data PATH [--rounds 7]
    python benchmarks/joint.py train --data PATH [--sets tweets-3way wnut17] [--threads N]

``speed``: of each two of the four tasks, windows a second with both heads in one pass beside each
head alone, in turns, on sentences of tweets-3way; and what the logits differ by. ``train``: one
joint run, beside the runs of each set alone that tasks.py keeps (the same encoder, batch sizes,
learning rate and seed), compared on the same test rows, in pairs.
"""

import argparse
import itertools
import json
import random
import statistics
import time
from pathlib import Path

import numpy as np
import torch

import nlpengine
from nlpengine import Engine
from nlpengine.encoders.device import available_threads, choose_device
from nlpengine.metrics import paired_scores
from nlpengine.plugin.manager import PluginManager
from nlpengine.workflow.config import make_config
from nlpengine.workflow.inference import heads_logits, window_logits
from nlpengine.workflow.listener import Listener, Listeners
from nlpengine.workflow.prepare import prepare
from tasks import RESULTS, SETS, examples_of, finished, model_folder

OF_TASKS = {"sentiment": "tweets-3way", "ner": "wnut17", "qa": "squad1-part", "pair": "mrpc"}
WINDOWS = 512


def models(data: Path):
    """The four tasks' models before training, on one encoder."""
    plugins, device = PluginManager(), choose_device("cpu", "fp32")
    made, shared = {}, None
    for task, name in OF_TASKS.items():
        config = make_config({"task": task, "data": str(data / name), "limit": 64})
        listeners = Listeners(Listener())
        one = prepare(config, plugins.task(task), device, plugins, listeners, shared)
        made[task], shared = one.model, shared or one.model.network
    return made


def speed(data: Path, rounds: int) -> None:
    made = models(data)
    _, read = examples_of("tweets-3way", data)
    texts = [example.texts for example in random.Random(0).sample(list(read.test), WINDOWS)]
    windows = made["sentiment"].tokenizer.encode(texts, made["sentiment"].policy)
    print("| heads | one pass, windows/s | slower alone | share of it | two passes | difference |")
    print("|---|---|---|---|---|---|")
    for pair in itertools.combinations(OF_TASKS, 2):
        networks = [made[task].network for task in pair]
        found = []
        for number in range(-1, rounds):
            marks = [time.perf_counter()]
            together = heads_logits(networks, windows)
            marks.append(time.perf_counter())
            alone = []
            for network in networks:
                alone.append(window_logits(network, windows))
                marks.append(time.perf_counter())
            if number >= 0:
                found.append([len(windows) / (b - a) for a, b in itertools.pairwise(marks)])
        shares = [both / min(first, second) for both, first, second in found]
        twice = [both * (1 / first + 1 / second) for both, first, second in found]
        both, first, second = (statistics.median(column) for column in zip(*found, strict=True))
        worst = max(
            np.abs(a - b).max()
            for one, other in zip(together, alone, strict=True)
            for a, b in zip(one, other, strict=True)
        )
        print(
            f"| {' + '.join(pair)} | {both:.0f} | {min(first, second):.0f} | "
            f"{statistics.median(shares):.2f} ({min(shares):.2f} to {max(shares):.2f}) | "
            f"{statistics.median(twice):.2f} x as fast | {worst:.1e} |",
            flush=True,
        )


def train(sets, data: Path) -> None:
    folder = RESULTS / f"joint-{'-'.join(sets)}"
    of_tasks = {SETS[name].task: name for name in sets}
    if not folder.exists():
        Engine().run_joint(
            list(of_tasks), data={task: str(data / name) for task, name in of_tasks.items()},
            seed=0, baseline=False, output=folder, epochs=max(SETS[name].epochs for name in sets),
            lr=SETS[sets[0]].lr, warmup=0.0, weight_decay=0.0,
        )  # fmt: skip
    print("| set | metric | joint | alone | difference (95 %, in pairs) |")
    print("|---|---|---|---|---|")
    for task, name in of_tasks.items():
        single = model_folder(name, "nlpengine", 0)
        if not finished(single):
            print(f"| {name} | | | no run of tasks.py | |")
            continue
        _, read = examples_of(name, data)
        scores = []
        for path in (folder, single):
            model = nlpengine.load(path, task=task)
            answers = model.predict_examples(read.test)
            scores.append(model.task.score(read.test, answers, model.labels))
        difference = paired_scores(*scores)
        metric, score = scores[0].main
        print(
            f"| {name} ({len(read.test):,}) | {metric} | {100 * score.value:.1f} | "
            f"{100 * scores[1].main[1].value:.1f} | {100 * difference.value:+.1f} "
            f"[{100 * difference.low:.1f}, {100 * difference.high:.1f}] |",
            flush=True,
        )
    record = json.loads((folder / "run.json").read_text())
    timings = next(iter(record["tasks"].values()))["timings"]
    print(f"\ntrained in {timings.get('train_s', 0):.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["speed", "train"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="*", choices=list(SETS), default=["tweets-3way", "wnut17"])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=available_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.what == "speed":
        speed(arguments.data, arguments.rounds)
    else:
        train(arguments.sets, arguments.data)


if __name__ == "__main__":
    main()
