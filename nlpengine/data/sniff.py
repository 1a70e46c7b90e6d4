"""Which format a file is in: by its suffix, and where that says nothing, by its first lines."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import PurePath
from typing import Literal

from nlpengine.data.conll import looks_like_conll
from nlpengine.data.labelled import LABELLED_LINE
from nlpengine.data.lines import StrPath, read_lines
from nlpengine.data.readers import NO_READERS, Readers
from nlpengine.data.split_names import parts_of
from nlpengine.data.squad import looks_like_squad
from nlpengine.data.sts import looks_like_sts
from nlpengine.errors import DataError, PluginError, did_you_mean

Format = Literal["csv", "tsv", "jsonl", "parquet", "labelled"]
"""Formats that every task reads."""
TaskFormat = Literal["conll", "squad", "sts"]
"""Formats that are looked for where a task says that it reads them."""

SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}
SUPPORTED = (
    ".csv, .tsv, .jsonl (or .ndjson, .json with one object a line), each also as .gz; .parquet; "
    ".txt with lines of 'label text' or with tabs and a header"
)
CONLL_SUFFIXES = (".conll", ".bio", ".iob", ".iob2", ".bioes")

_TASK_FORMATS: dict[str, str] = {
    "conll": ".conll (or .bio, .iob, .iob2, .bioes, .tsv, .txt) with a word and its tag a line",
    "squad": ".json as SQuAD has it",
    "sts": ".csv as the STS benchmark has it",
}
"""Formats that a task may ask for → what their files are."""

_LINES = 50
_MOST_LABELS = 20


def split_suffix(name: str) -> tuple[str, str]:
    """Stem and lower-case suffix of a file name, ``.gz`` left out of both.

    >>> split_suffix("train.TSV.gz")
    ('train', '.tsv')
    """
    if name.lower().endswith(".gz"):
        name = name[:-3]
    path = PurePath(name)
    return path.stem, path.suffix.lower()


def supported(formats: Sequence[str] = (), readers: Readers = NO_READERS) -> str:
    """What is read, in words; ``formats`` are those the task reads beside the usual ones."""
    return "; ".join([SUPPORTED, *(_TASK_FORMATS[name] for name in formats)]) + readers.said()


def data_suffixes(formats: Sequence[str] = ()) -> tuple[str, ...]:
    """The suffixes that say a format."""
    return (*SUFFIXES, *(CONLL_SUFFIXES if "conll" in formats else ()))


def sniff(path: StrPath, formats: Sequence[str] = (), readers: Readers = NO_READERS) -> str:
    """Decide the format of a file: a `Format`, a `TaskFormat`, or the name of a reader's.

    Formats of the task come first: ``.conll`` and its like, and TSV, .txt or no suffix where the
    first 50 lines look like a word and a tag each; ``.json`` where the file is one SQuAD document;
    ``sts-*.csv``, and CSV, TSV or .txt whose first line is one of the STS benchmark.

    Without a suffix that says it, a file is ``label text`` lines if its first 50 lines that aren't
    empty all are, with at most 20 labels that come back; it is TSV if its first line holds a tab.
    Readers come last: by suffix, then by lines.

    Args:
        path: The file.
        formats: Of "conll", "squad" and "sts", those that the task reads.
        readers: Formats of plugins.

    Raises:
        DataError: None of the supported formats; or see :func:`nlpengine.data.lines.read_lines`.
        PluginError: ``formats`` names one that doesn't exist, or two readers take the file.
    """
    name = os.fspath(path)
    suffix = split_suffix(PurePath(name).name)[1]
    packed = name.lower().endswith(".gz")
    asked = task_format(name, formats)
    if asked is not None:
        return asked
    known = SUFFIXES.get(suffix)
    if known is not None and not (packed and known == "parquet"):
        return known
    if suffix not in ("", ".txt"):
        if (reader := readers.by_suffix(suffix)) is not None:
            return reader.name
        said = suffix + ".gz" * packed
        use = supported(formats, readers)
        raise DataError(f"{said} is not a supported format. Use {use}", name)
    lines = _first_lines(name)
    if _are_labelled(lines):
        return "labelled"
    if lines and "\t" in lines[0]:
        return "tsv"
    if lines and (reader := readers.by_lines(lines)) is not None:
        return reader.name
    problem = "the file is empty" if not lines else "the file's format can't be told from its lines"
    raise DataError(f"{problem}. Use {supported(formats, readers)}", name)


def task_format(name: str, formats: Sequence[str]) -> TaskFormat | None:
    """The format of a task's own that a file is in; None where it is in none.

    Args:
        name: The file.
        formats: Those that the task reads.

    Raises:
        DataError: The file can't be read.
        PluginError: ``formats`` names one that doesn't exist.
    """
    suffix = split_suffix(PurePath(name).name)[1]
    for unknown in (wanted for wanted in formats if wanted not in _TASK_FORMATS):
        raise PluginError(
            f"the task reads a format {unknown!r}, and there are {', '.join(_TASK_FORMATS)}."
            + did_you_mean(unknown, _TASK_FORMATS)
        )
    if "conll" in formats:
        if suffix in CONLL_SUFFIXES:
            return "conll"
        if suffix in (".tsv", ".txt", "") and looks_like_conll(_first_lines(name)):
            return "conll"
    if "squad" in formats and suffix == ".json" and looks_like_squad(name):
        return "squad"
    if "sts" in formats and suffix in (".csv", ".tsv", ".txt", ""):
        first = next(iter(_first_lines(name, 1)), "")
        by_name = suffix == ".csv" and parts_of(PurePath(name).name)[0] == "sts"
        # By its name only if the line could be one: a CSV of that name with a header stays one.
        if looks_like_sts(first) or (by_name and first.count("\t") > 1):
            return "sts"
    return None


def _first_lines(name: str, count: int = _LINES) -> list[str]:
    return list(islice((line for _, line in read_lines(name) if line), count))


def _are_labelled(lines: Sequence[str]) -> bool:
    matches = [LABELLED_LINE.fullmatch(line) for line in lines]
    labels = Counter(match[1] for match in matches if match)
    if not lines or None in matches or len(labels) > _MOST_LABELS:
        return False
    # Words that start a sentence come back too, but not all of them, nor so few of them.
    return min(labels.values()) > 1 or 2 * len(labels) <= len(lines)
