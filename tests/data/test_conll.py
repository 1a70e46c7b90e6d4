import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpengine.data.conll import looks_like_conll, read_conll
from nlpengine.data.sniff import sniff
from nlpengine.data.sources import read_source
from nlpengine.errors import DataError, PluginError

# What a file can't hold in a cell: ends of lines and cells, NUL, and blanks at a cell's ends; and a
# first cell that marks documents is no word, which has a test of its own.
WORD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\n\r\t"), min_size=1)
WORD = WORD.filter(lambda word: word.strip(" ") == word and word != "-DOCSTART-")
TAG = st.sampled_from(["O", "B-PER", "I-PER", "S-creative work"])
SENTENCES = st.lists(st.lists(st.tuples(WORD, TAG), min_size=1, max_size=5), max_size=5)


def read(tmp_path, text, name="a.conll"):
    path = tmp_path / name
    path.write_bytes(text.encode())
    notes = []
    records = list(read_conll(path, notes))
    return records, [note.removeprefix(f"{path}: ") for note in notes]


@given(sentences=SENTENCES, end=st.sampled_from(["\n", "\r\n"]), blank=st.sampled_from(["", "\t"]))
def test_round_trip(tmp_path_factory, sentences, end, blank):
    lines = []
    for sentence in sentences:
        lines += [f"{word}\t{tag}" for word, tag in sentence] + [blank]
    records, notes = read(
        tmp_path_factory.mktemp("conll"), "\ufeff" + "".join(line + end for line in lines)
    )
    found = [
        list(zip(record.fields["words"], record.fields["tags"], strict=True)) for record in records
    ]
    assert found == sentences
    assert [lines[record.origin.line - 1].split("\t")[0] for record in records] == [
        sentence[0][0] for sentence in sentences
    ]
    assert notes == []


def test_four_columns_by_blanks_with_documents(tmp_path):
    text = (
        "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\n. . O O\n\nBob NNP B-NP B-PER\n"
        "-DOCSTART- -X- -X- O\nAnn NNP B-NP B-PER\n"
    )
    records, notes = read(tmp_path, text)
    assert [(r.origin.line, dict(r.fields)) for r in records] == [
        (3, {"words": ["EU", "."], "tags": ["B-ORG", "O"], "document": "1"}),
        (6, {"words": ["Bob"], "tags": ["B-PER"], "document": "1"}),
        (8, {"words": ["Ann"], "tags": ["B-PER"], "document": "2"}),
    ]
    assert notes == [
        "columns 2 to 3 of 4 not read, the last being the tag; "
        "2 -DOCSTART- lines mark documents and are no sentences."
    ]


def test_comments_and_named_documents(tmp_path):
    text = (
        "# global.columns = a b\nBob O\n# newdoc id = one two\n# text = O\nAnn B-PER\n# a note\n"
        "ran O\n\n#begin document (x); part 000\n# O\n# newdoc\nend O\n#end document\n"
    )
    records, notes = read(tmp_path, text)
    assert [dict(record.fields) for record in records] == [
        {"words": ["Bob"], "tags": ["O"]},
        {"words": ["Ann", "ran"], "tags": ["B-PER", "O"], "document": "one two"},
        {"words": ["#"], "tags": ["O"], "document": "(x); part 000"},
        {"words": ["end"], "tags": ["O"], "document": "3"},
    ]
    assert notes == ["4 comment lines not read."]


def test_a_number_and_a_name_that_is_one_are_two_documents(tmp_path):
    marks = ["# newdoc", "# newdoc id = 1", "# newdoc id = 4", "# newdoc", "# newdoc id = 1"]
    records, _ = read(tmp_path, "".join(f"{mark}\nAnn O\n" for mark in marks))
    assert [record.fields["document"] for record in records] == [
        "1", "1 (name)", "4", "4 (number)", "1 (name)",
    ]  # fmt: skip


def test_tags_that_nobody_reads_may_be_anything(tmp_path):
    path = tmp_path / "a.conll"
    path.write_text("Ann _\n# _\n# done\nran nn\n")
    (record,) = read_conll(path, gold=False)
    assert record.fields == {"words": ["Ann", "#", "ran"], "tags": ["_", "_", "nn"]}
    with pytest.raises(DataError, match=r"a\.conll:1: '_' is no tag\."):
        list(read_conll(path))


def test_a_word_that_looks_like_a_mark(tmp_path):
    records, _ = read(tmp_path, "-DOCSTART-s\tO\n#\tB-X\n# \tO\n")
    assert records[0].fields["words"] == ["-DOCSTART-s", "#", "#"]


def test_stray_blanks_are_counted(tmp_path):
    records, notes = read(tmp_path, "Ann\tO\n Bob\tB-PER\nran\tO \r\r\n")
    assert records[0].fields == {"words": ["Ann", "Bob", "ran"], "tags": ["O", "B-PER", "O"]}
    assert notes == ["blanks around words or tags dropped in 2 lines (the first: 2)."]


