import datetime
import decimal
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nlpengine.data.parquet import class_names, read_parquet


def write(tmp_path, columns, features=None, name="a.parquet", **options):
    table = pa.table(columns)
    if features is not None:
        meta = json.dumps({"info": {"features": features}}).encode()
        table = table.replace_schema_metadata({b"huggingface": meta})
    path = str(tmp_path / name)
    pq.write_table(table, path, **options)
    return path


def values(path):
    return [dict(record.fields) for record in read_parquet(path)]


def test_values_and_row_numbers(tmp_path):
    path = write(
        tmp_path, {"text": ["a", "01", None], "n": [1, 2, None], "ok": [True, False, None]}
    )
    records = list(read_parquet(path))
    assert [record.origin.line for record in records] == [1, 2, 3]
    assert values(path) == [
        {"text": "a", "n": 1, "ok": True},
        {"text": "01", "n": 2, "ok": False},
        {"text": None, "n": None, "ok": None},
    ]


def test_rows_are_numbered_across_batches_and_groups(tmp_path):
    path = write(tmp_path, {"n": list(range(10_000))}, row_group_size=3000)
    assert all(r.fields["n"] + 1 == r.origin.line for r in read_parquet(path))


def test_other_types(tmp_path):
    path = write(
        tmp_path,
        {
            "score": pa.array([1.5, float("nan")]),
            "day": pa.array([datetime.date(2020, 1, 2), None]),
            "price": pa.array([decimal.Decimal("1.50"), None]),
            "kind": pa.array(["x", "y"]).dictionary_encode(),
            "long": pa.array(["x", None], pa.large_string()),
            "tags": pa.array([["a"], []]),
            "nested": pa.array([{"a": 1}, {"a": None}]),
            "none": pa.nulls(2),
        },
    )
    assert values(path) == [
        {
            "score": 1.5,
            "day": "2020-01-02",
            "price": "1.50",
            "kind": "x",
            "long": "x",
            "tags": ["a"],
            "nested": {"a": 1},
            "none": None,
        },
        {
            "score": None,
            "day": None,
            "price": None,
            "kind": "y",
            "long": None,
            "tags": [],
            "nested": {"a": None},
            "none": None,
        },
    ]


def test_class_labels_become_names(tmp_path):
    features = {
        "text": {"dtype": "string", "_type": "Value"},
        "label": {"names": ["neg", "pos"], "_type": "ClassLabel"},
        "tags": {"feature": {"names": ["O", "B"], "_type": "ClassLabel"}, "_type": "List"},
    }
    path = write(tmp_path, {"text": ["a", "b"], "label": [1, -1], "tags": [[0, 1], None]}, features)
    assert values(path) == [
        {"text": "a", "label": "pos", "tags": ["O", "B"]},
        {"text": "b", "label": None, "tags": None},
    ]


def test_class_names_of_all_forms():
    label = {"names": ["a"], "_type": "ClassLabel"}
    features = {
        "plain": label,
        "listed": [label],
        "sequence": {"feature": label, "_type": "Sequence"},
        "deep": {"feature": {"feature": label, "_type": "List"}, "_type": "List"},
        "answers": {"feature": {"text": {"dtype": "string", "_type": "Value"}}, "_type": "List"},
        "unnamed": {"num_classes": 2, "_type": "ClassLabel"},
        "value": {"dtype": "string", "_type": "Value"},
    }
    assert class_names(features) == {
        name: ["a"] for name in ("plain", "listed", "sequence", "deep")
    }


@pytest.mark.parametrize("meta", [b"{", b"[]", b'{"info": 1}', b'{"info": {"features": 1}}'])
def test_unusable_metadata_leaves_numbers(tmp_path, meta):
    table = pa.table({"label": [1]}).replace_schema_metadata({b"huggingface": meta})
    pq.write_table(table, tmp_path / "a.parquet")
    assert values(tmp_path / "a.parquet") == [{"label": 1}]


def test_a_class_number_without_a_name(tmp_path, refused):
    features = {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}
    path = write(tmp_path, {"label": [0, 2]}, features)
    with refused(f"{path}:2", "column 'label' holds 2", "2 class names go from 0 to 1", "Mend"):
        values(path)


def test_infinity(tmp_path, refused):
    path = write(tmp_path, {"score": [0.5, float("-inf")]})
    with refused(f"{path}:2", "column 'score' holds an infinite number", "Write null"):
        values(path)


def test_bytes_are_neither_text_nor_json(tmp_path, refused):
    path = write(tmp_path, {"image": [b"\xff"]})
    with refused(
        path, "column 'image' has type binary", "neither text nor JSON-like", "leave the column"
    ):
        values(path)


@pytest.mark.parametrize("names", [["a", "a"], ["a", " "]])
def test_bad_column_names(tmp_path, refused, names):
    path = str(tmp_path / "a.parquet")
    pq.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=names), path)
    with refused(path, f"column name {names[1]!r} is empty or stands twice", "Rename"):
        values(path)


@pytest.mark.parametrize("cut", [0, 100, -50])
def test_truncated(tmp_path, refused, cut):
    path = write(tmp_path, {"text": ["a" * i for i in range(100)]})
    raw = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(raw[:cut])
    with refused(path, "not a Parquet file, or a damaged one", "again"):
        values(path)


def test_damaged_inside(tmp_path, refused):
    path = write(tmp_path, {"text": [f"{i * 7919 % 1000}" for i in range(5000)]})
    raw = bytearray((tmp_path / "a.parquet").read_bytes())
    raw[50:5000] = b"\xee" * 4950
    (tmp_path / "a.parquet").write_bytes(raw)
    with refused(path, "not a Parquet file, or a damaged one"):
        values(path)


def test_missing(tmp_path, refused):
    path = str(tmp_path / "none.parquet")
    with refused(path, "no such file"):
        values(path)
