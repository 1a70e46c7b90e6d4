"""The aclImdb layout → records: ``split/LABEL/*.txt``, one text a file."""

from __future__ import annotations

import hashlib
from pathlib import Path

from nlpengine.data.lines import MAX_LINE_BYTES, decode_utf8, open_binary, reject_other_encodings
from nlpengine.data.records import Origin, Record, SplitName
from nlpengine.data.split_names import SPLIT_NAMES
from nlpengine.errors import DataError

UNLABELLED = "unsup"
"""The folder of aclImdb that holds texts without a label."""


def find_split_folders(source: Path) -> dict[SplitName, Path]:
    """Find the folders of ``source`` that are named like splits.

    Raises:
        DataError: Two folders are the same split, or one has no label folders.
    """
    found: dict[SplitName, Path] = {}
    for folder in entries_of(source):
        split = SPLIT_NAMES.get(folder.name.lower())
        if split is None or not folder.is_dir():
            continue
        if not _label_folders(folder):
            raise DataError(
                "a split's folder with no label folders in it. Put its texts into "
                f"{folder.name}/LABEL/*.txt, or remove it",
                folder,
            )
        if split in found:
            raise DataError(
                f"{found[split].name} and {folder.name} are both the {split} split. Remove one",
                source,
            )
        found[split] = folder
    return found


def read_split_folder(
    folder: Path,
) -> tuple[tuple[Record, ...], dict[str, str], tuple[str, ...]]:
    """Read one split: every ``*.txt`` of every label folder but ``unsup``.

    Args:
        folder: The split's folder; its parent is the data set's.

    Returns:
        Records with the fields ``text`` (the whole file, one line end at its end dropped) and
        ``label`` (the folder's name), sorted by label and file name; one sha256 per label folder,
        over names and contents, by ``split/label``; notes on what was not read.

    Raises:
        DataError: A file can't be read, is over 4 MiB or is not UTF-8 text.
    """
    records: list[Record] = []
    fingerprints: dict[str, str] = {}
    strays = [entry.name for entry in entries_of(folder) if not entry.is_dir()]
    notes = []
    for labelled in _label_folders(folder):
        where = f"{folder.name}/{labelled.name}"
        if labelled.name == UNLABELLED:
            notes.append(f"{where} was not read: its texts have no labels.")
            continue
        # One hash for the folder: the set may have 50,000 files, and a run's record is read by
        # people.
        digest = hashlib.sha256()
        for entry in entries_of(labelled):
            if entry.suffix.lower() != ".txt" or entry.is_dir():
                strays.append(f"{labelled.name}/{entry.name}")
                continue
            raw = _read(entry)
            digest.update(f"{entry.name}\0{len(raw)}\0".encode("utf-8", "surrogateescape") + raw)
            fields = {"text": _text(raw, entry), "label": labelled.name}
            records.append(Record(fields, Origin(str(entry), 1)))
        fingerprints[where] = digest.hexdigest()
    if strays:
        listed = (
            f"1 file ({strays[0]})" if len(strays) == 1 else f"{len(strays)} files ({strays[0]}, …)"
        )
        notes.append(f"{folder.name}: not read, being no .txt in a label folder: {listed}.")
    return tuple(records), fingerprints, tuple(notes)


def entries_of(folder: Path) -> list[Path]:
    """What lies in a folder, sorted by name, without hidden files.

    Raises:
        DataError: The folder can't be listed.
    """
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        raise DataError(
            f"the folder can't be listed: {error.strerror}. Check its permissions", folder
        ) from error


def _label_folders(folder: Path) -> list[Path]:
    return [entry for entry in entries_of(folder) if entry.is_dir()]


def _read(path: Path) -> bytes:
    with open_binary(path) as stream:
        raw = stream.read(MAX_LINE_BYTES + 1)
    if len(raw) > MAX_LINE_BYTES:
        raise DataError(
            f"the text is longer than {MAX_LINE_BYTES:,} bytes. In this layout each file is one "
            "text; "
            "cut it, or remove it",
            path,
        )
    return raw


def _text(raw: bytes, path: Path) -> str:
    reject_other_encodings(raw, path)
    text = decode_utf8(raw, path).removeprefix("\ufeff")
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
