"""What the user passed as ``data`` → tables: a file, a folder in a known layout, or a Hub set."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from nlpengine.data.delimited import read_csv, read_tsv
from nlpengine.data.folders import entries_of, find_split_folders, read_split_folder
from nlpengine.data.hub import looks_like_hub_id, read_hub
from nlpengine.data.jsonl import read_jsonl
from nlpengine.data.labelled import read_labelled
from nlpengine.data.parquet import read_parquet
from nlpengine.data.records import Record, SplitName
from nlpengine.data.sniff import SPLIT_NAMES, SUPPORTED, Format, sniff, split_suffix
from nlpengine.errors import DataError

READERS: dict[Format, Callable[[str], Iterator[Record]]] = {
    "csv": read_csv,
    "tsv": read_tsv,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "labelled": read_labelled,
}

_SHARD = re.compile(r"(?P<stem>.+)-(?P<index>\d{5})-of-(?P<count>\d{5})")
_PAPERS = ("readme", "license", "licence")
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


def read_source(source: str, only: SplitName | None = None) -> Source:
    """Read a data set.

    Args:
        source: A file, a folder, or ``owner/name[@revision][:config]`` of the Hub where no such
            path exists.
        only: Read this split alone, where the source has splits.

    Raises:
        DataError: Nothing there, a layout that isn't known or is ambiguous, or a file that can't be
            read.
    """
    path = Path(source)
    # os.path, not pathlib: a name that the system can't even look up is no error here.
    if os.path.isdir(path):
        return _read_folder(path, only)
    made = Source()
    if os.path.exists(path):
        made.whole = _read_file(path, path.name, made)
        return made
    if not looks_like_hub_id(source):
        raise DataError(
            "no such file or folder, and not a Hub data set's id either (owner/name). Check "
            "the path",
            source,
        )
    splits, made.fingerprints, notes = read_hub(source)
    made.notes += notes
    made.splits = {
        split: [Table(source, records)]
        for split, records in splits.items()
        if only in (None, split)
    }
    return made


def _read_folder(folder: Path, only: SplitName | None) -> Source:
    made = Source()
    files = _split_files(folder, made.notes)
    folders = find_split_folders(folder)
    for split in files.keys() & folders.keys():
        raise DataError(
            f"{files[split][0].name} and {folders[split].name}/ are both the {split} split. "
            "Remove one",
            folder,
        )
    if not files and not folders:
        raise DataError(f"no split found. {_LAYOUTS}; formats are {SUPPORTED}", folder)
    for split, paths in files.items():
        if only in (None, split):
            made.splits[split] = [_read_file(path, path.name, made) for path in paths]
    for split, path in folders.items():
        if only in (None, split):
            records, fingerprints, notes = read_split_folder(path)
            made.splits[split] = [Table(str(path), records)]
            made.fingerprints |= fingerprints
            made.notes += notes
    return made


def _read_file(path: Path, name: str, made: Source) -> Table:
    kind = sniff(path)
    if split_suffix(name)[1] in ("", ".txt"):
        said = "lines of 'label text'" if kind == "labelled" else "tab-separated with a header"
        note = f"files without a telling suffix were read as {said}, going by their first lines."
        made.notes += [note] if note not in made.notes else []
    table = Table(str(path), tuple(READERS[kind](str(path))))
    with open(path, "rb") as stream:
        made.fingerprints[name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return table


def _split_files(folder: Path, notes: list[str]) -> dict[SplitName, list[Path]]:
    """The files of each split, shards in order; what else lies there is said in a note."""
    found: dict[SplitName, list[Path]] = {}
    others: list[str] = []
    for path in entries_of(folder):
        name = path.name.lower()
        if path.is_dir():
            others += [] if name in SPLIT_NAMES else [f"{path.name}/"]
            continue
        if name.startswith(_PAPERS) or name.endswith(".md"):
            continue
        shard = _shard(path)
        split = SPLIT_NAMES.get(shard["stem"] if shard else split_suffix(name)[0])
        if split is None:
            others.append(path.name)
        else:
            found.setdefault(split, []).append(path)
    for split, paths in found.items():
        if len(paths) > 1 or _shard(paths[0]):
            _check_shards(split, paths, folder)
    if others:
        notes.append(f"not read, going by the names: {', '.join(others)}.")
    return found


def _shard(path: Path) -> re.Match[str] | None:
    return _SHARD.fullmatch(split_suffix(path.name.lower())[0])


def _check_shards(split: SplitName, paths: list[Path], folder: Path) -> None:
    shards = [_shard(path) for path in paths]
    kinds = {(shard["stem"], shard["count"]) for shard in shards if shard}
    if None in shards or len(kinds) > 1:
        names = " and ".join(path.name for path in paths)
        raise DataError(f"{names} are all the {split} split. Leave one of them", folder)
    stem, count = kinds.pop()
    present = [int(shard["index"]) for shard in shards if shard]
    if present != list(range(int(count))):
        listed = ", ".join(path.name for path in paths)
        raise DataError(
            f"the {split} split needs every shard from {stem}-00000-of-{count} on, once; here "
            f"are {listed}. Fetch the others",
            folder,
        )
