"""All of a long text counts; truncation is asked for and counted."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpengine import Engine
from nlpengine.encoding import window_spans
from nlpengine.encoding.tokenizer import Tokenizer
from nlpengine.encoding.windows import WindowPolicy
from nlpengine.errors import RowError, UsageError


@given(length=st.integers(0, 500), content=st.integers(1, 60), data=st.data())
def test_windows_cover_every_token(length, content, data):
    overlap = data.draw(st.integers(0, content - 1))
    spans = window_spans(length, content, overlap)
    assert spans[0][0] == 0
    assert spans[-1][1] == length
    assert all(end - start <= content for start, end in spans)
    for (start, end), (following, _) in itertools.pairwise(spans):
        assert start < following <= end - overlap
    if length > content:
        assert all(end - start == content for start, end in spans)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300))
def test_window_content_is_the_text_s_tokens(tiny, text):
    tokenizer = Tokenizer(tiny)
    whole = tokenizer.encode([(text,)], WindowPolicy(10_000, 0))
    assert len(whole) == 1
    inner = whole[0].input_ids[1:-1]
    for part in tokenizer.encode([(text,)], WindowPolicy(16, 4)):
        assert len(part) <= 16
        assert np.array_equal(part.input_ids[1:-1], inner[part.start : part.end])
        assert part.input_ids[0] == whole[0].input_ids[0]
        assert part.input_ids[-1] == whole[0].input_ids[-1]


def test_encoding_equals_the_stock_tokenizer_s(tiny):
    from transformers import AutoTokenizer

    texts = ["The soup was GOOD!", "", "naïve café 😀", "a\tb\nc", "very " * 30]
    ours = Tokenizer(tiny).encode([(text,) for text in texts], WindowPolicy(1000, 0))
    stock = AutoTokenizer.from_pretrained(tiny)(texts)["input_ids"]
    assert [e.input_ids.tolist() for e in ours] == stock


def test_the_last_sentence_of_a_long_text_moves_its_scores(finished_run):
    model = finished_run.model
    filler = "the hotel was okay and it was this and that . " * 300
    good = model(filler + "love great good fine")
    bad = model(filler + "hate awful dull bad")
    assert good.windows > 10
    assert abs(good.scores["pos"] - bad.scores["pos"]) > 1e-5


def test_an_empty_text_has_a_result(finished_run):
    prediction = finished_run.model("")
    assert prediction.windows == 1
    assert sum(prediction.scores.values()) == pytest.approx(1.0)


def test_a_lone_surrogate_is_named(finished_run):
    with pytest.raises(RowError, match=r"lone surrogate \(U\+D800\) at character 4"):
        finished_run.model("good\ud800")
    answers = list(finished_run.model.predict(["good", "\udfff", "bad"], errors="return"))
    assert isinstance(answers[1], RowError)
    assert answers[0].label
    assert answers[2].label


def test_truncation_is_asked_for_and_counted(tiny, tmp_path):
    rows = [
        {"text": ("good " if n % 2 else "bad ") * (100 if n < 8 else 3), "label": str(n % 2)}
        for n in range(40)
    ]
    file = tmp_path / "data.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = {"encoder": str(tiny), "data": str(file), "epochs": 1, "baseline": False}
    cut = Engine().run("sentiment", long_text="truncate", output=tmp_path / "cut", **settings)
    assert "8 of 40 texts were truncated to 64 tokens, as asked" in cut.record.notes
    assert cut.record.data["train_windows"] == cut.record.data["train"]
    whole = Engine().run("sentiment", output=tmp_path / "whole", **settings)
    assert whole.record.data["train_windows"] > whole.record.data["train"]
    assert not any("truncated" in note for note in whole.record.notes)


def test_no_room_for_content_is_an_error(tiny, reviews, tmp_path):
    with pytest.raises(UsageError, match="--overlap"):
        Tokenizer(tiny).encode([("a",)], WindowPolicy(10, 9))
    with pytest.raises(UsageError, match="takes at most 64 tokens"):
        Engine().run("sentiment", encoder=str(tiny), data=str(reviews), max_length=65)
    with pytest.raises(UsageError, match="--batch-tokens 20: one window alone has up to 64"):
        Engine().run("sentiment", encoder=str(tiny), data=str(reviews), batch_tokens=20)
