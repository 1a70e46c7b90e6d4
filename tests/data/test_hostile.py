"""Files that go wrong somewhere: each is read whole, or refused in one sentence that says where."""

import gzip
import json

import pytest

from nlpengine.data.sources import read_source
from nlpengine.errors import DataError

CONLL, SQUAD, STS = ("conll",), ("squad",), ("sts",)
LONG = "x" * 131_073
TO_UTF8 = "Convert the file first, for example: iconv -f {} -t UTF-8 OLD > NEW"
LAYOUT = (
    'The layout is {"data": [{"title": …, "paragraphs": [{"context": …, "qas": [{"id": …, '
    '"question": …, "answers": [{"text": …, "answer_start": …}]}]}]}]}, or without paragraphs '
    '{"data": [{"id": …, "question": …, "context": …, "answers": …}]}'
)


def squad(**changes):
    """A document of one question, with keys of the question changed (None: left out)."""
    entry = {"id": "q1", "question": "Who?", "answers": [{"text": "Ann", "answer_start": 0}]}
    entry = {key: value for key, value in (entry | changes).items() if value is not None}
    return json.dumps({"data": [{"paragraphs": [{"context": "Ann ran.", "qas": [entry]}]}]})


def words(*sentences):
    return [{"words": list(said), "tags": list(tags)} for said, tags in sentences]


def question(**changes):
    answers = [{"text": "Ann", "answer_start": 0}]
    fields = {"id": "q1", "question": "Who?", "context": "Ann ran.", "answers": answers}
    return [fields | changes]


STS_LINE = "g\tf\t2012\t01\t{}\t{}\tb"
STS_ROW = {"genre": "g", "file": "f", "year": "2012", "index": "01", "score": "5.000"}

ROWS = {
    # bytes of a file → its rows
    "bom and crlf": ("a.conll", "\ufeffAnn\tB-PER\r\nran\tO\r\n\r\nBob\tB-PER\r\n", CONLL,
        words((["Ann", "ran"], ["B-PER", "O"]), (["Bob"], ["B-PER"]))),
    "no last line end": ("a.conll", "Ann B-PER", CONLL, words((["Ann"], ["B-PER"]))),
    "odd characters in words": (
        "a.conll", "a\u2028b\tO\nc\x0bd\tO\n\u200b\tO\n\u00a0\tO\n\x85\tO\n\ufeff\tO\n", CONLL,
        words((["a\u2028b", "c\x0bd", "\u200b", "\u00a0", "\x85", "\ufeff"], ["O"] * 6))),
    "odd characters between blanks": ("a.conll", "a\u2028b O\n\u00a0c B-X\n", CONLL,
        words((["a\u2028b", "\u00a0c"], ["O", "B-X"]))),
    "a blank in a word": ("a.conll", "New York\tB-LOC\n", CONLL, words((["New York"], ["B-LOC"]))),
    "quotes in words": ("a.conll", '"\tO\n""\tO\n', CONLL, words((['"', '""'], ["O", "O"]))),
    "words that look like values": ("a.tsv", "NA\tO\nnull\tO\n01\tB-X\nTrue\tI-X\n", CONLL,
        words((["NA", "null", "01", "True"], ["O", "O", "B-X", "I-X"]))),
    "a hash as a word": ("a.conll", "# id = 1\n#\tO\n#tag\tO\n# a note\n1\tO\n", CONLL,
        words((["#", "#tag", "1"], ["O", "O", "O"]))),
    "a very long word": ("a.conll", f"{LONG}\tO\n", CONLL, words(([LONG], ["O"]))),
    "blank lines galore": ("a.conll", "\n\t\nAnn\tB-PER\n \t \n\n\r\nBob\tB-PER\n\n\n", CONLL,
        words((["Ann"], ["B-PER"]), (["Bob"], ["B-PER"]))),
    "words alone": ("a.conll", "Ann\nran\n\nBob\n", CONLL,
        [{"words": ["Ann", "ran"]}, {"words": ["Bob"]}]),
    "nothing but blanks": ("a.conll", "\n \n\t\n", CONLL, []),
    "gzip": ("a.conll.gz", gzip.compress(b"Ann\tB-PER\n"), CONLL, words((["Ann"], ["B-PER"]))),
    "squad over many lines, with bom": (
        "a.json", "\ufeff" + json.dumps(json.loads(squad()), indent=1), SQUAD, question()),
    "squad with odd characters": ("a.json", squad(question="a\u2028b\x0bc"), SQUAD,
        question(question="a\u2028b\x0bc")),
    "squad with a very long question": ("a.json", squad(question=LONG), SQUAD,
        question(question=LONG)),
    "squad with a numbered question": ("a.json", squad(id=7), SQUAD, question(id="7")),
    "squad packed": ("a.json.gz", gzip.compress(squad().encode()), SQUAD, question()),
    "json lines beside squad": ("a.json", '{"data": "x"}\n{"data": "y"}\n', SQUAD,
        [{"data": "x"}, {"data": "y"}]),
    "sts with an open quote and crlf": ("sts-dev.csv", STS_LINE.format("5.000", '"a') + "\r\n",
        STS, [STS_ROW | {"sentence1": '"a', "sentence2": "b"}]),
    "sts with sources": ("x.txt", STS_LINE.format("5.000", "a\x0b,") + "\ts\tt\n", STS,
        [STS_ROW | {"sentence1": "a\x0b,", "sentence2": "b", "source1": "s", "source2": "t"}]),
    "labels that look like values": ("a.tsv", "text\tlabel\nx\tNA\ny\tnull\nz\t01\nw\tTrue\n",
        (*CONLL, *STS), [{"text": t, "label": x} for t, x in
                         (("x", "NA"), ("y", "null"), ("z", "01"), ("w", "True"))]),
    "a quoted very long field": ("a.csv", f'text,label\n"{LONG}",a\n', STS,
        [{"text": LONG, "label": "a"}]),
}  # fmt: skip

