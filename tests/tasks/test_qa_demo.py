"""The demo set that ships with question answering: what its README says of it."""

import json
from collections import Counter
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "tasks/nlpengine_qa/demo"
SPLITS = ("train", "dev", "test")


@cache
def articles(split):
    return json.loads((DEMO / f"{split}.json").read_text(encoding="utf-8"))["data"]


def paragraphs(split):
    return [paragraph for article in articles(split) for paragraph in article["paragraphs"]]


def questions(split):
    return [(p["context"], asked) for p in paragraphs(split) for asked in p["qas"]]


def counts(split):
    asked = [question for _, question in questions(split)]
    impossible = sum(question["is_impossible"] for question in asked)
    several = sum(len(question["answers"]) > 1 for question in asked)
    row = (len(articles(split)), len(paragraphs(split)), len(asked) - impossible, impossible)
    return (*row, len(asked), several)


def stated():
    """The README's table of counts."""
    text = (DEMO / "README.md").read_text(encoding="utf-8")
    rows = {}
    for line in text.partition("## Counts")[2].partition("| kind of answer")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("| ").split("|")]
        if cells[0] in (*SPLITS, "all"):
            rows[cells[0]] = tuple(map(int, cells[1:]))
    return rows


def test_counts_are_those_of_the_readme():
    made = {split: counts(split) for split in SPLITS}
    made["all"] = tuple(map(sum, zip(*made.values(), strict=True)))
    assert made == stated()
    assert made["all"] == (83, 87, 453, 153, 606, 145)


def test_the_readme_says_what_is_there():
    text = (DEMO / "README.md").read_text(encoding="utf-8")
    asked = sum(len(questions(split)) for split in SPLITS)
    texts = sum(len(paragraphs(split)) for split in SPLITS)
    assert f"{asked} questions on {texts} short English texts" in text
    none, of = counts("test")[3], counts("test")[4]
    assert f"right for {none} of the {of} test questions ({100 * none / of:.1f} %)" in text
    assert "CC0" in text


def test_every_answer_stands_where_it_says():
    for split in SPLITS:
        for context, question in questions(split):
            assert question["is_impossible"] == (not question["answers"]), question["id"]
            assert ("plausible_answers" in question) == question["is_impossible"]
            assert len(question["answers"]) <= (1 if split == "train" else 3), question["id"]
            for answer in [*question["answers"], *question.get("plausible_answers", ())]:
                start, text = answer["answer_start"], answer["text"]
                assert text == text.strip()
                assert context[start : start + len(text)] == text, question["id"]


def test_ids_are_counted_over_the_splits():
    ids = [question["id"] for split in SPLITS for _, question in questions(split)]
    assert sorted(ids) == [f"demo-qa-{number:04}" for number in range(1, 607)]


def test_titles_and_questions_stand_once():
    titles = [article["title"] for split in SPLITS for article in articles(split)]
    asked = [question["question"] for split in SPLITS for _, question in questions(split)]
    for values in (titles, asked):
        assert [value for value, count in Counter(values).items() if count > 1] == []


def test_texts_are_as_long_and_as_odd_as_stated():
    lengths = {split: sorted(len(p["context"].split()) for p in paragraphs(split))
               for split in SPLITS}  # fmt: skip
    for split in SPLITS:
        *short, long = lengths[split]
        assert 535 <= long <= 574
        assert short[0] >= 71
        assert short[-1] <= 172
    everything = sorted(chain(*lengths.values()))
    assert everything[len(everything) // 2] == 135
    texts = [p["context"] for split in SPLITS for p in paragraphs(split)]
    assert sum(not text.isascii() for text in texts) == 24
    assert sum(any(ord(letter) > 0xFFFF for letter in text) for text in texts) == 2
    assert all("\n" not in text and text.isprintable() for text in texts)


def test_offsets_matter():
    ambiguous = sum(
        context.count(question["answers"][0]["text"]) > 1
        for split in SPLITS
        for context, question in questions(split)
        if question["answers"]
    )
    text = (DEMO / "README.md").read_text(encoding="utf-8")
    assert f"In {ambiguous} answerable questions" in text


@pytest.mark.parametrize("split", SPLITS)
def test_the_task_reads_it_without_repair(split):
    from nlpengine_qa import QuestionAnswering
    from nlpengine_qa.answering import Options

    from nlpengine.data import load_records

    task = QuestionAnswering()
    records, _, _ = load_records(
        str(DEMO / f"{split}.json"), task.columns, {}, None, formats=task.formats
    )
    examples = [task.adapt(record) for record in records]
    reviewed, notes = task.review({split: examples}, Options())
    assert notes == ()
    assert reviewed[split] == examples
    assert len(examples) == counts(split)[4]
