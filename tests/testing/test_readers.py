"""The contract of readers: a correct one holds it, and each check catches its culprit."""

from __future__ import annotations

import dataclasses

import pytest

from nlpengine import DataError
from nlpengine.data import Origin, ReaderSpec, Record, read_lines
from nlpengine.testing.checking import run_check
from nlpengine.testing.reader_checks import CHECKS, ReaderSubject
from nlpengine.testing.reader_contract import ReaderContract

TEXT = "a good film|pos\n\na bad film|neg\n"
ROWS = ({"text": "a good film", "label": "pos"}, {"text": "a bad film", "label": "neg"})
BROKEN = {"a good film\n": 1, "a good film|pos\na|b|c\n": 2}


def read(path):
    for number, line in read_lines(path):
        if line.strip():
            parts = line.split("|")
            if len(parts) != 2:
                raise DataError("no text|label. Write one mark a line", path, number)
            text, label = parts
            yield Record({"text": text, "label": label}, Origin(str(path), number))


def looks_like(lines):
    return all(line.count("|") == 1 for line in lines)


READER = ReaderSpec("pipes", (".pipes",), read, looks_like)


class TestPipes(ReaderContract):
    reader = READER
    text = TEXT
    rows = ROWS
    broken = BROKEN


def everything_at_once(path):
    return list(read(path))


def counts_from_zero(path):
    for record in read(path):
        yield Record(record.fields, Origin(record.origin.path, record.origin.line - 1))


def by_python(path):
    with open(path, encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                text, label = line.rstrip("\n").split("|")
                yield Record({"text": text, "label": label}, Origin(path, number))


def skips_what_is_wrong(path):
    for number, line in read_lines(path):
        if line.count("|") == 1:
            text, label = line.split("|")
            yield Record({"text": text, "label": label}, Origin(path, number))


def without_a_line(path):
    try:
        yield from read(path)
    except DataError as error:
        raise DataError(error.problem, path) from error


def stumbles(path):
    for record in read(path):
        yield record
    if record is None:
        raise AssertionError


CULPRITS = {
    "a suffix of the core's": (dataclasses.replace(READER, suffixes=(".csv",)), "spec"),
    "a suffix in capitals": (dataclasses.replace(READER, suffixes=(".PIPES",)), "spec"),
    "not to be found": (dataclasses.replace(READER, suffixes=(), looks_like=None), "spec"),
    "all at once": (dataclasses.replace(READER, read=everything_at_once), "reads"),
    "lines from zero": (dataclasses.replace(READER, read=counts_from_zero), "reads"),
    "Python's own open: line ends": (dataclasses.replace(READER, read=by_python), "line_ends"),
    "Python's own open: gzip": (dataclasses.replace(READER, read=by_python), "compressed"),
    "Python's own open: errors": (dataclasses.replace(READER, read=by_python), "refuses"),
    "Python's own open: bytes": (dataclasses.replace(READER, read=by_python), "hostile"),
    "drops rows": (dataclasses.replace(READER, read=skips_what_is_wrong), "refuses"),
    "no line": (dataclasses.replace(READER, read=without_a_line), "refuses"),
    "an empty file": (dataclasses.replace(READER, read=stumbles), "hostile"),
    "takes all": (dataclasses.replace(READER, looks_like=lambda lines: True), "lines_known"),
    "knows none": (dataclasses.replace(READER, looks_like=lambda lines: False), "lines_known"),
}


@pytest.mark.parametrize("name", CULPRITS)
def test_the_check_catches_it(name, tmp_path):
    reader, check = CULPRITS[name]
    subject = ReaderSubject(reader, TEXT, ROWS, tmp_path, BROKEN)
    result = run_check(check, CHECKS[check], subject, {})
    assert result.status == "failed", check
    assert result.reason


def test_every_check_has_a_culprit():
    assert {check for _, check in CULPRITS.values()} == set(CHECKS)


def test_a_reader_without_a_mistake_to_show_is_not_enough(tmp_path):
    subject = ReaderSubject(READER, TEXT, ROWS, tmp_path)
    assert "give at least one file" in run_check("x", CHECKS["refuses"], subject, {}).reason
