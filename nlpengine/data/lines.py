"""Physical lines of a text file, strictly: the floor that every text reader stands on."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Iterator
from typing import BinaryIO, cast

from nlpengine.errors import DataError

MAX_LINE_BYTES = 4 * 2**20
"""Longest line, and longest text file of a folder layout; more is no data but a mishap."""

StrPath = str | os.PathLike[str]

_BOM = "\ufeff"
_PIECE_BYTES = 2**20
_TO_UTF8 = "Convert the file first, for example: iconv -f {} -t UTF-8 OLD > NEW"
# UTF-32 stands first: its little-endian mark begins with UTF-16's.
_MARKS = (
    (b"\xff\xfe\x00\x00", "UTF-32"),
    (b"\x00\x00\xfe\xff", "UTF-32"),
    (b"\xff\xfe", "UTF-16"),
    (b"\xfe\xff", "UTF-16"),
)


def read_lines(path: StrPath, *, keep_cr: bool = False) -> Iterator[tuple[int, str]]:
    r"""Yield the lines of a UTF-8 file.

    Only ``\n`` ends a line: vertical tabs, next-line characters and line separators are text, as
    they are for every other tool that counts lines. One ``\r`` before it and a byte order mark at
    the start of the file are dropped. Files named ``*.gz`` are decompressed on the way.

    Args:
        path: The file.
        keep_cr: Leave the ``\r`` at the end of a line, for formats in which a value may end so.

    Yields:
        1-based line number, text without its line end.

    Raises:
        DataError: The file can't be opened, a line is over ``MAX_LINE_BYTES`` or is not UTF-8 text,
            or the gzip data is damaged.
    """
    number = 0
    with open_binary(path) as stream:
        while True:
            try:
                # Two bytes more than a line may have: room for its line end, and the proof of an
                # overlong one.
                raw = stream.readline(MAX_LINE_BYTES + 2)
            except (EOFError, OSError, zlib.error) as error:
                raise _damaged(error, path, number) from error
            if not raw:
                return
            number += 1
            yield number, _line_text(raw, path, number, keep_cr)


def read_bytes(path: StrPath, most: int | None = None) -> bytes:
    """The bytes of a file, decompressed where its name ends in ``.gz``.

    Args:
        path: The file.
        most: Read no more than this; None reads all.

    Raises:
        DataError: The file can't be opened, or the gzip data is damaged.
    """
    pieces: list[bytes] = []
    left = sys.maxsize if most is None else most
    with open_binary(path) as stream:
        while left > 0:
            try:
                piece = stream.read(min(left, _PIECE_BYTES))
            except (EOFError, OSError, zlib.error) as error:
                lines = sum(piece.count(b"\n") for piece in pieces)
                raise _damaged(error, path, lines) from error
            if not piece:
                break
            pieces.append(piece)
            left -= len(piece)
    return b"".join(pieces)


def _line_text(raw: bytes, path: StrPath, number: int, keep_cr: bool) -> str:
    if number == 1:
        reject_other_encodings(raw, path)
    raw = raw.removesuffix(b"\n")
    if len(raw) - raw.endswith(b"\r") > MAX_LINE_BYTES:
        raise DataError(
            f"the line is longer than {MAX_LINE_BYTES:,} bytes. Is this a text file with one "
            "row a line?",
            path,
            number,
        )
    text = decode_utf8(raw, path, number)
    if number == 1:
        text = text.removeprefix(_BOM)
    return text if keep_cr else text.removesuffix("\r")


def decode_utf8(raw: bytes, path: StrPath, line: int = 1) -> str:
    """Decode one or several lines strictly.

    Args:
        raw: The bytes.
        path: The file, for messages.
        line: 1-based line at which ``raw`` starts.

    Raises:
        DataError: Bytes that are not UTF-8, or a NUL; the message names line and 1-based byte in
            it.
    """
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        at, byte = _position(raw, error.start)
        raise DataError(
            f"byte {byte} of the line (0x{raw[error.start]:02x}) is not UTF-8. "
            + _TO_UTF8.format("WINDOWS-1252"),
            path,
            line + at,
        ) from error
    if "\0" in text:
        at, byte = _position(raw, raw.index(b"\0"))
        raise DataError(
            f"byte {byte} of the line is a NUL: a binary file, or text in UTF-16? "
            + _TO_UTF8.format("UTF-16"),
            path,
            line + at,
        )
    return text


def _position(raw: bytes, offset: int) -> tuple[int, int]:
    """Lines before ``offset``, and the 1-based byte in its own line."""
    return raw.count(b"\n", 0, offset), offset - raw.rfind(b"\n", 0, offset)


def reject_other_encodings(start: bytes, path: StrPath) -> None:
    """Refuse a file whose first bytes say that it isn't plain UTF-8 text.

    Raises:
        DataError: A UTF-16 or UTF-32 byte order mark, or gzip data under a name without ``.gz``.
    """
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            raise DataError(
                f"the file is {encoding}, not UTF-8. " + _TO_UTF8.format(encoding), path
            )
    if start.startswith(b"\x1f\x8b"):
        raise DataError("the file is gzip-compressed. Give it a name that ends in .gz", path)


def open_binary(path: StrPath) -> BinaryIO:
    """Open a file for reading bytes, decompressed where its name ends in ``.gz``.

    Raises:
        DataError: It is missing, a folder, or may not be read.
    """
    try:
        if os.fspath(path).lower().endswith(".gz"):
            return cast(BinaryIO, gzip.open(path, "rb"))
        return open(path, "rb")
    except OSError as error:
        raise _unreadable(path, error) from error


def _damaged(error: Exception, path: StrPath, number: int) -> DataError:
    """What went wrong while reading on after ``number`` whole lines."""
    match error:
        case EOFError():
            return DataError(
                f"the gzip data is cut short: line {number} is the last whole one. "
                "Fetch or compress the file again",
                path,
                number,
            )
        case gzip.BadGzipFile() | zlib.error():
            return DataError(
                f"no valid gzip data after line {number} ({error}). Fetch or compress the file "
                "again, or drop .gz from its name if it isn't compressed",
                path,
                number,
            )
        case OSError():
            return _unreadable(path, error)
    raise error


def _unreadable(path: StrPath, error: OSError) -> DataError:
    match error:
        case FileNotFoundError():
            return DataError("no such file. Check the path", path)
        case IsADirectoryError():
            return DataError("this is a folder, and a file is needed", path)
        case PermissionError():
            return DataError("permission denied. Make the file readable (chmod +r)", path)
    return DataError(f"can't be read: {error.strerror or error}", path)
