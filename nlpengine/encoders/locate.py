"""``--encoder``: a catalog name, a folder, a run, or a Hub id → a folder with the files."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlpengine.encoders.catalog import CATALOG
from nlpengine.encoders.spec import EncoderSpec
from nlpengine.errors import DataError, EncoderUnavailable, UsageError, did_you_mean

FILES = ("*.json", "*.safetensors", "*.txt", "*.model")
"""What is fetched from the Hub: never a pickle, never code."""

CODE_KEYS = ("auto_map", "custom_pipelines", "trust_remote_code", "_attn_implementation_internal")
"""config.json keys that make transformers run code from the repository."""


@dataclass(frozen=True, slots=True)
class EncoderSource:
    """Where an encoder's files are.

    Attributes:
        name: What the user asked for.
        folder: Folder in the Hub's layout: config.json, model.safetensors, tokenizer files.
        kind: "package", "hub", "folder" or "run".
        spec: The catalog's row, where the name is one.
        revision: Commit on the Hub, or sha256 of the weights where they are local.
    """

    name: str
    folder: Path
    kind: str
    spec: EncoderSpec | None
    revision: str


def locate(name: str) -> EncoderSource:
    """Find an encoder's files, fetching them from the Hub where allowed.

    Raises:
        UsageError: No such name.
        EncoderUnavailable: The files can't be had here, are damaged, or ask for code.
    """
    spec = find_spec(name)
    if spec is not None:
        found = _from_package(spec) or _from_hub(name, spec.hub_id, None, spec)
    elif Path(name).is_dir():
        found = _from_folder(name)
    elif "/" in name and not name.startswith((".", "/", "~")) and name.count("/") == 1:
        hub_id, _, revision = name.partition("@")
        found = _from_hub(name, hub_id, revision or None, None)
    else:
        names = [row.name for row in CATALOG]
        raise UsageError(
            f"unknown encoder {name!r}.{did_you_mean(name, names)} It is no catalog name, no "
            "folder and no Hub id (owner/name). List the names with: nlpengine encoders"
        )
    read_config(found.folder)
    return found


def find_spec(name: str) -> EncoderSpec | None:
    """The catalog's row of a name."""
    return next((spec for spec in CATALOG if spec.name == name), None)


def availability(spec: EncoderSpec) -> str | None:
    """How a catalog encoder can be had right now: "package", "cache", or None."""
    if _package_folder(spec) is not None:
        return "package"
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(spec.hub_id, "model.safetensors")
    return "cache" if isinstance(cached, str) else None


def read_config(folder: Path) -> dict[str, Any]:
    """config.json, refused where it asks for code.

    Raises:
        EncoderUnavailable: Missing, unreadable, or with a key of `CODE_KEYS`.
    """
    path = folder / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise EncoderUnavailable(f"{folder} has no config.json: it is no model folder.") from error
    except (OSError, ValueError) as error:
        raise EncoderUnavailable(f"{path} can't be read: {error}") from error
    for key in CODE_KEYS:
        if config.get(key):
            raise EncoderUnavailable(
                f"{path} asks to run code ({key!r}); nlpengine runs no code from model folders. "
                "Remove the key if you trust the weights alone."
            )
    return config


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


def _package_folder(spec: EncoderSpec) -> Path | None:
    if spec.package is None:
        return None
    found = importlib.util.find_spec(spec.package)  # doesn't import it
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0]) / "model"
    return folder if (folder / "model.safetensors").is_file() else None


def _from_package(spec: EncoderSpec) -> EncoderSource | None:
    folder = _package_folder(spec)
    if folder is None:
        return None
    digest = file_sha256(folder / "model.safetensors")
    if digest != spec.sha256:
        raise EncoderUnavailable(
            f"{folder / 'model.safetensors'} is not the published file (sha256 {digest[:12]}…, "
            f"expected {str(spec.sha256)[:12]}…). Reinstall the package {spec.package}."
        )
    return EncoderSource(spec.name, folder, "package", spec, digest)


def _from_folder(name: str) -> EncoderSource:
    folder = Path(name)
    kind = "folder"
    if (folder / "run.json").is_file():
        folder, kind = folder / "model", "run"
    weights = folder / "model.safetensors"
    if not weights.is_file() and not (folder / "model.safetensors.index.json").is_file():
        pickles = sorted(path.name for path in folder.glob("*.bin"))
        because = f" ({', '.join(pickles)} is a pickle, which is never opened)" if pickles else ""
        raise EncoderUnavailable(f"{folder} has no model.safetensors{because}.")
    revision = file_sha256(weights) if weights.is_file() else "sharded"
    return EncoderSource(name, folder, kind, None, revision)


def _from_hub(
    name: str, hub_id: str, revision: str | None, spec: EncoderSpec | None
) -> EncoderSource:
    from huggingface_hub import constants, snapshot_download

    def fetch(local: bool) -> str:
        return snapshot_download(
            hub_id, revision=revision, allow_patterns=list(FILES), local_files_only=local
        )

    reasons = []
    for local in (True, False):
        if not local and constants.HF_HUB_OFFLINE:
            reasons.append("the network was not tried: HF_HUB_OFFLINE is set")
            break
        try:
            folder = Path(fetch(local))
        except Exception as error:  # the Hub client raises many kinds, also its HTTP library's
            text = (str(error).strip() or "?").splitlines()[0]
            reasons.append(
                "it is not in the cache" if local else f"the Hub: {type(error).__name__}: {text}"
            )
            continue
        if (folder / "model.safetensors").is_file() or not local:
            return EncoderSource(name, folder, "hub", spec, folder.name)
        reasons.append("the cached copy has no model.safetensors")
    raise EncoderUnavailable(_unavailable(name, hub_id, revision, reasons))


def _unavailable(name: str, hub_id: str, revision: str | None, reasons: list[str]) -> str:
    from huggingface_hub import constants

    asked = f"{hub_id}@{revision}" if revision else hub_id
    now = [spec.name for spec in CATALOG if availability(spec) is not None]
    works = (
        f"Encoders that work right now: {', '.join(now)}, and any local folder with config.json, "
        "model.safetensors and a tokenizer."
        if now
        else "No catalog encoder works right now. The offline one comes with: "
        "pip install 'nlpengine[offline]'"
    )
    return (
        f"the encoder {name!r} can't be had. Looked for {asked} in {constants.HF_HUB_CACHE}: "
        f"{'; '.join(reasons)}. {works}"
    )
