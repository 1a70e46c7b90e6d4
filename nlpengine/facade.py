"""The public names, imported when first used: ``import nlpengine`` alone must not import torch."""

from __future__ import annotations

import importlib
from typing import Any

PUBLIC = {
    "Engine": "nlpengine.engine",
    "load": "nlpengine.engine",
    "Run": "nlpengine.workflow.run",
    "Model": "nlpengine.workflow.model",
    "Prediction": "nlpengine.plugin.prediction",
    "Score": "nlpengine.metrics",
    "Scores": "nlpengine.metrics",
    "ExitCode": "nlpengine.errors",
    "NlpengineError": "nlpengine.errors",
    "UsageError": "nlpengine.errors",
    "DataError": "nlpengine.errors",
    "RowError": "nlpengine.errors",
    "PluginError": "nlpengine.errors",
    "EncoderUnavailable": "nlpengine.errors",
    "DeviceError": "nlpengine.errors",
}


def public_name(name: str) -> Any:
    """Import a public name's home and return it.

    Raises:
        AttributeError: There is no such name.
    """
    if name not in PUBLIC:
        raise AttributeError(f"module 'nlpengine' has no attribute {name!r}")
    return getattr(importlib.import_module(PUBLIC[name]), name)
