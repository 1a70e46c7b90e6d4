"""The store: encoders are shared, evicted and brought back, and predictions never change."""

import gc
import resource
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from nlpengine import Engine
from nlpengine.encoders.checkpoint import load_encoder
from nlpengine.encoders.kernels import LinearChoice
from nlpengine.encoders.store import EncoderStore, parse_bytes
from nlpengine.errors import DeviceError, UsageError
from nlpengine.testing import tiny_encoder

TEXTS = ["the soup was good", "a dull bad film", "very fine service"]
TORCH = LinearChoice(False, "test")


def size(encoder):
    return sum(p.numel() * p.element_size() for p in encoder.parameters())


@pytest.fixture(scope="module")
def classifiers(tmp_path_factory):
    """Ten stock classifiers with an encoder each, and an eleventh with the first's encoder."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    root = tmp_path_factory.mktemp("classifiers")
    folders = []
    for number in range(11):
        base = tiny_encoder(root / f"base-{number}", seed=number % 10)
        torch.manual_seed(100 + number)
        folder = root / f"model-{number}"
        AutoModelForSequenceClassification.from_pretrained(base, num_labels=3).save_pretrained(
            folder
        )
        AutoTokenizer.from_pretrained(base).save_pretrained(folder)
        folders.append(folder)
    return folders


def scores(model):
    return [list(answer.scores.values()) for answer in model.predict(TEXTS)]


def test_ten_encoders_through_a_budget_of_two(classifiers):
    expected = [scores(Engine().load(folder, task="sentiment")) for folder in classifiers[:10]]
    one = size(Engine().load(classifiers[0], task="sentiment").network.encoder)
    engine = Engine(memory_budget=int(2.5 * one))
    models = [engine.load(folder, task="sentiment") for folder in classifiers[:10]]
    for _ in range(2):
        for model, wanted in zip(models, expected, strict=True):
            assert scores(model) == wanted  # bit for bit, also after an eviction
            assert engine.encoders.resident_bytes <= 2.5 * one
    assert len(engine.encoders.resident) == 2
    assert not any(found.in_use for found in engine.encoders.resident)


def test_models_with_the_same_encoder_share_it_bit_for_bit(classifiers):
    first, other = classifiers[0], classifiers[10]
    alone = scores(Engine().load(other, task="sentiment"))
    engine = Engine()
    models = [engine.load(folder, task="sentiment") for folder in (first, other)]
    assert models[0].network.encoder is models[1].network.encoder
    assert len(engine.encoders.resident) == 1
    assert scores(models[1]) == alone
    assert scores(models[0]) != alone
    stranger = engine.load(classifiers[1], task="sentiment")
    assert stranger.network.encoder is not models[0].network.encoder


def test_weights_changed_by_hand_are_another_encoder(classifiers, tmp_path):
    """What the card says of them counts only as long as the manifest does."""
    from nlpengine.workflow.folder import save_model

    save_model(Engine().load(classifiers[0], task="sentiment"), tmp_path / "model")
    engine = Engine()
    before = engine.load(tmp_path / "model")
    assert engine.load(classifiers[0], task="sentiment").network.encoder is before.network.encoder
    weights = tmp_path / "model" / "model.safetensors"
    tensors = load_file(weights)
    save_file({name: value + 1.0 for name, value in tensors.items()}, weights)
    (tmp_path / "model" / "manifest.json").unlink()
    assert engine.load(tmp_path / "model").network.encoder is not before.network.encoder


def test_without_a_budget_an_encoder_goes_with_its_last_model(classifiers):
    engine = Engine()
    model = engine.load(classifiers[0], task="sentiment")
    assert len(engine.encoders.resident) == 1
    del model
    gc.collect()
    assert engine.encoders.resident == []


def test_an_evicted_model_can_be_saved(classifiers, tmp_path):
    from nlpengine.workflow.folder import save_model

    engine = Engine(memory_budget="1 GB")
    model = engine.load(classifiers[2], task="sentiment")
    expected = scores(model)
    assert engine.encoders.evict_unused() > 0
    assert engine.encoders.resident == []
    save_model(model, tmp_path / "model")
    assert scores(Engine().load(tmp_path / "model")) == expected


def test_what_is_in_use_is_never_evicted(tmp_path):
    folders = [tiny_encoder(tmp_path / str(seed), seed=seed) for seed in range(2)]
    store = EncoderStore(budget=1)
    first, second = (store.get(str(f), str(f), lambda f=f: load_encoder(f, TORCH)) for f in folders)
    with store.using(first), store.using(second):
        assert [found.in_use for found in store.resident] == [True, True]
        assert next(first.parameters()).numel() > 0
        assert store.evict_unused() == 0
    assert len(store.resident) == 1


def test_out_of_memory_while_loading_evicts_and_tries_again(tiny):
    store = EncoderStore(budget=10**9)
    kept = store.get("kept", "kept", lambda: load_encoder(tiny, TORCH))
    tries = []

    def load():
        tries.append(len(store.resident))
        if len(tries) == 1:
            raise torch.OutOfMemoryError("tried to allocate 90.00 MiB")
        return load_encoder(tiny, TORCH)

    store.get("new", "new", load)
    assert tries == [1, 0]
    assert next(kept.parameters()).numel() == 0
    with store.using(kept):
        assert next(kept.parameters()).numel() > 0


def test_out_of_memory_twice_is_one_message_with_the_bytes():
    def load():
        raise torch.OutOfMemoryError("tried to allocate 90.00 MiB")

    with pytest.raises(DeviceError, match=r"while loading big \(tried to allocate 90.00 MiB\)"):
        EncoderStore().get("big", "big", load)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("6GB", 6 * 10**9), ("1.5 GiB", 1610612736), ("512MiB", 2**29), (4096, 4096), ("1k", 1000)],
)
def test_amounts_of_memory(text, expected):
    assert parse_bytes(text) == expected


@pytest.mark.parametrize("text", ["", "six", "-1GB", "0", "6 XB"])
def test_no_amounts_of_memory(text):
    with pytest.raises(UsageError, match=r"memory budget .* write it like 6GB"):
        Engine(memory_budget=text)


@pytest.mark.slow
def test_a_thousand_evictions_leave_memory_flat(tmp_path):
    folder = tiny_encoder(tmp_path / "encoder", width=128)
    store = EncoderStore(budget=10**9)
    encoder = store.get("one", "one", lambda: load_encoder(folder, TORCH))
    values = []
    for cycle in range(1000):
        assert store.evict_unused() > 0
        with store.using(encoder):
            assert next(encoder.parameters()).numel() > 0
        if cycle in (200, 999):
            gc.collect()
            values.append(_resident_kib())
    assert values[1] - values[0] < 20 * 1024  # KiB; an encoder leaked per cycle would be 900 MiB


def _resident_kib():
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 1024