def test_other_blanks_around_a_tag_are_dropped_too(tmp_path):
    records, notes = read(tmp_path, "Ann\tB-PER\u00a0\n\u00a0\tO\u00a0\n")
    assert records[0].fields == {"words": ["Ann", "\u00a0"], "tags": ["B-PER", "O"]}
    assert notes == ["blanks around words or tags dropped in 2 lines (the first: 1)."]


def test_words_alone(tmp_path):
    records, notes = read(tmp_path, "# a = b\nAnn\n#\n#tag\n# two words\n\nran\n")
    assert [dict(r.fields) for r in records] == [
        {"words": ["Ann", "#", "#tag"]},
        {"words": ["ran"]},
    ]
    assert notes == ["2 comment lines not read."]


def test_numbers_as_words(tmp_path):
    records, _ = read(tmp_path, "1 CD O\n2 CD O\n\n1 CD O\n2 CD O\n4 CD O\n")
    assert records[1].fields["words"] == ["1", "2", "4"]


@pytest.mark.parametrize("name", ["a.tsv", "a.txt", "a", "a.tsv.gz"])
@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Ann\tB-PER\nran\tO\n", "conll"),
        ("-DOCSTART- O\n\nAnn B-PER\n# x y z\nran O\n", "conll"),
        ("Ann NNP B-PER\n. . O\n", "conll"),
        ("Ann\tB_PER\nran\tO\n", "conll"),  # half of it, and then the mistake is named
        ("Ann\tB\nran\tI\nfar\tO\n", "conll"),
        ("text\tlabel\nO\t1\nx\t0\n", "tsv"),
    ],
)
def test_what_looks_like_conll(tmp_path, name, text, kind):
    raw = text.encode()
    (tmp_path / name).write_bytes(gzip.compress(raw) if name.endswith(".gz") else raw)
    assert sniff(tmp_path / name, ["conll", "squad"]) == kind
    if kind == "tsv" or "\t" not in text:
        return
    assert sniff(tmp_path / name) == "tsv"  # a task that doesn't ask for it


@pytest.mark.parametrize(
    "text",
    [
        "Tell me about vitamin B\n",
        "My blood type is O\n",
        "My blood type is O\nHer blood type is B\n",
        "My blood type is O\nIs that a rare type?\n",
        "hepatitis B\nTom Petty\nvitamin E\n",
        "blood type O\nvitamin E\nblood type O\n",
        "see I-95\ngo along the I-80\n",
        "id\tgrade\n1\tB\n2\tE\n",
        "Ann\tB-PER\n",
    ],
)
def test_what_does_not_look_like_conll(text):
    assert not looks_like_conll(text.splitlines())


@pytest.mark.parametrize(
    "text",
    [
        "Ann B\nLee I\nran O\nfar O\n",
        "Ann S\nran O\n# a comment of words\n\nfar O\n",
        "#begin document (x); part 000\nAnn - B-PER\nran - O\n#end document\n",
        "Ann\tB-PER\nran O\nfar\tO\n",  # the tabs say it, and then the mistake is named
    ],
)
def test_what_does(text):
    assert looks_like_conll(text.splitlines())


@pytest.mark.parametrize("name", ["wnut17", "ncbi-disease"])
def test_published_files_look_like_conll(real_data, name):
    for path in real_data(name).glob("t*.*"):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert looks_like_conll(lines[:50])
        assert looks_like_conll([line.replace("\t", " ") for line in lines[:50]])


@pytest.mark.parametrize("suffix", [".conll", ".bio", ".iob", ".iob2", ".bioes", ".CONLL.gz"])
def test_a_suffix_says_it(suffix):
    assert sniff(f"no/such{suffix}", ["conll"]) == "conll"
    with pytest.raises(DataError, match="is not a supported format"):
        sniff(f"no/such{suffix}")


def test_a_table_read_as_conll_is_said(tmp_path):
    for name in ("train.tsv", "dev.tsv", "test.txt"):
        (tmp_path / name).write_text("Ann\tB-PER\nran\tO\n")
    assert read_source(str(tmp_path), formats=["conll"]).notes == [
        ".tsv files were read as CoNLL (a word and its tag a line), going by their first lines.",
        "files without a telling suffix were read as CoNLL (a word and its tag a line), going by "
        "their first lines.",
    ]


def test_a_format_that_does_not_exist(tmp_path):
    with pytest.raises(PluginError) as caught:
        sniff(tmp_path / "a.csv", ["connl"])
    assert str(caught.value) == (
        "the task reads a format 'connl', and there are conll, squad, sts. Did you mean 'conll'?"
    )
