"""Records → questions with answers that stand in their context, in every published form."""

import json
import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from nlpengine_qa import QuestionAnswering
from nlpengine_qa.aligning import align
from nlpengine_qa.answering import Options
from nlpengine_qa.places import trained_span
from nlpengine_qa.prediction import AnswerPrediction, Candidate
from nlpengine_qa.reading import UNKNOWN

from nlpengine.data import Origin, QuestionExample, Record, load_records
from nlpengine.errors import DataError, RowError
from nlpengine.plugin import Labels

TASK = QuestionAnswering()
CONTEXT = "In 1912 the mill burned down, and in 1913 it stood again."
WHEN = {"question": "When did it burn?", "context": CONTEXT}


def adapt(**fields):
    return TASK.adapt(Record({**WHEN, **fields}, Origin("qa.jsonl", 7)))


def test_every_form_of_answers():
    one = (("1912", 3),)
    assert adapt(answers=[{"text": "1912", "answer_start": 3}]).answers == one
    assert adapt(answers={"text": ["1912"], "answer_start": [3]}).answers == one
    assert adapt(answers={"text": "1912", "answer_start": 3}).answers == one
    assert adapt(answers="1912", answer_start=3).answers == one
    assert adapt(answers="1912", answer_start="3").answers == one  # a table
    assert adapt(answers="1912", answer_start=3.0).answers == one  # a column with gaps
    assert adapt(answers=["1912"]).answers == (("1912", UNKNOWN),)
    assert adapt(answers="1912", answer_start="3.0").answers == one  # both
    two = (("1912", 3), ("In 1912", 0))
    assert adapt(answers={"text": ["1912", "In 1912"], "answer_start": [3, 0]}).answers == two
    assert adapt(answers=["1912", "In 1912"], answer_start=[3, 0]).answers == two


def test_no_answer_and_not_said():
    for none in ([], {"text": [], "answer_start": []}):
        assert adapt(answers=none).answers == ()
        assert adapt(answers=none, is_impossible=True).answers == ()
    assert adapt(is_impossible=True).answers == ()
    assert adapt(answers="", is_impossible="True").answers == ()
    for minus in ("-1", "-1.0", -1, -1.0):
        assert adapt(answers="", answer_start=minus).answers == ()
    assert adapt().answers is None
    assert adapt(answers="").answers is None
    assert adapt(answers=None, is_impossible=False).answers is None


def test_a_cell_of_a_table_may_be_json():
    one = (("1912", 3),)
    assert adapt(answers='{"text": ["1912"], "answer_start": [3]}').answers == one
    assert adapt(answers='[{"text": "1912", "answer_start": 3}]').answers == one
    assert adapt(answers='["1912"]').answers == (("1912", UNKNOWN),)
    assert adapt(answers="[]").answers == ()
    assert adapt(answers='{"text": [], "answer_start": []}', is_impossible="True").answers == ()
    for text in ("[2]", "[sic", "{x}", "[[2]]"):  # an answer in brackets is none
        assert adapt(answers=text).answers == ((text, UNKNOWN),)


def test_id_and_title_are_kept():
    found = adapt(id="q1", title="Mills")
    assert (found.id, found.title) == ("q1", "Mills")
    assert adapt(id=17).id == "17"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"answers": [{"text": "1912", "answer_start": -4}]}, "answer_start is -4"),
        ({"answers": [{"text": "1912", "answer_start": True}]}, "answer_start is True"),
        ({"answers": [{"text": "1912", "answer_start": "x"}]}, "answer_start is 'x'"),
        ({"answers": [{"answer_start": 3}]}, r"an answer is \{'answer_start': 3\}"),
        ({"answers": [3]}, "an answer is 3"),
        ({"answers": 3}, "answers is int 3"),
        ({"answers": {"text": ["1912"], "answer_start": []}}, "1 answers have the offsets"),
        ({"answers": {"text": 3}}, "the texts of answers are 3"),
        ({"answers": [" "]}, "an answer is empty"),
        ({"answers": " "}, "an answer is empty"),
        ({"answers": {"text": "\n", "answer_start": 3}}, "an answer is empty"),
        ({"answers": "1912", "answer_start": "3.5"}, r"answer_start is '3\.5'"),
        ({"answers": "1912", "answer_start": "-1.0"}, r"answer_start is '-1\.0'"),
        ({"answers": "{'text': array(['1912'])}"}, "answers is Python code, and not JSON: "),
        ({"answers": ["1912"], "is_impossible": True}, "is_impossible is true, and there are"),
        ({"answers": [], "is_impossible": "false"}, "is_impossible is false, and there is no"),
        ({"answers": [], "is_impossible": "perhaps"}, "is_impossible is 'perhaps'"),
        ({"context": None}, "the field 'context' is missing"),
        ({"question": 3}, "the field 'question' is int 3"),
    ],
)
def test_what_is_no_answer_is_named_with_file_and_line(fields, said):
    with pytest.raises(RowError, match=f"^qa.jsonl:7: .*{said}"):
        adapt(**fields)


