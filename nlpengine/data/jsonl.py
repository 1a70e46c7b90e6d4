"""JSON lines → records: one object a line, its values kept as JSON has them."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from typing import NoReturn

from nlpengine.data.lines import StrPath, read_lines
from nlpengine.data.records import Origin, Record
from nlpengine.errors import DataError

MAX_DEPTH = 100
"""Levels of nesting; deeper is no data, and would exhaust the parser's stack."""

_STRING = r'"(?:[^"\\]|\\.)*"'
_BRACKETS = re.compile(rf"{_STRING}|([\[{{])|([\]}}])")
_NUMBERS = re.compile(rf"{_STRING}|(-?(?:Infinity|NaN|\d[\d.eE+-]*))")


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
            value = _parse(line, name, number)
            # Only an escape can bring in half a surrogate pair: the file's bytes are valid UTF-8.
            if not surrogates and "\\u" in line:
                _check_surrogates(value, name, number)
            yield Record(value, Origin(name, number))


class _Duplicate(ValueError):
    """An object names this key twice."""


class _BadNumber(ValueError):
    """What JSON has no number for."""


def _parse(line: str, path: str, number: int) -> dict[str, object]:
    if line.count("[") + line.count("{") > MAX_DEPTH:
        _check_depth(line, path, number)
    try:
        value = json.loads(
            line, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        raise DataError(
            f"no JSON object at column {error.colno}: {error.msg}. "
            'Each line must hold one whole object, like {"text": "…"}',
            path,
            number,
        ) from error
    except _Duplicate as error:
        raise DataError(
            f"key {str(error)!r} stands twice in one object. Remove one", path, number
        ) from None
    except ValueError as error:
        said = error if isinstance(error, _BadNumber) else "a number of too many digits"
        raise DataError(
            f"column {_bad_number(line)}: {said}. Write null where there is no number",
            path,
            number,
        ) from None
    if not isinstance(value, dict):
        _not_an_object(line, value, path, number)
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Duplicate(key)
            seen.add(key)
    return made


def _no_number(constant: str) -> NoReturn:
    raise _BadNumber(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise _BadNumber(f"{digits} is too large a number")
    return number


def _bad_number(line: str) -> int:
    """1-based column of the first number in ``line`` that is not a finite float."""
    numbers = (match for match in _NUMBERS.finditer(line) if match[1] is not None)
    return next((n.start() + 1 for n in numbers if not math.isfinite(float(n[1]))), 1)


def _check_depth(line: str, path: str, number: int) -> None:
    depth = 0
    for match in _BRACKETS.finditer(line):
        depth += bool(match[1]) - bool(match[2])
        if depth > MAX_DEPTH:
            raise DataError(
                f"column {match.start() + 1}: nested more than {MAX_DEPTH} levels deep. Flatten "
                "the object",
                path,
                number,
            )


def _not_an_object(line: str, value: object, path: str, number: int) -> NoReturn:
    column = len(line) - len(line.lstrip(" \t")) + 1
    kinds = {list: "an array", str: "a string", bool: "true or false", type(None): "null"}
    kind = kinds.get(type(value), "a number")
    advice = 'Each line must hold one object, like {"text": "…"}'
    if isinstance(value, list) and number == 1:
        advice += "; to turn an array into lines: jq -c '.[]' OLD > NEW.jsonl"
    raise DataError(f"column {column}: {kind}, not a JSON object. {advice}", path, number)


def _check_surrogates(value: dict[str, object], path: str, number: int) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        code = ord(error.object[error.start])
        raise DataError(
            f"\\u{code:04x} is half a surrogate pair, which is no character. Remove it, "
            "or write the pair",
            path,
            number,
        ) from error
