import csv
import gzip
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpengine.data.csv_rows import MAX_FIELD_LINES
from nlpengine.data.delimited import read_csv, read_tsv

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.text(
    st.sampled_from(list('",\r\n\t ab'))
)


def write(tmp_path, text, name="a.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode())
    return str(path)


def rows(records):
    return [(record.origin.line, dict(record.fields)) for record in records]


@given(data=st.data())
def test_csv_round_trip(tmp_path_factory, data):
    names = ["text", "label", "more"][: data.draw(st.integers(1, 3))]
    row = st.lists(TEXT, min_size=len(names), max_size=len(names))
    cells = data.draw(st.lists(row, max_size=5))
    target = io.StringIO()
    writer = csv.writer(
        target, quoting=data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
    )
    writer.writerows([names, *cells])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(target.getvalue().encode())
    read = list(read_csv(path))
    assert [list(record.fields.values()) for record in read] == cells


def test_csv_values_are_strings_as_they_stand(tmp_path):
    path = write(tmp_path, '\ufeff text , label\r\n NA ,01\r\n\r\n"a ""b"", c",True\r\n,\n')
    assert rows(read_csv(path)) == [
        (2, {"text": " NA ", "label": "01"}),
        (4, {"text": 'a "b", c', "label": "True"}),
        (5, {"text": "", "label": ""}),
    ]


def test_csv_quoted_fields_hold_line_breaks(tmp_path):
    path = write(tmp_path, 'text,label\n"one\r\ntwo\n\nthree",1\nfour,0\n')
    assert rows(read_csv(path)) == [
        (2, {"text": "one\r\ntwo\n\nthree", "label": "1"}),
        (6, {"text": "four", "label": "0"}),
    ]


def test_csv_a_quote_inside_an_unquoted_field_is_text(tmp_path):
    path = write(tmp_path, 'text,label\na 5" disk,1\n b "c" ,0\n')
    assert [r.fields["text"] for r in read_csv(path)] == ['a 5" disk', ' b "c" ']


def test_csv_compressed(tmp_path):
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"text\nhello\n"))
    assert rows(read_csv(path)) == [(2, {"text": "hello"})]


def test_csv_leaves_the_field_size_limit_alone(tmp_path):
    before = csv.field_size_limit()
    path = write(tmp_path, "text\n" + '"' + "x" * 200_000 + '"\n')
    assert len(next(read_csv(path)).fields["text"]) == 200_000
    assert csv.field_size_limit() == before


def test_csv_a_field_may_span_as_many_lines_as_the_limit(tmp_path, refused):
    path = write(tmp_path, 'text\n"' + "\n" * (MAX_FIELD_LINES - 1) + '"\nnext\n')
    assert [record.origin.line for record in read_csv(path)] == [2, 2 + MAX_FIELD_LINES]
    path = write(tmp_path, 'text\n"' + "\n" * MAX_FIELD_LINES + '"\nnext\n')
    with refused(f"{path}:2", "isn't closed within 1,000 lines", 'inside quotes twice ("")'):
        list(read_csv(path))


def test_csv_a_quoted_field_over_the_size_limit(tmp_path, refused):
    path = write(tmp_path, 'text\n"' + ("x" * 2**20 + "\n") * 5 + '"\n')
    with refused(f"{path}:2", "over 4,194,304 characters", "Close the quote"):
        list(read_csv(path))


def test_csv_a_quote_open_at_the_end_of_the_file(tmp_path, refused):
    path = write(tmp_path, 'text,label\na,1\n"b,0\nc,1\n')
    with refused(f"{path}:3", "the quote that opens in this line is never closed"):
        list(read_csv(path))


def test_csv_swallowed_lines_are_reported_where_the_quote_opened(tmp_path, refused):
    path = write(tmp_path, 'text,label\na,1\n"b,0\nc,1\nsaid "well" twice,1\n')
    with refused(f"{path}:3", "closes in line 5", "text follows it ('well\" twice,1')"):
        list(read_csv(path))


def test_csv_text_after_a_closing_quote(tmp_path, refused):
    path = write(tmp_path, 'text,label\n"b" c,0\n')
    with refused(f"{path}:2", "closes in this line", "text follows it (' c,0')"):
        list(read_csv(path))


def test_csv_swallowed_lines_that_end_cleanly_miscount_the_columns(tmp_path, refused):
    path = write(tmp_path, 'text,label\n"b,0\nc,1"\nd,1\n')
    with refused(
        f"{path}:2", "1 column where the header has 2", "runs to line 3", "quote missing?"
    ):
        list(read_csv(path))


def test_csv_wrong_number_of_columns(tmp_path, refused):
    path = write(tmp_path, "text,label\na,1\nb, c,0\n")
    with refused(f"{path}:3", "3 columns where the header has 2", 'in double quotes ("…")'):
        list(read_csv(path))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("text;label", ["one column, 'text;label'", "semicolons?", "Save it with commas"]),
        ("text\tlabel", ["one column, 'text\\tlabel'", "tabs?", "Name it .tsv"]),
        (",text", ["column 1 of the header has no name", "Name it"]),
        ("text,label, text", ["names column 'text' twice (columns 1 and 3)", "Rename one"]),
        ("text,label\ra,1\rb,0", ["lone carriage return", "tr '\\r' '\\n'"]),
    ],
)
def test_csv_bad_headers(tmp_path, refused, header, words):
    path = write(tmp_path, f"\n{header}\nfoo\n")
    with refused(f"{path}:2", *words):
        list(read_csv(path))


@pytest.mark.parametrize("read", [read_csv, read_tsv])
def test_no_header_at_all(tmp_path, refused, read):
    path = write(tmp_path, "\n\n")
    with refused(path, "the file is empty", "header line"):
        list(read(path))


def test_tsv_keeps_quotes_and_blanks(tmp_path):
    path = write(tmp_path, 'sentence\t label\n"so called \t1\n\n a "b \t0\r\n', "a.tsv")
    assert rows(read_tsv(path)) == [
        (2, {"sentence": '"so called ', "label": "1"}),
        (4, {"sentence": ' a "b ', "label": "0"}),
    ]


def test_tsv_wrong_number_of_columns(tmp_path, refused):
    path = write(tmp_path, "text\tlabel\na\t1\nb\n", "a.tsv")
    with refused(
        f"{path}:3", "1 column where the header has 2", "can't hold a tab or a line break"
    ):
        list(read_tsv(path))


def test_tsv_bad_header(tmp_path, refused):
    path = write(tmp_path, "text\ttext\n", "a.tsv")
    with refused(f"{path}:1", "names column 'text' twice"):
        list(read_tsv(path))
