"""The answers of a record, in any of the forms that published sets have."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NoReturn

from nlpengine import RowError
from nlpengine.data import Record

UNKNOWN = -1
"""Where an answer starts that came without an offset."""

Answers = tuple[tuple[str, int], ...]
"""(text, start in the context in code points)."""

_ADVICE = (
    'Write answers as [{"text": …, "answer_start": …}], as {"text": […], "answer_start": […]}, or '
    "as answer and answer_start"
)


def read_answers(record: Record) -> Answers | None:
    """What a record says of its answers.

    ``answers`` is a list of ``{"text": …, "answer_start": …}`` or of texts, or an object of two
    lists, or one text, with its offset in ``answer_start``; a table has the first as JSON. An
    offset may be missing.

    Args:
        record: ``answers``, ``answer_start`` and ``is_impossible`` are read.

    Returns:
        The answers; none where the question is said to be impossible, or the list is empty; None
        where nothing is said.

    Raises:
        RowError: Another form, or a contradiction with ``is_impossible``.
    """
    impossible = _flag(record)
    found = _read(record, record.fields.get("answers"), record.fields.get("answer_start"))
    if found is None:
        return () if impossible else None
    if impossible is not None and impossible == bool(found):
        said = "true, and there are answers" if impossible else "false, and there is no answer"
        _wrong(record, f"is_impossible is {said}. Mend one of the two")
    return found


def _read(record: Record, value: object, start: object) -> Answers | None:
    if isinstance(value, str):
        value = _from_json(record, value)
    if value is None or value == "":
        # An offset of -1 is how tables say that there is no answer.
        return () if value == "" and _whole(start) == UNKNOWN else None
    if isinstance(value, str):
        return ((_text(record, value), _start(record, start)),)
    if isinstance(value, Mapping):
        texts, starts = value.get("text"), value.get("answer_start")
        if isinstance(texts, str):
            return _read(record, texts, starts)
        return _zipped(record, texts, starts)
    if isinstance(value, list | tuple) and all(isinstance(one, str) for one in value):
        return _zipped(record, value, start)
    if not isinstance(value, list | tuple):
        _wrong(record, f"answers is {type(value).__name__} {value!r:.40}. {_ADVICE}")
    return tuple(_answer(record, one) for one in value)


def _from_json(record: Record, cell: str) -> object:
    """What a table's cell holds: a list or object of answers as JSON, or a text."""
    if cell[:1] not in ("{", "["):
        return cell
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        if re.match(r"[\[{].*'text'", cell, re.DOTALL):
            _wrong(record, f"answers is Python code, and not JSON: {cell!r:.60}. {_ADVICE}")
        return cell
    # An answer may stand in brackets itself, as a footnote's number does.
    known = isinstance(value, dict) or all(isinstance(one, str | dict) for one in value)
    return value if known else cell


def _answer(record: Record, value: object) -> tuple[str, int]:
    text = value.get("text") if isinstance(value, Mapping) else None
    if not isinstance(value, Mapping) or not isinstance(text, str):
        _wrong(record, f"an answer is {value!r:.60}. {_ADVICE}")
    return _text(record, text), _start(record, value.get("answer_start"))


def _zipped(record: Record, texts: object, starts: object) -> Answers:
    if not isinstance(texts, list | tuple) or not all(isinstance(text, str) for text in texts):
        _wrong(record, f"the texts of answers are {texts!r:.60}. {_ADVICE}")
    if starts is None:
        starts = [None] * len(texts)
    if not isinstance(starts, list | tuple) or len(starts) != len(texts):
        _wrong(record, f"{len(texts)} answers have the offsets {starts!r:.60}. {_ADVICE}")
    return tuple(
        (_text(record, text), _start(record, start))
        for text, start in zip(texts, starts, strict=True)
    )


def _text(record: Record, text: str) -> str:
    if not text.strip():
        _wrong(record, "an answer is empty. Leave the list of answers empty where there is none")
    return text


def _start(record: Record, value: object) -> int:
    if value is None or value == "":
        return UNKNOWN
    start = _whole(value)
    if start is not None and start >= 0:
        return start
    _wrong(record, f"answer_start is {value!r:.40}. It counts characters of the context from 0")


def _whole(value: object) -> int | None:
    """A whole number; a column of them with gaps has them with a point, and a table as texts."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,15}(\.0*)?", value):
        return int(value.partition(".")[0])
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _flag(record: Record) -> bool | None:
    value = record.fields.get("is_impossible")
    known = {"true": True, "1": True, "false": False, "0": False, "": None, "none": None}
    said = str(value).strip().lower()
    if said not in known:
        _wrong(record, f"is_impossible is {value!r:.40}. Write true or false")
    return known[said]


def _wrong(record: Record, problem: str) -> NoReturn:
    named = record.fields.get("id")
    where = f"question {named!r}: " if named is not None else ""
    raise RowError(f"{where}{problem}.", record.origin.path, record.origin.line)
