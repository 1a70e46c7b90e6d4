"""Data sets of the Hugging Face Hub → records, through the ``datasets`` library and its cache."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from typing import Any

from nlpengine.data.parquet import batch_records, class_names
from nlpengine.data.records import Record, SplitName
from nlpengine.data.sniff import data_suffixes, split_suffix
from nlpengine.data.split_names import HUB_NAMES
from nlpengine.errors import DataError

_ID = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)"
    r"(@(?P<revision>[\w./-]+))?(:(?P<config>[\w.-]+))?"
)
_BATCH_ROWS = 4096
_TRUE = ("1", "ON", "YES", "TRUE")
_ADVICE = (
    "Check the name, the network, and whether the set needs a login or a configuration "
    "(owner/name:config)"
)
_OFFLINE_ADVICE = (
    "HF_HUB_OFFLINE is set and the set is not in the local cache: unset it, or load the set once "
    "where there is a network"
)

HubSplits = tuple[dict[SplitName, tuple[Record, ...]], dict[str, str], tuple[str, ...]]
"""Records per split, sha256 of each split's rows, notes."""


def looks_like_hub_id(source: str) -> bool:
    """Whether ``source`` could be ``owner/name[@revision][:config]`` and no data file's name."""
    suffixes = {*data_suffixes(["conll"]), ".txt"}
    is_file = source.lower().endswith(".gz") or split_suffix(source)[1] in suffixes
    return bool(_ID.fullmatch(source)) and not is_file


def read_hub(dataset_id: str, config: str | None = None) -> HubSplits:
    """Load a data set of the Hub; from the local cache alone where ``HF_HUB_OFFLINE`` is set.

    Class numbers become class names, and -1 (no label) None.

    Args:
        dataset_id: ``owner/name[@revision][:config]``.
        config: The configuration, where the id names none.

    Returns:
        Per split of train, dev and test that the set has: its records, origins being the id with
        ``#split`` and the row; sha256 of its rows; notes on what was not read.

    Raises:
        DataError: The id is malformed, the set can't be had, or it has none of the splits.
    """
    match = _ID.fullmatch(dataset_id)
    if match is None:
        raise DataError(
            "not a Hub data set's id. Write it as owner/name, owner/name@revision or "
            "owner/name:config",
            dataset_id,
        )
    loaded = _load(dataset_id, match["name"], match["config"] or config, match["revision"])
    splits: dict[SplitName, tuple[Record, ...]] = {}
    fingerprints: dict[str, str] = {}
    notes: list[str] = []
    for theirs, rows in loaded.items():
        split = HUB_NAMES.get(str(theirs))
        if split is None:
            notes.append(f"split {theirs!r} of {dataset_id} was not read.")
            continue
        if split in splits:
            raise DataError(
                f"two splits of this data set are {split}: {', '.join(loaded)}. "
                "Save the ones you want to files",
                dataset_id,
            )
        where = f"{dataset_id}#{theirs}"
        splits[split], unlabelled = _records(rows, where)
        fingerprints[where] = _fingerprint(splits[split])
        if split == "test" and unlabelled:
            notes.append(f"the test split of {dataset_id} has no labels: all of them are -1.")
    if not splits:
        raise DataError(
            f"no split called train, validation or test; the data set has {', '.join(loaded)}. "
            "Save the one you want to a file",
            dataset_id,
        )
    return splits, fingerprints, tuple(notes)


def _load(
    dataset_id: str, name: str, config: str | None, revision: str | None
) -> Mapping[str, Any]:
    try:
        import datasets

        loaded: Mapping[str, Any] = datasets.load_dataset(name, config, revision=revision)
    except Exception as error:  # whatever it is, it is said in one sentence and not as a trace
        offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in _TRUE
        advice = _OFFLINE_ADVICE if offline else _ADVICE
        # Called where no such path exists: a mistyped path looks like an id.
        said = " ".join(str(error).split())[:300] or type(error).__name__
        asked = f"{name}" + (f", configuration {config!r}" if config else "")
        asked += f", revision {revision!r}" if revision else ""
        raise DataError(
            f"no file or folder of this name, and no data set {asked} could be loaded from the "
            f"Hugging Face Hub. {advice}. ({said})",
            dataset_id,
        ) from error
    return loaded


def _records(rows: Any, where: str) -> tuple[tuple[Record, ...], bool]:
    """The records, and whether a column of classes holds nothing but -1."""
    names = class_names(rows.features.to_dict())
    records: list[Record] = []
    for table in rows.with_format("arrow").iter(batch_size=_BATCH_ROWS):
        records += batch_records(table, names, where, len(records) + 1)
    unlabelled = any(all(record.fields[name] is None for record in records) for name in names)
    return tuple(records), bool(records) and unlabelled


def _fingerprint(records: tuple[Record, ...]) -> str:
    # Of the rows, not of the cache's files: those differ between versions of the library.
    digest = hashlib.sha256()
    for record in records:
        digest.update(json.dumps(record.fields, sort_keys=True).encode() + b"\n")
    return digest.hexdigest()
