"""Fresh encoders: stock classes open them, and the same data and seed give the same bytes."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

from nlpengine.encoders.architecture import architecture
from nlpengine.encoders.catalog import CATALOG
from nlpengine.encoders.digest import file_sha256
from nlpengine.encoders.locate import find_spec
from nlpengine.encoders.scratch import find_blueprint, make_from_scratch
from nlpengine.encoding.tokenizer import Tokenizer
from nlpengine.encoding.vocabulary import (
    KINDS,
    LEAST_PIECES,
    MOST_PIECES,
    train_tokenizer,
    vocabulary_size,
)
from nlpengine.encoding.windows import WindowPolicy
from nlpengine.errors import DataError, EncoderUnavailable, UsageError

TEXTS = [
    f"The {noun} was {'very ' * (n % 3)}{mood}, and the café in {place} isn't! 日本 😀 {n}"
    for n, (noun, mood, place) in enumerate(
        (noun, mood, place)
        for noun in ("soup", "hotel", "film", "Überraschung")
        for mood in ("good", "Dreadful", "unbelievably slow")
        for place in ("Paris", "naïveté", "l'Aquila")
    )
]
ROWS = ("bert-tiny", "bert-base-cased", "distilbert", "roberta-base", "xlm-roberta-base",
        "albert-base", "deberta-base", "deberta-v3-xsmall")  # fmt: skip


def small(name):
    """A catalog row with little in it."""
    return dataclasses.replace(find_spec(name), layers=2, width=32, heads=2)


def test_every_family_has_its_case():
    families = {spec.family for spec in CATALOG}
    assert {find_spec(name).family for name in ROWS} == families == set(KINDS)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Name → folder, made once."""
    done = {}

    def make(name):
        if name not in done:
            folder = tmp_path_factory.mktemp("scratch") / name
            done[name] = make_from_scratch(small(name), TEXTS, folder, seed=1)
        return done[name]

    return make


@pytest.mark.parametrize("name", ROWS)
def test_stock_classes_open_it(made, name):
    folder, spec = made(name), small(name)
    model, tokenizer = (
        AutoModel.from_pretrained(folder).eval(),
        AutoTokenizer.from_pretrained(folder),
    )
    assert model.config.model_type == spec.family
    assert model.config.vocab_size == len(tokenizer) <= LEAST_PIECES
    assert model.get_input_embeddings().num_embeddings == len(tokenizer)
    assert tokenizer.model_max_length == 512
    stored = load_file(folder / "model.safetensors")
    assert not any("pooler" in key for key in stored)  # a pooler belongs to a head
    kind = KINDS[spec.family]
    special = [*kind.special, *filter(None, [kind.mask])]
    ids = [*range(len(kind.special)), len(tokenizer) - 1][: len(special)]
    assert tokenizer.convert_tokens_to_ids(special) == ids
    wanted = architecture(spec)
    for role in ("pad_token_id", "bos_token_id", "eos_token_id"):
        assert getattr(model.config, role) == getattr(wanted, role)
    assert tokenizer.pad_token_id == wanted.pad_token_id
    with torch.no_grad():
        batch = tokenizer(TEXTS[:3], padding=True, return_tensors="pt")
        assert model(**batch).last_hidden_state.isfinite().all()


@pytest.mark.parametrize("name", ROWS)
def test_the_vocabulary_covers_the_texts(made, name):
    tokenizer = AutoTokenizer.from_pretrained(made(name))
    pieces = [tokenizer.tokenize(text) for text in TEXTS]
    assert not any(tokenizer.unk_token in text for text in pieces)
    lower = not find_spec(name).cased
    assert (tokenizer.tokenize("HOTEL") == tokenizer.tokenize("hotel")) is lower
    text = tokenizer.decode(tokenizer(TEXTS[0])["input_ids"], skip_special_tokens=True)
    assert ("soup" in text, "café" in text) == (True, not lower)


@pytest.mark.parametrize("family", ["bert", "roberta", "deberta-v2"])
def test_words_are_learned(demo, family):
    tokenizer = train_tokenizer(family, demo, 30_522, cased=True)
    assert 4_000 < len(tokenizer) < 4_500  # 210,000 characters
    pieces = sum(len(tokenizer.tokenize(text)) for text in demo)
    assert pieces < 1.5 * sum(len(text.split()) for text in demo)
    assert len(train_tokenizer(family, demo, 600, cased=True)) <= 600


@pytest.fixture(scope="module")
def demo():
    """The demo set's training texts."""
    import nlpengine_sentiment

    path = Path(nlpengine_sentiment.__file__).parent / "demo" / "train.jsonl"
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", ROWS)
def test_our_own_tokenizer_opens_it(made, name):
    tokenizer = Tokenizer(made(name))
    stock = AutoTokenizer.from_pretrained(made(name))
    (encoding,) = tokenizer.encode([(TEXTS[0],)], WindowPolicy(512, 64))
    assert encoding.input_ids.tolist() == stock(TEXTS[0])["input_ids"]


