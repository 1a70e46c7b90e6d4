import pytest

from nlpengine.data import Column, Origin, Record, resolve_columns
from nlpengine.errors import RowError, UsageError

COLUMNS = (Column("text", ("sentence", "review")), Column("label", required=False))


def test_a_mapped_name_wins_then_the_own_then_an_alias():
    assert resolve_columns(["text", "body"], COLUMNS, {"text": "body"}, "f") == {"text": "body"}
    assert resolve_columns(["sentence", " Text"], COLUMNS, {}, "f") == {"text": " Text"}
    assert resolve_columns(["Review", "LABEL"], COLUMNS, {}, "f") == {
        "text": "Review",
        "label": "LABEL",
    }


def test_two_candidates_are_not_chosen_between(refused):
    with refused("f", "several columns could be 'text'", "--map text=sentence"):
        resolve_columns(["sentence", "review"], COLUMNS, {}, "f")


def test_a_missing_column(refused):
    with refused("f", "no column for field 'text' among 'a', 'b'", "--map text=COLUMN"):
        resolve_columns(["a", "b"], COLUMNS, {}, "f")


def test_a_mapped_column_that_is_not_there(refused):
    with refused("f", "no column 'bodi' for field 'text'", "Did you mean 'body'?"):
        resolve_columns(["body"], COLUMNS, {"text": "bodi"}, "f")


def test_a_field_the_task_does_not_have():
    with pytest.raises(UsageError, match=r"no field 'txt'; it has text, label.*mean 'text'"):
        resolve_columns(["text"], COLUMNS, {"txt": "text"}, "f")


@pytest.mark.parametrize(
    ("fields", "words"), [({}, "'text' is missing"), ({"text": 5}, "'text' is int 5")]
)
def test_a_field_that_must_be_a_string(fields, words):
    assert Record({"text": "x"}, Origin("f", 3)).text("text") == "x"
    with pytest.raises(RowError, match=words) as caught:
        Record(fields, Origin("f", 3)).text("text")
    assert str(caught.value).startswith("f:3: ")
