import gzip

import pytest

from nlpengine.data.sniff import sniff, split_suffix


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.csv", "csv"),
        ("a.CSV.gz", "csv"),
        ("a.tsv", "tsv"),
        ("a.jsonl", "jsonl"),
        ("a.ndjson.gz", "jsonl"),
        ("a.json", "jsonl"),
        ("a.b.parquet", "parquet"),
    ],
)
def test_a_suffix_decides_unread(name, kind):
    assert sniff(f"no/such/{name}") == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("1 good\n0 bad\n\n1 fine\n0 poor\n", "labelled"),
        ("pos good\npos bad\nneg fine\n1 b\npos c\nneg d\n", "labelled"),
        ("a b\n" * 50 + "unlike the rest\n", "labelled"),
        ("text\tlabel\nfoo\t1\n", "tsv"),
        ("Quality\t#1 ID\n1\t2\n", "tsv"),
    ],
)
@pytest.mark.parametrize("name", ["a.txt", "a", "a.txt.gz"])
def test_content_decides(tmp_path, text, kind, name):
    path = tmp_path / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    assert sniff(path) == kind


@pytest.mark.parametrize(
    "text",
    [
        "A first sentence.\nThen another.\nIt ends here.\n",
        "1 good\nbad\n1 good\n",
        "".join(f"{i} words\n" * 2 for i in range(21)),
        "1 good\n",
    ],
)
def test_content_that_says_nothing(tmp_path, refused, text):
    path = tmp_path / "a.txt"
    path.write_text(text)
    with refused(str(path), "can't be told from its lines", ".csv, .tsv, .jsonl", "'label text'"):
        sniff(path)


def test_an_empty_file(tmp_path, refused):
    path = tmp_path / "a.txt"
    path.write_text("\n\n")
    with refused(str(path), "the file is empty", ".csv, .tsv"):
        sniff(path)


@pytest.mark.parametrize("name", ["a.xlsx", "a.parquet.gz", "a.zip"])
def test_formats_that_are_not_read(refused, name):
    suffix = name[1:]
    with refused(name, f"{suffix} is not a supported format", ".csv, .tsv", ".parquet"):
        sniff(name)


def test_suffixes():
    assert split_suffix("train.TSV.gz") == ("train", ".tsv")
    assert split_suffix("train") == ("train", "")
    assert split_suffix("a.b.csv") == ("a.b", ".csv")