def test_an_id_is_named_too():
    with pytest.raises(RowError, match=r"^qa\.jsonl:7: question 'q9': an answer is 3"):
        adapt(answers=[3], id="q9")


# --- offsets --------------------------------------------------------------------------------------


def asked(context, *answers, name="q1"):
    return QuestionExample("?", context, answers, Origin("qa.jsonl", 7), name)


def aligned(context, *answers, split="train"):
    parts, notes = align({split: [asked(context, *answers)]})
    return parts[split][0].answers, notes


def test_right_offsets_are_left_alone():
    assert aligned(CONTEXT, ("1912", 3), ("in 1913", 34)) == ((("1912", 3), ("in 1913", 34)), ())
    found, notes = aligned(CONTEXT)
    assert (found, notes) == ((), ())


def test_a_wrong_offset_goes_to_the_nearest_place():
    context = "in May, in June, in July"
    assert aligned(context, ("in", 7))[0] == (("in", 8),)
    assert aligned(context, ("in", 20))[0] == (("in", 17),)
    assert aligned(context, ("in", 4))[0] == (("in", 0),)  # of two as near, the first
    assert aligned(context, ("in", 900))[0] == (("in", 17),)
    _, notes = aligned(context, ("in", 7), ("in", 20))
    (note,) = notes
    assert note.startswith("2 answers of train stand elsewhere than their offset says")
    assert note.endswith(": q1.")


def test_without_an_offset_a_single_place_will_do():
    found, (note,) = aligned(CONTEXT, ("1912", UNKNOWN))
    assert found == (("1912", 3),)
    assert "came without an offset" in note
    with pytest.raises(DataError, match="'it' stands in 2 places of the context, and has no off"):
        aligned("it burned, and it stood", ("it", UNKNOWN))


def test_unicode_and_white_space_are_folded_where_that_is_no_guess():
    composed, apart = "caf\u00e9 No\u00ebl", "cafe\u0301\u00a0 Noe\u0308l"
    found, (note,) = aligned(f"the {composed} opened", (apart, 4))
    assert found == ((composed, 4),)
    assert "other Unicode forms or white space" in note
    found, _ = aligned(f"the {apart}, opened", (composed, 4))
    assert found == ((apart, 4),)
    assert aligned("a \ufb01ne so\u00adft day", ("fine soft", 2))[0] == (
        ("\ufb01ne so\u00adft", 2),
    )
    twice = "one\ntwo, one\ntwo"
    with pytest.raises(DataError, match="stands in 2 places of the context, and in none letter"):
        aligned(twice, ("one two", 1))
    with pytest.raises(DataError, match="stands in 2 places of the context, and has no offset"):
        aligned(twice, ("one two", UNKNOWN))
    for start in (0, 9):  # its offset tells
        found, (note,) = aligned(twice, ("one two", start))
        assert found == (("one\ntwo", start),)
        assert "other Unicode forms or white space" in note


def test_half_a_character_is_no_place():
    with pytest.raises(DataError, match="'ine' does not stand"):  # of the ligature fi
        aligned("a \ufb01ne day".replace("n", "N"), ("ine", 2))
    with pytest.raises(DataError, match="'cafe' does not stand"):
        aligned("caf\u00e9", ("cafe", 0))


