"""The rows of a CSV by RFC 4180, with the line on which each quoted field opens.

A state machine of our own because the standard one can't say on which line a quoted field opened,
which is the only useful line to name when a quote is missing, and because its limit on the size of
a field is one global for the whole process.
"""

from __future__ import annotations

from collections.abc import Iterator

from nlpengine.data.lines import MAX_LINE_BYTES, read_lines
from nlpengine.errors import DataError

MAX_FIELD_LINES = 1000
"""Lines that one quoted field may span; beyond that a quote is missing somewhere."""

QUOTE_ADVICE = 'Close the quote, and write a quote inside quotes twice ("")'


class CsvRows:
    """Walks over the lines of a CSV; ``line``, ``number`` and ``at`` are where it stands."""

    def __init__(self, path: str) -> None:
        self.path = path
        # The carriage return stays: inside quotes it is part of the value.
        self.lines = read_lines(path, keep_cr=True)
        self.line = ""
        self.number = 0
        self.at = 0

    def rows(self) -> Iterator[tuple[int, int, list[str]]]:
        """Yield first line, last line and cells of every row that isn't wholly empty."""
        while self._advance():
            first = self.number
            if '"' not in self.line:
                plain = self.line.removesuffix("\r")
                if plain:
                    yield first, first, plain.split(",")
                continue
            cells = [self._cell()]
            while self.at < len(self.line):
                self.at += 1  # over the comma
                cells.append(self._cell())
            yield first, self.number, cells

    def _advance(self) -> bool:
        entry = next(self.lines, None)
        if entry is None:
            return False
        (self.number, self.line), self.at = entry, 0
        return True

    def _cell(self) -> str:
        """Read the cell at ``at``; leave ``at`` on the comma after it or at the line's end."""
        if self.line.startswith('"', self.at):
            return self._quoted()
        start, self.at = self.at, self.line.find(",", self.at)
        if self.at >= 0:
            return self.line[start : self.at]
        self.at = len(self.line)
        return self.line[start:].removesuffix("\r")

    def _quoted(self) -> str:
        opened, size = self.number, 0
        pieces: list[str] = []
        self.at += 1
        while True:
            end = self.line.find('"', self.at)
            piece = self.line[self.at :] + "\n" if end < 0 else self.line[self.at : end]
            pieces.append(piece)
            size += len(piece)
            if end < 0:
                self._next_line_of_quoted(opened, size)
            elif self.line.startswith('"', end + 1):
                pieces.append('"')
                self.at = end + 2
            else:
                self.at = end + 1
                self._after_quoted(opened)
                return "".join(pieces)

    def _next_line_of_quoted(self, opened: int, size: int) -> None:
        if not self._advance():
            problem = "the quote that opens in this line is never closed"
        elif self.number - opened >= MAX_FIELD_LINES:
            problem = (
                f"the quote that opens in this line isn't closed within {MAX_FIELD_LINES:,} lines"
            )
        elif size > MAX_LINE_BYTES:
            problem = (
                f"the quoted value that opens in this line is over {MAX_LINE_BYTES:,} characters"
            )
        else:
            return
        raise DataError(f"{problem}. {QUOTE_ADVICE}", self.path, opened)

    def _after_quoted(self, opened: int) -> None:
        rest = self.line[self.at :]
        if rest == "\r":
            self.at = len(self.line)
        elif rest and rest[0] != ",":
            where = "this line" if opened == self.number else f"line {self.number}"
            raise DataError(
                f"the quote that opens in this line closes in {where}, but text follows it "
                f"({rest[:20]!r}). {QUOTE_ADVICE}",
                self.path,
                opened,
            )