REFUSED = {
    # bytes of a file → the whole message
    "a column too few": ("a.conll", "Ann\tB-PER\nran\n", CONLL,
        "{path}:2: 1 column where line 1 has 2. Every line of a word needs the same columns, "
        "parted by a tab, and sentences a blank line between them"),
    "a tab inside of a word": ("a.conll", "# x\nAnn\tB-PER\nran\taway\tO\n", CONLL,
        "{path}:3: 3 columns where line 2 has 2. Every line of a word needs the same columns, "
        "parted by a tab, and sentences a blank line between them"),
    "a blank inside of a word": ("a.conll", "Ann B-PER\nNew York B-LOC\n", CONLL,
        "{path}:2: 3 columns where line 1 has 2. Every line of a word needs the same columns, "
        "parted by blanks, and sentences a blank line between them"),
    "an empty word": ("a.conll", "Ann\tB-PER\n\tO\n", CONLL,
        "{path}:2: the word is empty. Write it in the first column, or remove the line"),
    "an empty tag": ("a.conll", "Ann\tB-PER\nran\t\n", CONLL,
        "{path}:2: the tag is empty. Write O for a word outside of entities"),
    "an underscore in a tag": ("a.tsv", "Ann\tB_PER\nran\tO\n", CONLL,
        "{path}:1: 'B_PER' is no tag. Write B-PER"),
    "a small letter in a tag": ("a.tsv", "ran\tO\nAnn\ti-PER\n", CONLL,
        "{path}:2: 'i-PER' is no tag. Write I-PER"),
    "NA as a tag": ("a.txt", "Ann B-PER\nran NA\n. O\n", CONLL,
        "{path}:2: 'NA' is no tag. A tag is O, or B-LABEL, I-LABEL (in BIOES also E- and S-)"),
    "a zero for O": ("a.conll", "ran\t0\n", CONLL,
        "{path}:1: '0' is no tag. Outside of entities the tag is the capital letter O"),
    "a tag without its label": ("a.conll", "ran\tB-\n", CONLL,
        "{path}:1: 'B-' is no tag. The label after B- is missing"),
    "numbered words": ("a.conll", "1 Ann B-PER\n2 ran O\n3 . O\n", CONLL,
        "{path}:1: the first column counts the words of the sentence, and must be the word "
        "itself. Remove the column, for example: cut -f2-"),
    "carriage returns alone": ("a.conll", "Ann\tB-PER\rran\tO\r", CONLL,
        "{path}:1: a carriage return stands within the line. If lines end in it, convert the "
        "file, for example: tr '\\r' '\\n'; if not, remove it"),
    "utf-16": ("a.conll", "Ann\tO\n".encode("utf-16"), CONLL,
        "{path}: the file is UTF-16, not UTF-8. " + TO_UTF8.format("UTF-16")),
    "latin-1": ("a.tsv", "Ann\tO\nr\xfcn\tO\n".encode("latin-1"), CONLL,
        "{path}:2: byte 2 of the line (0xfc) is not UTF-8. " + TO_UTF8.format("WINDOWS-1252")),
    "a NUL": ("a.conll", "Ann\tO\nra\0n\tO\n", CONLL,
        "{path}:2: byte 3 of the line is a NUL: a binary file, or text in UTF-16? "
        + TO_UTF8.format("UTF-16")),
    "gzip cut short": ("a.json.gz", gzip.compress(squad().encode())[:-9], SQUAD,
        "{path}:0: the gzip data is cut short: line 0 is the last whole one. Fetch or compress "
        "the file again"),
    "gzip by its name only": ("a.json.gz", squad(), SQUAD,
        "{path}:0: no valid gzip data after line 0 (Not a gzipped file (b'{\"')). Fetch or "
        "compress the file again, or drop .gz from its name if it isn't compressed"),
    "squad cut short": ("a.json", squad()[:-4], SQUAD,
        "{path}:1: no JSON at column 142: Expecting ',' delimiter. The file must hold one whole "
        "SQuAD document. Fetch or write it again"),
    "a key twice": ("a.json", squad().replace('"id": "q1"', '"id": "q1",\n"id": "q2"'), SQUAD,
        "{path}:2: key 'id' stands twice in one object. Remove one"),
    "NaN": ("a.json", squad().replace(': 0', ':\n NaN'), SQUAD,
        "{path}:2: column 2: NaN is not JSON. Write null where there is no number"),
    "half a surrogate pair": ("a.json", squad(question="a\ud83d"), SQUAD,
        "{path}:1: \\ud83d is half a surrogate pair, which is no character. Remove it, or write "
        "the pair"),
    "a NUL in squad": ("a.json", squad() + "\n\0", SQUAD,
        "{path}:2: byte 1 of the line is a NUL: a binary file, or text in UTF-16? "
        + TO_UTF8.format("UTF-16")),
    "sts without a score": ("sts-dev.csv", STS_LINE.format("", "a") + "\n", STS,
        "{path}:1: column 5 holds '', and must be the score, a number. Mend it, or remove the "
        "line"),
    "a word for a score": ("sts-dev.csv", f"{STS_LINE}\n{STS_LINE}\n".format("1", "a", "nan", "b"),
        STS, "{path}:2: column 5 holds 'nan', and must be the score, a number. Mend it, or remove "
        "the line"),
    "a tab in a sentence": ("sts-dev.csv", STS_LINE.format("1", "a\ta") + "\n", STS,
        "{path}:1: 8 columns where a line of the STS benchmark has 7, or 9 with sources. A value "
        "can't hold a tab or a line break"),
    "a quote that is never closed": ("a.csv", 'text,label\nx,a\n"y,b\nz,a\n', STS,
        "{path}:3: the quote that opens in this line is never closed. Close the quote, and write "
        'a quote inside quotes twice ("")'),
    "a format that the task doesn't read": ("a.conll", "Ann\tO\n", (),
        "{path}: .conll is not a supported format. Use .csv, .tsv, .jsonl (or .ndjson, .json with "
        "one object a line), each also as .gz; .parquet; .txt with lines of 'label text' or with "
        "tabs and a header"),
    "lines that say nothing": ("a.txt", "Ann ran.\nBob ran away.\n", CONLL,
        "{path}: the file's format can't be told from its lines. Use .csv, .tsv, .jsonl (or "
        ".ndjson, .json with one object a line), each also as .gz; .parquet; .txt with lines of "
        "'label text' or with tabs and a header; .conll (or .bio, .iob, .iob2, .bioes, .tsv, "
        ".txt) with a word and its tag a line"),
}  # fmt: skip

