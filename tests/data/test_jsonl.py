import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpengine.data.jsonl import read_jsonl
from nlpengine.data.strict_json import MAX_DEPTH

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
SCALAR = st.none() | st.booleans() | st.integers() | TEXT
SCALAR |= st.floats(allow_nan=False, allow_infinity=False)
VALUE = st.recursive(SCALAR, lambda v: st.lists(v) | st.dictionaries(TEXT, v), max_leaves=10)


def write(tmp_path, text):
    path = tmp_path / "a.jsonl"
    path.write_bytes(text.encode())
    return str(path)


@given(objects=st.lists(st.dictionaries(TEXT, VALUE), max_size=5), ascii_only=st.booleans())
def test_round_trip(tmp_path_factory, objects, ascii_only):
    path = tmp_path_factory.mktemp("jsonl") / "a.jsonl"
    lines = [json.dumps(item, ensure_ascii=ascii_only) + "\n" for item in objects]
    path.write_bytes("".join(lines).encode())
    read = [dict(record.fields) for record in read_jsonl(path)]
    assert read == objects
    assert repr(read) == repr(objects)  # True is not 1


def test_blank_lines_are_skipped_and_counted(tmp_path):
    path = write(tmp_path, '\n {"text": "a\u2028b"}\n \t\r\n{"text": "NaN"}')
    assert [(r.origin.line, r.fields["text"]) for r in read_jsonl(path)] == [
        (2, "a\u2028b"),
        (4, "NaN"),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"a": 1', ["no JSON object at column 8", "Each line must hold one whole object"]),
        ("{", ["no JSON object at column 2"]),
        ('{"a": 1} {"a": 2}', ["no JSON object at column 10", "Extra data"]),
        ("text", ["no JSON object at column 1"]),
        ('  ["a"]', ["column 3: an array, not a JSON object", "one object"]),
        ('"a"', ["column 1: a string, not"]),
        ("12", ["column 1: a number, not"]),
        ("true", ["column 1: true or false, not"]),
        ("null", ["column 1: null, not"]),
        ('{"a": 1, "b": {"c": 2, "d": 3, "c": 4}}', ["key 'c' stands twice", "Remove one"]),
        ('{"NaN": "NaN", "b": NaN}', ["column 21: NaN is not JSON", "Write null"]),
        ('{"b": [1.5, -Infinity]}', ["column 13: -Infinity is not JSON"]),
        ('{"b": 12, "a": 1e999}', ["column 16: 1e999 is too large a number"]),
        ('{"b": 1' + "0" * 5000 + "}", ["column 7: a number of too many digits"]),
        ('{"text": "\\ud83d!"}', ["\\ud83d is half a surrogate pair", "write the pair"]),
    ],
)
def test_bad_lines(tmp_path, refused, line, words):
    path = write(tmp_path, '{"text": "\\ud83d\\ude00"}\n' + line + "\n")
    with refused(f"{path}:2", *words):
        list(read_jsonl(path))


def test_nesting_is_limited(tmp_path, refused):
    brackets = '{"a": "' + "[" * 500 + '", "b": '
    path = write(tmp_path, brackets + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1) + "}\n")
    assert len(list(read_jsonl(path))) == 1
    path = write(tmp_path, brackets + "[" * 100_000 + "]" * 100_000 + "}\n")
    column = len(brackets) + MAX_DEPTH
    with refused(f"{path}:1", f"column {column}: nested more than 100 levels", "Flatten"):
        list(read_jsonl(path))


def test_a_file_that_is_one_array_gets_advice(tmp_path, refused):
    path = write(tmp_path, '[{"text": "a"}, {"text": "b"}]')
    with refused(f"{path}:1", "an array, not a JSON object", "jq -c '.[]'"):
        list(read_jsonl(path))
