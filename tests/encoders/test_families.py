"""The core's families hold the contract that a plugin's families must hold."""

import pytest

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
