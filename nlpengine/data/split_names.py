"""What published files, columns and Hub splits call train, dev and test."""

from __future__ import annotations

import re

from nlpengine.data.records import SplitName

SPLIT_NAMES: dict[str, SplitName] = {
    "train": "train",
    "dev": "dev",
    "valid": "dev",
    "validation": "dev",
    "val": "dev",
    "test": "test",
}
"""Whole names, lower case → our name."""

SPLIT_WORDS: dict[str, SplitName] = {
    **SPLIT_NAMES,
    "training": "train",
    "development": "dev",
    "trial": "dev",
    "testing": "test",
}
"""Words that say a split as a part of a file's name, or as a value of a column."""

HUB_NAMES: dict[str, SplitName] = {
    **SPLIT_NAMES,
    "validation_matched": "dev",
    "dev_matched": "dev",
    "test_matched": "test",
}
"""Names of Hub splits. MultiNLI's matched splits are its dev and test splits."""

_PARTS = re.compile(r"[-_.]")


def parts_of(stem: str) -> list[str]:
    """The parts of a file's stem, lower case."""
    return _PARTS.split(stem.lower())


def split_of(stem: str) -> SplitName | None:
    """The split that one part of a stem names, parts being separated by ``-``, ``_`` or ``.``.

    Two different splits in one name say neither.

    >>> split_of("snli_1.0_train")
    'train'
    """
    found = {SPLIT_WORDS[part] for part in parts_of(stem) if part in SPLIT_WORDS}
    return found.pop() if len(found) == 1 else None
