"""Reading, spans, the head and baselines of the aspect task."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from nlpengine_aspect.baselines import NEAR, TEXT, words_around
from nlpengine_aspect.head import AspectHead
from nlpengine_aspect.reading import read_example
from nlpengine_aspect.spans import span_logits, tokens_in, window_gold
from nlpengine_aspect.task import AspectSentiment

from nlpengine import RowError
from nlpengine.data import Origin, Record
from nlpengine.encoding import Encoding
from nlpengine.plugin import IGNORED, Labels, WindowLogits
from nlpengine.testing.task_contract import TaskContract

TEXT_OF = "the soup was cold and the waiter kind"


def read(**fields):
    return read_example(Record(fields, Origin("rows.jsonl", 7)))


class TestAspect(TaskContract):
    task = AspectSentiment()
    records = (
        {"text": TEXT_OF, "start": 4, "end": 8, "label": "negative"},
        {"text": TEXT_OF, "start": 26, "end": 32, "label": "positive"},
        {"text": "our room faced the yard", "start": 4, "end": 8, "label": "neutral"},
        {"text": "a dull film with a great score", "start": 21, "end": 30, "label": "positive"},
    )
    skips = {  # noqa: RUF012 - nobody changes it
        "long_text": "only the windows that hold the aspect's tokens have a say, by design",
    }


# --- reading --------------------------------------------------------------------------------------


def test_a_place_by_characters_or_by_words():
    for fields in ({"start": 4, "end": 8}, {"start": "4", "end": "8"}, {"aspect": "soup"},
                   {"aspect": "soup", "start": 4, "end": 8}):  # fmt: skip
        example = read(text=TEXT_OF, label="negative", **fields)
        assert (example.start, example.end, example.aspect) == (4, 8, "soup")
    # Which of several is meant, places say.
    assert read(text=TEXT_OF, aspect="the", start=22, end=25).start == 22


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "nothing says what the text is asked about"),
        ({"start": 4}, "only one of start and end"),
        ({"aspect": "the"}, "occurs several times in the text. Say which"),
        ({"aspect": "Soup"}, "doesn't occur in the text, letter for letter"),
        ({"aspect": " "}, "blanks alone"),
        ({"start": 3, "end": 4}, "blanks alone"),
        ({"start": 4, "end": 4}, "no part of the text"),
        ({"start": 30, "end": 99}, "no part of the text"),
        ({"start": -3, "end": 2}, "no part of the text"),
        ({"start": 4.5, "end": 8}, "start is 4.5"),
        ({"start": 4, "end": "²"}, "end is '²'"),
        ({"aspect": "waiter", "start": 4, "end": 8}, "are 'soup', and the aspect is 'waiter'"),
    ],
)
def test_a_place_that_is_none(fields, said):
    with pytest.raises(RowError, match=r"^rows\.jsonl:7: ") as refused:
        read(text=TEXT_OF, **fields)
    assert said in str(refused.value)


@given(st.text(max_size=30), st.text(min_size=1, max_size=5), st.text(max_size=30))
def test_an_aspect_is_found_where_it_stands_once(before, aspect, after):
    text = before + aspect + after
    starts = [at for at in range(len(text)) if text.startswith(aspect, at)]
    if len(starts) == 1 and aspect.strip():
        example = read(text=text, aspect=aspect)
        assert text[example.start : example.end] == aspect
    else:
        with pytest.raises(RowError):
            read(text=text, aspect=aspect)


# --- spans ----------------------------------------------------------------------------------------

OFFSETS = np.array([(0, 3), (4, 6), (6, 8), (8, 8), (9, 12)], dtype=np.int32)


def window(offsets, start=0, index=0):
    ids = np.zeros(len(offsets) + 2, dtype=np.int32)
    return Encoding(ids, ids, 0, index, start, start + len(offsets), 1, offsets)


def test_tokens_of_a_span():
    assert tokens_in(OFFSETS, 4, 8).tolist() == [False, True, True, False, False]
    assert tokens_in(OFFSETS, 5, 10).tolist() == [False, True, True, False, True]
    assert not tokens_in(OFFSETS, 8, 9).any()


def test_gold_stands_on_the_tokens_of_the_span():
    assert window_gold(window(OFFSETS), 4, 8, 2).tolist() == [
        IGNORED, IGNORED, 2, 2, IGNORED, IGNORED, IGNORED
    ]  # fmt: skip
    assert (window_gold(window(OFFSETS[:1]), 4, 8, 2) == IGNORED).all()
    with pytest.raises(ValueError, match="offsets"):
        window_gold(Encoding(*[np.zeros(2, np.int32)] * 2, 0, 0, 0, 0), 0, 1, 0)


@given(st.integers(0, 11), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_a_span_s_logits_come_from_its_tokens_alone(start, length, seed):
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((7, 3))
    found = span_logits([WindowLogits(window(OFFSETS), rows)], start, start + length)
    inside = tokens_in(OFFSETS, start, start + length)
    assert (found is None) == (not inside.any())
    if found is not None:
        assert np.allclose(found, rows[1:-1][inside].mean(axis=0))
        others = rows.copy()
        others[1:-1][~inside] += 100
        others[[0, -1]] -= 100
        assert np.allclose(
            found, span_logits([WindowLogits(window(OFFSETS), others)], start, start + length)
        )


def test_windows_meet():
    """A token that two windows see counts once."""
    rows = np.arange(7 * 2, dtype=float).reshape(7, 2)
    first = WindowLogits(window(OFFSETS[:4]), rows[:6])
    second = WindowLogits(window(OFFSETS[2:], 2, 1), np.vstack([rows[2:3], rows[3:]]))
    whole = span_logits([WindowLogits(window(OFFSETS), rows)], 4, 12)
    assert np.allclose(span_logits([first, second], 4, 12), whole)


def test_an_aspect_without_tokens_is_open():
    task, labels = AspectSentiment(), Labels(("negative", "positive"))
    example = read(text="abc\u200b def", start=3, end=4, label="positive")
    rows = np.random.default_rng(0).standard_normal((7, 2))
    found = task.decode(example, [WindowLogits(window(OFFSETS), rows)], labels, None, {})
    assert found.scores == {"negative": 0.5, "positive": 0.5}
    (note,) = task.training_notes([example], [[np.full(7, IGNORED)]])
    assert note.startswith("1 of 1 aspects of train have no token")
    assert task.training_notes([example], [[np.full(7, IGNORED), np.array([IGNORED, 1])]]) == ()


# --- head, loss, baselines ------------------------------------------------------------------------


def test_the_head_is_its_own():
    spec = AspectSentiment().head(Labels(("a", "b", "c")), AspectSentiment.options())
    head = spec.build(16)
    assert isinstance(head, AspectHead)
    assert head(torch.randn(5, 16)).shape == (5, 3)
    assert (spec.kind, spec.size) == ("token", 3)


def test_tokens_without_gold_have_no_part_in_the_loss():
    task, logits = AspectSentiment(), torch.randn(4, 2)
    gold = torch.tensor([IGNORED, 0, 1, IGNORED])
    options = task.options(class_weights="balanced", label_smoothing=0.1)
    for labels in (Labels(("a", "b")), Labels(("a", "b"), (0.5, 2.0))):
        summed, weight = task.loss(logits, gold, labels, options)
        others = logits.clone()
        others[[0, 3]] += 5
        assert torch.equal(summed, task.loss(others, gold, labels, options)[0])
        assert float(weight) == (2.0 if labels.weights is None else 2.5)


def test_words_around():
    text = "a b c d e f g SOUP h i j k l m"
    assert words_around(text, 14, 18) == "c d e f g SOUP h i j k l"
    assert words_around("soup", 0, 4) == "soup"


def test_what_stands_near_tells_more_than_the_text():
    texts = [f"bad soup number {n} and then some other good film" for n in range(8)]
    inputs = [(text, near) for text in texts for near in ("bad soup", "good film")]
    golds = ["neg", "pos"] * 8
    near = NEAR.predict(inputs, golds, inputs, 0).answers
    whole = TEXT.predict(inputs, golds, inputs, 0).answers
    assert near == golds
    assert sum(a == b for a, b in zip(whole, golds, strict=True)) == 8


# --- demo -----------------------------------------------------------------------------------------

SIZES = {"train": 210, "dev": 54, "test": 86}


def demo(split):
    lines = (AspectSentiment.demo / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_the_demo_can_t_be_told_from_the_text_alone():
    seen = {}
    for split, size in SIZES.items():
        rows = demo(split)
        assert len(rows) == size
        by_text = {}
        for row in rows:
            assert row["text"][row["start"] : row["end"]] == row["aspect"]
            by_text.setdefault(row["text"], set()).add(row["label"])
        assert all(len(labels) > 1 for labels in by_text.values())
        assert {row["label"] for row in rows} == {"negative", "neutral", "positive"}
        seen[split] = set(by_text)
    assert len(set.union(*seen.values())) == sum(map(len, seen.values())) == 162


def test_the_readme_counts_right():
    text = (AspectSentiment.demo / "README.md").read_text(encoding="utf-8")
    for split, size in SIZES.items():
        rows = demo(split)
        counts = [sum(row["label"] == name for row in rows)
                  for name in ("negative", "neutral", "positive")]  # fmt: skip
        cells = [split, len({row["text"] for row in rows}), *counts, size]
        assert f"| {' | '.join(map(str, cells))} |" in text
