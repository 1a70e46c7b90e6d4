import json

import pytest

from nlpengine.data import Column, load_splits
from nlpengine.data.sniff import sniff
from nlpengine.data.sources import read_source
from nlpengine.data.squad import read_squad

COLUMNS = [Column("question"), Column("context")]


def entry(number, **more):
    return {"id": f"q{number}", "question": f"Who {number}?", **more}


def document(*articles):
    return {"version": "v2.0", "data": list(articles)}


def article(title, *paragraphs):
    made = [{"context": context, "qas": list(qas)} for context, qas in paragraphs]
    return {"title": title, "paragraphs": made}


GOLD = [{"text": "Ann", "answer_start": 0}, {"text": "Ann", "answer_start": 9}]
TWO = document(
    article("A", ("Ann saw Ann.", [entry(1, answers=GOLD, is_impossible=False)])),
    article(
        "B",
        ('A "question": no.', [entry(2, is_impossible=True), entry(3, question="?" * 3)]),
        ("Bob.", [entry(4, answers=[], is_impossible=True, plausible_answers=GOLD)]),
    ),
)


def read(tmp_path, content, **style):
    path = tmp_path / "a.json"
    text = content if isinstance(content, str) else json.dumps(content, **style)
    path.write_text(text, encoding="utf-8")
    notes = []
    return list(read_squad(path, notes)), notes


def test_fields_of_both_versions(tmp_path):
    records, notes = read(tmp_path, TWO)
    assert [dict(record.fields) for record in records] == [
        {"id": "q1", "question": "Who 1?", "context": "Ann saw Ann.", "title": "A",
         "is_impossible": False, "answers": GOLD},
        {"id": "q2", "question": "Who 2?", "context": 'A "question": no.', "title": "B",
         "is_impossible": True},
        {"id": "q3", "question": "???", "context": 'A "question": no.', "title": "B"},
        {"id": "q4", "question": "Who 4?", "context": "Bob.", "title": "B",
         "is_impossible": True, "answers": [], "plausible_answers": GOLD},
    ]  # fmt: skip
    assert notes == []
    assert {record.origin.line for record in records} == {1}


@pytest.mark.parametrize("indent", [0, 1, 4])
def test_lines_of_questions(tmp_path, indent):
    records, _ = read(tmp_path, TWO, indent=indent)
    lines = (tmp_path / "a.json").read_text().split("\n")
    for record in records:
        said = json.dumps(record.fields["question"])
        assert lines[record.origin.line - 1].strip().startswith(f'"question": {said}')


def test_lines_of_mistakes(tmp_path, refused):
    wrong = document(article("A", ("c", [entry(1), {"id": "q2"}])))
    text = json.dumps(wrong, indent=1)
    line = 1 + text[: text.index('"q2"')].count("\n") - 1
    with refused(f"{tmp_path}/a.json:{line}", "article 1 ('A'), paragraph 1, question 2 (id 'q2')"):
        read(tmp_path, text)


def test_an_id_that_stands_twice(tmp_path, refused):
    twice = document(article("A", ("c", [entry(1)]), ("d", [entry(1)])))
    with refused(
        f"{tmp_path}/a.json:1",
        "article 1 ('A'), paragraph 2, question 1 (id 'q1'): id 'q1' stands twice, first at "
        "article 1, paragraph 1, question 1. Give each question an id of its own",
    ):
        read(tmp_path, twice)


def test_keys_that_are_not_read_are_said(tmp_path):
    odd = document(article("A", ("c", [entry(1, answers=[{**GOLD[0], "id": 5}], kind="who")])))
    odd["data"][0]["paragraphs"][0]["source"] = "web"
    odd["licence"] = "CC0"
    records, notes = read(tmp_path, odd)
    assert records[0].fields["kind"] == "who"
    assert records[0].fields["answers"] == [{**GOLD[0], "id": 5}]
    assert notes == [
        f"{tmp_path}/a.json: keys that were not read: 'source' of paragraphs (1), 'licence' of the "
        "document (1)."
    ]


