"""Does a JSON file of a model folder ask to run code? Such a folder is refused as a whole.

There is no switch that allows it: code from a stranger's repository is no setting of a run.
"""

from __future__ import annotations

from typing import Any

CODE_KEYS = (
    "auto_map",  # classes from the repository's own .py files
    "custom_pipelines",
    "trust_remote_code",
    "use_kernels",  # compiled code from the Hub
    "kernel_config",
    "_attn_implementation_internal",  # attributes that bypass the checks of the public keys
    "_experts_implementation_internal",
)
"""Keys that make some version of transformers run code from the repository or the Hub."""

IMPLEMENTATION_KEYS = (
    "attn_implementation",
    "_attn_implementation",
    "experts_implementation",
    "_experts_implementation",
)
"""Keys whose value, where it is ``owner/name``, is a repository of compiled kernels."""

LABEL_KEYS = ("label2id", "id2label")
"""What is in here are the user's words."""


def code_request(content: Any) -> str | None:
    """The first key, at any depth, that asks for code; None where none does.

    Args:
        content: A parsed JSON file: config.json, tokenizer_config.json.
    """
    if isinstance(content, list):
        return next(filter(None, map(code_request, content)), None)
    if not isinstance(content, dict):
        return None
    for key, value in content.items():
        if key in LABEL_KEYS:
            continue
        if (key in CODE_KEYS and value) or (key in IMPLEMENTATION_KEYS and _names_kernels(value)):
            return str(key)
        if found := code_request(value):
            return found
    return None


def _names_kernels(value: Any) -> bool:
    """Whether an implementation is a repository; a dictionary has one per part of the model."""
    if isinstance(value, dict):
        return any(map(_names_kernels, value.values()))
    return isinstance(value, str) and "/" in value
