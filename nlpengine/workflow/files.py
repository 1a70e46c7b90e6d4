"""Folders and files that appear whole or not at all, and are known to be as they were written."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from nlpengine.encoders.digest import file_sha256
from nlpengine.errors import DataError, UsageError

MANIFEST = "manifest.json"

_ROOM = "Make room there, or write elsewhere"
_WAY_OUT: Mapping[int, str] = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EFBIG: "Raise the limit on the size of files (ulimit -f), or write elsewhere",
    errno.EROFS: "Write elsewhere",
    errno.EACCES: "Change the permissions there, or name another place",
    errno.EIO: "Look at the disk, or name another place",
}
"""What a machine may refuse → what the user can do."""


def refused(error: OSError, what: object) -> UsageError | None:
    """What a machine refuses to do with a file, in words; None for any other error.

    Args:
        error: The error.
        what: What could not be written.
    """
    number = error.errno or 0
    way_out = _WAY_OUT.get(number)
    return UsageError(f"{what}: {os.strerror(number)}. {way_out}.") if way_out else None


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let an error of writing name the path, and one of safetensors' be the system's."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            error.filename = str(path)
        raise
    except Exception as error:
        number = re.search(r"\(os error (\d+)\)", str(error))
        if number is None or type(error).__name__ != "SafetensorError":
            raise
        code = int(number[1])
        raise OSError(code, os.strerror(code), str(path)) from error


def commit_folder(target: Path, write: Callable[[Path], None]) -> None:
    """Fill a sibling folder, add a manifest, flush it all to disk, and rename it into place."""
    staging = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        with _naming(target):
            write(staging)
            digests = {path.name: file_sha256(path) for path in sorted(staging.iterdir())}
            write_json(staging / MANIFEST, {"sha256": digests})
            for path in (*staging.iterdir(), staging):
                _flush(path)
            staging.rename(target)
            _flush(target.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def verify(folder: Path) -> None:
    """Check a folder's files against its manifest; safetensors alone accepts a flipped bit.

    Raises:
        DataError: A file is missing or was changed, by name.
    """
    path = folder / MANIFEST
    if not path.is_file():
        return
    digests = read_json(path).get("sha256")
    if not isinstance(digests, dict):
        raise DataError("is no manifest: it has no object 'sha256'. Restore or delete it.", path)
    for name, digest in digests.items():
        if file_sha256(folder / name) != digest:
            raise DataError(
                "is damaged or was changed by hand: its sha256 is not the one in manifest.json. "
                "Restore the file, or delete manifest.json to accept the change.",
                folder / name,
            )


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object from a file.

    Raises:
        DataError: It can't be read, or holds something else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"can't be read: {error}. Restore the file.", path) from error
    if not isinstance(content, dict):
        raise DataError("is no JSON object. Restore the file.", path)
    return content


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON through a temporary file, so that a reader never sees half of it."""
    staging = path.with_name(f".{path.name}.tmp")
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    with _naming(path):
        staging.write_text(text, encoding="utf-8")
        staging.replace(path)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
