"""Logits → tags: the best valid sequence, held against all sequences; other checkpoints' tags."""

import itertools
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlpengine_ner.decoding import best_path, decoded, tagset, with_lost_words
from nlpengine_ner.mistakes import worst
from nlpengine_ner.prediction import prediction_of
from seqeval.metrics.sequence_labeling import get_entities
from seqeval.scheme import IOB2, IOBES, Entities

IOB2_NAMES = ("O", "B-A", "I-A", "B-B", "I-B")
BIOES_NAMES = ("S-A", "O", "B-A", "E-A", "I-A", "S-B", "B-B", "I-B", "E-B")
SHUFFLED = ("I-B", "O", "I-A", "B-A", "B-B")


def logits_of(seed, words, size, spread=2.0):
    return np.random.default_rng(seed).normal(0, spread, (words, size))


def valid_iob2(tags):
    pairs = itertools.pairwise(["O", *tags])
    return all(tag[0] != "I" or before[1:] == tag[1:] for before, tag in pairs)


def valid_bioes(tags):
    """Every entity that conlleval reads is whole, by its letters."""
    before = "O"
    for tag in [*tags, "O"]:
        inside = before[0] in "BI"
        if inside != (tag[0] in "IE") or (inside and before[1:] != tag[1:]):
            return False
        before = tag
    return True


@pytest.mark.parametrize(
    ("names", "valid"),
    [(IOB2_NAMES, valid_iob2), (SHUFFLED, valid_iob2), (BIOES_NAMES, valid_bioes)],
    ids=["IOB2", "shuffled", "BIOES"],
)
@given(seed=st.integers(0, 10**6), words=st.integers(1, 4))
def test_viterbi_is_the_best_of_all_valid_sequences(names, valid, seed, words):
    logits = logits_of(seed, words, len(names))
    best, score = None, -np.inf
    for path in itertools.product(range(len(names)), repeat=words):
        if valid([names[column] for column in path]):
            own = logits[np.arange(words), path].sum()
            if own > score:
                best, score = path, own
    found = best_path(logits, tagset(names))
    assert tuple(found) == best
    shifted = logits + np.random.default_rng(seed).normal(0, 5, (words, 1))
    assert tuple(best_path(shifted, tagset(names))) == best


@pytest.mark.parametrize("names", [IOB2_NAMES, SHUFFLED, BIOES_NAMES])
@pytest.mark.parametrize("decoder", ["viterbi", "auto"])
@given(seed=st.integers(0, 10**6), words=st.integers(1, 30))
def test_no_invalid_sequence_ever(names, decoder, seed, words):
    tags, _ = decoded(logits_of(seed, words, len(names)), names, decoder)
    assert valid_iob2(tags)
    assert len(tags) == words
    assert len(Entities([tags], IOB2).entities[0]) == len(get_entities(list(tags)))


def test_control_softmax_does_break_rules():
    broken = 0
    for seed in range(50):
        logits = logits_of(seed, 10, 5)
        tags, columns = decoded(logits, IOB2_NAMES, "softmax")
        assert columns.tolist() == logits.argmax(axis=1).tolist()
        broken += not valid_iob2(tags)
    assert broken > 40
    assert not valid_bioes(["B-A", "O"])
    assert not valid_iob2(["O", "I-A"])


@given(seed=st.integers(0, 10**6), words=st.integers(1, 12))
def test_bioes_says_what_seqeval_reads(seed, words):
    logits = logits_of(seed, words, len(BIOES_NAMES))
    path = best_path(logits, tagset(BIOES_NAMES))
    raw = [BIOES_NAMES[column] for column in path]
    told = {(e.tag, e.start, e.end) for e in Entities([raw], IOBES).entities[0]}
    tags, _ = decoded(logits, BIOES_NAMES, "viterbi")
    assert {(label, start, end + 1) for label, start, end in get_entities(tags)} == told


def certain(names, *tags):
    logits = np.full((len(tags), len(names)), -9.0)
    for word, tag in enumerate(tags):
        logits[word, names.index(tag)] = 9.0
    return logits


def test_checkpoints_of_others_are_read_as_conlleval_reads_them():
    iob1 = ("O", "B-PER", "I-PER")  # what the names don't say: here an entity begins with I
    logits = certain(iob1, "I-PER", "I-PER", "B-PER", "O", "I-PER")
    assert decoded(logits, iob1, "auto")[0] == ["B-PER", "I-PER", "B-PER", "O", "B-PER"]
    assert decoded(logits, iob1, "viterbi")[0] != ["B-PER", "I-PER", "B-PER", "O", "B-PER"]
    bare = ("LOC", "O", "PER")
    logits = certain(bare, "PER", "PER", "LOC", "O", "LOC")
    for decoder in ("auto", "viterbi", "softmax"):
        tags, columns = decoded(logits, bare, decoder)
        expected = ["B-PER", "I-PER", "B-LOC", "O", "B-LOC"]
        assert tags == (["I" + t[1:] if t != "O" else t for t in expected] if decoder == "softmax"
                        else expected)  # fmt: skip
        assert columns.tolist() == [2, 2, 0, 1, 0]


