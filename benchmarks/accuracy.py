"""Accuracy on the SST-2 sentences: nlpengine beside the stock Trainer, same settings, three seeds.

    python benchmarks/accuracy.py --data PATH/sst2-sentences

Results are kept in benchmarks/results/ as they come, so that it can be stopped and called again;
``--only`` runs one of the two, beside a process for the other. The stock Trainer keeps its last
weights, as it does by default; nlpengine keeps the best on dev, as it does by default.
"""

import argparse
import json
import statistics
from pathlib import Path

from nlpengine import Engine
from nlpengine.encoders.locate import locate

RESULTS = Path(__file__).parent / "results"
SETTINGS = {"epochs": 3, "batch_size": 32, "lr": 5e-5, "warmup": 0.0, "weight_decay": 0.0}


def ours(data: Path, seed: int) -> float:
    run = Engine().run(
        "sentiment", data=str(data), seed=seed, baseline=False,
        output=RESULTS / f"run-{seed}", **SETTINGS,
    )  # fmt: skip
    return run.metrics["accuracy"].value


def stock(data: Path, seed: int) -> float:
    import peer
    from transformers import set_seed

    set_seed(seed)
    folder = locate("minilm").folder
    tok = peer.tokenizer(folder)
    model = peer.classifier(folder, 2)
    rows = peer.dataset(tok, *peer.labelled_lines(data / "train.txt"))
    peer.train(
        model, tok, rows, seed=seed, per_device_train_batch_size=SETTINGS["batch_size"],
        num_train_epochs=SETTINGS["epochs"], learning_rate=SETTINGS["lr"], weight_decay=0.0,
    )  # fmt: skip
    return peer.accuracy(model, tok, *peer.labelled_lines(data / "test.txt"))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=["nlpengine", "stock"])
    arguments = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    for name, work in (("nlpengine", ours), ("stock", stock)):
        if arguments.only in (None, name):
            file = RESULTS / f"accuracy-{name}.json"
            found = json.loads(file.read_text()) if file.exists() else {}
            for seed in map(str, range(arguments.seeds)):
                if seed not in found:
                    found[seed] = work(arguments.data, int(seed))
                    file.write_text(json.dumps(found, indent=1))
                print(f"{name}, seed {seed}: {100 * found[seed]:.2f}", flush=True)
            mean = statistics.mean(100 * found[str(seed)] for seed in range(arguments.seeds))
            print(f"{name}: mean {mean:.2f}", flush=True)


if __name__ == "__main__":
    main()
