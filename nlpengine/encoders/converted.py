"""nlpengine's own cache: encoders published as a pickle alone, converted once to safetensors.

Laid out as the Hub's cache, under ``NLPENGINE_HOME`` (``~/.cache/nlpengine`` by default)::

    encoders/models--owner--name/refs/main            the commit that "main" was
    encoders/models--owner--name/snapshots/COMMIT/    config, tokenizer, model.safetensors,
                                                      conversion.json with both files' sha256
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from nlpengine.encoders.convert import convert
from nlpengine.encoders.digest import file_sha256
from nlpengine.errors import EncoderUnavailable

WEIGHTS = "model.safetensors"
NOTE = "conversion.json"
COPIED = (".json", ".txt", ".model")
"""What comes along, beside the weights."""


def home() -> Path:
    """Where nlpengine keeps what it makes once and for all runs."""
    return Path(os.environ.get("NLPENGINE_HOME") or "~/.cache/nlpengine").expanduser()


def find_converted(hub_id: str, revision: str | None) -> Path | None:
    """The folder of a converted encoder.

    Args:
        hub_id: ``owner/name``.
        revision: Branch, tag or commit; None for "main".

    Raises:
        EncoderUnavailable: Its weights are not those that were written.
    """
    folder = converted_folder(hub_id, revision)
    if folder is None:
        return None
    try:
        written = json.loads((folder / NOTE).read_text(encoding="utf-8"))["sha256"][WEIGHTS]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EncoderUnavailable(f"{folder / NOTE} can't be read. {_again(folder)}") from error
    if file_sha256(folder / WEIGHTS) != written:
        raise EncoderUnavailable(
            f"{folder / WEIGHTS} is damaged: its sha256 is not the one in {NOTE}. {_again(folder)}"
        )
    return folder


def converted_folder(hub_id: str, revision: str | None) -> Path | None:
    """As `find_converted`, the weights unread."""
    root = _root(hub_id)
    commit = revision or "main"
    reference = root / "refs" / commit
    if reference.is_file():
        commit = reference.read_text(encoding="utf-8").strip()
    folder = root / "snapshots" / commit
    return folder if (folder / WEIGHTS).is_file() else None


def keep_converted(hub_id: str, revision: str | None, source: Path) -> Path:
    """Convert a snapshot with pickles, into the cache.

    Args:
        hub_id: ``owner/name``.
        revision: As asked for; None for "main".
        source: The snapshot, named by its commit.

    Raises:
        EncoderUnavailable: It can't be converted, or the cache can't be written.
    """
    root = _root(hub_id)
    folder = root / "snapshots" / source.name
    convert_folder(source, folder, {"hub_id": hub_id, "revision": source.name})
    reference = root / "refs" / (revision or "main")
    reference.parent.mkdir(parents=True, exist_ok=True)
    reference.write_text(source.name, encoding="utf-8")
    return folder


def convert_folder(source: Path, target: Path, origin: dict[str, str]) -> None:
    """Write a model folder with safetensors from one with pickles.

    It is made beside its place and renamed: there is a whole folder or none.

    Args:
        source: config.json, tokenizer files, ``pytorch_model*.bin``.
        target: The folder to write; it doesn't exist, or is empty.
        origin: Where the pickles are from, for the note.

    Raises:
        EncoderUnavailable: No pickle, one that can't be converted, or no place to write.
    """
    pickles = pickles_of(source)
    if not pickles:
        raise EncoderUnavailable(f"{source} has neither {WEIGHTS} nor pytorch_model.bin.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".part-") as temporary:
            part = Path(temporary) / target.name
            part.mkdir()
            convert(pickles, part / WEIGHTS)
            _copy_rest(source, part)
            digests = {path.name: file_sha256(path) for path in (*pickles, part / WEIGHTS)}
            note = {**origin, "sha256": digests}
            (part / NOTE).write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
            if target.is_dir():
                target.rmdir()
            part.rename(target)
    except OSError as error:
        raise EncoderUnavailable(f"{target} can't be written: {error.strerror}.") from error


def pickles_of(folder: Path) -> Sequence[Path]:
    """A checkpoint's .bin files, in order."""
    return sorted(folder.glob("pytorch_model*.bin"))


def _copy_rest(source: Path, target: Path) -> None:
    for path in sorted(source.iterdir()):
        if path.suffix in COPIED and path.is_file() and ".index." not in path.name:
            shutil.copyfile(path, target / path.name)


def _root(hub_id: str) -> Path:
    return home() / "encoders" / f"models--{hub_id.replace('/', '--')}"


def _again(folder: Path) -> str:
    owner, name = folder.parents[1].name.removeprefix("models--").split("--", 1)
    return f"Delete {folder} and call: nlpengine encoders fetch {owner}/{name}"
