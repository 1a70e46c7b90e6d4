"""CSV and TSV with a header line → records whose values are strings as they stand in the file."""

from __future__ import annotations

import os
from collections.abc import Iterator

from nlpengine.data.csv_rows import QUOTE_ADVICE, CsvRows
from nlpengine.data.lines import StrPath, read_lines
from nlpengine.data.records import Origin, Record
from nlpengine.errors import DataError


def read_csv(path: StrPath) -> Iterator[Record]:
    """Read a comma-separated file with a header.

    A field that starts with a double quote is quoted and may hold commas, line breaks and doubled
    quotes; a quote inside an unquoted field is text. Wholly empty lines are skipped.

    Yields:
        One record a row, at the line where the row starts.

    Raises:
        DataError: See :func:`nlpengine.data.lines.read_lines`; also a bad header, a wrong number of
            columns, or a quote that isn't closed (at the line where it opened).
    """
    return _records(os.fspath(path), CsvRows(os.fspath(path)).rows(), ",")


def read_tsv(path: StrPath) -> Iterator[Record]:
    """Read a tab-separated file with a header; quotes are text like any other character.

    Yields:
        One record a line; wholly empty lines are skipped.

    Raises:
        DataError: See :func:`nlpengine.data.lines.read_lines`; also a bad header or a wrong number
            of columns.
    """
    name = os.fspath(path)
    rows = ((number, number, line.split("\t")) for number, line in read_lines(name) if line)
    return _records(name, rows, "\t")


def _records(
    path: str, rows: Iterator[tuple[int, int, list[str]]], separator: str
) -> Iterator[Record]:
    header: list[str] | None = None
    for first, last, cells in rows:
        if header is None:
            header = _header(cells, separator, path, first)
        elif len(cells) != len(header):
            raise DataError(_miscounted(cells, header, first, last, separator), path, first)
        else:
            yield Record(dict(zip(header, cells, strict=True)), Origin(path, first))
    if header is None:
        raise DataError("the file is empty: a header line with column names is needed", path)


def _header(cells: list[str], separator: str, path: str, line: int) -> list[str]:
    names = [cell.strip() for cell in cells]
    if any("\r" in name for name in names):
        raise DataError(
            "lines end in a lone carriage return. Convert the file, for example: tr '\\r' '\\n'",
            path,
            line,
        )
    if separator == "," and len(names) == 1:
        for mark, said in ((";", "semicolons"), ("\t", "tabs")):
            if mark in names[0]:
                advice = "Name it .tsv" if mark == "\t" else "Save it with commas"
                raise DataError(
                    f"the header has one column, {names[0]!r}: is the file separated by {said}? "
                    f"{advice}",
                    path,
                    line,
                )
    for index, name in enumerate(names):
        if not name:
            raise DataError(
                f"column {index + 1} of the header has no name. Name it, or save the file "
                "without it",
                path,
                line,
            )
        if name in names[:index]:
            raise DataError(
                f"the header names column {name!r} twice (columns {names.index(name) + 1} and "
                f"{index + 1}). Rename one",
                path,
                line,
            )
    return names


def _miscounted(cells: list[str], header: list[str], first: int, last: int, separator: str) -> str:
    problem = f"{_columns(len(cells))} where the header has {len(header)}. "
    if last > first:
        return problem + f"The row runs to line {last}: is a quote missing? {QUOTE_ADVICE}"
    if separator == ",":
        return problem + 'Put values that hold a comma in double quotes ("…")'
    return problem + "A value can't hold a tab or a line break"


def _columns(count: int) -> str:
    return f"{count} column" + "s" * (count != 1)
