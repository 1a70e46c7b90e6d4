import builtins
import gzip
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpengine.data.lines import MAX_LINE_BYTES, read_lines


def write(tmp_path, raw, name="a.txt"):
    path = tmp_path / name
    path.write_bytes(raw)
    return str(path)


def test_only_newlines_end_lines(tmp_path):
    text = "a\x0bb\x0cc\x1cd\x85e\u2028f\rg"
    path = write(tmp_path, f"{text}\nsecond\r\n\n  last \r\r".encode())
    assert list(read_lines(path)) == [(1, text), (2, "second"), (3, ""), (4, "  last \r")]


def test_carriage_returns_can_be_kept(tmp_path):
    path = write(tmp_path, b"a\r\nb\r")
    assert list(read_lines(path, keep_cr=True)) == [(1, "a\r"), (2, "b\r")]


def test_a_byte_order_mark_is_dropped_at_the_file_start_only(tmp_path):
    path = write(tmp_path, "\ufeffa\n\ufeffb\n".encode())
    assert list(read_lines(path)) == [(1, "a"), (2, "\ufeffb")]


def test_an_empty_file_has_no_lines(tmp_path):
    assert list(read_lines(write(tmp_path, b""))) == []


@given(
    lines=st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\0")))
)
def test_lines_round_trip(tmp_path_factory, lines):
    path = tmp_path_factory.mktemp("lines") / "a.txt.gz"
    path.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    expected = [line.removeprefix("\ufeff") if i == 0 else line for i, line in enumerate(lines)]
    assert [line for _, line in read_lines(path)] == expected


@pytest.mark.parametrize("newline", [b"\n", b"\r\n", b""])
def test_a_line_may_be_as_long_as_the_limit(tmp_path, newline):
    path = write(tmp_path, b"x" * MAX_LINE_BYTES + newline)
    assert [len(line) for _, line in read_lines(path)] == [MAX_LINE_BYTES]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"", b"x" * 10])
def test_an_overlong_line_is_refused(tmp_path, refused, end):
    path = write(tmp_path, b"short\n" + b"x" * (MAX_LINE_BYTES + 1) + end)
    with refused(f"{path}:2", "longer than 4,194,304 bytes", "one row a line?"):
        list(read_lines(path))


def test_an_overlong_line_is_found_without_reading_all_of_it(tmp_path, refused, monkeypatch):
    asked = []

    class Endless(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            asked.append(len(buffer))
            buffer[:] = b"x" * len(buffer)
            return len(buffer)

    path = write(tmp_path, b"")
    monkeypatch.setattr(builtins, "open", lambda *_: io.BufferedReader(Endless()))
    with refused(f"{path}:1", "longer than"):
        list(read_lines(path))
    assert sum(asked) < 2 * MAX_LINE_BYTES


def test_bytes_that_are_not_utf8_are_named(tmp_path, refused):
    path = write(tmp_path, b"fine\ncaf\xe9 au lait\n")
    with refused(f"{path}:2", "byte 4 of the line (0xe9)", "not UTF-8", "iconv -f WINDOWS-1252"):
        list(read_lines(path))


def test_encoded_surrogates_are_not_utf8(tmp_path, refused):
    path = write(tmp_path, b"\xed\xa0\x80\n")
    with refused(f"{path}:1", "byte 1 of the line (0xed)"):
        list(read_lines(path))


def test_a_nul_is_refused(tmp_path, refused):
    path = write(tmp_path, b"a\nb\xc3\xa9\0\n")
    with refused(f"{path}:2", "byte 4 of the line is a NUL", "binary file", "iconv -f UTF-16"):
        list(read_lines(path))


@pytest.mark.parametrize(
    ("raw", "encoding"),
    [
        ("text\n".encode("utf-16"), "UTF-16"),
        (b"\xfe\xff\0t", "UTF-16"),
        ("text\n".encode("utf-32"), "UTF-32"),
        (b"\0\0\xfe\xff\0\0\0t", "UTF-32"),
    ],
)
def test_other_unicode_encodings_are_told(tmp_path, refused, raw, encoding):
    path = write(tmp_path, raw)
    with refused(path, f"the file is {encoding}, not UTF-8", f"iconv -f {encoding} -t UTF-8"):
        list(read_lines(path))


def test_gzip_data_under_another_name_is_told(tmp_path, refused):
    path = write(tmp_path, gzip.compress(b"a\n"))
    with refused(path, "gzip-compressed", "ends in .gz"):
        list(read_lines(path))


def test_a_truncated_gzip_names_the_last_good_line(tmp_path, refused):
    packed = gzip.compress(b"".join(b"line %d\n" % i for i in range(5000)))
    path = write(tmp_path, packed[: len(packed) // 2], "a.txt.gz")
    read = []
    with pytest.raises(Exception, match="cut short") as caught:
        read.extend(read_lines(path))
    good = zlib.decompressobj(31).decompress(packed[: len(packed) // 2]).count(b"\n")
    assert len(read) == good
    with refused(f"{path}:{good}", "gzip data is cut short", f"line {good} is the last whole one"):
        raise caught.value


def test_what_is_no_gzip_is_told(tmp_path, refused):
    path = write(tmp_path, b"plain text\n", "a.txt.gz")
    with refused(f"{path}:0", "no valid gzip data after line 0", "drop .gz from its name"):
        list(read_lines(path))


def test_damaged_gzip_data_is_told(tmp_path, refused):
    packed = bytearray(gzip.compress(b"".join(b"line %d\n" % i for i in range(5000))))
    packed[15:40] = bytes(25)
    path = write(tmp_path, packed, "a.txt.gz")
    with refused(path + ":0", "no valid gzip data", "again"):
        list(read_lines(path))


def test_a_missing_file(tmp_path, refused):
    path = str(tmp_path / "none.txt")
    with refused(path, "no such file", "Check the path"):
        list(read_lines(path))


def test_a_folder(tmp_path, refused):
    with refused(str(tmp_path), "this is a folder, and a file is needed"):
        list(read_lines(tmp_path))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied"), "permission denied. Make the file readable"),
        (OSError(5, "Input/output error"), "can't be read: Input/output error"),
    ],
)
def test_what_the_system_refuses(tmp_path, refused, monkeypatch, error, words):
    def fail(*_):
        raise error

    path = write(tmp_path, b"a\n")
    monkeypatch.setattr(builtins, "open", fail)
    with refused(path, words):
        list(read_lines(path))


def test_an_error_while_reading(tmp_path, refused, monkeypatch):
    class Broken(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            raise OSError(5, "Input/output error")

    path = write(tmp_path, b"")
    monkeypatch.setattr(builtins, "open", lambda *_: io.BufferedReader(Broken()))
    with refused(path, "can't be read: Input/output error"):
        list(read_lines(path))
