"""Models of pairs open in the stock classes with the same logits, in every kind of family."""

import dataclasses
import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import nlpengine
from nlpengine import Engine
from nlpengine.encoders.locate import find_spec
from nlpengine.encoders.scratch import make_from_scratch

PAIRS = [
    ("the soup was good", "a soup that was good"),
    ("", "a film"),
    ("a film", ""),
    ("hate it", "hate it"),
    ("a dull, bad film, but the service was fine", "The film was great!"),
]
FAMILIES = ("bert-tiny", "roberta-base", "distilbert", "deberta-v3-xsmall")
"""Two segments; none; none and no pooler; log buckets and a Unigram vocabulary."""


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    """Catalog row → a small encoder of its family, made once."""
    texts = [f"{a} {b} in café {n}, it isn't!" for n, (a, b) in enumerate(PAIRS * 4)]
    done = {}

    def make(name):
        if name not in done:
            spec = dataclasses.replace(find_spec(name), layers=2, width=32, heads=2)
            folder = tmp_path_factory.mktemp("interop") / name
            done[name] = make_from_scratch(spec, texts, folder, seed=1)
            shake(folder / "model.safetensors")
        return done[name]

    return make


def shake(path):
    """Weights as pre-training leaves them: fresh ones take hardly any notice of the text."""
    generator = torch.Generator().manual_seed(0)
    tensors = {
        name: value + 0.2 * torch.randn(value.shape, generator=generator)
        for name, value in sorted(load_file(path).items())
    }
    save_file(tensors, path, metadata={"format": "pt"})


def run(encoder, folder, labels):
    rows = [
        {"sentence1": a, "sentence2": f"{b} {n}", "label": labels[n % len(labels)]}
        for n, (a, b) in enumerate(PAIRS * 6)
    ]
    for split in ("train", "dev", "test"):
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return Engine().run(
        "pair", encoder=str(encoder), data=str(folder), output=folder / "run", epochs=2, lr=1e-3,
        baseline=False, max_length=64,
    )  # fmt: skip


def stock_logits(folder, pairs=PAIRS):
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    first, second = map(list, zip(*pairs, strict=True))
    with torch.no_grad():
        return model(**tokenizer(first, second, padding=True, return_tensors="pt")).logits.numpy()


def own_logits(model, pairs=PAIRS):
    encodings = model.tokenizer.encode(pairs, model.policy)
    grouped = model.windows(len(pairs), encodings)
    return np.stack([window.logits for (window,) in grouped])


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("labels", [("no", "yes", "maybe"), (10.5, 42.25, 99.0)])
def test_ours_opens_in_the_stock_class(encoder, tmp_path, name, labels):
    done = run(encoder(name), tmp_path, labels)
    folder = done.path / "model"
    own, stock = own_logits(done.model), stock_logits(folder)
    scale = max(1.0, float(np.abs(stock).max()))
    assert np.abs(own - stock).max() <= 1e-5 * scale
    # A control: with the two texts changed about, these logits are others.
    swapped = stock_logits(folder, [pair[::-1] for pair in PAIRS])
    assert np.abs(stock - swapped).max() > 1e-3
    config = json.loads((folder / "config.json").read_text())
    if labels[0] == "no":
        assert config["id2label"] == {"0": "maybe", "1": "no", "2": "yes"}
        return
    assert config["problem_type"] == "regression"
    assert len(config["id2label"]) == 1
    values = [done.model(first=a, second=b).value for a, b in PAIRS]
    assert values == pytest.approx(stock[:, 0].tolist(), abs=1e-5 * scale)
    assert np.mean(values) == pytest.approx(50, abs=35)  # in the unit of the labels


@pytest.mark.parametrize("name", FAMILIES)
def test_a_stock_checkpoint_of_one_label_opens_here(encoder, tmp_path, name):
    torch.manual_seed(0)
    stock = AutoModelForSequenceClassification.from_pretrained(encoder(name), num_labels=1)
    with torch.no_grad():
        for parameter in stock.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    stock.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(encoder(name)).save_pretrained(tmp_path)
    model = nlpengine.load(tmp_path, task="pair")
    assert model.labels.names == ()
    values = [model(first=a, second=b).value for a, b in PAIRS]
    assert values == pytest.approx(stock_logits(tmp_path)[:, 0].tolist(), abs=1e-5)
    assert np.ptp(values) > 1e-3


def test_a_stock_classifier_of_pairs_opens_here(encoder, tmp_path):
    names = {0: "not_entailment", 1: "entailment"}
    stock = AutoModelForSequenceClassification.from_pretrained(
        encoder("bert-tiny"), id2label=names, label2id={v: k for k, v in names.items()}
    )
    stock.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(encoder("bert-tiny")).save_pretrained(tmp_path)
    model = nlpengine.load(tmp_path, task="pair")
    assert model.labels.names == ("not_entailment", "entailment")
    assert model.labels.positive == "entailment"
    assert np.abs(own_logits(model) - stock_logits(tmp_path)).max() <= 1e-5
