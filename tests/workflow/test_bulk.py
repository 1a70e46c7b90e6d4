"""Rows to predict whose columns differ: each goes by its own."""

from types import SimpleNamespace

import pytest

from nlpengine.data import Column, Origin, Record
from nlpengine.errors import DataError, RowError
from nlpengine.workflow.bulk import predict_rows, row_format

READ = (
    Column("text", ("sentence",)),
    Column("document", ("doc_id",), required=False, role="about"),
)


class Echo:
    """Answers with what it was given; refuses a row without a text, as tasks do."""

    read = READ

    def predict(self, rows, errors):
        assert errors == "return"
        for row in rows:
            try:
                given = {"got": row.text("text"), "of": row.fields.get("document")}
                yield SimpleNamespace(to_json=lambda given=given: given)
            except RowError as error:
                yield error


def predicted(*rows, **mapping):
    records = (Record(row, Origin("a.jsonl", line)) for line, row in enumerate(rows, start=1))
    return [
        row.get("error") or (row["got"], row["of"])
        for row in predict_rows(Echo(), records, mapping)
    ]


def test_each_row_goes_by_its_own_columns():
    assert predicted(
        {"text": "a"}, {"Sentence": "b", "doc_id": 3}, {"text": "c", "doc_id": 4}, {"text": "d"}
    ) == [("a", None), ("b", 3), ("c", 4), ("d", None)]


def test_a_row_whose_columns_say_nothing_is_an_error_of_its_own():
    first, missing, doubtful, last = predicted(
        {"text": "a"}, {"id": 1}, {"SENTENCE": "b", "sentence": "c"}, {"text": "d"}
    )
    assert (first, last) == (("a", None), ("d", None))
    assert missing == "the field 'text' is missing, not a string."
    assert doubtful == (
        "several columns could be 'text': 'SENTENCE', 'sentence'. Choose one with --map "
        "text=SENTENCE"
    )


def test_a_mapped_column_that_a_row_lacks_is_said():
    first, wrong, last = predicted(
        {"text": "a", "d": 1}, {"text": "b"}, {"d": 2, "text": "c"}, document="d"
    )
    assert (first, last) == (("a", 1), ("c", 2))
    assert wrong.startswith("no column 'd' for field 'document'; ")


def test_the_first_row_speaks_for_the_file():
    with pytest.raises(DataError, match=r"a\.jsonl: no column for field 'text' among 'id'"):
        predicted({"id": 1}, {"text": "a"})


@pytest.mark.parametrize(
    "text", ["Tell me about vitamin B\n", "hepatitis B\nTom Petty\nvitamin E\n"]
)
def test_sentences_that_end_in_a_letter_are_texts(tmp_path, text):
    path = tmp_path / "in.txt"
    path.write_text(text)
    assert row_format(str(path), ["conll"]) == "text"
    path.write_text("Ann B-PER\nran O\n")  # control
    assert row_format(str(path), ["conll"]) == "conll"