def test_an_answer_that_stands_nowhere_is_named():
    said = "qa.jsonl:7: question q1: the answer '1914' does not stand in the context. Mend the"
    with pytest.raises(DataError, match=said):
        aligned(CONTEXT, ("1914", 3))
    with pytest.raises(DataError, match=r"question qa\.jsonl:7: the answer"):
        align({"train": [asked(CONTEXT, ("x9", 0), name="")]})


def test_all_that_stand_nowhere_are_named_together():
    def row(line, text, name=""):
        origin = Origin("qa.jsonl", line)
        return QuestionExample("?", CONTEXT, ((text, 0),), origin, name)

    rows = [row(9, "x"), row(3, "1912"), row(4, "y9", "q4"), row(2, "z", "q2")]
    with pytest.raises(DataError) as caught:
        align({"dev": [row(1, "w")], "train": rows})
    assert str(caught.value) == (
        "qa.jsonl:2: question q2: the answer 'z' does not stand in the context. Mend the answer "
        "or its answer_start, or remove the row. 2 more questions have no answer with a place: "
        "qa.jsonl:4 (q4), qa.jsonl:9"
    )
    with pytest.raises(DataError, match=r"8 more .*: qa.jsonl:2, .*qa.jsonl:6 and 3 more$"):
        align({"train": [row(line, "x") for line in range(1, 10)]})


def test_only_train_needs_a_place_and_only_of_one_answer():
    """The official evaluation reads texts alone."""
    good, bad = ("burned down", 17), ("down burned", 4)
    for split in ("dev", "test"):
        found, (note,) = aligned(CONTEXT, good, bad, split=split)
        assert found == (good, bad)
        assert note.startswith(f"1 answers of {split} have no certain place in their context, and ")
    twice = "it burned, and it stood"
    assert aligned(twice, ("it", UNKNOWN), split="dev")[0] == (("it", UNKNOWN),)
    found, (note,) = aligned(CONTEXT, good, bad)
    assert found == (good, bad)
    assert note.startswith("1 answers of train have no certain place in their context, and were ke")
    found, notes = aligned(CONTEXT, bad, good, ("x9", UNKNOWN))
    assert found == (bad, good, ("x9", UNKNOWN))
    assert [note.split(" in their")[0] for note in notes] == [
        "1 answers of train come first and have no certain place",
        "1 answers of train have no certain place",
    ]
    assert trained_span(asked(CONTEXT, *found)) == (17, 28)
    assert trained_span(asked(CONTEXT, bad, ("n", UNKNOWN), (".", UNKNOWN))) is None


def test_an_answer_without_a_place_is_scored_and_shown():
    example = asked(CONTEXT, ("down burned", UNKNOWN), ("burned down", 17))
    alone = asked(CONTEXT, ("mill, the", UNKNOWN))
    right = AnswerPrediction((Candidate("burned down", 0.9, 17, 28),), 0.1)
    scores = TASK.score([example, alone], [right, right], Labels(()))
    assert scores.metrics["exact"].value == 0.5
    assert TASK.mistake(example, right) is None
    assert TASK.mistake(alone, right).gold == "mill, the"
    assert TASK.gold_of(alone) == TASK.baseline_gold(alone) == ["mill, the"]
    TASK.check_gold(alone, Labels(()))


# --- offsets in other units, and words ------------------------------------------------------------


def test_offsets_that_count_other_units():
    faces = "\U0001f600" * 12 + " they won 3, lost 3."
    found, (note,) = aligned(faces, ("3", 34))
    assert found == (("3", 22),)
    assert "count UTF-16 code units" in note
    letters = "\u00e9" * 8 + " won 3 lost 3"
    found, (note,) = aligned(letters, ("3", 21))
    assert found == (("3", 13),)
    assert "count UTF-8 bytes" in note
    folded = "\u00e9" * 8 + " a\nb, a\nb"
    assert aligned(folded, ("a b", 17))[0] == (("a\nb", 9),)
    assert aligned(folded, ("a b", 22))[0] == (("a\nb", 14),)
    # Control: where neither says a place, the nearest is it.
    assert aligned(letters, ("3", 20))[0] == (("3", 20),)
    assert "nearest" in aligned(letters, ("3", 19))[1][0]


