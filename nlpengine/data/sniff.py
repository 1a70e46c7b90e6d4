"""Which format a file is in: by its suffix, and where that says nothing, by its first lines."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import PurePath
from typing import Literal

from nlpengine.data.labelled import LABELLED_LINE
from nlpengine.data.lines import StrPath, read_lines
from nlpengine.data.records import SplitName
from nlpengine.errors import DataError

Format = Literal["csv", "tsv", "jsonl", "parquet", "labelled"]

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

SPLIT_NAMES: dict[str, SplitName] = {
    "train": "train",
    "dev": "dev",
    "valid": "dev",
    "validation": "dev",
    "val": "dev",
    "test": "test",
}
"""What published files, folders and Hub splits are called → our name for it."""

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


def sniff(path: StrPath) -> Format:
    """Decide the format of a file.

    Without a suffix that says it, a file is ``label text`` lines if its first 50 lines that aren't
    empty all are, with at most 20 labels that come back; it is TSV if its first line holds a tab.

    Raises:
        DataError: None of the supported formats; or see :func:`nlpengine.data.lines.read_lines`.
    """
    name = os.fspath(path)
    suffix = split_suffix(PurePath(name).name)[1]
    packed = name.lower().endswith(".gz")
    known = SUFFIXES.get(suffix)
    if known is not None and not (packed and known == "parquet"):
        return known
    if suffix not in ("", ".txt"):
        said = suffix + ".gz" * packed
        raise DataError(f"{said} is not a supported format. Use {SUPPORTED}", name)
    lines = list(islice((line for _, line in read_lines(name) if line), _LINES))
    if _are_labelled(lines):
        return "labelled"
    if lines and "\t" in lines[0]:
        return "tsv"
    problem = "the file is empty" if not lines else "the file's format can't be told from its lines"
    raise DataError(f"{problem}. Use {SUPPORTED}", name)


def _are_labelled(lines: Sequence[str]) -> bool:
    matches = [LABELLED_LINE.fullmatch(line) for line in lines]
    labels = Counter(match[1] for match in matches if match)
    if not lines or None in matches or len(labels) > _MOST_LABELS:
        return False
    # Words that start a sentence come back too, but not all of them, nor so few of them.
    return min(labels.values()) > 1 or 2 * len(labels) <= len(lines)
