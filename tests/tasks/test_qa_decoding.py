"""Gold places, spans, probabilities and thresholds, against what a plain loop says."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlpengine_qa import QuestionAnswering
from nlpengine_qa.answering import Options
from nlpengine_qa.calibration import fit_logistic, tune
from nlpengine_qa.decoding import find_spans
from nlpengine_qa.places import NOWHERE, answer_places

from nlpengine.data import Origin, QuestionExample
from nlpengine.encoding import Encoding, window_spans
from nlpengine.encoding.tokenizer import Tokenizer
from nlpengine.encoding.windows import WindowPolicy
from nlpengine.plugin import Labels, WindowLogits, merged_logits

TASK = QuestionAnswering()
LABELS = Labels(())
QUESTION = 3
"""Tokens before the content, in the windows made by hand."""


def windows_of(starts, ends, *, content=10_000, overlap=0, nulls=(0.0,), offsets=None):
    """Windows over a context of one-letter tokens with blanks between, of given logits."""
    count = len(starts)
    if offsets is None:
        offsets = [(2 * i, 2 * i + 1) for i in range(count)]
    offsets = np.asarray(offsets, dtype=np.int32).reshape(count, 2)
    made = []
    spans = window_spans(count, content, overlap)
    for number, (start, end) in enumerate(spans):
        size = QUESTION + end - start + 1
        ids = np.zeros(size, dtype=np.int32)
        logits = np.full((size, 2), 50.0)  # of question and specials: never to be looked at
        logits[0] = nulls[number % len(nulls)] / 2
        logits[QUESTION : QUESTION + end - start, 0] = starts[start:end]
        logits[QUESTION : QUESTION + end - start, 1] = ends[start:end]
        made.append(
            WindowLogits(
                Encoding(ids, ids, 0, number, start, end, QUESTION, offsets[start:end]), logits
            )
        )
    return made


def context_of(count):
    return " ".join("abcdefghij"[i % 10] for i in range(count))


def asked(context, *answers):
    return QuestionExample("?", context, answers, Origin("qa.jsonl", 1), "q")


def decode(starts, ends, options=None, state=None, **how):
    example = asked(context_of(len(starts)))
    windows = windows_of(starts, ends, **how)
    return example.context, TASK.decode(example, windows, LABELS, options or Options(), state or {})


LOGITS = st.lists(
    st.tuples(st.integers(-40, 40), st.integers(-40, 40)).map(lambda p: (p[0] / 4, p[1] / 4)),
    min_size=1, max_size=24,
)  # fmt: skip


@given(LOGITS, st.integers(1, 30), st.integers(-60, 60), st.integers(1, 12))
def test_candidates_are_those_of_a_plain_loop(logits, longest, null, top):
    starts, ends = map(list, zip(*logits, strict=True))
    options = Options(max_answer_length=longest, top_k=top)
    context, found = decode(starts, ends, options, nulls=(null,))
    spans = [
        (starts[i] + ends[j], i, j)
        for i in range(len(starts))
        for j in range(i, min(len(starts), i + longest))
    ]
    total = sum(math.exp(score) for score, _, _ in spans) + math.exp(null)
    wanted = {}
    for score, i, j in sorted(spans, key=lambda span: (-span[0], span[1], span[2])):
        text = context[2 * i : 2 * j + 1]
        wanted.setdefault(text, (2 * i, 2 * j + 1, math.exp(score) / total))
    wanted = list(wanted.items())[:top]
    assert [(c.answer, c.start, c.end) for c in found.candidates] == [
        (text, start, end) for text, (start, end, _) in wanted
    ]
    scores = [probability for _, (_, _, probability) in wanted]
    assert [c.score for c in found.candidates] == pytest.approx(scores, rel=1e-9, abs=1e-12)
    assert found.no_answer_probability == pytest.approx(math.exp(null) / total, rel=1e-9, abs=1e-12)
    assert all(context[c.start : c.end] == c.answer for c in found.candidates)


@given(LOGITS, st.integers(2, 9), st.data())
def test_windows_say_the_same_as_one(logits, content, data):
    """With the same logits for a token in each window; each span counts once."""
    overlap = data.draw(st.integers(0, content - 1))
    starts, ends = map(list, zip(*logits, strict=True))
    options = Options(top_k=5, max_answer_length=4)
    _, whole = decode(starts, ends, options)
    _, parted = decode(starts, ends, options, content=content, overlap=overlap)
    assert [c.answer for c in parted.candidates] == [c.answer for c in whole.candidates]
    assert parted.score == pytest.approx(whole.score)
    assert parted.windows == len(window_spans(len(starts), content, overlap))


def test_a_token_counts_in_its_window_of_most_context():
    first = windows_of([0.0] * 10, [0.0] * 10, content=6, overlap=2)
    for window in first:
        window.logits[QUESTION:, :] = window.encoding.window  # 0, then 1
    merged = merged_logits(first)[:, 0].tolist()
    assert merged == [0.0] * 5 + [1.0] * 5


def test_the_null_score_is_the_least_of_the_windows():
    nulls = (5.0, -7.0, 3.0)
    windows = windows_of([1.0] * 12, [1.0] * 12, content=4, overlap=0, nulls=nulls)
    assert find_spans(windows, 30).null == -7.0


def test_far_apart_logits_lose_no_digits():
    """The best start behind the best end: all that may go together is far below both."""
    starts, ends = [0.0, 0.0, 900.0], [900.0, 1.0, 0.0]
    spans = find_spans(windows_of(starts, ends, nulls=(0.0,)), 3)
    assert spans.best == 900.0
    plain = [s + e for i, s in enumerate(starts) for e in ends[i:]]
    assert spans.total == pytest.approx(900.0 + math.log(sum(math.exp(p - 900) for p in plain)))
    starts, ends = [-900.0, 0.0, 900.0], [900.0, -900.0, -1800.0]
    assert find_spans(windows_of(starts, ends), 3).total == pytest.approx(math.log(1.0), abs=1e-9)


def test_an_answer_is_no_longer_than_allowed_and_never_backwards():
    starts, ends = [0.0, 0.0, 9.0, 0.0, 0.0, 0.0], [9.0, 0.0, 0.0, 0.0, 0.0, 8.0]
    assert decode(starts, ends)[1].answer == "c d e f"
    # Three tokens or fewer: c alone with an end of 0, or the end of 9 with what begins at 0.
    _, found = decode(starts, ends, Options(max_answer_length=3, top_k=30))
    assert max(len(c.answer.split()) for c in found.candidates) == 3
    assert (found.start, found.end) == (0, 1)


def test_tokens_that_stand_for_no_text_are_no_border():
    offsets = [(0, 1), (1, 1), (2, 3), (3, 3)]
    spans = find_spans(windows_of([0, 9, 1, 9], [0, 9, 1, 9], offsets=offsets), 30)
    assert [span[1:] for span in spans.ranked()] == [(2, 3), (0, 3), (0, 1)]


def test_tokens_of_one_character_give_it_whole():
    offsets = [(0, 1), (2, 3), (2, 3), (2, 3)]  # an emoji in three bytes
    example = asked("a \U0001f600")
    windows = windows_of([0, 0, 5, 0], [0, 0, 5, 0], offsets=offsets)
    assert TASK.decode(example, windows, LABELS, Options(), {}).answer == "\U0001f600"


def test_a_context_without_text_has_no_answer():
    for offsets in ([], [(0, 0), (3, 3)]):
        zeros = [0.0] * len(offsets)
        windows = windows_of(zeros, zeros, offsets=offsets)
        found = TASK.decode(asked(""), windows, LABELS, Options(), {})
        assert (found.answer, found.start, found.end, found.score) == ("", 0, 0, 1.0)
        assert found.no_answer_probability == 1.0


# --- no answer ------------------------------------------------------------------------------------

WITH = Options(handle_impossible_answer=True, top_k=3)


def test_no_answer_is_given_only_where_it_may_be():
    starts, ends = [0.0, 2.0, 0.0], [0.0, 2.0, 0.0]
    _, may = decode(starts, ends, WITH, nulls=(9.0,))
    assert (may.answer, may.start, may.end) == ("", 0, 0)
    assert may.candidates[1].answer == "b"
    assert may.score == may.no_answer_probability > 0.9
    _, may_not = decode(starts, ends, Options(top_k=3), nulls=(9.0,))
    assert may_not.answer == "b"
    assert all(c.answer for c in may_not.candidates)
    assert may_not.no_answer_probability == may.no_answer_probability
    assert decode(starts, ends, WITH, nulls=(-9.0,))[1].answer == "b"


def test_the_threshold_decides_and_what_is_given_stands_first():
    starts, ends = [0.0, 2.0], [0.0, 2.0]
    for threshold, answer in ((0.9, ""), (1.1, "b")):
        _, found = decode(starts, ends, WITH, {"threshold": threshold}, nulls=(5.0,))
        assert found.answer == answer
        assert {c.answer for c in found.candidates} >= {"", "b"}
        assert found.no_answer_probability > 0.5
    # Asked for one, there is one.
    one = Options(handle_impossible_answer=True)
    _, found = decode(starts, ends, one, {"threshold": 9.0}, nulls=(5.0,))
    assert [c.answer for c in found.candidates] == ["b"]


def test_calibrated_probabilities_add_up():
    state = {"threshold": 0.0, "slope": 0.5, "intercept": -1.0}
    options = Options(handle_impossible_answer=True, top_k=100, max_answer_length=9)
    _, found = decode([0.0, 2.0, 1.0], [0.5, 2.0, 0.0], options, state, nulls=(5.0,))
    doubt = 5.0 - 4.0
    assert found.no_answer_probability == pytest.approx(1 / (1 + math.exp(1.0 - 0.5 * doubt)))
    assert sum(c.score for c in found.candidates) == pytest.approx(1.0)
    assert len(found.candidates) == 7


def dev_set(doubts, answerable, right):
    """Questions on the context "a b": the best span is "a", gold is "a" where right, else "b"."""
    examples, found = [], []
    for doubt, can, good in zip(doubts, answerable, right, strict=True):
        examples.append(asked("a b", *([("a", 0) if good else ("b", 2)] if can else ())))
        found.append(find_spans(windows_of([5.0, 0.0], [5.0, 0.0], nulls=(10.0 + doubt,)), 30))
    return examples, found


def test_the_threshold_stands_between_what_gains_and_what_costs():
    doubts = [-3.0, -2.0, -1.0, 0.0, 1.0, 2.0]
    can = [True, True, True, False, False, False]
    state = tune(*dev_set(doubts, can, [True] * 6))
    assert state == {"threshold": pytest.approx(-0.5)}  # too few for probabilities
    # A wrong answer costs nothing where there is one, and gains nothing: the threshold falls.
    state = tune(*dev_set(doubts, can, [True, True, False, True, True, True]))
    assert state["threshold"] < -0.55


ROWS = st.tuples(st.integers(-8, 8), st.booleans(), st.booleans())


@given(st.lists(ROWS, min_size=2, max_size=15))
def test_any_dev_set_gives_a_threshold_that_moves_with_its_doubts(rows):
    doubts, can, right = map(list, zip(*rows, strict=True))
    state = tune(*dev_set(doubts, can, right))
    if len(set(can)) == 1:
        assert state == {}
        return
    assert math.isfinite(state["threshold"])
    moved = tune(*dev_set([doubt + 5.0 for doubt in doubts], can, right))
    assert moved["threshold"] == pytest.approx(state["threshold"] + 5.0, rel=1e-3, abs=1e-3)


def test_the_threshold_is_close_to_the_best_one_for_questions_that_were_not_seen():
    """Closer than the one that was best for the dev questions, which a lucky few decide."""
    rng = np.random.default_rng(0)

    def drawn(count):
        can = rng.random(count) < 0.6
        doubt = np.where(can, rng.normal(-4, 4, count), rng.normal(3, 3, count))
        right = rng.random(count) < 1 / (1 + np.exp(0.3 * doubt - 0.5))
        return doubt, can, right

    def score(threshold, doubt, can, right):
        return float(np.where(doubt <= threshold, can & right, ~can).mean())

    def luckiest(doubt, can, right):
        return max(doubt, key=lambda one: score(one, doubt, can, right))

    many = drawn(50_000)
    best = max(score(one, *many) for one in np.linspace(-15, 15, 121))
    losses = []
    for _ in range(40):
        dev = drawn(60)
        tuned = tune(*dev_set(*(column.tolist() for column in dev)))["threshold"]
        losses.append([best - score(one, *many) for one in (tuned, luckiest(*dev))])
    ours, lucky = np.mean(losses, axis=0)
    assert ours < 0.01
    assert ours < 0.7 * lucky


@pytest.mark.parametrize("right", [[True, True, False], [True, True, True]])
def test_where_doubt_says_nothing_all_are_answered_or_none(right):
    state = tune(*dev_set([0.0, 1.0, 2.0], [False, False, True], right))
    assert state["threshold"] < 0.0  # two cost, one gains at most
    state = tune(*dev_set([0.0, 1.0, 2.0], [False, True, True], [True] * 3))
    assert state["threshold"] > 2.0


def test_probabilities_are_fitted_on_enough_of_both_kinds():
    rng = np.random.default_rng(0)
    doubts = rng.normal(size=200) * 3
    can = rng.random(200) > 1 / (1 + np.exp(-(0.8 * doubts - 0.5)))
    state = tune(*dev_set(doubts, can.tolist(), [True] * 200))
    assert state["slope"] == pytest.approx(0.8, abs=0.25)
    assert state["intercept"] == pytest.approx(-0.5, abs=0.4)
    # Upside down, the doubt says nothing: every question is as probable as the next.
    state = tune(*dev_set(doubts, (~can).tolist(), [True] * 200))
    assert state["slope"] == 0.0
    assert 1 / (1 + math.exp(-state["intercept"])) == pytest.approx(can.mean())


def test_contexts_without_text_teach_nothing():
    """They have no span, and so no doubt: one such would be the farthest of all outliers."""
    rng = np.random.default_rng(0)
    doubts = np.concatenate([rng.normal(size=100) - 3, rng.normal(size=100) + 3])
    examples, found = dev_set(doubts, [True] * 100 + [False] * 100, [True] * 200)
    state = tune(examples, found)
    blank = find_spans(windows_of([], []), 30)
    for blanks in ([asked(" ")], [asked(" ", ("x", 0)), asked("")]):
        assert tune([*examples, *blanks], [*found, *[blank] * len(blanks)]) == state
    # Neither are they questions of a kind, nor enough of them.
    assert tune([examples[0], asked(" ")], [found[0], blank]) == {}
    assert tune([asked(" "), asked(" ", ("x", 0))], [blank, blank]) == {}
    few, seen = [*examples[90:109]], [*found[90:109]]
    assert tune([*few, asked("")], [*seen, blank]).keys() == {"threshold"}


def test_the_logistic_is_scikit_learn_s():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(1)
    x = rng.normal(size=5000) * 40 + 7
    y = rng.random(5000) < 1 / (1 + np.exp(-(0.1 * x - 2)))
    stock = LogisticRegression(C=1e9).fit(x[:, None], y)
    slope, intercept = fit_logistic(x, y.astype(float))
    assert slope == pytest.approx(float(stock.coef_[0, 0]), rel=0.02)
    assert intercept == pytest.approx(float(stock.intercept_[0]), rel=0.02)
    values, targets = np.array([-1.0, -2.0, 1.0, 2.0]), np.array([0.2, 0.2, 0.8, 0.8])
    slope, intercept = fit_logistic(values, targets)
    assert 0 < slope < 10
    assert abs(intercept) < 1e-6
    assert all(map(math.isfinite, fit_logistic(np.ones(4), np.array([0.1, 0.9, 0.1, 0.9]))))


# --- gold -----------------------------------------------------------------------------------------


def encode(tokenizer, question, context, length, overlap=4):
    policy = WindowPolicy(length, overlap, over="last")
    return tokenizer.encode([(question, context)], policy, offsets=True)


def text_of(context, window, places):
    """What the gold tokens of a window say."""
    head, tail = (int(place) - window.first for place in places)
    return context[window.offsets[head, 0] : window.offsets[tail, 1]]


def test_gold_is_the_answer_s_tokens_or_the_first_special_one(tiny):
    tokenizer = Tokenizer(tiny)
    context = "the soup was good " * 9 + "and the film was dull"
    example = asked(context, ("film was", context.index("film")))
    (whole,) = encode(tokenizer, "was it", context, 64)
    assert text_of(context, whole, answer_places(example, whole)) == "film was"
    windows = encode(tokenizer, "was it", context, 24)
    golds = [tuple(answer_places(example, window).tolist()) for window in windows]
    assert golds.count(NOWHERE) == len(golds) - 1
    held = next(i for i, gold in enumerate(golds) if gold != NOWHERE)
    assert text_of(context, windows[held], golds[held]) == "film was"
    assert tuple(answer_places(asked(context), whole).tolist()) == NOWHERE


@pytest.mark.parametrize("blank", ["", " ", "\u200b", "\u00a0", "\ufffd"])
def test_gold_bears_ends_that_no_token_stands_for(tiny, blank):
    context = f"the soup{blank} was good"
    example = asked(context, (f"soup{blank}", 4))
    (window,) = encode(Tokenizer(tiny), "was it", context, 64)
    assert text_of(context, window, answer_places(example, window)) == "soup"
    alone = asked(f"soup{blank}", (f"soup{blank}", 0))
    (window,) = encode(Tokenizer(tiny), "was it", alone.context, 64)
    assert text_of(alone.context, window, answer_places(alone, window)) == "soup"


def test_an_answer_no_window_holds_is_counted(tiny):
    context = "the soup was good and the film was dull " * 4
    long = asked(context, (context, 0))
    short = asked(context, ("soup", 4))
    golds = [
        [
            TASK.gold(example, window, LABELS)
            for window in encode(Tokenizer(tiny), "it", context, 24)
        ]
        for example in (long, short, asked(context))
    ]
    (note,) = TASK.training_notes([long, short, asked(context)], golds)
    assert note.startswith("1 of 3 training answers stand whole in no window and are learned as no")
    assert "q. A longer --max-length or --overlap" in note
    assert TASK.training_notes([short, asked(context)], golds[1:]) == ()


LETTERS = st.text(st.sampled_from("ab 9\u00e9\u4e2d\U0001f600\u200b\n-"), min_size=1, max_size=60)


@given(LETTERS, st.data())
def test_gold_stands_in_exactly_the_windows_that_hold_it(tiny, context, data):
    first = data.draw(st.integers(0, len(context) - 1))
    last = data.draw(st.integers(first + 1, len(context)))
    example = asked(context, (context[first:last], first))
    tokenizer = Tokenizer(tiny)
    (whole,) = encode(tokenizer, "it", context, 200)
    inside = [
        place
        for place, (start, end) in enumerate(whole.offsets.tolist())
        if start < last and end > first and start < end
    ]
    for window in encode(tokenizer, "it", context, 20, 5):
        gold = tuple(answer_places(example, window).tolist())
        held = inside and window.start <= inside[0] and inside[-1] < window.end
        if held:
            wanted = (inside[0] - window.start, inside[-1] - window.start)
            assert gold == tuple(place + window.first for place in wanted)
        else:
            assert gold == NOWHERE


def test_the_loss_is_the_mean_of_two_cross_entropies():
    import torch

    logits = torch.randn(3, 5, 2)
    logits[1, 3:] = -torch.inf
    logits.requires_grad_()
    gold = torch.tensor([[0, 0], [1, 2], [4, 4]])
    summed, weight = TASK.loss(logits, gold, LABELS, Options())
    wanted = 0.0
    for window, (start, end) in enumerate(gold.tolist()):
        for side, place in ((0, start), (1, end)):
            wanted -= torch.log_softmax(logits[window, :, side], dim=0)[place] / 2
    assert summed.item() == pytest.approx(wanted.item())
    assert weight.item() == 3.0
    summed.backward()
    assert torch.isfinite(logits.grad).all()
    parts = [TASK.loss(logits[i : i + 1], gold[i : i + 1], LABELS, Options()) for i in range(3)]
    assert sum(part.item() for part, _ in parts) == pytest.approx(summed.item())


def test_options_are_checked():
    for name in ("top_k", "max_answer_length"):
        with pytest.raises(ValueError, match=f"{name} is 0; it must be at least 1"):
            Options(**{name: 0})


def test_decoding_is_fast_enough_to_be_no_part_of_the_time():
    """A bound for a busy machine; measured alone it is several thousand questions a second."""
    import time

    rng = np.random.default_rng(0)
    questions = [windows_of(*rng.normal(size=(2, 150)) * 3) for _ in range(200)]
    example, best = asked(context_of(150)), math.inf
    for _ in range(3):
        began = time.perf_counter()
        for windows in questions:
            TASK.decode(example, windows, LABELS, WITH, {"threshold": 0.0})
        best = min(best, time.perf_counter() - began)
    assert len(questions) / best > 500


def test_control_a_plain_loop_sees_a_wrong_band():
    """What the property above would say to spans that may run backwards."""
    starts, ends = [0.0, 9.0], [9.0, 0.0]
    _, found = decode(starts, ends)
    backwards = max(itertools.product(range(2), range(2)), key=lambda p: starts[p[0]] + ends[p[1]])
    assert backwards == (1, 0)
    assert (found.start // 2, found.end // 2) != backwards
