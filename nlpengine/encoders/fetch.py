"""``nlpengine encoders fetch``: have an encoder's files here, so that runs need no network."""

from __future__ import annotations

from pathlib import Path

from nlpengine.encoders.converted import convert_folder, find_converted, keep_converted, pickles_of
from nlpengine.encoders.hub import PICKLES, HubMiss, has_weights, is_hub_id, snapshot
from nlpengine.encoders.locate import (
    EncoderSource,
    find_spec,
    from_package,
    read_config,
    unknown_encoder,
)
from nlpengine.errors import EncoderUnavailable, UsageError


def hub_name(name: str) -> tuple[str, str | None]:
    """Catalog name or ``owner/name[@revision]`` → Hub id and revision.

    Raises:
        UsageError: It is neither.
    """
    spec = find_spec(name)
    if spec is not None:
        return spec.hub_id, None
    if not is_hub_id(name):
        raise unknown_encoder(name)
    hub_id, _, revision = name.partition("@")
    return hub_id, revision or None


def fetch(name: str) -> EncoderSource:
    """Fetch an encoder into the Hub's cache, and convert it if it is a pickle alone.

    Args:
        name: Catalog name or Hub id.

    Raises:
        UsageError: No such name.
        EncoderUnavailable: The Hub doesn't give it, it asks for code, or it can't be converted.
    """
    hub_id, revision = hub_name(name)
    spec = find_spec(name)
    if spec is not None and (package := from_package(spec)) is not None:
        return package
    folder = _latest(name, hub_id, revision)
    read_config(folder)
    if not has_weights(folder):
        # Asked for again by commit, so that files of two revisions never meet.
        converted = find_converted(hub_id, folder.name)
        if converted is None:
            if not pickles_of(folder):
                folder = _snapshot(name, hub_id, folder.name, PICKLES)
            if not pickles_of(folder):
                raise EncoderUnavailable(
                    f"{hub_id} has neither model.safetensors nor pytorch_model.bin: "
                    "there are no weights to fetch."
                )
            converted = keep_converted(hub_id, revision, folder)
        folder = converted
    return EncoderSource(name, folder, "hub", spec, folder.name)


def convert_local(source: Path, target: Path) -> None:
    """Write a local folder anew with safetensors in place of pickles.

    Raises:
        UsageError: There is nothing to convert, or the target is taken.
        EncoderUnavailable: No config.json, one that asks for code, or pickles that hold more than
            tensors.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"--output {target}: exists already. Choose a new folder.")
    read_config(source)
    if has_weights(source):
        raise UsageError(
            f"{source} has model.safetensors: there is nothing to convert. Use it as it is: "
            f"--encoder {source}"
        )
    convert_folder(source, target, {"folder": str(source)})


def _latest(name: str, hub_id: str, revision: str | None) -> Path:
    """The Hub's snapshot; the cached one where the Hub can't be reached."""
    try:
        return snapshot(hub_id, revision, local=False)
    except HubMiss as miss:
        try:
            return snapshot(hub_id, revision, local=True)
        except HubMiss:
            raise _no(name, hub_id, revision, miss) from miss


def _snapshot(name: str, hub_id: str, commit: str, patterns: tuple[str, ...]) -> Path:
    try:
        return snapshot(hub_id, commit, local=False, patterns=patterns)
    except HubMiss as miss:
        raise _no(name, hub_id, commit, miss) from miss


def _no(name: str, hub_id: str, revision: str | None, miss: HubMiss) -> EncoderUnavailable:
    asked = f"{hub_id}@{revision}" if revision else hub_id
    return EncoderUnavailable(
        f"the encoder {name!r} ({asked}) can't be fetched: {str(miss).rstrip('.')}."
    )