def digests(folder):
    return {path.name: file_sha256(path) for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("name", ROWS)
def test_the_same_seed_gives_the_same_bytes(made, name, tmp_path):
    again = make_from_scratch(small(name), TEXTS, tmp_path / "again", seed=1)
    assert digests(again) == digests(made(name))
    other = digests(make_from_scratch(small(name), TEXTS, tmp_path / "other", seed=2))
    differing = {file for file, digest in other.items() if digests(again)[file] != digest}
    assert differing == {"model.safetensors"}


VOCABULARIES = """
import hashlib, json, sys
from nlpengine.encoding.vocabulary import train_tokenizer
texts = json.loads(sys.stdin.read())
for family in ("bert", "roberta", "albert"):
    tokenizer = train_tokenizer(family, texts, 500, cased=False)
    print(hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode()).hexdigest())
"""


@pytest.mark.slow
def test_the_same_texts_give_the_same_vocabulary_in_any_process():
    """Hash tables are seeded anew in each process."""
    found = {
        subprocess.run(
            [sys.executable, "-c", VOCABULARIES], input=json.dumps(TEXTS), text=True,
            capture_output=True, check=True,
        ).stdout
        for _ in range(3)
    }  # fmt: skip
    assert len(found) == 1


def test_it_leaves_torch_s_random_state_alone(tmp_path):
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    make_from_scratch(small("bert-tiny"), TEXTS, tmp_path / "x", seed=1)
    assert torch.equal(before, torch.random.get_rng_state())


def test_sizes_follow_the_text():
    assert vocabulary_size(["a"], 30_000) == LEAST_PIECES
    assert vocabulary_size(["a" * 200_000], 30_000) == 4_000
    assert vocabulary_size(["a" * 10**7], 30_000) == MOST_PIECES
    assert vocabulary_size(["a" * 10**7], 500) == 500


def test_many_letters_leave_room_for_words(tmp_path):
    """More letters than the vocabulary may hold: the rarest are unknown."""
    texts = ["".join(map(chr, range(0x4E00, 0x4E00 + 3000))), *TEXTS * 3]
    for name in ("bert-tiny", "xlm-roberta-base"):
        folder = make_from_scratch(small(name), texts, tmp_path / name, seed=0)
        assert len(AutoTokenizer.from_pretrained(folder)) <= LEAST_PIECES


def test_from_a_folder(tiny, tmp_path):
    """The config alone is needed; what it says of a head is left out."""
    folder = tmp_path / "blueprint"
    folder.mkdir()
    config = json.loads((tiny / "config.json").read_text())
    config |= {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "x", "1": "y"}}
    (folder / "config.json").write_text(json.dumps(config))
    assert find_blueprint(str(folder)) == folder
    made = make_from_scratch(folder, TEXTS, tmp_path / "made", seed=0)
    written = json.loads((made / "config.json").read_text())
    assert written["hidden_size"] == config["hidden_size"]
    assert written["vocab_size"] <= config["vocab_size"]
    assert written["architectures"] == ["BertModel"]
    assert "id2label" not in written
    assert AutoTokenizer.from_pretrained(made).model_max_length == 64


def test_mistakes(tiny, tmp_path):
    with pytest.raises(UsageError, match=r"unknown encoder 'bert-bas'.*'bert-base'"):
        find_blueprint("bert-bas")
    with pytest.raises(UsageError, match="--from-scratch: owner/name is no folder"):
        find_blueprint("owner/name")
    with pytest.raises(EncoderUnavailable, match=r"has no config\.json"):
        find_blueprint(str(tmp_path))
    with pytest.raises(DataError, match="the training texts are empty"):
        make_from_scratch(small("bert-tiny"), ["", " "], tmp_path / "x", seed=0)
    with pytest.raises(DataError, match="lone surrogate"):
        make_from_scratch(small("bert-tiny"), ["a\ud800"], tmp_path / "x", seed=0)
    (tmp_path / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(UsageError, match="no tokenizer can be trained for the family 'gpt2'"):
        make_from_scratch(tmp_path, TEXTS, tmp_path / "x", seed=0)
    (tmp_path / "config.json").write_text('{"model_type": "nonsense"}')
    with pytest.raises(EncoderUnavailable, match=r"config\.json can't be used"):
        make_from_scratch(tmp_path, TEXTS, tmp_path / "x", seed=0)


def test_a_run_from_scratch(tiny, reviews, tmp_path):
    from nlpengine import Engine

    def run(name):
        return Engine().run(
            "sentiment", encoder=str(tiny), from_scratch=True, data=str(reviews), epochs=10,
            lr=3e-3, batch_size=8, baseline=False, output=tmp_path / name,
        )  # fmt: skip

    first, second = run("a"), run("b")
    record = json.loads((first.path / "run.json").read_text())
    assert record["encoder"]["kind"] == "scratch"
    assert record["config"]["from_scratch"] is True
    assert record["encoder"]["revision"] == second.record.encoder["revision"]
    assert first.metrics["accuracy"].value == second.metrics["accuracy"].value > 0.8
    folders = {path.name for path in first.path.iterdir() if path.is_dir()}
    assert folders == {"model"}
    assert len(list(first.path.rglob("*.safetensors"))) == 1
    # The trained model carries the vocabulary of the data.
    assert "hotel" in AutoTokenizer.from_pretrained(first.path / "model").get_vocab()
