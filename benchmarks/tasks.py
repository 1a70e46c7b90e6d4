"""All tasks on real data, with MiniLM: nlpengine beside the stock Trainer, same settings and seeds.

    python benchmarks/tasks.py train --data PATH [--set mrpc …] [--seed 0 …] [--only stock]
    python benchmarks/tasks.py table --data PATH [--set mrpc …]

``train`` can be stopped and called again: each system's model of each set and seed is kept in
benchmarks/results/tasks/. The stock Trainer keeps its last weights and truncates, nlpengine keeps
the best on dev and reads all; both are its default. ``table`` lets every model kept there predict
the test split, through nlpengine (whose logits are the stock model's to 1e-5), and compares them
on the same examples, in pairs.
"""

import argparse
import json
import statistics
import time
from dataclasses import dataclass, replace
from pathlib import Path

import task_peer
import torch

import nlpengine
from nlpengine import Engine
from nlpengine.encoders.locate import locate
from nlpengine.metrics import paired_scores
from nlpengine.plugin.manager import PluginManager
from nlpengine.workflow.config import make_config, make_options
from nlpengine.workflow.reading import read_examples

RESULTS = Path(__file__).parent / "results" / "tasks"


@dataclass(frozen=True)
class Work:
    """A data set and how to train on it.

    Attributes:
        task: nlpengine's task.
        epochs: Passes over the training data.
        batch_size: Windows in a step.
        lr: Peak learning rate, falling linearly to 0.
        seeds: How many.
        grouped: The stock Trainer batches windows of like length, as it can: half the time here.
    """

    task: str
    epochs: int
    batch_size: int = 32
    lr: float = 5e-5
    seeds: int = 1
    grouped: bool = False


SETS = {
    "mrpc": Work("pair", 4, seeds=3),
    "rte": Work("pair", 4, seeds=3),
    "wnut17": Work("ner", 5, 16, seeds=3),
    "stsb": Work("pair", 3),
    "tweets-3way": Work("sentiment", 3),
    "sst5-sentences": Work("sentiment", 3),
    "ncbi-disease": Work("ner", 3, 16),
    "squad2-part": Work("qa", 2, 16, lr=1e-4, grouped=True),
    "squad1": Work("qa", 2, 16, lr=1e-4, grouped=True),
}


def config_of(name: str, data: Path, seed: int):
    """What both systems read: the same rows of the same splits, whatever the seed of training."""
    work = SETS[name]
    return make_config({"task": work.task, "data": str(data / name), "seed": 0})


def examples_of(name: str, data: Path):
    config = config_of(name, data, 0)
    task = PluginManager().task(config.task)
    return task, read_examples(config, task, make_options(task, {}))


def train_own(name: str, data: Path, seed: int, folder: Path) -> None:
    work = SETS[name]
    Engine().run(
        work.task, data=str(data / name), seed=seed, baseline=seed == 0, output=folder,
        epochs=work.epochs, batch_size=work.batch_size, lr=work.lr, warmup=0.0, weight_decay=0.0,
    )  # fmt: skip


def train_stock(name: str, data: Path, seed: int, folder: Path) -> None:
    work = SETS[name]
    _, read = examples_of(name, data)
    source = locate("minilm").folder
    tok = task_peer.tokenizer(source)
    model = task_peer.build(work.task, source, read.labels.names, seed)
    rows = task_peer.rows(work.task, tok, read.train, read.labels.names)
    began = time.perf_counter()
    task_peer.train(
        work.task, model, tok, rows, seed=seed, num_train_epochs=work.epochs,
        per_device_train_batch_size=work.batch_size, learning_rate=work.lr, weight_decay=0.0,
        train_sampling_strategy="group_by_length" if work.grouped else "random",
    )  # fmt: skip
    seconds = time.perf_counter() - began
    staging = folder.with_name(folder.name + ".partial")
    model.save_pretrained(staging)
    tok.save_pretrained(staging)
    (staging / "benchmark.json").write_text(json.dumps({"train_s": seconds, "rows": len(rows)}))
    staging.rename(folder)


