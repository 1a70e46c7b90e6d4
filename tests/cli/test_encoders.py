"""``nlpengine encoders show`` and ``fetch``, and the mistakes that go with them."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

from nlpengine import ExitCode

USAGE, NO_ENCODER = ExitCode.USAGE, ExitCode.NO_ENCODER


def check(done, code, *words):
    assert (done.code, done.out) == (code, "")
    for word in words:
        assert word in done.err


def test_show(cli):
    row = cli("encoders", "show", "deberta-v3-base", "--json").json()["encoder"]
    assert (row["family"], row["layers"], row["licence"]) == ("deberta-v2", 12, "MIT")
    assert row["settings"]["position_buckets"] == 256
    assert row["available"] in ("cache", "converted", None)
    done = cli("encoders", "show", "bert-base")
    assert done.code == 0
    for word in (
        "google-bert/bert-base-uncased",
        "108,891,648",
        "Apache-2.0",
        "2e-05",
    ):
        assert word in done.out
    assert cli("encoders", "show", "minilm", "--json").json()["encoder"]["available"] == "package"


def test_show_mistakes(cli):
    check(
        cli("encoders", "show", "roberta"), USAGE, "unknown encoder 'roberta'",
        "Did you mean 'roberta-base' or 'roberta-large'?", "nlpengine encoders",
    )  # fmt: skip
    check(cli("encoders", "shw"), USAGE, "unknown command 'encoders shw'", "Did you mean 'show'?")
    check(cli("encoders", "minilm"), USAGE, "nlpengine encoders show minilm")


def test_fetch(cli, hub, tiny):
    hub.publish("google/bert_uncased_L-2_H-128_A-2", tiny)
    hub.publish("some/one", tiny)
    found = cli("encoders", "fetch", "bert-tiny", "some/one", "--json").json()["fetched"]
    assert [row["name"] for row in found] == ["bert-tiny", "some/one"]
    for row in found:
        assert load_file(f"{row['folder']}/model.safetensors")
        assert len(row["revision"]) == 40
    done = cli("encoders", "fetch", "some/one")
    assert done.out.startswith("some/one: 0123456789ab in ")


def test_fetch_mistakes(cli, hub, tiny, monkeypatch):
    hub.publish("some/one", tiny)
    done = cli("encoders", "fetch", "some/one", "bert-bas")
    check(done, USAGE, "unknown encoder 'bert-bas'", "'bert-base'")
    assert hub.asked == []  # said before the first download
    check(cli("encoders", "fetch"), USAGE, "Missing argument")
    check(
        cli("encoders", "fetch", "roberta-base"), NO_ENCODER,
        "the encoder 'roberta-base' (FacebookAI/roberta-base) can't be fetched: the Hub: ", "404",
    )  # fmt: skip
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    check(
        cli("encoders", "fetch", "some/one@v2"), NO_ENCODER,
        "the encoder 'some/one@v2' (some/one@v2) can't be fetched: the network was not tried: "
        "HF_HUB_OFFLINE is set.",
    )  # fmt: skip


def test_convert_a_folder(cli, pickled, tiny, tmp_path):
    done = cli("encoders", "fetch", pickled, "--output", tmp_path / "new")
    assert (done.code, done.err) == (0, "")
    assert f"--encoder {tmp_path / 'new'}" in done.out
    before, after = (load_file(f / "model.safetensors") for f in (tiny, tmp_path / "new"))
    assert all(torch.equal(before[name], after[name]) for name in before)
    note = json.loads((tmp_path / "new/conversion.json").read_text())
    assert note["folder"] == str(pickled)
    assert {path.name for path in (tmp_path / "new").iterdir()} == {
        "config.json", "conversion.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json",
    }  # fmt: skip


def test_convert_mistakes(cli, pickled, tiny, tmp_path):
    fetch, new = ("encoders", "fetch"), tmp_path / "new"
    check(cli(*fetch, pickled), USAGE, f"{pickled} is a folder", "--output NEW-FOLDER")
    check(cli(*fetch, "minilm", "--output", new), USAGE, f"--output {new}: it goes with one local")
    check(cli(*fetch, pickled, "--output", tiny), USAGE, f"--output {tiny}: exists already")
    check(cli(*fetch, tiny, "--output", new), USAGE, "there is nothing to convert", str(tiny))
    (pickled / "pytorch_model.bin").write_bytes(b"PK\x03\x04")
    check(
        cli(*fetch, pickled, "--output", new), NO_ENCODER,
        f"{pickled / 'pytorch_model.bin'} can't be converted to safetensors", "damaged",
    )  # fmt: skip
    (pickled / "pytorch_model.bin").unlink()
    check(
        cli(*fetch, pickled, "--output", new), NO_ENCODER,
        f"{pickled} has neither model.safetensors nor pytorch_model.bin",
    )  # fmt: skip
    shutil.copyfile(tiny / "model.safetensors", tmp_path / "f")
    (tiny_copy := tmp_path / "copy").mkdir()
    check(cli(*fetch, tiny_copy, "--output", new), NO_ENCODER, "has no config.json")
    assert not new.exists()


@pytest.mark.parametrize(
    ("encoder", "code", "words"),
    [
        ("bert-bas", USAGE, ("unknown encoder 'bert-bas'", "'bert-base'")),
        ("owner/name", USAGE, ("--from-scratch: owner/name is no folder", "catalog name")),
        ("{tmp}", NO_ENCODER, ("has no config.json",)),
    ],
)
def test_from_scratch_mistakes(cli, reviews, tmp_path, encoder, code, words):
    done = cli(
        "run", "sentiment", "--encoder", encoder.replace("{tmp}", str(tmp_path)), "--from-scratch",
        "--data", reviews, "--output", tmp_path / "out",
    )  # fmt: skip
    check(done, code, *words)
    assert not (tmp_path / "out").exists()


def test_from_scratch_keeps_no_head(cli, reviews, tmp_path, finished_run):
    done = cli(
        "run", "sentiment", "--encoder", finished_run.path, "--from-scratch", "--head", "keep",
        "--data", reviews, "--output", tmp_path / "out",
    )  # fmt: skip
    check(done, USAGE, "--head keep: the checkpoint has no classifier")
