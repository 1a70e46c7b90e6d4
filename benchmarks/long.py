"""IMDB, the tutorial's set: 2,000 long reviews through `run` on windows, beside the Trainer.

    python benchmarks/long.py --data PATH/imdb           one epoch on 2,000 reviews
    python benchmarks/long.py --data PATH/imdb --peer    the stock Trainer, truncated to 512

Each is a process of its own, because peak memory is a process's.
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


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=2000)
    parser.add_argument("--peer", action="store_true")
    parser.add_argument("--steps", type=int, default=12)
    arguments = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    if arguments.peer:
        found = stock(arguments.data, arguments.limit, arguments.steps)
    else:
        found = ours(arguments.data, arguments.limit)
    found["peak_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
