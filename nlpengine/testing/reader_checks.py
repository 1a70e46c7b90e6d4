"""The checks that every reader must pass, each a function of a `ReaderSubject`; without pytest."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nlpengine.data import ReaderSpec, Record
from nlpengine.data.readers import Offered, Readers
from nlpengine.data.sniff import SUFFIXES, sniff
from nlpengine.errors import DataError, PluginError
from nlpengine.testing.checking import Check, NotApplicable, require

HOSTILE: Mapping[str, bytes] = {
    "an empty file": b"",
    "line ends alone": b"\n\n\r\n",
    "blanks": b"   \n\t\n",
    "no text at all": bytes(range(256)) * 8,
    "NUL": b"good\x00film\n",
    "UTF-16": "good film\n".encode("utf-16"),
    "bytes that are no UTF-8": b"caf\xe9\n",
    "a line of a megabyte": b"good " * 200_000 + b"\n",
    "one unfinished bracket": b'{"text": [',
    "many separators": b",;\t|:\n" * 20,
    "odd Unicode": "‮אב🏳️‍🌈\u2028\u200b İﬁ\n".encode(),
}
STRANGE = (
    ["text,label", "a good film,pos", "a bad film,neg"],
    ['{"text": "a good film", "label": "pos"}', '{"text": "a bad film", "label": "neg"}'],
    ["It was a dark and stormy night.", "Nobody knew why."],
)
"""Lines of other formats."""


@dataclass
class ReaderSubject:
    """A reader under test.

    Attributes:
        reader: The reader.
        text: What a file of at least two rows holds.
        rows: What is read of it, field by field.
        folder: An empty folder, for files.
        broken: What a file with a mistake holds → the line of the mistake; None where nobody has
            one to show.
    """

    reader: ReaderSpec
    text: str
    rows: Sequence[Mapping[str, Any]]
    folder: Path
    broken: Mapping[str, int] | None = field(default_factory=dict)

    def write(self, content: bytes, end: str = "") -> str:
        """A file of this format's name → its path."""
        suffix = (self.reader.suffixes or (".txt",))[0]
        path = self.folder / f"rows{suffix}{end}"
        path.write_bytes(content)
        return str(path)

    def read(self, content: bytes, end: str = "") -> list[Record]:
        """The records of a file that holds this."""
        return list(self.reader.read(self.write(content, end)))


def spec(subject: ReaderSubject) -> None:
    """Name, suffixes and functions are there, and the suffixes are nobody else's."""
    from nlpengine.plugin.answers import check_reader

    reader = subject.reader
    require(isinstance(reader, ReaderSpec), f"the reader is {type(reader).__name__}, no ReaderSpec")
    try:
        check_reader(reader)
    except PluginError as error:
        raise AssertionError(str(error)) from error
    taken = sorted({*SUFFIXES, ".txt", ".gz"} & set(reader.suffixes))
    require(not taken, f"the suffixes {taken} are the core's own: it would never ask this reader")
    known = reader.suffixes or reader.looks_like
    require(known, "neither suffixes nor looks_like: only --format could choose this reader")
    readers = Readers(lambda: Offered((("this plugin", reader),)))
    for suffix in reader.suffixes:
        path = subject.folder / f"rows{suffix}"
        path.write_text(subject.text, encoding="utf-8")
        found = sniff(path, (), readers)
        require(found == reader.name, f"a file named *{suffix} is taken for {found!r}")


def reads(subject: ReaderSubject) -> None:
    """The rows come out as they were written, one by one, each with its file and line."""
    path = subject.write(subject.text.encode())
    made = subject.reader.read(path)
    require(isinstance(made, Iterator), f"read gives {type(made).__name__}: yield the records")
    records = list(made)
    require(all(isinstance(r, Record) for r in records), "read gives something else than Records")
    found = [dict(record.fields) for record in records]
    require(found == [dict(row) for row in subject.rows], f"read gives {found!r:.300}")
    lines = [record.origin.line for record in records]
    last = subject.text.count("\n") + 1
    require(
        all(record.origin.path == path for record in records)
        and lines == sorted(set(lines))
        and all(1 <= line <= last for line in lines),
        f"origins are not this file's lines, ascending from 1: {lines[:5]} …",
    )
    again = [dict(record.fields) for record in subject.reader.read(path)]
    require(again == found, "reading twice gives two things")
    require(Path(path).read_bytes() == subject.text.encode(), "reading changes the file")


def line_ends(subject: ReaderSubject) -> None:
    """A byte order mark, Windows line ends and a missing last one change nothing."""
    expected = [dict(row) for row in subject.rows]
    text = subject.text
    variants = {
        "a byte order mark": "\ufeff" + text,
        "Windows line ends": text.replace("\n", "\r\n"),
        "no last line end": text.rstrip("\n"),
    }
    for what, variant in variants.items():
        found = [dict(record.fields) for record in subject.read(variant.encode())]
        require(found == expected, f"with {what} read gives {found!r:.300}")


def compressed(subject: ReaderSubject) -> None:
    """A file named .gz is decompressed on the way (`nlpengine.data.read_lines` does it)."""
    packed = subject.read(gzip.compress(subject.text.encode()), ".gz")
    found = [dict(record.fields) for record in packed]
    require(found == [dict(row) for row in subject.rows], f"of a .gz read gives {found!r:.300}")


def refuses(subject: ReaderSubject) -> None:
    """A mistake is a DataError with file and line, a missing file one with its name."""
    missing = str(subject.folder / "nowhere.x")
    try:
        list(subject.reader.read(missing))
    except DataError as error:
        require(str(error).startswith(missing), f"the error of a missing file says {error}")
    except Exception as error:
        raise AssertionError(
            f"a missing file raises {type(error).__name__}: {error}, not a DataError"
        ) from error
    else:
        raise AssertionError("a missing file is read as if it were empty")
    if subject.broken is None:
        return
    require(subject.broken, "broken: give at least one file with a mistake, and its line")
    for content, line in subject.broken.items():
        path = subject.write(content.encode(errors="surrogateescape"))
        try:
            list(subject.reader.read(path))
        except DataError as error:
            require(
                str(error).startswith(f"{path}:{line}: "),
                f"the mistake in line {line} of {content!r:.60} is told as {str(error)!r:.160}",
            )
        else:
            raise AssertionError(f"the mistake in line {line} of {content!r:.60} is not noticed")


def hostile(subject: ReaderSubject) -> None:
    """Whatever a file holds, there are records or a DataError that names it."""
    for what, content in HOSTILE.items():
        path = subject.write(content)
        try:
            records = list(subject.reader.read(path))
        except DataError as error:
            require(str(error).startswith(path), f"the error for {what} names no file: {error}")
        except Exception as error:
            raise AssertionError(f"{what} raises {type(error).__name__}: {error}") from error
        else:
            require(all(isinstance(r, Record) for r in records), f"{what}: no Records")


def lines_known(subject: ReaderSubject) -> None:
    """looks_like knows this format's first lines, and no other's."""
    looks_like = subject.reader.looks_like
    if looks_like is None:
        raise NotApplicable("the reader doesn't know its files by their lines")
    own = [line for line in subject.text.splitlines() if line.strip()][:50]
    require(looks_like(own), "looks_like doesn't know the lines of this format")
    for lines in STRANGE:
        require(not looks_like(lines), f"looks_like takes {lines[0]!r} for this format")


CHECKS: Mapping[str, Check] = {
    check.__name__: check
    for check in (spec, reads, line_ends, compressed, refuses, hostile, lines_known)
}
"""Name → check; its docstring says in a line what must hold."""
