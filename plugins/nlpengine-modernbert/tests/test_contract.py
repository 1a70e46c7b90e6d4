"""Both families hold the contract; the rows are right; a model folder opens again."""

from importlib.metadata import entry_points

import numpy as np
import pytest
import torch
from nlpengine_modernbert import offers
from nlpengine_modernbert.families import ELECTRA, MODERNBERT
from transformers import ElectraConfig, ModernBertConfig

from nlpengine import Engine
from nlpengine.testing.encoder_contract import EncoderContract, count_parameters

SMALL = {
    "vocab_size": 120, "hidden_size": 32, "num_hidden_layers": 3, "num_attention_heads": 2,
    "intermediate_size": 48, "max_position_embeddings": 96,
}  # fmt: skip
IDS = {"pad_token_id": 0, "bos_token_id": 1, "cls_token_id": 1, "eos_token_id": 2,
       "sep_token_id": 2}  # fmt: skip


def modernbert(bias=True, **changes):
    return ModernBertConfig(**SMALL, **IDS, local_attention=16, classifier_bias=bias,
                            norm_bias=bias, **changes)  # fmt: skip


class TestModernBert(EncoderContract):
    """Windows of 8 tokens to each side, in texts of up to 90."""

    family = MODERNBERT
    config = modernbert()


class TestModernBertWithMeanPooling(EncoderContract):
    family = MODERNBERT
    config = modernbert(classifier_pooling="mean")


class TestModernBertAsPublished(EncoderContract):
    """Without biases in head and norms."""

    family = MODERNBERT
    config = modernbert(bias=False)


class TestElectra(EncoderContract):
    family = ELECTRA
    config = ElectraConfig(**SMALL, embedding_size=16)


def test_the_sliding_window_matters(tmp_path):
    """Negative control: without its window ModernBERT gives something else."""
    contract = TestModernBert()
    windows = contract.windows([60, 90])
    contract.stock("token").save_pretrained(tmp_path)
    network, _ = contract.network(tmp_path, "token")
    batch = network.pack(windows)
    with torch.no_grad():
        kept = network.encoder(batch)
        for layer in network.encoder.model.layers:
            layer.attn.sliding_window = None
        lost = network.encoder(batch)
    assert float((kept - lost).abs().max()) > 1e-3


OFFERS = [value for value in vars(offers).values() if isinstance(value, offers.Offer)]


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: offer.nlpengine_encoder().spec.name)
def test_a_row_builds_its_architecture(offer):
    made = offer.nlpengine_encoder()
    assert count_parameters(made.spec, made.family) == made.spec.parameters


def test_entry_points_are_the_offers():
    named = {e.name for e in entry_points(group="nlpengine.encoders")}
    assert {offer.nlpengine_encoder().spec.name for offer in OFFERS} <= named


@pytest.mark.parametrize("contract", [TestModernBert, TestElectra])
def test_a_run_from_scratch_saves_a_model_that_opens_again(contract, tmp_path):
    rows = [("a good film", "pos"), ("a bad film", "neg")] * 12
    data = tmp_path / "data.csv"
    data.write_text("text,label\n" + "".join(f"{t} {i},{y}\n" for i, (t, y) in enumerate(rows)))
    contract.config.save_pretrained(tmp_path / "architecture")
    engine = Engine()
    run = engine.run(
        "sentiment", encoder=str(tmp_path / "architecture"), from_scratch=True, data=str(data),
        epochs=1, output=tmp_path / "run", baseline=False,
    )  # fmt: skip
    again = engine.load(tmp_path / "run")
    text = "a good film"
    before, after = run.model(text).scores, again(text).scores
    assert np.allclose(list(before.values()), list(after.values()), atol=1e-6)
