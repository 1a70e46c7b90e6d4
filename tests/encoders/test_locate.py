"""A name leads to files: package, folder, the Hub's cache, our own of converted ones, the Hub."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

from nlpengine.encoders.code import code_request
from nlpengine.encoders.convert import convert
from nlpengine.encoders.converted import home
from nlpengine.encoders.digest import file_sha256
from nlpengine.encoders.fetch import fetch
from nlpengine.encoders.locate import availability, find_spec, locate, read_config, unknown_encoder
from nlpengine.errors import EncoderUnavailable, UsageError

COMMIT = "0123456789abcdef0123456789abcdef01234567"  # of everything in the fixture `hub`

HUB_ID = "google-bert/bert-base-uncased"


# --- resolution -----------------------------------------------------------------------------------


def test_a_catalog_name_from_the_cache(hub, tiny):
    hub.publish(HUB_ID, tiny, fetched=True)
    found = locate("bert-base")
    assert (found.kind, found.revision, found.spec.name) == ("hub", COMMIT, "bert-base")
    assert found.folder == hub.cache / "models--google-bert--bert-base-uncased/snapshots" / COMMIT
    assert availability(found.spec) == "cache"
    assert not any("network" in asked for asked in hub.asked)


def test_a_catalog_name_from_the_network(hub, tiny):
    hub.publish(HUB_ID, tiny)
    assert availability(find_spec("bert-base")) is None
    assert locate("bert-base").revision == COMMIT
    assert hub.asked[-1] == (HUB_ID, "", "network")
    assert not list(hub.cache.rglob("*.bin"))


@pytest.mark.parametrize("revision", ["main", COMMIT])
def test_a_hub_id_with_its_revision(hub, tiny, revision):
    hub.publish("some/one", tiny, fetched=True)
    found = locate(f"some/one@{revision}")
    assert (found.name, found.revision, found.spec) == (f"some/one@{revision}", COMMIT, None)
    with pytest.raises(EncoderUnavailable, match="Looked for some/one@v2"):
        locate("some/one@v2")


def test_the_commit_is_in_the_record(hub, tiny, reviews, tmp_path):
    from nlpengine import Engine

    hub.publish("some/one", tiny, fetched=True)
    run = Engine().run(
        "sentiment", encoder="some/one", data=str(reviews), epochs=1, baseline=False,
        output=tmp_path / "run",
    )  # fmt: skip
    record = json.loads((run.path / "run.json").read_text())
    assert record["encoder"]["revision"] == COMMIT
    assert record["encoder"]["kind"] == "hub"


def test_a_folder_comes_before_a_hub_id(hub, tiny, tmp_path, monkeypatch):
    shutil.copytree(tiny, tmp_path / "some/one")
    hub.publish("some/one", tiny, fetched=True)
    monkeypatch.chdir(tmp_path)
    assert locate("some/one").kind == "folder"


def test_unknown_names():
    assert "Did you mean 'bert-base'" in str(unknown_encoder("bert-bse"))
    assert "'deberta-v3-small' or 'deberta-v3-base'?" in str(unknown_encoder("deberta"))
    assert "Did you mean" not in str(unknown_encoder("zzzzzz"))
    for name in ("zzzzzz", "a/b/c", "/no/folder", "./x/y", "", "a/"):
        with pytest.raises(UsageError, match="nlpengine encoders"):
            locate(name)


# --- what asks for code ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        {"auto_map": {"AutoModel": "evil.Model"}},
        {"text_config": {"auto_map": {"AutoModel": "evil.Model"}}},
        {"layers": [{"trust_remote_code": True}]},
        {"custom_pipelines": {"x": {"impl": "evil.Pipe"}}},
        {"_attn_implementation_internal": "evil/kernel"},
        {"attn_implementation": "evil/kernel"},
        {"attn_implementation": {"": "sdpa", "text_config": "evil/kernel@main"}},
        {"_experts_implementation": "evil/kernel"},
        {"use_kernels": True},
    ],
)
def test_a_request_for_code(tiny, tmp_path, content):
    assert code_request(content)
    folder = shutil.copytree(tiny, tmp_path / "encoder")
    for name in ("tokenizer_config.json", "config.json"):
        before = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps(before | content))
        with pytest.raises(EncoderUnavailable, match=rf"{name} asks to run code \('") as refused:
            read_config(folder)
        assert code_request(content) in str(refused.value)
        (folder / name).write_text(json.dumps(before))


@pytest.mark.parametrize(
    "content",
    [
        {"auto_map": {}, "custom_pipelines": None, "trust_remote_code": False},
        {"attn_implementation": "sdpa"},
        {"label2id": {"use_kernels": 1, "auto_map": 2}},
        {"_name_or_path": "owner/name"},
    ],
)
def test_control_no_request_for_code(content):
    assert code_request(content) is None


# --- pickles, converted once ----------------------------------------------------------------------


def test_fetch_converts_a_pickle_once(hub, pickled, tiny, monkeypatch):
    hub.publish("microsoft/deberta-v3-small", pickled)
    with pytest.raises(EncoderUnavailable, match="nlpengine encoders fetch deberta-v3-small"):
        locate("deberta-v3-small")
    found = fetch("deberta-v3-small")
    assert found.folder == (
        home() / "encoders/models--microsoft--deberta-v3-small/snapshots" / COMMIT
    )
    note = json.loads((found.folder / "conversion.json").read_text())
    assert note["revision"] == COMMIT
    assert note["sha256"] == {
        "pytorch_model.bin": file_sha256(pickled / "pytorch_model.bin"),
        "model.safetensors": file_sha256(found.folder / "model.safetensors"),
    }
    before, after = (
        load_file(tiny / "model.safetensors"),
        load_file(found.folder / "model.safetensors"),
    )
    assert set(before) == set(after)  # the tied output layer is stored once
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert not list(home().rglob(".part-*"))
    monkeypatch.setattr("nlpengine.encoders.converted.convert", None)  # not called again
    assert fetch("deberta-v3-small").folder == found.folder
    assert locate("deberta-v3-small") == found
    assert locate("microsoft/deberta-v3-small@main").folder == found.folder
    assert locate(f"microsoft/deberta-v3-small@{COMMIT}").folder == found.folder
    assert availability(found.spec) == "converted"


def test_a_converted_encoder_needs_neither_hub_nor_its_cache(hub, pickled, monkeypatch):
    hub.publish("some/one", pickled)
    found = fetch("some/one")
    hub.online.clear()
    shutil.rmtree(hub.cache)
    hub.cache.mkdir()
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert locate("some/one") == found


def test_a_converted_encoder_runs(hub, pickled, reviews, tmp_path):
    from nlpengine import Engine

    hub.publish("some/one", pickled)
    fetch("some/one")
    run = Engine().run(
        "sentiment", encoder="some/one", data=str(reviews), epochs=1, baseline=False,
        output=tmp_path / "run",
    )  # fmt: skip
    assert run.record.encoder["revision"] == COMMIT


def test_a_damaged_conversion(hub, pickled):
    hub.publish("some/one", pickled)
    weights = fetch("some/one").folder / "model.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(EncoderUnavailable, match=r"damaged.*Delete .*fetch some/one"):
        locate("some/one")


class Shell:
    """A pickle that writes a file when it is opened without care."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        import os

        return os.system, (f"touch {self.path}",)


