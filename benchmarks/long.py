"""Long reviews: `run` on windows, beside the Trainer and beside truncation.

    python benchmarks/long.py --data PATH/imdb           one epoch on 2,000 reviews
    python benchmarks/long.py --data PATH/imdb --peer    the stock Trainer, truncated to 512
    python benchmarks/long.py --data PATH/movie-reviews --cut    windows beside the first 512 tokens

Each is a process of its own, because peak memory is a process's. What ``--cut`` trains (2 epochs
each, the same settings and seed) is kept in benchmarks/results/.
"""

import argparse
import json
import resource
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def ours(data: Path, limit: int) -> dict:
    from nlpengine import Engine

    run = Engine().run(
        "sentiment", data=str(data), epochs=1, limit=limit, lr=5e-5,
        output=RESULTS / f"imdb-{int(time.time())}",
    )  # fmt: skip
    record = run.record
    return {
        "accuracy": record.scores.metrics["accuracy"].to_json(),
        "baselines": [baseline.to_json() for baseline in record.baselines],
        "texts_per_s": record.data["train"] / record.timings["train_s"],
        "windows": record.data["train_windows"],
        "tokens": record.data["train_tokens"],
        "timings": record.timings,
        "notes": record.notes,
    }


def stock(data: Path, limit: int, steps: int) -> dict:
    import random

    import peer
    import pyarrow.parquet as pq

    from nlpengine.encoders.locate import locate

    folder = locate("minilm").folder
    tok = peer.tokenizer(folder)
    rows = pq.read_table(data / "train.parquet").to_pylist()
    rows = random.Random(0).sample(rows, limit)
    encoded = peer.dataset(tok, [r["text"] for r in rows], [int(r["label"]) for r in rows])
    times = peer.StepTimes()
    peer.train(
        peer.classifier(folder, 2), tok, encoded, seed=0, callbacks=[times],
        per_device_train_batch_size=32, max_steps=steps, learning_rate=5e-5,
    )  # fmt: skip
    seconds = times.seconds[1:]
    return {"texts_per_s": 32 * len(seconds) / sum(seconds), "steps": len(seconds)}


def cut(data: Path) -> None:
    """Both ways to read long text, on the same test rows, in pairs."""
    import nlpengine
    from nlpengine import Engine
    from nlpengine.metrics import paired_scores
    from nlpengine.plugin.manager import PluginManager
    from nlpengine.workflow.config import make_config, make_options
    from nlpengine.workflow.reading import read_examples
    from tasks import finished

    task = PluginManager().task("sentiment")
    config = make_config({"task": "sentiment", "data": str(data)})
    test = read_examples(config, task, make_options(task, {})).test
    found = []
    for way in ("windows", "truncate"):
        folder = RESULTS / f"{data.name}-{way}"
        if not finished(folder):
            Engine().run(
                "sentiment", data=str(data), epochs=2, lr=5e-5, seed=0, long_text=way,
                max_length=512, output=folder, baseline=way == "windows",
            )  # fmt: skip
        model = nlpengine.load(folder)
        found.append(model.task.score(test, model.predict_examples(test), model.labels))
        record = json.loads((folder / "run.json").read_text())
        score = found[-1].main[1]
        print(f"{way}: {score.value:.4f} [{score.low:.4f}, {score.high:.4f}]", record["timings"])
        print([(b["name"], b["score"]["value"]) for b in record.get("baselines", [])], flush=True)
    print("windows - truncate, in pairs:", paired_scores(*found))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=2000)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--cut", action="store_true")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--steps", type=int, default=12)
    arguments = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    if arguments.threads:
        import torch

        torch.set_num_threads(arguments.threads)
    if arguments.cut:
        cut(arguments.data)
        return
    if arguments.peer:
        found = stock(arguments.data, arguments.limit, arguments.steps)
    else:
        found = ours(arguments.data, arguments.limit)
    found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
