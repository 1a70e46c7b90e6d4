"""What the user passed as ``data`` → tables: a file, a folder in a known layout, or a Hub set."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from nlpengine.data.conll import read_conll
from nlpengine.data.delimited import read_csv, read_tsv
from nlpengine.data.folders import find_split_folders, read_split_folder
from nlpengine.data.hub import looks_like_hub_id, read_hub
from nlpengine.data.jsonl import read_jsonl
from nlpengine.data.labelled import read_labelled
from nlpengine.data.parquet import read_parquet
from nlpengine.data.readers import NO_READERS, Readers
from nlpengine.data.records import Record, SplitName
from nlpengine.data.sniff import sniff, split_suffix, supported
from nlpengine.data.split_files import find_split_files
from nlpengine.data.squad import read_squad
from nlpengine.data.sts import read_sts
from nlpengine.errors import DataError, UsageError, did_you_mean

READERS: dict[str, Callable[[str], Iterator[Record]]] = {
    "csv": read_csv,
    "tsv": read_tsv,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "labelled": read_labelled,
}
TASK_READERS: dict[str, Callable[[str, list[str]], Iterator[Record]]] = {
    "conll": read_conll,
    "squad": read_squad,
    "sts": lambda path, notes: read_sts(path),
}
"""Readers of the formats that a task asks for; they add to a list of notes."""

_SAID = {
    "labelled": "lines of 'label text'",
    "tsv": "tab-separated with a header",
    "conll": "CoNLL (a word and its tag a line)",
    "sts": "the STS benchmark's (tabs, no header, score in column 5, sentences in 6 and 7)",
    "squad": "one SQuAD document each",
}
_TELLING = (".csv", ".tsv", ".json")
"""Suffixes that say a format, but are read as another where the task asks and the lines say so."""
_LAYOUTS = (
    "A folder needs train, dev (or valid, validation, val) and test as files "
    "(train.csv …) or as folders (train/LABEL/*.txt)"
)


@dataclass(frozen=True, slots=True)
class Table:
    """Records of one file, or of one split of a folder or Hub set, under their own columns."""

    path: str
    records: tuple[Record, ...]


@dataclass(slots=True)
class Source:
    """What was read.

    Attributes:
        whole: The table of a single file.
        splits: The tables of each split otherwise; several where a split comes in shards.
        fingerprints: sha256 of what was read.
        notes: Sentences on choices made.
    """

    whole: Table | None = None
    splits: dict[SplitName, list[Table]] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def read_source(
    source: str,
    only: SplitName | None = None,
    formats: Sequence[str] = (),
    readers: Readers = NO_READERS,
) -> Source:
    """Read a data set.

    Args:
        source: A file, a folder, or ``owner/name[@revision][:config]`` of the Hub where no such
            path exists.
        only: Read this split alone, where the source has splits.
        formats: Formats that the task reads beside the usual ones, see
            :func:`nlpengine.data.sniff.sniff`.
        readers: Formats of plugins, and what all files are, where that is said.

    Raises:
        DataError: Nothing there, a layout that isn't known or is ambiguous, or a file that can't be
            read.
        UsageError: The format that is asked for is none.
    """
    how = _How(tuple(formats), readers)
    path = Path(source)
    # os.path, not pathlib: a name that the system can't even look up is no error here.
    if os.path.isdir(path):
        return _read_folder(path, only, how)
    made = Source()
    if os.path.exists(path):
        made.whole = _read_file(path, how, made)
        return made
    if not looks_like_hub_id(source):
        raise DataError(
            "no such file or folder, and not a Hub data set's id either (owner/name). Check "
            "the path",
            source,
        )
    if readers.wanted is not None:
        raise UsageError(
            f"--format {readers.wanted}: is for files, and {source} is a Hub data set."
        )
    splits, made.fingerprints, notes = read_hub(source)
    made.notes += notes
    made.splits = {
        split: [Table(source, records)]
        for split, records in splits.items()
        if only in (None, split)
    }
    return made


@dataclass(frozen=True, slots=True)
class _How:
    """What files may be."""

    formats: tuple[str, ...]
    readers: Readers

    def kind_of(self, path: Path) -> str:
        """A file's format."""
        wanted = self.readers.wanted
        if wanted is None:
            return sniff(path, self.formats, self.readers)
        known = (*READERS, *self.formats, *self.readers.names)
        if wanted not in known:
            raise UsageError(
                f"--format {wanted}: no such format here.{did_you_mean(wanted, known)} "
                f"There are {', '.join(known)}."
            )
        return wanted

    def read(self, kind: str, path: str, notes: list[str]) -> Iterator[Record]:
        """The records of a file."""
        if kind in READERS:
            return READERS[kind](path)
        if kind in TASK_READERS:
            return TASK_READERS[kind](path, notes)
        reader = self.readers.by_name(kind)
        if reader is None:
            raise ValueError(f"no reader {kind!r}")
        return reader.read(path)


def _read_folder(folder: Path, only: SplitName | None, how: _How) -> Source:
    made = Source()
    files = find_split_files(folder, how.formats, made.notes, how.readers)
    folders = find_split_folders(folder)
    for split in files.keys() & folders.keys():
        raise DataError(
            f"{files[split][0].name} and {folders[split].name}/ are both the {split} split. "
            "Remove one",
            folder,
        )
    if not files and not folders:
        known = supported(how.formats, how.readers)
        raise DataError(f"no split found. {_LAYOUTS}; formats are {known}", folder)
    if folders and how.readers.wanted is not None:
        names = ", ".join(f"{path.name}/" for path in folders.values())
        wanted = how.readers.wanted
        raise UsageError(f"--format {wanted}: is for files, and {names} hold a file a text.")
    for split, paths in files.items():
        if only in (None, split):
            made.splits[split] = [_read_file(path, how, made) for path in paths]
    for split, path in folders.items():
        if only in (None, split):
            records, fingerprints, notes = read_split_folder(path)
            made.splits[split] = [Table(str(path), records)]
            made.fingerprints |= fingerprints
            made.notes += notes
    return made


def _read_file(path: Path, how: _How, made: Source) -> Table:
    kind = how.kind_of(path)
    suffix = split_suffix(path.name)[1]
    by_lines = suffix in ("", ".txt") or (suffix in _TELLING and kind in TASK_READERS)
    if by_lines and how.readers.wanted is None:
        what = f"{suffix} files" if suffix in _TELLING else "files without a telling suffix"
        note = f"{what} were read as {_SAID.get(kind, kind)}, going by their first lines."
        made.notes += [note] if note not in made.notes else []
    name = str(path)
    table = Table(name, tuple(how.read(kind, name, made.notes)))
    with open(path, "rb") as stream:
        made.fingerprints[path.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return table
