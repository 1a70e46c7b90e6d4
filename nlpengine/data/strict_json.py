"""JSON as the standard has it: no key twice, no NaN, no half characters, no deep nests."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import NoReturn

from nlpengine.errors import DataError

MAX_DEPTH = 100
"""Levels of nesting; deeper is no data, and would exhaust the parser's stack."""

JsonPath = tuple[str | int, ...]
"""Where a value stands in a document: keys and 0-based places in arrays."""

_STRING = r'"[^"\\]*(?:\\.[^"\\]*)*"'
_BRACKETS = re.compile(rf"{_STRING}|([\[{{])|([\]}}])")
_NUMBERS = re.compile(rf"{_STRING}|(-?(?:Infinity|NaN|\d[\d.eE+-]*))")
_TOKENS = re.compile(rf"({_STRING})(\s*:)?|[\[\]{{}},]")


def parse_json(text: str, path: str, line: int, *, what: str, advice: str) -> object:
    """Parse one JSON value.

    Args:
        text: The value, and nothing else but blanks.
        path: The file, for messages.
        line: 1-based line at which ``text`` starts.
        what: What ``text`` should have been, for the message that it isn't.
        advice: What to do where it isn't.

    Raises:
        DataError: Not JSON; a key twice in one object; NaN, Infinity or a number too large; nested
            over ``MAX_DEPTH`` levels.
    """
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _check_depth(text, path, line)
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite
        )
    except json.JSONDecodeError as error:
        raise DataError(
            f"no {what} at column {error.colno}: {error.msg}. {advice}",
            path,
            line + error.lineno - 1,
        ) from error
    except _Duplicate as error:
        raise DataError(
            f"key {str(error)!r} stands twice in one object. Remove one",
            path,
            line + _second_key(text),
        ) from None
    except ValueError as error:
        said = error if isinstance(error, _BadNumber) else "a number of too many digits"
        below, column = _place(text, _bad_number(text))
        raise DataError(
            f"column {column}: {said}. Write null where there is no number", path, line + below
        ) from None


def check_surrogates(value: object, path: str, line: int) -> None:
    """Refuse half a surrogate pair, which an escape can bring into a file that is valid UTF-8.

    Raises:
        DataError: One stands in a string of ``value``.
    """
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError as error:
        code = ord(error.object[error.start])
        raise DataError(
            f"\\u{code:04x} is half a surrogate pair, which is no character. Remove it, "
            "or write the pair",
            path,
            line,
        ) from error


def walk(text: str) -> Iterator[tuple[JsonPath, int]]:
    """Find the place in the text of every object and every key of a valid JSON document.

    Yields:
        An object's path with the offset of its brace; a key's path (its own name last) with the
        offset of its quote. A path that comes twice is a key that stands twice.
    """
    path: list[str | int] = []
    for token in _TOKENS.finditer(text):
        mark = token[0][0]
        if mark == '"':
            if token[2]:
                path[-1] = str(json.loads(token[1], strict=False))
                yield tuple(path), token.start()
        elif mark == "{":
            yield tuple(path), token.start()
            path.append("")
        elif mark == "[":
            path.append(0)
        elif mark == ",":
            place = path[-1]
            path[-1] = place + 1 if isinstance(place, int) else place
        else:
            path.pop()


class _Duplicate(ValueError):
    """An object names this key twice."""


class _BadNumber(ValueError):
    """What JSON has no number for."""


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


def _bad_number(text: str) -> int:
    """Offset of the first number in ``text`` that is not a finite float."""
    numbers = (match for match in _NUMBERS.finditer(text) if match[1] is not None)
    return next((n.start() for n in numbers if not math.isfinite(float(n[1]))), 0)


def _second_key(text: str) -> int:
    """Lines before the first key that its object has already named."""
    if "\n" not in text:
        return 0
    seen: set[JsonPath] = set()
    for path, offset in walk(text):
        # An object has the path of its key: told apart by what stands at the offset.
        if text[offset] == '"':
            if path in seen:
                return text.count("\n", 0, offset)
            seen.add(path)
    return 0


def _place(text: str, offset: int) -> tuple[int, int]:
    """Lines before ``offset``, and the 1-based column in its own line."""
    return text.count("\n", 0, offset), offset - text.rfind("\n", 0, offset)


def _check_depth(text: str, path: str, line: int) -> None:
    depth = 0
    for match in _BRACKETS.finditer(text):
        depth += bool(match[1]) - bool(match[2])
        if depth > MAX_DEPTH:
            below, column = _place(text, match.start())
            raise DataError(
                f"column {column}: nested more than {MAX_DEPTH} levels deep. Flatten the object",
                path,
                line + below,
            )
