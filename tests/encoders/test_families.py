"""The core's families hold the contract that a plugin's families must hold."""

import dataclasses

import pytest
from transformers import ElectraConfig
from transformers.models.bert.modeling_bert import BertIntermediate

from nlpengine.encoders.architecture import bare_model
from nlpengine.encoders.families import FAMILIES, family_of
from nlpengine.errors import UsageError
from nlpengine.testing.encoder_contract import EncoderContract
from nlpengine.testing.tiny_configs import tiny_config


class TestBert(EncoderContract):
    family = FAMILIES["bert"]
    config = tiny_config("bert")


class TestRoberta(EncoderContract):
    family = FAMILIES["roberta"]
    config = tiny_config("roberta")


class TestXlmRoberta(EncoderContract):
    family = FAMILIES["xlm-roberta"]
    config = tiny_config("xlm-roberta")


class TestAlbert(EncoderContract):
    family = FAMILIES["albert"]
    config = tiny_config("albert")


class TestAlbertOfTwoGroups(EncoderContract):
    family = FAMILIES["albert"]
    config = tiny_config("albert", num_hidden_groups=3, inner_group_num=2)


class TestDistilbert(EncoderContract):
    family = FAMILIES["distilbert"]
    config = tiny_config("distilbert")


class TestDeberta(EncoderContract):
    family = FAMILIES["deberta"]
    config = tiny_config("deberta")


class TestDebertaV2(EncoderContract):
    """Log buckets, shared keys and a convolution, as no published checkpoint has all three."""

    family = FAMILIES["deberta-v2"]
    config = tiny_config("deberta-v2")


def test_every_family_is_tested_here():
    tested = {found.family.name for found in EncoderContract.__subclasses__()}
    assert tested >= set(FAMILIES)


def test_an_unknown_family():
    with pytest.raises(UsageError, match="'t5' don't run here yet; these do: albert, bert"):
        family_of("t5")


@pytest.mark.parametrize("name", FAMILIES)
def test_a_base_model_has_no_pooler(name):
    names = [parameter for parameter, _ in bare_model(tiny_config(name)).named_parameters()]
    assert names
    assert not any("pooler" in parameter for parameter in names)


def test_a_base_model_takes_the_arguments_of_the_family_that_is_given():
    config = tiny_config("bert")
    pooling = dataclasses.replace(FAMILIES["bert"], base_arguments=None)
    assert bare_model(config, pooling).pooler is not None
    assert bare_model(config).pooler is None
    assert bare_model(ElectraConfig(hidden_size=8, num_attention_heads=2, num_hidden_layers=1))


def test_the_contract_notices_an_activation_whose_input_is_read_again(monkeypatch, tmp_path):
    """Negative control of `Family.gelu_in_place`."""

    def forward(self, hidden):
        inner = self.dense(hidden)
        return self.intermediate_act_fn(inner) + inner

    monkeypatch.setattr(BertIntermediate, "forward", forward)
    contract = TestBert()
    with pytest.raises(AssertionError, match="packed logits beside the stock model's"):
        contract.test_a_stock_checkpoint_gives_the_same_logits_here("token", "packed", tmp_path)
    contract.family = dataclasses.replace(FAMILIES["bert"], gelu_in_place=False)
    contract.test_a_stock_checkpoint_gives_the_same_logits_here("token", "packed", tmp_path)
