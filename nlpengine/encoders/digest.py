"""What a file holds, as one number."""

from __future__ import annotations

import hashlib
from pathlib import Path

from nlpengine.errors import DataError


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file.

    Raises:
        DataError: The file can't be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"can't be read: {error.strerror}", path) from error
