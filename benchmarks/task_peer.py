"""The peer on each task: stock models and the stock Trainer, data prepared as its examples do."""

from pathlib import Path

import peer
import torch
from datasets import Dataset
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    DataCollatorForTokenClassification,
    DataCollatorWithPadding,
    Trainer,
    TrainingArguments,
    set_seed,
)

MODELS = {
    "sentiment": AutoModelForSequenceClassification,
    "pair": AutoModelForSequenceClassification,
    "ner": AutoModelForTokenClassification,
    "qa": AutoModelForQuestionAnswering,
}
MAX_LENGTH, STRIDE = 384, 128
"""Of the question-answering example."""


def build(task: str, folder: Path, names, seed: int):
    """A stock model with a fresh head; no names for numbers and spans."""
    set_seed(seed)
    labels = {}
    if names:
        labels = {
            "id2label": dict(enumerate(names)),
            "label2id": {n: i for i, n in enumerate(names)},
        }
    elif task != "qa":
        labels = {"num_labels": 1, "problem_type": "regression"}
    return MODELS[task].from_pretrained(folder, dtype=torch.float32, **labels)


def rows(task: str, tok, examples, names):
    """Tokenised training rows, unpadded."""
    return {"sentiment": _texts, "pair": _texts, "ner": _words, "qa": _spans}[task](
        tok, examples, names
    )


def _texts(tok, examples, names):
    texts = list(zip(*[example.texts for example in examples], strict=True))
    encoded = tok(*map(list, texts), truncation=True, max_length=512)
    labels = [names.index(e.label) if names else float(e.label) for e in examples]
    return Dataset.from_dict({**encoded, "labels": labels})


def _words(tok, examples, names):
    words = [[e.text[start:end] for start, end in e.words] for e in examples]
    encoded = tok(words, truncation=True, max_length=512, is_split_into_words=True)
    labels = []
    for number, example in enumerate(examples):
        row, before = [], None
        for word in encoded.word_ids(number):
            first = word is not None and word != before
            row.append(names.index(example.tags[word]) if first else -100)
            before = word
        labels.append(row)
    return Dataset.from_dict({**encoded, "labels": labels})


def windows(tok, examples, *, padded: bool):
    """Questions over sliding windows of their contexts."""
    return tok(
        [example.question.lstrip() for example in examples],
        [example.context for example in examples],
        truncation="only_second",
        max_length=MAX_LENGTH,
        stride=STRIDE,
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
        padding="max_length" if padded else False,
    )


def _spans(tok, examples, names):
    encoded = windows(tok, examples, padded=False)
    owners = encoded.pop("overflow_to_sample_mapping")
    offsets = encoded.pop("offset_mapping")
    starts, ends = [], []
    for number, spans in enumerate(offsets):
        answers = examples[owners[number]].answers
        sides = encoded.sequence_ids(number)
        first = sides.index(1)
        last = len(sides) - 1 - sides[::-1].index(1)
        begin, end = (answers[0][1], answers[0][1] + len(answers[0][0])) if answers else (0, 0)
        if not answers or spans[first][0] > begin or spans[last][1] < end:
            starts.append(0)
            ends.append(0)
            continue
        inside = range(first, last + 1)
        starts.append(max(t for t in inside if spans[t][0] <= begin))
        ends.append(min(t for t in inside if spans[t][1] >= end))
    columns = {**encoded, "start_positions": starts, "end_positions": ends}
    return Dataset.from_dict(columns)


def train(task, model, tok, data, *, seed: int, callbacks=(), **settings):
    """The stock Trainer, batches padded to their longest; its defaults otherwise."""
    collate = (
        DataCollatorForTokenClassification(tok) if task == "ner" else DataCollatorWithPadding(tok)
    )
    arguments = TrainingArguments(
        "/tmp/nlpengine-benchmark-peer", report_to=[], save_strategy="no", disable_tqdm=True,
        logging_strategy="no", seed=seed, **settings,
    )  # fmt: skip
    trainer = Trainer(
        model, arguments, train_dataset=data, processing_class=tok, data_collator=collate,
        callbacks=list(callbacks),
    )  # fmt: skip
    trainer.train()
    return trainer


def tokenizer(folder: Path):
    """See `peer.tokenizer`."""
    return peer.tokenizer(folder)
