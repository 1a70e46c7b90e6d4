"""Windows over pairs, offsets, and where the windows of a long text meet."""

import unicodedata
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from nlpengine.encoding import Encoding, window_spans
from nlpengine.encoding.tokenizer import Tokenizer
from nlpengine.encoding.windows import LEAST_CONTENT, WindowPolicy, divide
from nlpengine.errors import RowError
from nlpengine.plugin import WindowLogits, merged_logits, merged_offsets, with_most_context

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=120)
lengths = st.integers(0, 200)


@pytest.fixture(scope="module")
def tokenizer(tiny):
    return Tokenizer(tiny)


@given(first=lengths, second=lengths, room=st.integers(4, 60), overlap=st.integers(0, 20))
def test_every_pair_of_tokens_meets_where_both_are_long(first, second, room, overlap):
    parts = divide([first, second], room, WindowPolicy(room + 3, overlap))
    covered = np.zeros((first, second), dtype=bool)
    for part in parts:
        (a, b), (c, d) = part.spans
        assert b - a + d - c <= room
        covered[a:b, c:d] = True
    assert covered.all()
    assert parts[0].spans[0][0] == parts[0].spans[1][0] == 0
    assert parts[-1].spans[0][1] == first
    assert parts[-1].spans[1][1] == second


@given(first=lengths, second=lengths, room=st.integers(4, 60))
def test_a_first_text_kept_whole_is_in_every_window(first, second, room):
    policy = WindowPolicy(room + 3, 8, over="last")
    if first + second > room and room - first < min(second, LEAST_CONTENT):
        with pytest.raises(RowError, match=f"the first text has {first} tokens"):
            divide([first, second], room, policy)
        return
    parts = divide([first, second], room, policy)
    assert all(part.spans[0] == (0, first) and part.content == 1 for part in parts)
    spans = [part.spans[1] for part in parts]
    assert (spans[0][0], spans[-1][1]) == (0, second)
    assert all(start <= end for (_, end), (start, _) in pairwise(spans))


