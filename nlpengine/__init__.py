"""nlpengine: fine-tune, evaluate and ship text-understanding models; tasks are plugins."""

from typing import TYPE_CHECKING

from nlpengine._version import VERSION as __version__
from nlpengine.facade import public_name as __getattr__  # noqa: F401 - found by name

if TYPE_CHECKING:
    from nlpengine.engine import Engine, load
    from nlpengine.errors import (
        DataError,
        DeviceError,
        EncoderUnavailable,
        ExitCode,
        NlpengineError,
        PluginError,
        RowError,
        UsageError,
    )
    from nlpengine.metrics import Score, Scores
    from nlpengine.plugin.prediction import Prediction
    from nlpengine.workflow.model import Model
    from nlpengine.workflow.run import Run

__all__ = [
    "DataError",
    "DeviceError",
    "EncoderUnavailable",
    "Engine",
    "ExitCode",
    "Model",
    "NlpengineError",
    "PluginError",
    "Prediction",
    "RowError",
    "Run",
    "Score",
    "Scores",
    "UsageError",
    "__version__",
    "load",
]
