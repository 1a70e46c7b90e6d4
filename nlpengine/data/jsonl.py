"""JSON lines → records: one object a line, its values kept as JSON has them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NoReturn

from nlpengine.data.lines import StrPath, read_lines
from nlpengine.data.records import Origin, Record
from nlpengine.data.strict_json import check_surrogates, parse_json
from nlpengine.errors import DataError


def read_jsonl(path: StrPath, *, surrogates: bool = False) -> Iterator[Record]:
    """Read a file with one JSON object a line.

    Args:
        path: The file.
        surrogates: Let half surrogate pairs through, for a caller that judges row by row.

    Yields:
        One record a line; blank lines are skipped.

    Raises:
        DataError: See :func:`nlpengine.data.lines.read_lines`; also a line that is no JSON object,
            names a key twice, nests over ``MAX_DEPTH`` levels, or holds what JSON or Unicode
            doesn't have (NaN, Infinity, half a surrogate pair).
    """
    name = os.fspath(path)
    for number, line in read_lines(name):
        if line.strip(" \t\r"):
            value = parse_json(
                line,
                name,
                number,
                what="JSON object",
                advice='Each line must hold one whole object, like {"text": "…"}',
            )
            if not isinstance(value, dict):
                _not_an_object(line, value, name, number)
            # Only an escape can bring in half a surrogate pair: the file's bytes are valid UTF-8.
            if not surrogates and "\\u" in line:
                check_surrogates(value, name, number)
            yield Record(value, Origin(name, number))


def _not_an_object(line: str, value: object, path: str, number: int) -> NoReturn:
    column = len(line) - len(line.lstrip(" \t")) + 1
    kinds = {list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    kind = kinds.get(type(value), "a number")
    advice = 'Each line must hold one object, like {"text": "…"}'
    if isinstance(value, list) and number == 1:
        advice += "; to turn an array into lines: jq -c '.[]' OLD > NEW.jsonl"
    raise DataError(f"column {column}: {kind}, not a JSON object. {advice}", path, number)