def test_a_malicious_pickle_is_not_run(hub, pickled, tmp_path):
    trace = tmp_path / "trace"
    torch.save({"weight": torch.ones(2), "x": Shell(trace)}, pickled / "pytorch_model.bin")
    hub.publish("some/one", pickled)
    with pytest.raises(EncoderUnavailable, match=r"it asks to call posix\.system.*don't trust"):
        fetch("some/one")
    assert not trace.exists()
    assert not list(home().rglob("*.safetensors"))
    # The control: opened without care, it does write.
    torch.load(pickled / "pytorch_model.bin", weights_only=False)
    assert trace.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "damaged or no checkpoint"),
        (b"version https://git-lfs", "damaged or no checkpoint"),
        ([torch.ones(2)], "holds no table of tensors"),
        ({"epoch": 3}, "'epoch' is no tensor but int"),
    ],
)
def test_what_is_no_checkpoint(tmp_path, content, words):
    path = tmp_path / "pytorch_model.bin"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(EncoderUnavailable, match=f"{path} can't be converted.*{words}"):
        convert([path], tmp_path / "model.safetensors")
    assert not (tmp_path / "model.safetensors").exists()


def test_shards_and_views(tmp_path):
    whole = torch.arange(12.0).reshape(3, 4)
    torch.save({"a": whole, "b": whole[1:], "c": whole.T, "d": whole}, tmp_path / "1.bin")
    torch.save({"e": torch.tensor(3), "f": torch.ones(2).half()}, tmp_path / "2.bin")
    target = tmp_path / "model.safetensors"
    convert([tmp_path / "1.bin", tmp_path / "2.bin"], target)
    found = load_file(target)
    assert set(found) == {"a", "b", "c", "e", "f"}
    assert torch.equal(found["b"], whole[1:])
    assert torch.equal(found["c"], whole.T)
    assert found["f"].dtype == torch.float16


def test_fetch_refuses_code_before_it_fetches_a_pickle(hub, pickled):
    path = pickled / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"auto_map": {"AutoModel": "x.Y"}}))
    hub.publish("some/one", pickled)
    with pytest.raises(EncoderUnavailable, match="asks to run code"):
        fetch("some/one")
    assert not list(hub.cache.rglob("*.bin"))


def test_fetch_without_weights_anywhere(hub, tiny, tmp_path):
    folder = shutil.copytree(tiny, tmp_path / "bare")
    (folder / "model.safetensors").unlink()
    hub.publish("some/one", folder)
    with pytest.raises(EncoderUnavailable, match="no weights to fetch"):
        fetch("some/one")
