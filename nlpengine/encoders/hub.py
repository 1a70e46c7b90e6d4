"""The Hub and its cache: snapshots of a repository, without pickles unless they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

FILES = ("*.json", "*.safetensors", "*.txt", "*.model")
"""What is fetched: never code, and a pickle (`PICKLES`) only to be converted."""

PICKLES = ("pytorch_model*.bin",)


class HubMiss(Exception):
    """A snapshot can't be had; the message is the reason, half a sentence."""


def snapshot(
    hub_id: str, revision: str | None, *, local: bool, patterns: Sequence[str] = FILES
) -> Path:
    """The folder of a repository's files, named by its commit.

    Args:
        hub_id: ``owner/name``.
        revision: Branch, tag or commit; None for "main".
        local: Look in the cache only.
        patterns: Names of files to have.

    Raises:
        HubMiss: It is not in the cache, or the Hub doesn't give it.
    """
    from huggingface_hub import constants, snapshot_download

    if not local and constants.HF_HUB_OFFLINE:
        raise HubMiss("the network was not tried: HF_HUB_OFFLINE is set")
    try:
        return Path(
            snapshot_download(
                hub_id, revision=revision, allow_patterns=list(patterns), local_files_only=local
            )
        )
    except Exception as error:  # the Hub client raises many kinds, also its HTTP library's
        if local:
            raise HubMiss("it is not in the cache") from error
        text = (str(error).strip() or "?").splitlines()[0]
        raise HubMiss(f"the Hub: {type(error).__name__}: {text}") from error


def cache_folder() -> str:
    """Where the Hub's cache is."""
    from huggingface_hub import constants

    return str(constants.HF_HUB_CACHE)


def is_hub_id(name: str) -> bool:
    """Whether a name has the form ``owner/name[@revision]``."""
    return name.count("/") == 1 and not name.startswith((".", "/", "~")) and name[-1] != "/"


def has_weights(folder: Path) -> bool:
    """Whether a folder has safetensors under the names that are loaded."""
    names = ("model.safetensors", "model.safetensors.index.json")
    return any((folder / name).is_file() for name in names)
