"""The STS benchmark's files → records: tabs, no header, score and sentences in fixed columns."""

from __future__ import annotations

import os
from collections.abc import Iterator

from nlpengine.data.labels import parse_number
from nlpengine.data.lines import StrPath, read_lines
from nlpengine.data.records import Origin, Record
from nlpengine.errors import DataError

_NAMES = ("genre", "file", "year", "index", "score", "sentence1", "sentence2")
_SOURCES = ("source1", "source2")
_SCORE = _NAMES.index("score")


def read_sts(path: StrPath) -> Iterator[Record]:
    """Read a file of the STS benchmark (Cer et al. 2017) as published, ``sts-train.csv`` and so on.

    Quotes are text like any other character.

    Yields:
        One record a line, values being strings: genre, file, year, index, score, sentence1,
        sentence2 and, where the line has nine columns, source1 and source2. Wholly empty lines
        are skipped.

    Raises:
        DataError: See :func:`nlpengine.data.lines.read_lines`; also a number of columns other than
            7 or 9, or a score that is no number.
    """
    name = os.fspath(path)
    for number, line in read_lines(name):
        if not line:
            continue
        cells = line.split("\t")
        if len(cells) not in (len(_NAMES), len(_NAMES) + len(_SOURCES)):
            raise DataError(
                f"{len(cells)} column{'s' * (len(cells) != 1)} where a line of the STS benchmark "
                "has 7, or 9 with sources. A value can't hold a tab or a line break",
                name,
                number,
            )
        if parse_number(cells[_SCORE]) is None:
            raise DataError(
                f"column 5 holds {cells[_SCORE]!r:.60}, and must be the score, a number. Mend it, "
                "or remove the line",
                name,
                number,
            )
        yield Record(dict(zip((*_NAMES, *_SOURCES), cells, strict=False)), Origin(name, number))


def looks_like_sts(line: str) -> bool:
    """Whether a first line is one of the STS benchmark: 7 or 9 columns, a number in the 5th."""
    cells = line.split("\t")
    return len(cells) in (7, 9) and parse_number(cells[_SCORE]) is not None
