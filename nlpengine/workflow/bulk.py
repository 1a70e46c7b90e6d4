"""Predict a file of any length: order is kept, and a bad row never stops the others."""

from __future__ import annotations

import itertools
import shutil
import sys
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
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
from nlpengine.errors import DataError, PluginError, RowError, UsageError
from nlpengine.workflow.joint import JointModel, JointPrediction
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


@dataclass(slots=True)
class Tally:
    """What became of the rows so far.

    Attributes:
        rows: All of them.
        errors: Those that have an error in the place of an answer; of several tasks', one counts.
    """

    rows: int = 0
    errors: int = 0


def predict_rows(
    model: Model | JointModel,
    records: Iterable[Record],
    mapping: Mapping[str, str],
    tally: Tally | None = None,
) -> Iterator[dict[str, Any]]:
    """Output rows for input rows, in order.

    A row keeps all its columns and gets the prediction's; one that can't be predicted gets
    ``error`` instead. In every row, whether it can be predicted or not, ``error`` and the names of
    the model's predictions (`answer_names`) are ours: a column of the input that is named like one
    of them is kept under the first free name of ``input_NAME``, ``input_input_NAME``, …; so is one
    that is named like what this row's prediction alone has. Rows needn't all have the same
    columns: each goes by its own.

    Args:
        model: The model.
        records: Rows under the file's own column names.
        mapping: Field → column.
        tally: Counts the rows as they are given out.

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

    tally = Tally() if tally is None else tally
    names = answer_names(model)
    ours = {"error", *names}
    for answer in model.predict(renamed(), errors="return"):
        record, problem = waiting.popleft()
        if problem is None and isinstance(answer, RowError):
            problem = answer.problem
        found = answer.to_json() if problem is None else {"error": problem}
        if not names:
            ours |= found.keys()
        tally.rows += 1
        partly = isinstance(answer, JointPrediction) and answer.failed
        tally.errors += problem is not None or partly
        yield {**_beside(record.fields, ours | found.keys()), **found}


def answer_names(model: Model | JointModel) -> frozenset[str]:
    """What the model's predictions are called in an output row, ``windows`` of long text included.

    Of several tasks' model they are the tasks. Of one task's they are learned from a probe, as
    tasks don't say them; there are none where the task can't answer it, and then each answer
    teaches its own.
    """
    if isinstance(model, JointModel):
        return frozenset(model.models)
    probe = Record(dict.fromkeys(model.needed, "a"), Origin("probe", 1))
    try:
        (answer,) = model.predict([probe], errors="return")
    except PluginError:  # one that counts on more than it declares may yet do well by real rows
        return frozenset()
    if isinstance(answer, RowError):
        return frozenset()
    return frozenset(answer.to_json()) | ({"windows"} if hasattr(answer, "windows") else set())


def _beside(row: Mapping[str, Any], ours: Set[str]) -> dict[str, Any]:
    """A row's own columns, under names that leave ours free; none takes another's."""
    if ours.isdisjoint(row):
        return dict(row)
    taken = {*ours, *row}
    kept: dict[str, Any] = {}
    for name, value in row.items():
        own = name
        while name in ours and own in taken:
            own = f"input_{own}"
        taken.add(own)
        kept[own] = value
    return kept


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
