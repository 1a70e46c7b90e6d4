"""Checkpoints travel both ways, and a damaged one is never opened."""

import json

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

import nlpengine
from nlpengine import Engine
from nlpengine.errors import DataError, UsageError
from nlpengine.workflow.inference import window_logits

TEXTS = ["the soup was good", "hate", "", "a dull bad film but the service was very fine", "x" * 30]


def stock_logits(folder, texts):
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tok = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        return model(**tok(texts, padding=True, return_tensors="pt")).logits.numpy()


def own_logits(model, texts):
    return np.stack(
        window_logits(model.network, model.tokenizer.encode([(t,) for t in texts], model.policy))
    )


def test_our_model_opens_in_the_stock_class_with_the_same_logits(finished_run):
    folder = finished_run.path / "model"
    own = own_logits(finished_run.model, TEXTS)
    assert np.abs(own - stock_logits(folder, TEXTS)).max() <= 1e-5
    assert np.ptp(own) > 1e-3
    config = json.loads((folder / "config.json").read_text())
    assert config["architectures"] == ["BertForSequenceClassification"]
    assert config["id2label"] == {"0": "neg", "1": "pos"}


def test_our_model_opens_in_the_stock_pipeline(finished_run):
    found = pipeline("text-classification", str(finished_run.path / "model"))(TEXTS[0])
    assert found[0]["label"] == finished_run.model(TEXTS[0]).label


def test_load_gives_the_run_s_own_predictions(finished_run):
    model = nlpengine.load(finished_run.path)
    assert np.abs(own_logits(model, TEXTS) - own_logits(finished_run.model, TEXTS)).max() <= 1e-6
    assert model(TEXTS[0]) == finished_run.model(TEXTS[0])
    lines = (finished_run.path / "predictions.jsonl").read_text().strip().split("\n")
    rows = [json.loads(line) for line in lines]
    again = list(model.predict([row["text"] for row in rows]))
    assert [row["label"] for row in rows] == [p.label for p in again]
    assert np.allclose([row["score"] for row in rows], [p.score for p in again], atol=1e-6)


def test_a_stock_classifier_loads_here_with_the_same_logits(tiny, tmp_path):
    torch.manual_seed(0)
    labels = {0: "NEG", 1: "NEU", 2: "POS"}
    stock = AutoModelForSequenceClassification.from_pretrained(
        tiny, num_labels=3, id2label=labels, label2id={v: k for k, v in labels.items()}
    )
    torch.nn.init.normal_(stock.classifier.weight, std=1.0)
    stock.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(tiny).save_pretrained(tmp_path)
    model = nlpengine.load(tmp_path, task="sentiment")
    assert model.labels.names == ("NEG", "NEU", "POS")
    assert np.abs(own_logits(model, TEXTS) - stock_logits(tmp_path, TEXTS)).max() <= 1e-5
    with pytest.raises(UsageError, match="--task"):
        nlpengine.load(tmp_path)


def test_a_run_starts_from_another_run_and_keeps_its_head(finished_run, reviews, tmp_path):
    settings = {"data": str(reviews), "epochs": 1, "lr": 1e-9, "baseline": False}
    source = str(finished_run.path)
    kept = Engine().run("sentiment", encoder=source, output=tmp_path / "a", **settings)
    assert kept.record.encoder["head"] == "kept"
    assert any("is kept" in note for note in kept.record.notes)
    same = own_logits(kept.model, TEXTS) - own_logits(finished_run.model, TEXTS)
    assert np.abs(same).max() < 1e-4
    new = Engine().run("sentiment", encoder=source, head="new", output=tmp_path / "b", **settings)
    assert new.record.encoder["head"].startswith("new")
    assert np.abs(own_logits(new.model, TEXTS) - own_logits(kept.model, TEXTS)).max() > 1e-3


def test_other_labels_replace_the_head_and_say_so(finished_run, tmp_path):
    rows = [{"text": f"good {n}", "label": "yes"} for n in range(20)]
    rows += [{"text": f"bad {n}", "label": "no"} for n in range(20)]
    file = tmp_path / "data.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = {"encoder": str(finished_run.path), "data": str(file), "epochs": 1}
    run = Engine().run("sentiment", output=tmp_path / "run", **settings)
    assert run.record.encoder["head"] == "new, pre-trained pooler"
    assert any("is replaced: its labels are neg, pos" in note for note in run.record.notes)
    with pytest.raises(UsageError, match="--head keep: the checkpoint has neg, pos"):
        Engine().run("sentiment", head="keep", output=tmp_path / "no", **settings)
    assert not (tmp_path / "no").exists()


def test_a_flipped_bit_is_noticed(finished_run, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for path in (finished_run.path / "model").iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    nlpengine.load(folder)
    weights = folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-5] ^= 1
    weights.write_bytes(content)
    with pytest.raises(DataError, match=r"model\.safetensors: is damaged"):
        nlpengine.load(folder)