Q = "article 1, paragraph 1, question 1 (id 'q1')"
WRONG_SQUAD = {
    # a document → what the message says of it
    "no paragraphs": ('{"data": [{"title": "T", "id": 1}]}',
        f"article 1 (id 1): no 'paragraphs'; it has 'title', 'id'. {LAYOUT}"),
    "no context": ('{"data": [{"title": "T", "paragraphs": [{"qas": []}]}]}',
        f"article 1 ('T'), paragraph 1: no 'context'; it has 'qas'. {LAYOUT}"),
    "no qas": ('{"data": [{"paragraphs": [{"context": ""}]}]}',
        f"article 1, paragraph 1: no 'qas'; it has 'context'. {LAYOUT}"),
    "no object": ('{"data": [{"paragraphs": [[]]}]}',
        f"article 1, paragraph 1: a list where an object is needed. {LAYOUT}"),
    "no id": (squad(id=None), "article 1, paragraph 1, question 1: no 'id'; it has 'question', "
        f"'answers'. {LAYOUT}"),
    "no question": (squad(question=None), f"{Q}: no 'question'; it has 'id', 'answers'. {LAYOUT}"),
    "a number for a question": (squad(question=1),
        f"{Q}: 'question' is a whole number, and must be a string. {LAYOUT}"),
    "a context in the question": (squad(context="x"),
        f"{Q}: 'context' stands in a question, not in its paragraph. {LAYOUT}"),
}  # fmt: skip


def write(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


@pytest.mark.parametrize("case", ROWS.values(), ids=ROWS)
def test_read_whole(tmp_path, case):
    name, content, formats, rows = case
    table = read_source(write(tmp_path, name, content), formats=formats).whole
    assert [dict(record.fields) for record in table.records] == rows


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_refused(tmp_path, case):
    name, content, formats, message = case
    path = write(tmp_path, name, content)
    with pytest.raises(DataError) as caught:
        read_source(path, formats=formats)
    assert str(caught.value) == message.replace("{path}", path)


@pytest.mark.parametrize("case", WRONG_SQUAD.values(), ids=WRONG_SQUAD)
def test_a_wrong_squad_document(tmp_path, case):
    content, message = case
    path = write(tmp_path, "a.json", content)
    with pytest.raises(DataError) as caught:
        read_source(path, formats=SQUAD)
    assert str(caught.value) == f"{path}:1: {message}"
