"""``--encoder``: a catalog name, a folder, a run, or a Hub id → a folder with the files."""

from __future__ import annotations

import difflib
import importlib.util
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlpengine.encoders.catalog import CATALOG
from nlpengine.encoders.code import code_request
from nlpengine.encoders.converted import converted_folder, find_converted, pickles_of
from nlpengine.encoders.digest import file_sha256
from nlpengine.encoders.hub import HubMiss, cache_folder, has_weights, is_hub_id, snapshot
from nlpengine.encoders.spec import EncoderSpec
from nlpengine.errors import EncoderUnavailable, UsageError


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


def find_spec(name: str) -> EncoderSpec | None:
    """The catalog's row of a name."""
    return next((spec for spec in CATALOG if spec.name == name), None)


FindSpec = Callable[[str], EncoderSpec | None]
"""Name → row, of the catalog or a plugin; None where no encoder has that name."""


def locate(name: str, find: FindSpec = find_spec) -> EncoderSource:
    """Find an encoder's files, fetching them from the Hub where allowed.

    Args:
        name: A row's name, a folder, a run's folder, or a Hub id.
        find: Who knows the rows.

    Raises:
        UsageError: No such name.
        EncoderUnavailable: The files can't be had here, are damaged, or ask for code.
    """
    spec = find(name)
    if spec is not None:
        found = from_package(spec) or _from_hub(name, spec.hub_id, None, spec)
    elif name and Path(name).is_dir():
        found = _from_folder(name)
    elif is_hub_id(name):
        hub_id, _, revision = name.partition("@")
        found = _from_hub(name, hub_id, revision or None, None)
    else:
        raise unknown_encoder(name)
    read_config(found.folder)
    return found


def unknown_encoder(name: str) -> UsageError:
    """The error for a name that leads nowhere: the nearest names, and how to list all."""
    names = [spec.name for spec in CATALOG]
    near = [known for known in names if len(name) > 2 and known.startswith(name.lower())]
    near = (near or difflib.get_close_matches(name.lower(), names, n=3, cutoff=0.6))[:5]
    *others, last = [repr(known) for known in near] or [""]
    hint = f" Did you mean {', '.join(others)}{' or ' if others else ''}{last}?" if near else ""
    return UsageError(
        f"unknown encoder {name!r}.{hint} It is no catalog name, no folder and no Hub id "
        "(owner/name). List the names with: nlpengine encoders"
    )


def availability(spec: EncoderSpec) -> str | None:
    """How a catalog encoder can be had right now: "package", "cache", "converted", or None."""
    if _package_folder(spec) is not None:
        return "package"
    from huggingface_hub import try_to_load_from_cache

    if isinstance(try_to_load_from_cache(spec.hub_id, "model.safetensors"), str):
        return "cache"
    return "converted" if converted_folder(spec.hub_id, None) is not None else None


def read_config(folder: Path) -> dict[str, Any]:
    """config.json, refused where it or the tokenizer's asks for code.

    Raises:
        EncoderUnavailable: Missing, unreadable, or with a request of `code_request`.
    """
    path = folder / "config.json"
    if not path.is_file():
        raise EncoderUnavailable(f"{folder} has no config.json: it is no model folder.")
    config = _read_json(path)
    tokenizer = folder / "tokenizer_config.json"
    if tokenizer.is_file():
        _read_json(tokenizer)
    return config


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise EncoderUnavailable(f"{path} can't be read: {error}") from error
    if not isinstance(content, dict):
        raise EncoderUnavailable(f"{path} can't be read: it is no JSON object.")
    if key := code_request(content):
        raise EncoderUnavailable(
            f"{path} asks to run code ({key!r}); nlpengine runs no code from model folders. "
            "Remove the key if you trust the weights alone."
        )
    return content


def _package_folder(spec: EncoderSpec) -> Path | None:
    if spec.package is None:
        return None
    found = importlib.util.find_spec(spec.package)  # doesn't import it
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0]) / "model"
    return folder if (folder / "model.safetensors").is_file() else None


def from_package(spec: EncoderSpec) -> EncoderSource | None:
    """The encoder of an installed package; None where there is none.

    Raises:
        EncoderUnavailable: Its weights are not the published ones.
    """
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
    if not has_weights(folder):
        because = "."
        if pickles := pickles_of(folder):
            because = (
                f" ({pickles[0].name} is a pickle, which is never opened in a run). Convert it "
                f"once: nlpengine encoders fetch {folder} --output NEW-FOLDER"
            )
        raise EncoderUnavailable(f"{folder} has no model.safetensors{because}")
    weights = folder / "model.safetensors"
    revision = file_sha256(weights) if weights.is_file() else "sharded"
    return EncoderSource(name, folder, kind, None, revision)


def _from_hub(
    name: str, hub_id: str, revision: str | None, spec: EncoderSpec | None
) -> EncoderSource:
    """The Hub's cache, then nlpengine's own of converted encoders, then the network."""
    reasons = []
    for local in (True, False):
        try:
            folder = snapshot(hub_id, revision, local=local)
        except HubMiss as miss:
            reasons.append(str(miss))
        else:
            if has_weights(folder):
                return EncoderSource(name, folder, "hub", spec, folder.name)
            where = "the cached copy" if local else "the Hub's copy"
            reasons.append(f"{where} has no model.safetensors")
        if local and (converted := find_converted(hub_id, revision)) is not None:
            return EncoderSource(name, converted, "hub", spec, converted.name)
    raise EncoderUnavailable(_unavailable(name, hub_id, revision, reasons))


def _unavailable(name: str, hub_id: str, revision: str | None, reasons: list[str]) -> str:
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
        f"the encoder {name!r} can't be had. Looked for {asked} in {cache_folder()}: "
        f"{'; '.join(reasons)}. With a network, prepare it once: nlpengine encoders fetch {name}. "
        f"{works}"
    )