@pytest.mark.parametrize(
    "gold",
    [
        {"answers": [{"text": "", "answer_start": -1}], "is_impossible": True},
        {"answers": [{"text": "Ann"}]},
        {"answers": {"text": ["Ann"], "answer_start": [0]}, "is_impossible": "no"},
        {"answers": GOLD, "is_impossible": True},
    ],
)
def test_gold_passes_as_it_stands(tmp_path, gold):
    """Whoever only predicts needs no right answers; tasks judge them."""
    (record,), notes = read(tmp_path, document(article("A", ("Ann saw Ann.", [entry(1, **gold)]))))
    assert {name: record.fields[name] for name in gold} == gold
    assert notes == []


def test_null_gold_is_none(tmp_path):
    asked = entry(1, answers=None, is_impossible=None, other=None)
    (record,), _ = read(tmp_path, document(article("A", ("c", [asked]))))
    assert record.fields.keys() == {"id", "question", "context", "title", "other"}


def test_questions_that_stand_in_data_themselves(tmp_path, refused):
    """The layout that the scripts of transformers want."""
    answers = {"text": ["Ann"], "answer_start": [0]}
    rows = [
        entry(1, context="Ann saw Ann.", answers=answers, title="A"),
        {"question": "Who?", "context": "Bob.", "answers": None},
    ]
    records, notes = read(tmp_path, document(*rows), indent=1)
    assert [dict(record.fields) for record in records] == [
        rows[0], {"question": "Who?", "context": "Bob."}
    ]  # fmt: skip
    assert notes == []
    lines = (tmp_path / "a.json").read_text().split("\n")
    assert all('"question"' in lines[record.origin.line - 1] for record in records)
    with refused(f"{tmp_path}/a.json:1", "article 1 (id 'q1'): no 'context'; it has 'id', 'ques"):
        read(tmp_path, document(entry(1)))
    with refused(f"{tmp_path}/a.json:1", "article 2 (id 'q1'): id 'q1' stands twice, first at"):
        read(tmp_path, document(rows[0], rows[0]))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"data": []}', "squad"),
        ('\ufeff \n{\n "version": "a\\"b",\n "n": [1],\n "data": [{}]}', "squad"),
        ('{"info": {"by": {"name": "x, \\"data\\""}, "n": [[]]}, "data": [{}]}', "squad"),
        ('{"info": {"data": [{}]}}', "jsonl"),
        ('{"info": {"data": [{}]', "jsonl"),
        ('{"info": nothing, "data": [{}]}', "jsonl"),
        ('{"a": ' + "[" * 30_000, "jsonl"),
        ('\ufeff \n{\n "version": "a\\"b", "n": -1.5e3,\n "data": [\n {}]}', "squad"),
        ('{"data": [1]}', "jsonl"),
        ('{"text": "data", "x": 1}', "jsonl"),
        ('{"id": {"data": [{}]}}', "jsonl"),
        ("[]", "jsonl"),
        ("", "jsonl"),
    ],
)
def test_what_looks_like_squad(tmp_path, text, kind):
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    assert sniff(path, ["squad"]) == kind
    assert sniff(path) == "jsonl"
    path.rename(tmp_path / "a.jsonl")
    assert sniff(tmp_path / "a.jsonl", ["squad"]) == "jsonl"


def test_splits_of_squad(tmp_path):
    for name in ("train", "dev", "test"):
        (tmp_path / f"{name}-v2.0.json").write_text(json.dumps(TWO))
    splits = load_splits(str(tmp_path), COLUMNS, {}, 0, None, classes=False, formats=["squad"])
    assert len(splits.train) == len(splits.dev) == len(splits.test) == 4
    assert splits.notes[0] == (
        ".json files were read as one SQuAD document each, going by their first lines."
    )
    read = read_source(str(tmp_path), only="test", formats=["squad"])
    assert list(read.splits) == ["test"]


def test_a_document_that_is_a_list(tmp_path, refused):
    with refused(
        f"{tmp_path}/a.json:1", "the document: a list, not a SQuAD document", "The layout"
    ):
        read(tmp_path, "[\n{}]")
