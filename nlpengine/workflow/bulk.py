"""Predict a file of any length: order is kept, and a bad row never stops the others."""

from __future__ import annotations

import itertools
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from nlpengine.data.columns import Column, resolve_columns
from nlpengine.data.conll import read_conll
from nlpengine.data.delimited import read_csv, read_tsv
from nlpengine.data.jsonl import read_jsonl
from nlpengine.data.lines import read_lines
from nlpengine.data.parquet import read_parquet
from nlpengine.data.readers import NO_READERS, Readers
from nlpengine.data.records import Origin, Record
from nlpengine.data.sniff import SUFFIXES, split_suffix, task_format
from nlpengine.data.sources import TASK_READERS
from nlpengine.errors import DataError, RowError, UsageError
from nlpengine.workflow.model import Model

FORMATS: tuple[str, ...] = ("csv", "tsv", "jsonl", "parquet", "text")
"""Formats that every task's rows come in."""

READERS: Mapping[str, Callable[[str], Iterator[Record]]] = {
    "csv": read_csv,
    "tsv": read_tsv,
    "jsonl": lambda path: read_jsonl(path, surrogates=True),
    "parquet": read_parquet,
}
_TASK_READERS: Mapping[str, Callable[[str, list[str]], Iterator[Record]]] = {
    **TASK_READERS,
    "conll": partial(read_conll, gold=False),
}


def row_format(name: str, formats: Sequence[str] = (), readers: Readers = NO_READERS) -> str:
    """The format of a file: one of the task's own by its lines, else what its name says.

    ``.txt`` is a text a line, and so is standard input.

    Args:
        name: The file; ``-`` for standard input.
        formats: The task's own.
        readers: Formats of plugins.

    Raises:
        UsageError: Name and lines say nothing.
        DataError: The file can't be read.
    """
    own = task_format(name, formats) if name != "-" else None
    if own is not None:
        return own
    suffix = split_suffix(Path(name).name)[1]
    if name == "-" or suffix == ".txt":
        return "text"
    known = SUFFIXES.get(suffix)
    if known is not None:
        return known
    if (reader := readers.by_suffix(suffix)) is not None:
        return reader.name
    raise UsageError(
        f"{name}: the name doesn't say the format. Name it with --format "
        f"{'|'.join((*FORMATS, *formats, *readers.names))}."
    )


def read_rows(
    path: str,
    kind: str,
    field: str,
    notes: list[str] | None = None,
    readers: Readers = NO_READERS,
) -> Iterator[Record]:
    """Read rows one by one.

    Args:
        path: A file; ``-`` for standard input.
        kind: Its format; "text" is one text a line.
        field: The field that a line of text is.
        notes: Gets sentences on what a task's own format left out.
        readers: Formats of plugins.

    Raises:
        DataError: The file can't be read, or is no such format from some line on.
    """
    said: list[str] = [] if notes is None else notes
    if kind in _TASK_READERS:
        yield from _kept(path, lambda file: _TASK_READERS[kind](file, said))
        return
    if kind not in FORMATS and (reader := readers.by_name(kind)) is not None:
        yield from _kept(path, reader.read)
        return
    path = "/dev/stdin" if path == "-" else path
    if kind != "text":
        yield from READERS[kind](path)
        return
    for number, line in read_lines(path):
        yield Record({field: line}, Origin(path, number))


def _kept(path: str, read: Callable[[str], Iterator[Record]]) -> Iterator[Record]:
    """Rows of a reader that may look at a file more than once: a stream is kept first."""
    if path != "-":
        yield from read(path)
        return
    with tempfile.NamedTemporaryFile(prefix="stdin-") as kept:
        shutil.copyfileobj(sys.stdin.buffer, kept)
        kept.flush()
        yield from read(kept.name)


def predict_rows(
    model: Model, records: Iterable[Record], mapping: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """Output rows for input rows, in order.

    A row keeps all its columns and gets the prediction's; one that can't be predicted gets
    ``error`` instead. A column of the input that is named like one of the prediction's is kept as
    ``input_NAME``. Rows needn't all have the same columns: each goes by its own.

    Args:
        model: The model.
        records: Rows under the file's own column names.
        mapping: Field → column.

    Raises:
        DataError: The input columns can't be found in the first row.
    """
    waiting: deque[tuple[Record, str | None]] = deque()

    def renamed() -> Iterator[Record]:
        source = iter(records)
        first = next(source, None)
        if first is None:
            return
        resolve_columns(list(first.fields), model.read, mapping, first.origin.path)
        columns_of = _columns_by_row(model.read, mapping)
        for record in itertools.chain([first], source):
            columns, problem = columns_of(tuple(record.fields))
            waiting.append((record, problem))
            # One with a problem goes along, so that rows and answers stay in step.
            fields = {
                name: None if own is None else record.fields[own] for name, own in columns.items()
            }
            yield Record(fields, record.origin)

    for answer in model.predict(renamed(), errors="return"):
        record, problem = waiting.popleft()
        if problem is None and isinstance(answer, RowError):
            problem = answer.problem
        found = answer.to_json() if problem is None else {"error": problem}
        row = record.fields
        kept = {f"input_{name}" if name in found else name: value for name, value in row.items()}
        yield {**kept, **found}


def _columns_by_row(
    wanted: Sequence[Column], mapping: Mapping[str, str]
) -> Callable[[tuple[str, ...]], tuple[Mapping[str, str | None], str | None]]:
    """Names of a row's columns → field → the column, and what is wrong with them.

    A required field that has no column has None, about which the task has its own words.
    """
    needed = dict.fromkeys(column.name for column in wanted if column.required)
    optional = [replace(column, required=False) for column in wanted]

    @lru_cache(256)
    def found(names: tuple[str, ...]) -> tuple[Mapping[str, str | None], str | None]:
        try:
            return {**needed, **resolve_columns(names, optional, mapping, "")}, None
        except DataError as error:
            return needed, error.problem

    return found
