"""Words ↔ tokens of real tokenizers: gold that goes in as windows comes out as the same tags."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nlpengine_ner import NamedEntities
from nlpengine_ner.pieces import NO_PIECE, WINDOW, first_pieces, word_logits
from nlpengine_ner.task import NerOptions

from nlpengine.data import Origin, Record, WordsExample
from nlpengine.encoding.tokenizer import Tokenizer
from nlpengine.encoding.vocabulary import train_tokenizer
from nlpengine.encoding.windows import WindowPolicy
from nlpengine.plugin import IGNORED, Labels, WindowLogits

TASK = NamedEntities()
NAMES = ("O", "B-A", "I-A", "B-B", "I-B")
LABELS = Labels(NAMES)
HOSTILE = (
    "the", "hotel", "Szalai-Rée", "don't", "e\u0301", "नमस्ते", "東京都", "👍🏽", "🇩🇪",
    "👩\u200d👩\u200d👧", "❤\ufe0f", "\u200b", "\x00", "\x1f\x7f", "\ufeff", "\ufffd", "\u00ad",
    "x" * 120, ".", "...", "’s", "א\u202eב", "a\u00a0b", "c\u2028d", "", " ", "\u0301", "[SEP]",
    "<s>", "\U000e0100", "ﬁ", "½",
)  # fmt: skip
WORD = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=6),
)


@pytest.fixture(scope="module", params=["wordpiece", "bpe", "unigram"])
def tokenizer(request, tiny, tmp_path_factory):
    if request.param == "wordpiece":
        return Tokenizer(tiny)
    family = {"bpe": "roberta", "unigram": "xlm-roberta"}[request.param]
    folder = tmp_path_factory.mktemp(family)
    texts = ["the hotel was good", "a bad film and a great book", "don't hate the train"] * 20
    train_tokenizer(family, texts, 400, cased=True).save_pretrained(folder)
    return Tokenizer(folder)


def sentence(words, tags=None):
    fields = {"words": words} if tags is None else {"words": words, "tags": tags}
    return TASK.adapt(Record(fields, Origin("a", 1)))


def perfect(example, encodings):
    """Windows of a model that is sure of the gold at first pieces, and knows nothing elsewhere."""
    windows, seen = [], 0
    for encoding in encodings:
        gold = TASK.gold(example, encoding, LABELS)
        logits = np.zeros((len(gold), len(NAMES)))
        here = np.flatnonzero(gold >= 0)
        logits[here, gold[here]] = 20.0
        seen += len(here)
        windows.append(WindowLogits(encoding, logits))
    return windows, seen


@settings(max_examples=150)
@given(words=st.lists(WORD, min_size=1, max_size=30), size=st.integers(12, 40), data=st.data())
def test_gold_in_windows_is_read_back(tokenizer, words, size, data):
    tags, before = [], "O"
    for _ in words:
        free = ["O", "B-A", "B-B", *([] if before == "O" else [f"I-{before[2:]}"])]
        before = data.draw(st.sampled_from(free))
        tags.append(before)
    example = sentence(words, tags)
    policy = WindowPolicy(size, data.draw(st.integers(1, 5)))
    encodings = tokenizer.encode([example.texts], policy, offsets=True)
    windows, _ = perfect(example, encodings)
    answer = TASK.decode(example, windows, LABELS, NerOptions("softmax"), {})
    pieces = first_pieces(tokenizer.encode([example.texts], WindowPolicy(10**6, 0),
                                           offsets=True)[0].offsets, example.words)  # fmt: skip
    kept = [word for word, piece in enumerate(pieces) if piece != NO_PIECE]
    assert [answer.tags[word] for word in kept] == [tags[word] for word in kept]
    assert [answer.text[a:b] for a, b in answer.words] == words
    for entity in answer.entities:
        assert answer.text[entity.start : entity.end] == entity.text
        assert entity.start == answer.words[entity.first_word][0]
    # Only what cleaners of text remove may have no piece.
    for word in set(range(len(words))) - set(kept):
        assert not any(c.isalnum() and c.isascii() for c in words[word])


@given(text=st.lists(st.sampled_from([*HOSTILE, " ", "\t", "\n", "\u3000"]), max_size=15))
def test_raw_text_of_any_kind_is_decoded_with_its_own_characters(tokenizer, text):
    text = "".join(text)
    example = TASK.adapt(Record({"text": text}, Origin("a", 1)))
    for splitter in ("spaces", "edges", "treebank", "marks", "auto"):
        options = NerOptions("viterbi", splitter)
        (reading,) = TASK.readings(example, options)
        encodings = tokenizer.encode([reading], WindowPolicy(20, 4), offsets=True)
        random = np.random.default_rng(len(text))
        windows = [
            WindowLogits(encoding, random.normal(size=(len(encoding), len(NAMES))))
            for encoding in encodings
        ]
        answer = TASK.decode(example, windows, LABELS, options, {"temperature": 2.0})
        assert answer.text == text
        assert "".join(text[a:b] for a, b in answer.words) == "".join(text.split())
        for entity in answer.entities:
            assert text[entity.start : entity.end] == entity.text == entity.text.strip()
            assert 0 < entity.score <= 1
        # However it was split, words given as a list are the same to the model.
        given_words = sentence([text[a:b] for a, b in answer.words])
        again = TASK.decode(given_words, windows, LABELS, options, {"temperature": 2.0})
        assert (again.tags, again.scores) == (answer.tags, answer.scores)


def test_first_pieces_by_hand():
    words = ((0, 3), (10, 10), (12, 17))  # "the", "", "hotel" → "the  hotel"
    offsets = np.array([[0, 2], [2, 3], [3, 3], [5, 7], [7, 10]])
    assert first_pieces(offsets, words).tolist() == [0, NO_PIECE, 3]
    assert first_pieces(offsets[1:], words, start=1).tolist() == [NO_PIECE, NO_PIECE, 2]
    assert first_pieces(offsets[1:], words).tolist() == [0, NO_PIECE, 2]  # control
    assert first_pieces(np.empty((0, 2), dtype=int), words).tolist() == [NO_PIECE] * 3
    assert first_pieces(offsets, ()).tolist() == []


def test_only_first_pieces_have_gold(tokenizer):
    example = sentence(["hotelhotel", "the", "xyzzyq"], ["B-A", "I-A", "O"])
    (encoding,) = tokenizer.encode([example.texts], WindowPolicy(64, 8), offsets=True)
    gold = TASK.gold(example, encoding, LABELS)
    assert len(gold) == len(encoding) > 5
    assert [label for label in gold if label >= 0] == [1, 2, 0]
    assert (gold[0], gold[-1]) == (WINDOW, IGNORED)


def test_words_that_the_tokenizer_drops_are_kept(tiny):
    example = sentence(["the", "\x00", "hotel", "\u200b", "was", "\x01"])
    (encoding,) = Tokenizer(tiny).encode([example.texts], WindowPolicy(64, 8), offsets=True)
    windows = [WindowLogits(encoding, np.zeros((len(encoding), 5)))]
    assert word_logits(windows, example)[1].tolist() == [0, 2, 4]
    windows[0].logits[1:4, [1, 2, 0]] = np.eye(3) * 9
    answer = TASK.decode(example, windows, LABELS, NerOptions("viterbi"), {})
    assert answer.tags == ("B-A", "I-A", "I-A", "O", "O", "O")
    assert answer.scores[1] == answer.scores[5] == 0.0
    nothing = sentence(["\x00", "\x01"])
    (encoding,) = Tokenizer(tiny).encode([nothing.texts], WindowPolicy(64, 8), offsets=True)
    windows = [WindowLogits(encoding, np.zeros((len(encoding), 5)))]
    assert TASK.decode(nothing, windows, LABELS, NerOptions(), {}).tags == ("O", "O")


def test_loss_is_the_sum_over_first_pieces():
    logits = torch.tensor([[2.0, 0, 0, 0, 0], [0, 1.0, 0, 0, 0], [5.0, 0, 0, 0, 0]])
    gold = torch.tensor([IGNORED, 1, 0])
    summed, weight = TASK.loss(logits, gold, LABELS, NerOptions())
    each = [TASK.loss(logits[[i]], gold[[i]], LABELS, NerOptions()) for i in range(3)]
    assert weight == 2
    assert torch.isclose(summed, sum(loss for loss, _ in each))
    assert [int(w) for _, w in each] == [0, 1, 1]
    assert torch.isclose(each[1][0], -torch.log_softmax(logits[1], 0)[1])


def test_a_temperature_is_fitted_to_words_with_known_tags(tiny):
    example = sentence(["the", "hotel", "was"], ["B-A", "B-NEW", "O"])
    (encoding,) = Tokenizer(tiny).encode([example.texts], WindowPolicy(64, 8), offsets=True)
    logits = np.zeros((len(encoding), 5))
    logits[1, 1] = logits[-2, 1] = 4.0  # right, and wrong
    windows = [[WindowLogits(encoding, logits)]]
    state = TASK.tune([example] * 15, windows * 15, LABELS, NerOptions())
    assert state["temperature"] > 2
    logits[-2] = [4.0, 0, 0, 0, 0]  # now all known tags are right: nothing to cool or heat
    assert TASK.tune([example] * 15, windows * 15, LABELS, NerOptions()) == {"temperature": 1.0}
    assert isinstance(example, WordsExample)
    assert TASK.tune([], [], LABELS, NerOptions()) == {}