def test_bare_letters_are_tags_of_a_label_without_a_name():
    bare = ("B", "I", "O")
    logits = certain(bare, "B", "I", "O", "I")
    assert decoded(logits, bare, "auto")[0] == ["B-_", "I-_", "O", "B-_"]
    tags, columns = decoded(logits, bare, "softmax")
    assert tags == ["B-_", "I-_", "O", "I-_"]
    assert columns.tolist() == [0, 1, 2, 1]
    found = prediction_of("a b c d", ((0, 1), (2, 3), (4, 5), (6, 7)), tags, [0.5] * 4)
    assert [(e.label, e.text) for e in found.entities] == [("_", "a b"), ("_", "d")]


def test_words_without_a_piece():
    known = np.array([0, 2, 3, 6])
    made = with_lost_words(["B-A", "I-A", "B-A", "I-A"], known, 9)
    assert made == ["B-A", "I-A", "I-A", "B-A", "I-A", "I-A", "I-A", "O", "O"]
    made = with_lost_words(["B-A", "B-A", "O", "I-B"], known, 9)
    assert made == ["B-A", "O", "B-A", "O", "O", "O", "I-B", "O", "O"]
    assert with_lost_words(["O"], np.array([0]), 1) == ["O"]


@given(seed=st.integers(0, 10**6), words=st.integers(1, 12), data=st.data())
def test_lost_words_break_no_entity(seed, words, data):
    tags, _ = decoded(logits_of(seed, words, 5), IOB2_NAMES, "viterbi")
    total = data.draw(st.integers(words, 20))
    known = sorted(data.draw(st.permutations(range(total)))[:words])
    made = with_lost_words(tags, np.array(known), total)
    assert valid_iob2(made)
    assert [made[word] for word in known] == tags
    assert len(get_entities(made)) == len(get_entities(tags))


@pytest.mark.slow
def test_a_sentence_is_decoded_within_a_third_of_a_millisecond():
    """However invalid its best tags are: 30 words, 13 tags, nothing learned."""
    names = ("O", *(f"{letter}-{label}" for label in "ABCDEF" for letter in "BI"))
    batch = [logits_of(seed, 30, len(names)) for seed in range(300)]
    took = []
    for _ in range(5):
        began = time.process_time()
        for logits in batch:
            decoded(logits, names, "viterbi")
        took.append((time.process_time() - began) / len(batch))
    assert min(took) < 1 / 3000


# --- predictions and mistakes ---------------------------------------------------------------------

TEXT = "Ada\u00a0Lee  left\u2028Hull."
WORDS = ((0, 3), (4, 7), (9, 13), (14, 18), (18, 19))


def predict(*tags, scores=(0.9, 0.7, 0.6, 0.8, 0.99)):
    return prediction_of(TEXT, WORDS, tags, scores)


def test_a_prediction_for_machines_and_for_people():
    found = predict("B-PER", "I-PER", "O", "B-LOC", "O")
    first, second = found.to_json()["entities"]
    assert first == {
        "label": "PER", "text": "Ada\u00a0Lee", "start": 0, "end": 7, "first_word": 0,
        "last_word": 1, "score": pytest.approx(0.8),
    }  # fmt: skip
    assert (second["label"], second["text"], second["start"]) == ("LOC", "Hull", 14)
    assert found.to_json()["words"] == ["Ada", "Lee", "left", "Hull", "."]
    assert found.to_json()["tags"] == ["B-PER", "I-PER", "O", "B-LOC", "O"]
    assert found.to_text() == (
        "PER  Ada Lee   80.0 %  characters 0 to 7\nLOC  Hull      80.0 %  characters 14 to 18"
    )
    assert predict(*"OOOOO").to_text() == "no entities"
    assert "windows" not in found.to_json()
    several = prediction_of(TEXT, WORDS, ["O"] * 5, [1.0] * 5, windows=3)
    assert several.to_json()["windows"] == 3
    assert several.to_text().endswith("(3 windows: all of the text was read)")


def test_a_listing_shows_no_control_characters_and_stays_short():
    text = "\x1b[31mEvil " + "long " * 40
    shown = prediction_of(text, ((0, len(text)),), ["B-X"], [1.0]).to_text()
    assert "\x1b" not in shown
    assert "…" in shown
    assert len(shown) < 120


@pytest.mark.parametrize(
    ("gold", "predicted", "said"),
    [
        ("B-PER I-PER O B-LOC O", "B-PER I-PER O B-LOC O", None),
        ("B-PER I-PER O O O", "B-PER I-PER O B-LOC O", ("no entity", "Hull (LOC)", 0.8)),
        ("B-PER I-PER O B-LOC O", "B-PER I-PER O O O", ("Hull (LOC)", "no entity", 0.8)),
        ("B-PER I-PER O B-LOC O", "B-PER I-PER O B-ORG O", ("Hull (LOC)", "Hull (ORG)", 0.8)),
        ("B-PER I-PER O O O", "B-PER O O O O", ("Ada\u00a0Lee (PER)", "Ada (PER)", 0.9)),
        ("B-A B-B O O O", "B-C I-C O O O", ("Ada (A) and Lee (B)", "Ada\u00a0Lee (C)", 0.8)),
        ("B-A O O O O", "O O B-B O O", ("Ada (A)", "no entity", 0.9)),
    ],
)
def test_the_worst_mistake_of_a_sentence(gold, predicted, said):
    wrong = worst(TEXT, WORDS, gold.split(), predict(*predicted.split()))
    if said is None:
        assert wrong is None
    else:
        assert (wrong.gold, wrong.predicted) == said[:2]
        assert wrong.score == pytest.approx(said[2])
