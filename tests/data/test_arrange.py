"""Splits that are made here keep what belongs together."""

import pytest

from nlpengine.data.arrange import arrange
from nlpengine.data.records import Origin, Record


def made(names, seed=0):
    """Splits of rows with these documents; None for a row without the field."""
    rows = tuple(
        Record(
            {"text": f"row {line}"} | ({} if name is None else {"document": name}),
            Origin("a", line),
        )
        for line, name in enumerate(names)
    )
    return arrange({"train": rows}, "a", seed, None, lambda record: None, "document")


def documents(rows):
    return {record.fields.get("document") for record in rows}


@pytest.mark.parametrize("name", [str, int, float], ids=["text", "whole numbers", "numbers"])
def test_documents_stay_whole_whatever_they_are_called(name):
    splits = made([name(number % 20) for number in range(200)])
    train, dev, test = map(documents, (splits.train, splits.dev, splits.test))
    assert len(train) + len(dev) + len(test) == 20
    assert splits.notes[0].endswith("Rows with the same document stayed together.")


@pytest.mark.parametrize("nothing", ["", " ", None])
def test_rows_without_a_name_are_no_document(nothing):
    splits = made([nothing] * 100 + [f"d{number % 10}" for number in range(100)])
    unnamed = [
        sum(record.fields.get("document") == nothing for record in part)
        for part in (splits.train, splits.dev, splits.test)
    ]
    assert sum(unnamed) == 100
    assert min(unnamed) > 0
    alone = made([nothing] * 100)
    assert [len(part) for part in (alone.train, alone.dev, alone.test)] == [80, 10, 10]
    assert "document" not in alone.notes[0]
