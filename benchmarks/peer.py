"""The peer: the same work on stock Hugging Face, as its documentation has it."""

import time
from pathlib import Path

import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    Trainer,
    TrainerCallback,
    TrainingArguments,
)


def labelled_lines(path: Path) -> tuple[list[str], list[int]]:
    """A `label text` file → texts, labels."""
    rows = [line.rstrip("\n").split(" ", 1) for line in path.open(encoding="utf-8")]
    return [text for _, text in rows], [int(label) for label, _ in rows]


def tokenizer(folder: str | Path):
    """The stock tokenizer, with the truncation to 128 that MiniLM's file has baked in cleared."""
    found = AutoTokenizer.from_pretrained(folder)
    found.backend_tokenizer.no_truncation()
    found.backend_tokenizer.no_padding()
    found.model_max_length = 512
    return found


def classifier(folder: str | Path, labels: int):
    """The stock classifier in float32."""
    return AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=labels, dtype=torch.float32
    )


def dataset(tok, texts: list[str], labels: list[int]):
    """Tokenised, unpadded; the Trainer's collator pads each batch to its longest."""
    from datasets import Dataset

    encoded = tok(texts, truncation=True, max_length=512)
    return Dataset.from_dict({**encoded, "labels": labels})


class StepTimes(TrainerCallback):
    """Seconds of each optimiser step."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_step_begin(self, *args, **kwargs) -> None:
        self._began = time.perf_counter()

    def on_step_end(self, *args, **kwargs) -> None:
        self.seconds.append(time.perf_counter() - self._began)


def train(model, tok, data, *, seed: int, sampling: str = "random", callbacks=(), **settings):
    """The stock Trainer; linear decay without warm-up, its defaults otherwise."""
    arguments = TrainingArguments(
        "/tmp/nlpengine-benchmark-peer",
        train_sampling_strategy=sampling,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        logging_strategy="no",
        seed=seed,
        **settings,
    )
    trainer = Trainer(
        model, arguments, train_dataset=data, processing_class=tok, callbacks=list(callbacks)
    )
    trainer.train()
    return trainer


@torch.inference_mode()
def accuracy(model, tok, texts: list[str], labels: list[int]) -> float:
    """Share of right labels."""
    model.eval()
    order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
    right = 0
    for start in range(0, len(order), 64):
        part = order[start : start + 64]
        batch = tok([texts[i] for i in part], padding=True, truncation=True, return_tensors="pt")
        best = model(**batch).logits.argmax(-1).tolist()
        right += sum(guess == labels[i] for guess, i in zip(best, part, strict=True))
    return right / len(texts)