@given(first=lengths, second=st.integers(0, 900), room=st.integers(40, 400), over=st.booleans())
@example(first=252, second=5000, room=381, over=True)
@example(first=5000, second=189, room=381, over=False)
def test_windows_beside_another_text_share_at_most_half(first, second, room, over):
    policy = WindowPolicy(room + 3, 128, over="last" if over else "longer")
    try:
        parts = divide([first, second], room, policy)
    except RowError:
        return
    if over or min(first, second) <= room // 2:
        spans = [part.spans[part.content] for part in parts]
        own = spans[0][1] - spans[0][0]
        overlap = min(128, own // 2)
        assert all(end - start == own for start, end in spans)
        for (_, end), (start, _) in pairwise(spans[:-1]):
            assert end - start == overlap


def test_windows_over_a_single_text_share_what_was_asked():
    (one, two, *_) = divide([1000], 100, WindowPolicy(102, 99))
    assert (one.spans[0], two.spans[0]) == ((0, 100), (1, 101))


@given(first=st.integers(0, 90), second=st.integers(0, 90), room=st.integers(4, 60))
def test_truncation_cuts_the_longer_text_first_as_stock_does(first, second, room):
    """The stock rule, token by token: take one away from the longer until both fit."""
    (part,) = divide([first, second], room, WindowPolicy(room + 3, 0, "truncate"))
    kept = [end - start for start, end in part.spans]
    assert sum(kept) == min(room, first + second)
    assert all(k <= length for k, length in zip(kept, (first, second), strict=True))
    if first + second > room:
        low, high = sorted(kept)
        assert low == min(first, second) or high - low <= 1


@given(first=TEXT, second=TEXT)
def test_a_pair_is_encoded_as_the_stock_tokenizer_encodes_it(tiny, tokenizer, first, second):
    from transformers import AutoTokenizer

    assume(second)  # the stock call takes an empty second text for none
    (ours,) = tokenizer.encode([(first, second)], WindowPolicy(10_000, 0))
    stock = AutoTokenizer.from_pretrained(tiny)(first, second)
    assert ours.input_ids.tolist() == stock["input_ids"]
    assert ours.token_type_ids.tolist() == stock["token_type_ids"]
    content = ours.input_ids[ours.first : ours.first + ours.end - ours.start]
    (alone,) = tokenizer.encode([(second,)], WindowPolicy(10_000, 0))
    assert np.array_equal(content, alone.input_ids[1:-1])


@given(question=TEXT, context=TEXT)
def test_offsets_lie_in_the_text_and_begin_and_end_with_its_letters(tokenizer, question, context):
    whole = tokenizer.encode([(context,)], WindowPolicy(10_000, 0), offsets=True)[0].offsets
    assert (whole[:, 0] <= whole[:, 1]).all()
    assert (np.diff(whole, axis=0) >= 0).all()
    for start, end in whole:
        assert context[start:end] == context[start:end].strip()
    pair = (question[:10], context)
    for window in tokenizer.encode([pair], WindowPolicy(40, 4, over="last"), offsets=True):
        assert np.array_equal(window.offsets, whole[window.start : window.end])


def test_offsets_slice_the_words(tokenizer):
    text = "  The café—soup  was\tGOOD 😀 naïve!"
    (window,) = tokenizer.encode([(text,)], WindowPolicy(100, 0), offsets=True)
    pieces = [text[start:end] for start, end in window.offsets]
    assert "".join(pieces) == "".join(text.split())
    assert not any(piece.isspace() for piece in pieces)


@pytest.mark.parametrize(
    "word",
    [
        "jose\u0301", "no\u0323\u0302i", "\u2764\ufe0f", "\u0928\u092e\u0938\u094d\u0924\u0947",
        "\u0628\u064e\u064a\u0652\u062a\u064e", "\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd\u05bf",
    ],
)  # fmt: skip
@pytest.mark.parametrize("behind", ["", " in May", "."])
def test_a_word_ends_behind_its_marks(tokenizer, word, behind):
    """This tokenizer drops accents: its own offsets end before them."""
    text = f"it went to {word}{behind}"
    (window,) = tokenizer.encode([(text,)], WindowPolicy(100, 0), offsets=True)
    assert 11 + len(word) in window.offsets[:, 1].tolist()
    pieces = [text[start:end] for start, end in window.offsets]
    assert "".join(pieces) == text.replace(" ", "")
    bare = tokenizer._fast.encode(text, add_special_tokens=False).offsets
    assert bare != [tuple(pair) for pair in window.offsets.tolist()]  # control: there was a gap


MARKED = st.text("ae\u0301\u0302\u0947\ufe0f\u2764 .\n\u200b\u4e2d", max_size=40)


@given(text=MARKED)
def test_no_mark_behind_a_token_is_left_out(tokenizer, text):
    (window,) = tokenizer.encode([(text,)], WindowPolicy(10_000, 0), offsets=True)
    offsets = window.offsets
    assert offsets.dtype == np.int32
    assert (np.diff(offsets, axis=0) >= 0).all()
    covered = {at for start, end in offsets.tolist() for at in range(start, end)}
    for start, end in offsets.tolist():
        if start < end < len(text):
            assert end in covered or unicodedata.category(text[end])[0] != "M"


def windows_of(length, content, overlap):
    ids = np.zeros(0, dtype=np.int32)
    rows = np.arange(length, dtype=np.float64)[:, None]
    offsets = np.stack([np.arange(length), np.arange(1, length + 1)], 1).astype(np.int32)
    made = []
    for number, (start, end) in enumerate(window_spans(length, content, overlap)):
        encoding = Encoding(ids, ids, 0, number, start, end, first=2, offsets=offsets[start:end])
        logits = np.concatenate([[[-1.0], [-1.0]], rows[start:end], [[-1.0]]])
        made.append(WindowLogits(encoding, logits))
    return made


@given(length=st.integers(1, 120), content=st.integers(1, 30), data=st.data())
def test_each_token_comes_from_its_window_of_most_context(length, content, data):
    overlap = data.draw(st.integers(0, content - 1))
    windows = windows_of(length, content, overlap)
    spans = [(w.encoding.start, w.encoding.end) for w in windows]
    for (start, end), (own_start, own_end) in zip(spans, with_most_context(windows), strict=True):
        assert start <= own_start <= own_end <= end
        for token in range(own_start, own_end):
            around = [min(token - s, e - 1 - token) for s, e in spans if s <= token < e]
            assert min(token - start, end - 1 - token) == max(around)
    assert merged_logits(windows)[:, 0].tolist() == list(range(length))
    assert merged_offsets(windows)[:, 0].tolist() == list(range(length))
