import pytest

from nlpengine.data.labelled import read_labelled


def test_label_one_space_text(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeff1 a  film \r\n\n0  two spaces\n\u00e4-b caf\u00e9 \u2028 x\n".encode())
    assert [(r.origin.line, r.fields["label"], r.fields["text"]) for r in read_labelled(path)] == [
        (1, "1", "a  film "),
        (3, "0", " two spaces"),
        (4, "\u00e4-b", "caf\u00e9 \u2028 x"),
    ]


@pytest.mark.parametrize("line", ["1", "1 ", "1   ", " 1 text", "1\ttext", "   "])
def test_a_line_without_label_or_text(tmp_path, refused, line):
    path = tmp_path / "a.txt"
    path.write_text(f"1 fine\n{line}\n")
    with refused(
        f"{path}:2", "no label and text", "'label text', with one space", f"starts {line!r}"
    ):
        list(read_labelled(path))
