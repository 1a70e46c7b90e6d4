import pytest

from nlpengine.data.folders import find_split_folders, read_split_folder
from nlpengine.data.lines import MAX_LINE_BYTES


def write(folder, files):
    for name, raw in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    return folder


def test_texts_are_whole_files_sorted_by_label_and_name(tmp_path):
    files = {
        "train/pos/b.txt": "\ufefftwo\nlines \u2028 \n".encode(),
        "train/pos/a.txt": b"one\r\n",
        "train/neg/c.txt": b"\nthree\n\n",
        "train/neg/d.TXT": b"",
        "train/.DS_Store": b"\0",
        "train/pos/.hidden.txt": b"\0",
    }
    records, fingerprints, notes = read_split_folder(write(tmp_path, files) / "train")
    assert [(r.fields["label"], r.fields["text"], r.origin.line) for r in records] == [
        ("neg", "\nthree\n", 1),
        ("neg", "", 1),
        ("pos", "one", 1),
        ("pos", "two\nlines \u2028 ", 1),
    ]
    assert records[2].origin.path == str(tmp_path / "train/pos/a.txt")
    assert list(fingerprints) == ["train/neg", "train/pos"]
    assert notes == ()


def test_fingerprints_cover_names_and_contents(tmp_path):
    made = []
    for index, files in enumerate(
        [
            {"p/a.txt": b"1", "p/b.txt": b"2"},
            {"p/a.txt": b"1", "p/c.txt": b"2"},
            {"p/a.txt": b"12", "p/b.txt": b""},
            {"p/a.txt": b"1", "p/b.txt": b"2"},
        ]
    ):
        made.append(read_split_folder(write(tmp_path / str(index), files))[1][f"{index}/p"])
    assert len(set(made)) == 3
    assert made[0] != made[1]


def test_what_is_not_read_is_said(tmp_path):
    files = {
        "train/pos/a.txt": b"x",
        "train/pos/a.html": b"x",
        "train/urls.txt": b"x",
        "train/unsup/b.txt": b"x",
    }
    records, fingerprints, notes = read_split_folder(write(tmp_path, files) / "train")
    assert len(records) == 1
    assert list(fingerprints) == ["train/pos"]
    assert notes == (
        "train/unsup was not read: its texts have no labels.",
        "train: not read, being no .txt in a label folder: 2 files (urls.txt, …).",
    )


def test_one_stray_file(tmp_path):
    files = {"train/pos/a.txt": b"x", "train/pos/b.csv": b"x"}
    notes = read_split_folder(write(tmp_path, files) / "train")[2]
    assert notes == ("train: not read, being no .txt in a label folder: 1 file (pos/b.csv).",)


@pytest.mark.parametrize(
    ("raw", "line", "words"),
    [
        (b"fine\ncaf\xe9\n", 2, "byte 4 of the line (0xe9) is not UTF-8"),
        (b"fine\n\na\0", 3, "byte 2 of the line is a NUL"),
        ("x".encode("utf-16"), None, "the file is UTF-16"),
        (
            b"x" * (MAX_LINE_BYTES + 1),
            None,
            "longer than 4,194,304 bytes. In this layout each file",
        ),
    ],
)
def test_bad_texts(tmp_path, refused, raw, line, words):
    path = write(tmp_path, {"test/pos/a.txt": raw}) / "test/pos/a.txt"
    with refused(f"{path}:{line}" if line else str(path), words):
        read_split_folder(tmp_path / "test")


def test_split_folders_are_found_by_their_usual_names(tmp_path):
    files = {
        "train/a/1.txt": b"x",
        "valid/a/1.txt": b"x",
        "Test/a/1.txt": b"x",
        "src/a/1.txt": b"x",
    }
    found = find_split_folders(write(tmp_path, files))
    assert {split: path.name for split, path in found.items()} == {
        "train": "train",
        "dev": "valid",
        "test": "Test",
    }


def test_two_folders_for_a_split(tmp_path, refused):
    write(tmp_path, {"dev/a/1.txt": b"x", "val/a/1.txt": b"x"})
    with refused(str(tmp_path), "dev and val are both the dev split", "Remove one"):
        find_split_folders(tmp_path)


def test_a_split_folder_without_labels(tmp_path, refused):
    write(tmp_path, {"test/1.txt": b"x"})
    with refused(str(tmp_path / "test"), "no label folders", "test/LABEL/*.txt"):
        find_split_folders(tmp_path)


def test_a_folder_that_cannot_be_listed(tmp_path, refused, monkeypatch):
    def fail(self):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "iterdir", fail)
    with refused(str(tmp_path), "can't be listed: Permission denied", "permissions"):
        find_split_folders(tmp_path)
