"""CoNLL files → one record a sentence: a word a line in columns, blank lines between sentences."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from nlpengine.data.lines import StrPath, read_lines
from nlpengine.data.records import Origin, Record
from nlpengine.data.tags import tag_problem
from nlpengine.errors import DataError

_BLANKS = " \t\r"
_GAP = re.compile(r"[ \t]+")
_DOCUMENT = re.compile(r"# ?newdoc\b(?:\s+id\s*=\s*(?P<id>.*\S))?|#begin document(?P<rest>.*)")
_COMMENT = re.compile(r"#[ \t]+[\w.:-]+[ \t]*=|#(?:begin|end) document\b|# ?newdoc\b")
"""Comments that no line of a word can be taken for; ``# …`` is one too where its columns differ."""
_START = "-DOCSTART-"
_NO_TAG = "_"


def read_conll(
    path: StrPath, notes: list[str] | None = None, *, gold: bool = True
) -> Iterator[Record]:
    """Read a file with a word a line.

    The first column is the word, the last one its tag; those between aren't read. A file with a
    tab in its first line of a word is split at tabs alone, any other at runs of blanks. Lines of
    blanks alone part sentences; lines that begin ``# `` are comments, unless they have the
    columns of a word.

    Args:
        path: The file.
        notes: Gets sentences on lines and columns that were not read, and on what was mended.
        gold: Whether tags are to be learned from or scored, and so must be some; otherwise they
            may be anything, such as the ``_`` of a test set whose tags are kept back.

    Yields:
        One record a sentence, at the line where it begins, with the fields ``words``; ``tags``
        where the file has more than one column; ``document``, where ``-DOCSTART-`` lines or
        ``# newdoc`` and ``#begin document`` comments mark documents: the name in the comment, or
        the document's number (and which of both it is, where another one's is the same).

    Raises:
        DataError: See :func:`nlpengine.data.lines.read_lines`; also a changing number of columns,
            an empty word, a tag that is none, or a carriage return inside of a line.
    """
    name = os.fspath(path)
    reader = _Reader(name, *_layout(name), gold)
    yield from reader.sentences()
    if notes is not None:
        notes += reader.notes()


def looks_like_conll(lines: list[str]) -> bool:
    """Whether some lines are a word and its tag each, at least half of two or more.

    Prose may end in letters that are tags, too ("vitamin B", "blood type O"). So letters alone
    count only beside O or a tag with a label; and where no tab says that there are columns, two
    rows must have one of these, and all rows as many columns.
    """
    rows = [line for line in lines if line.strip(_BLANKS) and not _is_aside(line)]
    tabs = bool(rows) and "\t" in rows[0].strip(_BLANKS)
    cells = [_cells(line, tabs) for line in rows]
    last = [own[-1].strip() for own in cells if len(own) > 1]
    tags = [tag for tag in last if tag_problem(tag) is None]
    telling = sum(tag == "O" or "-" in tag for tag in tags)
    if not tabs and (telling < 2 or len({*map(len, cells)}) > 1):
        return False
    return telling > 0 and len(rows) > 1 and 2 * len(tags) >= len(rows)


def _is_start(line: str) -> bool:
    return line.startswith(_START) and line[len(_START) :][:1] in ("", *_BLANKS)


def _is_aside(line: str) -> bool:
    """Whether a line says nothing of the columns: a mark of a document, or likely a comment."""
    bare = line.strip(_BLANKS) == "#"
    return bare or line.startswith("# ") or _is_start(line) or _COMMENT.match(line) is not None


def _cells(line: str, tabs: bool) -> list[str]:
    return line.split("\t") if tabs else _GAP.split(line.strip(_BLANKS))


def _layout(path: str) -> tuple[bool, int, int]:
    """Whether the file is split at tabs, its number of columns, and the line that says so."""
    spare = (False, 1, 1)
    for number, line in read_lines(path):
        if not line.strip(_BLANKS) or line.startswith(_START):
            continue
        tabs = "\t" in line.strip(_BLANKS)
        columns = len(_cells(line, tabs))
        if not line.startswith("#"):
            return tabs, columns, number
        # Perhaps a word: it speaks for the file only where nothing else does.
        if spare == (False, 1, 1) and tabs:
            spare = (tabs, columns, number)
    return spare


