from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlpengine.baselines import MAJORITY, OVERLAP_SPAN
from nlpengine.baselines.spans import choose_span, content_stems
from nlpengine.metrics import answer_scores

CITY = (
    "The town of Norvik was founded in 1652 by Anna Brekke, a merchant. It has 12,400 inhabitants. "
    "Its harbour freezes in winter. The bridge over the river was built by Olav Dahl in May 1903, "
    "and it carries trams."
)
QUESTIONS = [
    ("When was Norvik founded?", ["1652"]),
    ("Who founded the town of Norvik?", ["Anna Brekke"]),
    ("How many inhabitants does it have?", ["12,400"]),
    ("Who built the bridge over the river?", ["Olav Dahl"]),
    ("In what year was the bridge built?", ["1903", "May 1903"]),
]
HOSTILE = [
    ("", ""),
    ("?", "."),
    ("who", "\ud800\u202e👩‍👩‍👧"),
    ("when", "\n\n 5"),
    ("ﷺ what", "ﷺ ﷺ."),
]


def data():
    return [(asked, CITY) for asked, _ in QUESTIONS], [gold for _, gold in QUESTIONS]


def test_easy_questions():
    inputs, golds = data()
    found = OVERLAP_SPAN.predict(inputs, golds, inputs, 0)
    assert answer_scores(golds, found.answers).metrics["exact"].value == 1.0
    assert all(answer in CITY for answer in found.answers)
    assert "always given" in found.note
    plain = MAJORITY.predict(inputs, [gold[0] for gold in golds], inputs, 0).answers
    assert answer_scores(golds, plain).main[1].value < 0.5


def test_the_threshold_is_learnt_where_training_has_unanswerable_questions():
    inputs, golds = data()
    odd = [(f"Which {word} does zebra quantum piano prefer?", CITY) for word in "uvwxyz"]
    found = OVERLAP_SPAN.predict(inputs + odd, golds + [[]] * 6, inputs + odd[:2], 0)
    assert found.answers[-2:] == ["", ""]
    assert answer_scores(golds, found.answers[:5]).metrics["exact"].value == 1.0
    assert found.note.startswith("answers nothing above a doubt of ")


def test_nothing_is_answered_where_that_is_best():
    inputs, _ = data()
    wrong = OVERLAP_SPAN.predict(inputs * 2, [["nonsense"]] * 5 + [[]] * 5, inputs, 0)
    assert wrong.answers == [""] * 5
    assert wrong.note.startswith("answers nothing, the best on training")
    never = OVERLAP_SPAN.predict(inputs, [[]] * 5, inputs, 0)
    assert never.answers == [""] * 5
    assert never.note == "no training question has an answer: none is given"


def test_same_input_same_answers_whatever_the_text():
    inputs, golds = data()
    inputs, golds = inputs + HOSTILE, [*golds, ["x"], [], [], ["5"], []]
    one = OVERLAP_SPAN.predict(inputs, golds, HOSTILE + inputs, 0)
    assert one == OVERLAP_SPAN.predict(inputs, golds, HOSTILE + inputs, 7)
    assert all(type(answer) is str for answer in one.answers)
    assert OVERLAP_SPAN.predict(inputs, golds, [], 0).answers == []
    with pytest.raises(ValueError, match="at least one example"):
        OVERLAP_SPAN.predict([], [], inputs, 0)


@pytest.mark.parametrize(
    ("question", "sentence", "answer"),
    [
        ("How much did it cost?", "It cost $230 million in 1999.", "$230 million"),
        ("How many came?", "About twelve guests came.", "twelve"),
        ("When did she die?", "She died on 4 March 1851, aged 70.", "4 March 1851"),
        ("When did it end?", "It ended after 30 days.", "30"),
        ("Who led the revolt?", "The revolt was led by Maria de Sousa.", "Maria de Sousa"),
        ("What does the plant produce?", "The plant produces small insects, often at night.",
         "small insects"),
        ("What is the total?", "The total is 2,400 books.", "2,400 books"),
        ("Who is Anna?", "Anna sings.", "sings"),  # no new name: the rest of the clause
    ],
)  # fmt: skip
def test_spans(question, sentence, answer):
    start, end = choose_span(question, sentence)
    assert sentence[start:end] == answer


@given(st.text(max_size=40), st.text(max_size=80))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_spans_lie_in_the_sentence_and_say_something(question, sentence):
    span = choose_span(question, sentence)
    if span is None:
        assert set(content_stems(sentence)) <= set(content_stems(question))
    else:
        assert 0 <= span[0] < span[1] <= len(sentence)
        assert set(content_stems(sentence[slice(*span)])) - set(content_stems(question))