UNITS = {"utf-16-le": 2, "utf-8": 1}


@given(st.text("a3\u00e9\u4e2d\U0001f600 ", max_size=20), st.data())
def test_a_place_in_other_units_is_found(before, data):
    context = before + "3" + data.draw(st.text("a3\u00e9\U0001f600 ", max_size=20))
    encoding = data.draw(st.sampled_from(sorted(UNITS)))
    start = len(before.encode(encoding)) // UNITS[encoding]
    ((text, found),), notes = aligned(context, ("3", start))
    assert context.startswith(text, found)
    if not context.startswith("3", start):
        units = {name: len(context[:found].encode(name)) // UNITS[name] for name in UNITS}
        assert start in units.values()
        assert "units" in notes[0] or "bytes" in notes[0]
        if encoding == "utf-16-le":  # which is tried first
            assert found == len(before)


PARTY = "The party showed art and more."


def test_a_word_is_not_found_inside_another():
    found, (note,) = aligned(PARTY, ("art", 8))
    assert found == (("art", 17),)
    assert "nearest" in note
    found, (note,) = aligned(PARTY, ("art", UNKNOWN))
    assert found == (("art", 17),)
    assert "stand in their context once" in note
    rain = "It often rains here; 10 people came."
    said = "'ten' stands in 1 place of the context, always inside of a word, and has no offset"
    with pytest.raises(DataError, match=said):
        aligned(rain, ("ten", UNKNOWN))
    with pytest.raises(DataError, match="'19' stands in 2 places of the context, always inside"):
        aligned(CONTEXT, ("19", UNKNOWN))
    assert aligned(rain, ("ten", 4))[0] == (("ten", 5),)  # its offset speaks for it
    with pytest.raises(DataError, match="always inside of a word"):
        aligned("it went to Jose\u0301", ("Jose", UNKNOWN))
    assert aligned("\u201cart\u201d party", ("art", UNKNOWN))[0] == (("art", 1),)
    assert aligned("party (pop) art", ("(pop)", UNKNOWN))[0] == (("(pop)", 6),)
    assert aligned("a \u2764\ufe0f", ("\u2764", UNKNOWN))[0] == (("\u2764", 2),)


@pytest.mark.parametrize(
    ("context", "answer", "start"),
    [
        ("\u59491912\u5e74\u306b", "1912", 1),
        ("\u5f7c\u5728\u5317\u4eac\u5de5\u4f5c", "\u5317\u4eac", 2),
        ("\uc11c\uc6b8\uc5d0\uc11c", "\uc11c\uc6b8", 0),
    ],
)
def test_words_of_scripts_without_case_need_no_blanks(context, answer, start):
    assert aligned(context, (answer, UNKNOWN))[0] == ((answer, start),)


def test_answers_too_long_to_be_given_are_counted():
    long = asked(CONTEXT, (CONTEXT, 0), name="long")
    both = asked(CONTEXT, (CONTEXT, 0), ("1912", 3))
    splits = {"train": [long, both, asked(CONTEXT)], "dev": [long], "test": [both]}
    parts, notes = TASK.review(splits, Options(max_answer_length=11))
    assert notes == tuple(
        f"1 questions of {split} have no answer of at most 11 words, and no prediction is longer "
        "than 11 tokens: long. A higher --max-answer-length gives them in full."
        for split in ("train", "dev")
    )
    assert parts["train"] == splits["train"]
    assert TASK.review(splits, Options(max_answer_length=12))[1] == ()


def test_notes_count_and_name_ten():
    rows = [asked(CONTEXT, ("1912", 5), name=f"q{n}") for n in range(13)]
    _, (note,) = align({"dev": rows, "train": [asked(CONTEXT, ("1912", 3))]})
    assert note.startswith("13 answers of dev")
    assert note.endswith("q9 and 3 more.")


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@given(TEXT, TEXT, TEXT, st.integers(0, 90))
@example("\U0001f600 a", "b\u0301", " c", 0)
def test_what_stands_in_the_context_is_found_as_it_stands(before, answer, after, start):
    assume(answer.strip())
    context = before + answer + after
    (found,), _ = aligned(context, (answer, start))
    assert found[0] == answer
    assert context[found[1] : found[1] + len(answer)] == answer
    if context.startswith(answer, start):
        assert found[1] == start


WORDS = st.lists(
    st.text("ab\u00e9\u00f6\ufb01\u00bd", min_size=1, max_size=5), min_size=1, max_size=6
)


@given(WORDS, st.data())
def test_a_folded_place_reads_like_the_answer(words, data):
    """Another form and other blanks: found, or refused as ambiguous; never a wrong place."""
    blank = st.sampled_from([" ", "\n", "\u00a0", "  ", "\u200b "])
    context = "".join(word + data.draw(blank) for word in words) + "."
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    answer = unicodedata.normalize("NFD", " ".join(words[first : last + 1]))

    def bare(text):
        return unicodedata.normalize("NFKD", " ".join(text.replace("\u200b", "").split()))

    try:
        ((text, start),), _ = aligned(context, (answer, 0))
    except DataError as error:
        assert "places of the context" in str(error)  # noqa: PT017 - either outcome is right
        return
    assert context[start : start + len(text)] == text
    assert bare(text) == bare(answer)


# --- files ----------------------------------------------------------------------------------------


def read(path):
    found, notes, _ = load_records(
        str(path), TASK.columns, {}, TASK.label_column, labelled=True, classes=False,
        formats=TASK.formats,
    )  # fmt: skip
    parts, more = TASK.review({"test": [TASK.adapt(record) for record in found]}, Options())
    return parts["test"], (*notes, *more)


QUESTIONS = [
    {"id": "a", "question": "When did it burn?", "answers": [{"text": "1912", "answer_start": 3}]},
    {"id": "b", "question": "Who burned it?", "answers": [], "is_impossible": True},
]


def test_squad_and_flat_rows_are_the_same_questions(tmp_path):
    squad = {
        "version": "v2.0",
        "data": [{"title": "M", "paragraphs": [{"context": CONTEXT, "qas": QUESTIONS}]}],
    }
    file = tmp_path / "mills.json"
    file.write_text(json.dumps(squad))
    whole, _ = read(file)
    rows = [{"context": CONTEXT, "title": "M", **question} for question in QUESTIONS]
    flat = tmp_path / "mills.jsonl"
    flat.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert [(e.id, e.question, e.context, e.answers, e.title) for e in whole] == [
        (e.id, e.question, e.context, e.answers, e.title) for e in read(flat)[0]
    ]
    table = tmp_path / "mills.csv"
    table.write_text(
        f'id,question,context,answer,answer_start,is_impossible\na,When did it burn?,"{CONTEXT}",'
        f'1912,3,False\nb,Who burned it?,"{CONTEXT}",,,True\n'
    )
    assert [e.answers for e in read(table)[0]] == [(("1912", 3),), ()]


def test_a_hub_set_in_parquet(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    answers = [{"text": ["1912"], "answer_start": [3]}, {"text": [], "answer_start": []}]
    table = pa.table({
        "id": ["a", "b"], "title": ["M", "M"], "context": [CONTEXT] * 2,
        "question": ["When did it burn?", "Who burned it?"], "answers": answers,
    })  # fmt: skip
    pq.write_table(table, tmp_path / "test.parquet")
    found, _ = read(tmp_path / "test.parquet")
    assert [e.answers for e in found] == [(("1912", 3),), ()]


@pytest.mark.parametrize(
    ("folder", "split", "count", "impossible"),
    [("squad1", "test", 2975, 0), ("squad1", "dev", 699, 0), ("squad2-part", "test", 1125, None),
     ("squad1-part", "train", 2165, 0)],
)  # fmt: skip
def test_published_files(real_data, folder, split, count, impossible):
    found, notes = read(real_data(folder) / f"{split}.json")
    assert len(found) == count
    none = sum(not e.answers for e in found)
    assert none == impossible if impossible is not None else 0 < none < count
    assert not any("answers of" in note for note in notes)  # no repairs
    for one in found:
        assert all(one.context.startswith(text, start) for text, start in one.answers)
