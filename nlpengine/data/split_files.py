"""Which file of a folder is which split, going by the names; shards are joined, twins refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from nlpengine.data.folders import entries_of
from nlpengine.data.readers import NO_READERS, Readers
from nlpengine.data.records import SplitName
from nlpengine.data.sniff import data_suffixes, split_suffix
from nlpengine.data.split_names import SPLIT_NAMES, parts_of, split_of
from nlpengine.errors import DataError

_SHARD = re.compile(r"(?P<stem>.+)-(?P<index>\d{5})-of-(?P<count>\d{5})")
_PAPERS = ("readme", "license", "licence")
_MATCHED, _MISMATCHED = "matched", "mismatched"

Files = dict[SplitName, list[Path]]


def find_split_files(
    folder: Path, formats: Sequence[str], notes: list[str], readers: Readers = NO_READERS
) -> Files:
    """Find the files of each split: ``train.csv`` before ``sts-train.csv``, shards in order.

    Of MultiNLI's two dev (and test) splits the matched one is taken. What isn't read is said in
    ``notes``.

    Raises:
        DataError: Several files are one split, or shards are missing.
    """
    whole: Files = {}
    partial: Files = {}
    others: list[str] = []
    suffixes = {*data_suffixes(formats), ".txt"}
    for path in entries_of(folder):
        name = path.name.lower()
        if path.is_dir():
            others += [] if name in SPLIT_NAMES else [f"{path.name}/"]
            continue
        if name.startswith(_PAPERS) or name.endswith(".md"):
            continue
        shard = _shard(path)
        stem, suffix = split_suffix(name)
        stem = shard["stem"] if shard else stem
        if split := SPLIT_NAMES.get(stem):
            whole.setdefault(split, []).append(path)
        # A name that says it in part may be any file about the split: only data files count.
        elif (split := split_of(stem)) and (suffix in suffixes or readers.by_suffix(suffix)):
            partial.setdefault(split, []).append(path)
        else:
            others.append(path.name)
    found = dict(whole)
    for split, paths in partial.items():
        if split in whole:
            others += [path.name for path in paths]
        else:
            found[split] = _matched(split, _without_twins(paths, notes), notes)
    for split, paths in found.items():
        if len(paths) > 1 or _shard(paths[0]):
            _check_shards(split, paths, folder)
    if others:
        notes.append(f"not read, going by the names: {', '.join(sorted(others))}.")
    return found


def _without_twins(paths: Sequence[Path], notes: list[str]) -> list[Path]:
    """SNLI and MultiNLI come as JSON lines and as a table, ``.txt``: the first alone is read."""
    stems = {split_suffix(path.name)[0] for path in paths if path.suffix == ".jsonl"}
    twins = [p for p in paths if p.suffix == ".txt" and split_suffix(p.name)[0] in stems]
    for twin in twins:
        notes.append(f"{twin.name} was not read: {twin.stem}.jsonl is read, by the same name.")
    return [path for path in paths if path not in twins]


def _matched(split: SplitName, paths: list[Path], notes: list[str]) -> list[Path]:
    """MultiNLI's matched file of its two; any other files as they are."""
    parts = [parts_of(path.name) for path in paths]
    if len(paths) != 2 or _MISMATCHED not in parts[1]:
        return paths
    if [_MATCHED if part == _MISMATCHED else part for part in parts[1]] != parts[0]:
        return paths
    matched, mismatched = paths
    notes.append(
        f"{mismatched.name} was not read: {matched.name} is the {split} split. To evaluate on it "
        f"too: nlpengine evaluate RUN --data {mismatched}"
    )
    return [matched]


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
