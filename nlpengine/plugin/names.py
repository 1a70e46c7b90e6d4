"""The names of the door → where they live, so that a listing or a small plugin imports no more."""

from __future__ import annotations

import importlib
from typing import Any

NAMES = {
    "API_VERSION": "nlpengine.plugin.api",
    "Answer": "nlpengine.plugin.prediction",
    "ApiDeprecationWarning": "nlpengine.plugin.api",
    "ClassesOrNumbers": "nlpengine.plugin.classes_or_numbers",
    "ClassesOrNumbersOptions": "nlpengine.plugin.classes_or_numbers",
    "Classification": "nlpengine.plugin.classification",
    "ClassificationOptions": "nlpengine.plugin.classification",
    "CommandSpec": "nlpengine.plugin.command",
    "GoldKind": "nlpengine.plugin.contract",
    "IGNORED": "nlpengine.plugin.prediction",
    "Labels": "nlpengine.plugin.prediction",
    "NoOptions": "nlpengine.plugin.contract",
    "Number": "nlpengine.plugin.prediction",
    "Prediction": "nlpengine.plugin.prediction",
    "ReaderSpec": "nlpengine.data.readers",
    "Recipe": "nlpengine.plugin.contract",
    "Regression": "nlpengine.plugin.regression",
    "State": "nlpengine.plugin.prediction",
    "Task": "nlpengine.plugin.contract",
    "WindowLogits": "nlpengine.plugin.prediction",
    "Wrong": "nlpengine.plugin.prediction",
    "hookimpl": "nlpengine.plugin.markers",
    "label_of": "nlpengine.plugin.classification",
    "merged_logits": "nlpengine.plugin.prediction",
    "merged_offsets": "nlpengine.plugin.prediction",
    "pooled_logits": "nlpengine.plugin.classification",
    "slices_of": "nlpengine.plugin.classification",
    "with_most_context": "nlpengine.plugin.prediction",
}


def door_name(name: str) -> Any:
    """Import a name's home and return it.

    Raises:
        AttributeError: There is no such name.
    """
    if name not in NAMES:
        raise AttributeError(f"module 'nlpengine.plugin' has no attribute {name!r}")
    return getattr(importlib.import_module(NAMES[name]), name)
