"""Encoders of plugins: named, run, saved and opened again like the core's own."""

import json

import pytest

from nlpengine import Engine, PluginError, UsageError
from nlpengine.cli.main import main
from nlpengine.plugin.listing import Switches
from nlpengine.plugin.manager import PluginManager

OFFER = """
from nlpengine.plugin.encoder import (
    EncoderOffer, EncoderSpec, Family, bert_last_layer, config_dropout, hookimpl, pooled, shapes,
)

dropout = config_dropout("hidden_dropout_prob")
ELECTRA = Family(
    name="electra", prefix="electra.",
    heads=shapes("Electra", pooled("Electra", "classifier.dense.", dropout,
                                   classifier="classifier.out_proj."), dropout),
    last_layer=bert_last_layer, tokenizer="bert",
)
SPEC = EncoderSpec(
    name="{name}", family="electra", hub_id="someone/electra", layers=2, width=32, heads=2,
    vocabulary=1000, parameters=1, max_length=64, cased=False, languages="en", licence="MIT",
    learning_rate=1e-3, settings={{"embedding_size": 32, "intermediate_size": 64}},
)

@hookimpl
def nlpengine_encoder():
    return {answer}
"""
GOOD = "EncoderOffer(SPEC, ELECTRA)"


def offer(name, answer=GOOD):
    return OFFER.format(name=name, answer=answer)


def test_an_encoder_is_listed_from_metadata_and_loads_when_named(install):
    file = install("sparkly", offer("sparkly"), kind="encoder")
    manager = PluginManager()
    assert manager.encoder_names() == ["sparkly"]
    assert manager.used() == []
    assert manager.encoder_spec("sparkly").hub_id == "someone/electra"
    assert manager.encoder_spec("bert-base").family == "bert"
    assert manager.encoder_spec("nobody") is None
    assert manager.used()[0] == {
        "kind": "encoder", "name": "sparkly", "distribution": "nlpengine-sparkly", "version": "1.2",
    }  # fmt: skip
    assert file.is_file()


def test_a_family_is_the_core_s_own_first_then_a_plugin_s(install):
    install("broken", "raise ValueError('no luck')", kind="encoder")
    install("sparkly", offer("sparkly"), kind="encoder")
    manager = PluginManager()
    assert manager.family("bert").name == "bert"
    assert manager.family("electra").prefix == "electra."
    with pytest.raises(UsageError, match="the family 't5' don't run here yet"):
        manager.family("t5")
    with pytest.raises(UsageError, match="'electra' don't run here yet"):
        PluginManager(Switches(only=frozenset())).family("electra")
    with pytest.raises(PluginError, match="ValueError: no luck"):
        PluginManager(Switches(strict=True)).family("electra")


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (offer("sparkly", "SPEC"), "gave EncoderSpec, not an EncoderOffer"),
        (offer("other"), "gave an encoder named 'other'; the entry point is 'sparkly'"),
        ("import no_such_module", "ModuleNotFoundError"),
        ("x = 1", "has no hook nlpengine_encoder"),
    ],
)
def test_an_encoder_plugin_that_fails_says_why(install, source, reason):
    install("sparkly", source, kind="encoder")
    with pytest.raises(PluginError, match="the plugin for encoder 'sparkly' failed: ") as found:
        PluginManager().encoder("sparkly")
    assert reason in str(found.value)
    (state,) = [s for s in PluginManager().states() if s.entry.kind == "encoder"]
    assert state.status == "failed"
    assert reason in state.reason


def test_a_run_on_a_plugin_s_encoder(install, reviews, tmp_path):
    install("sparkly", offer("sparkly"), kind="encoder")
    engine = Engine()
    run = engine.run(
        "sentiment", encoder="sparkly", from_scratch=True, data=str(reviews), epochs=2,
        output=tmp_path / "run", baseline=False,
    )  # fmt: skip
    record = json.loads((tmp_path / "run/run.json").read_text())
    assert ("encoder", "sparkly") in {(p["kind"], p["name"]) for p in record["plugins"]}
    assert record["encoder"]["family"] == "electra"
    text = "the soup was good"
    assert Engine().load(tmp_path / "run")(text) == run.model(text)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("encoders", "--json"), '"from_plugins": [\n    "sparkly"\n  ]'),
        (("encoders",), "From plugins: sparkly"),
        (("encoders", "show", "sparkly"), "someone/electra"),
        (("plugins",), "sparkly"),
    ],
)
def test_the_commands_know_a_plugin_s_encoder(install, capsys, words, shown):
    install("sparkly", offer("sparkly"), kind="encoder")
    with pytest.raises(SystemExit):
        main(words)
    printed = capsys.readouterr()
    assert shown in printed.out + printed.err