@dataclass(slots=True)
class _Reader:
    """Walks over the lines of a file whose layout is known; counts what it leaves out."""

    path: str
    tabs: bool
    columns: int
    said: int
    gold: bool
    first: int = 0
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    document: str | None = None
    documents: int = 0
    named: dict[str, bool] = field(default_factory=dict)
    starts: int = 0
    comments: int = 0
    mended: list[int] = field(default_factory=list)
    judged: bool = False

    def sentences(self) -> Iterator[Record]:
        """Yield the sentences; blank lines and marks of documents end them, comments don't."""
        for number, line in read_lines(self.path):
            kind = self._kind(line)
            if kind == "word":
                self._word(line, number)
            elif kind == "comment":
                self.comments += 1
            elif self.words:
                yield self._sentence()
            if kind == "document":
                self._begin_document(line)
        if self.words:
            yield self._sentence()

    def _kind(self, line: str) -> Literal["blank", "document", "comment", "word"]:
        if not line.strip(_BLANKS):
            return "blank"
        if _is_start(line):
            return "document"
        if not line.startswith("#") or line.startswith("#\t"):
            return "word"
        if not (self.tabs and "\t" in line) and _COMMENT.match(line):
            return "document" if _DOCUMENT.match(line) else "comment"
        bare = line.strip(_BLANKS) == "#"
        if not bare and not line.startswith("# "):
            return "word"
        cells = _cells(line, self.tabs)
        if len(cells) != self.columns:
            return "comment"
        # In a column of words, # alone is likelier a word than a comment without words.
        tagged = tag_problem(cells[-1].strip()) is None or (not self.gold and cells[-1] == _NO_TAG)
        return "word" if self.columns == 1 or tagged else "comment"

    def _begin_document(self, line: str) -> None:
        self.documents += 1
        match = _DOCUMENT.match(line)
        name = (match["id"] or match["rest"] or "").strip() if match else ""
        self.document = name or str(self.documents)
        # A name may be the number of a document without one: that makes them no single document.
        if self.named.setdefault(self.document, bool(name)) != bool(name):
            self.document += " (name)" if name else " (number)"
        self.starts += match is None

    def _word(self, line: str, number: int) -> None:
        kept = line.rstrip("\r")
        raw = _cells(kept, self.tabs)
        cells = [cell.strip(" ") for cell in raw]
        if len(cells) > 1:  # a word may be a blank of another kind, no label may
            cells[-1] = cells[-1].strip()
        if cells != raw or kept != line:
            self.mended.append(number)
        problem = self._problem(cells)
        if problem is not None:
            raise DataError(problem, self.path, number)
        if not self.words:
            self.first = number
        self.words.append(cells[0])
        if self.columns > 1:
            self.tags.append(cells[-1])

    def _problem(self, cells: list[str]) -> str | None:
        if any("\r" in cell for cell in cells):
            return (
                "a carriage return stands within the line. If lines end in it, convert the file, "
                "for example: tr '\\r' '\\n'; if not, remove it"
            )
        if len(cells) != self.columns:
            by = "a tab" if self.tabs else "blanks"
            return (
                f"{_columns(len(cells))} where line {self.said} has {self.columns}. Every line of "
                f"a word needs the same columns, parted by {by}, and sentences a blank line "
                "between them"
            )
        if not cells[0]:
            return "the word is empty. Write it in the first column, or remove the line"
        return tag_problem(cells[-1]) if self.gold and self.columns > 1 else None

    def _sentence(self) -> Record:
        self._judge()
        fields: dict[str, object] = {"words": self.words}
        if self.columns > 1:
            fields["tags"] = self.tags
        if self.document is not None:
            fields["document"] = self.document
        made = Record(fields, Origin(self.path, self.first))
        self.words, self.tags = [], []
        return made

    def _judge(self) -> None:
        """Refuse layouts (CoNLL-U, GermEval) whose first column is the word's number."""
        if self.judged or self.columns < 3 or len(self.words) < 3:
            return
        self.judged = True
        if self.words == [str(place + 1) for place in range(len(self.words))]:
            raise DataError(
                "the first column counts the words of the sentence, and must be the word itself. "
                "Remove the column, for example: cut -f2-",
                self.path,
                self.first,
            )

    def notes(self) -> list[str]:
        """Sentences on what was not read."""
        said = []
        if self.columns > 2:
            between = "column 2" if self.columns == 3 else f"columns 2 to {self.columns - 1}"
            said.append(f"{between} of {self.columns} not read, the last being the tag")
        for count, what in (
            (self.starts, f"{_START} lines mark documents and are no sentences"),
            (self.comments, "comment lines not read"),
        ):
            if count:
                said.append(f"{count:,} {what}")
        if self.mended:
            said.append(
                f"blanks around words or tags dropped in {len(self.mended):,} lines (the first: "
                f"{self.mended[0]})"
            )
        return [f"{self.path}: {'; '.join(said)}."] if said else []


def _columns(count: int) -> str:
    return f"{count} column" + "s" * (count != 1)
