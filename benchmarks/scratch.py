"""Every family from scratch on the demo set: 2 layers x 128, fresh weights, its own vocabulary.

    python benchmarks/scratch.py

A smoke test of training: each must beat the majority class clearly. What a small encoder that was
never pre-trained can reach on 1,440 texts is below TF-IDF with logistic regression, and shown so.
"""

import argparse
import tempfile
from pathlib import Path

from nlpengine import Engine
from nlpengine.encoders.families import FAMILIES
from nlpengine.testing.tiny_configs import tiny_config

SHAPE = {"hidden_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
         "intermediate_size": 512, "vocab_size": 8000}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--families", nargs="*", default=list(FAMILIES))
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--lr", type=float, default=1e-3)
    arguments = parser.parse_args()
    print("| family | accuracy (95 % interval) | minus majority class | TF-IDF | texts/s |")
    print("|---|---|---|---|---|")
    for family in arguments.families:
        with tempfile.TemporaryDirectory() as folder:
            blueprint = Path(folder) / family
            changes = {**SHAPE, "embedding_size": 64} if family == "albert" else SHAPE
            own = {**changes, "hidden_dim": 512} if family == "distilbert" else changes
            tiny_config(family, **own).save_pretrained(blueprint)
            run = Engine().run(
                "sentiment", encoder=str(blueprint), from_scratch=True, epochs=arguments.epochs,
                lr=arguments.lr, output=Path(folder) / "run",
            )  # fmt: skip
        score = run.metrics["accuracy"]
        beside = {baseline.name: baseline for baseline in run.record.baselines}
        majority, tfidf = beside["majority"], beside["tf-idf"]
        margin = majority.difference
        print(
            f"| {family} | {100 * score.value:.1f} ({100 * score.low:.1f} to "
            f"{100 * score.high:.1f}) | {100 * margin.value:+.1f} ({100 * margin.low:+.1f} to "
            f"{100 * margin.high:+.1f}) | {100 * tfidf.score.value:.1f} "
            f"| {run.record.timings['train_texts_per_s']:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
