"""Rows to predict: columns that differ, names that collide, sources that fail."""

from types import SimpleNamespace

import pytest

from nlpengine.data import Column, Origin, Record
from nlpengine.errors import DataError, PluginError, RowError
from nlpengine.workflow.bulk import Tally, predict_rows, row_format
from nlpengine.workflow.rows import CHUNK, in_chunks

READ = (
    Column("text", ("sentence",)),
    Column("document", ("doc_id",), required=False, role="about"),
)


class Echo:
    """Answers with what it was given; refuses a row without a text, as tasks do."""

    read = READ
    needed = ("text",)

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


class Named(Echo):
    """Answers as a sequence task does: windows where there are several, and so with a long text."""

    def predict(self, rows, errors):
        for row in rows:
            try:
                made = {"label": row.text("text")} | ({"windows": 2} if row.text("text") else {})
                yield SimpleNamespace(to_json=lambda made=made: made, windows=len(made))
            except RowError as error:
                yield error


class Picky(Named):
    """Refuses what doesn't look like its own rows, with an exception of its own."""

    def predict(self, rows, errors):
        for row in rows:
            if row.fields["text"] == "a":
                raise PluginError("oh")
            yield from super().predict([row], errors)


def collided(model, *rows):
    tally = Tally()
    records = [Record({"text": "x"} | row, Origin("a.jsonl", 1)) for row in rows]
    made = list(predict_rows(model, records, {}, tally))
    return [{k: v for k, v in row.items() if k != "text"} for row in made], tally


def test_no_column_is_lost_to_one_that_makes_way():
    (row,), _ = collided(Named(), {"label": 1, "input_label": 2, "input_input_label": 3})
    assert row == {
        "input_input_input_label": 1, "input_label": 2, "input_input_label": 3,
        "label": "x", "windows": 2,
    }  # fmt: skip


def test_gold_is_never_where_a_prediction_would_be():
    gold = {"label": "gold", "windows": "of the house"}
    kept = {"input_label": "gold", "input_windows": "of the house"}
    rows, tally = collided(Named(), {"text": None, **gold}, gold, {"text": "", **gold})
    error = {"error": "the field 'text' is missing, not a string."}
    assert rows == [
        kept | error, kept | {"label": "x", "windows": 2}, kept | {"label": ""}
    ]  # fmt: skip
    assert (tally.rows, tally.errors) == (3, 1)


def test_a_task_that_answers_no_probe_is_learnt_from_its_answers():
    rows, _ = collided(Picky(), {"label": 1}, {"text": None, "label": 2})
    assert rows[0]["input_label"] == 1
    assert rows[1]["input_label"] == 2
    assert "label" not in rows[1]


def test_a_column_of_errors_is_no_error():
    rows, tally = collided(Named(), {"error": ""}, {"error": None}, {"error": "mine", "text": None})
    assert [row["input_error"] for row in rows] == ["", None, "mine"]
    assert ["error" in row for row in rows] == [False, False, True]
    assert (tally.rows, tally.errors) == (3, 1)


@pytest.mark.parametrize("count", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7])
def test_rows_before_one_that_cant_be_read_are_answered(count):
    def source():
        yield from range(count)
        raise DataError("broken")

    found = []
    with pytest.raises(DataError, match="broken"):
        found.extend(in_chunks(source(), list, iter))
    assert found == list(range(count))
    assert list(in_chunks(range(count), list, iter)) == found  # control


def test_an_error_of_an_answer_comes_before_one_of_the_source():
    def source():
        yield 1
        raise DataError("of the source")

    def refuse(chunk):
        raise RowError("of the row")

    with pytest.raises(RowError, match="of the row"):
        list(in_chunks(source(), refuse, iter))