def model_folder(name: str, system: str, seed: int) -> Path:
    return RESULTS / f"{name}-{system}-{seed}"


def finished(folder: Path) -> bool:
    record = folder / "run.json"
    if record.exists():
        return json.loads(record.read_text())["status"] == "finished"
    return (folder / "benchmark.json").exists()


def predictions(name: str, system: str, seed: int, read):
    """Of a kept model on the test split."""
    model = nlpengine.load(model_folder(name, system, seed), task=SETS[name].task)
    if system == "stock" and SETS[name].task == "ner":
        # The stock example takes each word's best tag.
        model = replace(model, options=replace(model.options, decoder="softmax"))
    if system == "stock" and SETS[name].task == "qa":
        # As the stock example with version_2_with_negative, whose threshold is 0.
        none = any(not example.answers for example in read.train)
        model = replace(model, options=replace(model.options, handle_impossible_answer=none))
    elif system == "stock":
        model = replace(model, policy=replace(model.policy, max_length=512, long_text="truncate"))
    return model, model.predict_examples(read.test)


def compare(name: str, data: Path):
    """Scores of each seed and system, and the differences, in pairs."""
    _, read = examples_of(name, data)
    rows = []
    for seed in range(SETS[name].seeds):
        folders = [model_folder(name, system, seed) for system in ("nlpengine", "stock")]
        if not all(map(finished, folders)):
            continue
        scores = []
        for system in ("nlpengine", "stock"):
            model, answers = predictions(name, system, seed, read)
            scores.append(model.task.score(read.test, answers, model.labels))
        rows.append((seed, *scores, paired_scores(*scores)))
    return len(read.test), rows


def table(names, data: Path) -> None:
    print("| set | seed | metric | nlpengine | Trainer | difference (95 %, in pairs) | other |")
    print("|---|---|---|---|---|---|---|")
    kept = {}
    for name in names:
        size, rows = compare(name, data)
        for seed, own, stock, difference in rows:
            metric, score = own.main
            other = "; ".join(
                f"{n} {100 * own.metrics[n].value:.1f} / {100 * stock.metrics[n].value:.1f}"
                for n in list(own.metrics)[1:4]
            )
            print(
                f"| {name} ({size:,}) | {seed} | {metric} | {100 * score.value:.1f} | "
                f"{100 * stock.main[1].value:.1f} | {100 * difference.value:+.1f} "
                f"[{100 * difference.low:.1f}, {100 * difference.high:.1f}] | {other} |",
                flush=True,
            )
            kept[f"{name}-{seed}"] = {
                "nlpengine": score.value, "stock": stock.main[1].value,
                "difference": difference.to_json(),
            }  # fmt: skip
        if len(rows) > 1:
            means = [
                100 * statistics.mean(row[place].main[1].value for row in rows) for place in (1, 2)
            ]
            print(f"| {name} | mean of {len(rows)} | | {means[0]:.1f} | {means[1]:.1f} | "
                  f"{means[0] - means[1]:+.1f} | |")  # fmt: skip
    (RESULTS / "table.json").write_text(json.dumps(kept, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["train", "table"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--set", nargs="*", choices=list(SETS), default=list(SETS))
    parser.add_argument("--only", choices=["nlpengine", "stock"])
    parser.add_argument("--seed", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    RESULTS.mkdir(parents=True, exist_ok=True)
    if arguments.what == "table":
        table(arguments.set, arguments.data)
        return
    for seed in arguments.seed:
        for name in arguments.set:
            for system, work in (("nlpengine", train_own), ("stock", train_stock)):
                folder = model_folder(name, system, seed)
                wanted = arguments.only in (None, system) and seed < SETS[name].seeds
                if wanted and not finished(folder):
                    print(time.strftime("%H:%M"), folder.name, flush=True)
                    work(name, arguments.data, seed, folder)


if __name__ == "__main__":
    main()
