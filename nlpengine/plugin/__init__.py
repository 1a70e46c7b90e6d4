"""The door: everything a plugin author imports."""

from nlpengine.plugin.classification import (
    Classification,
    ClassificationOptions,
    label_of,
    slices_of,
)
from nlpengine.plugin.contract import (
    Labels,
    NoOptions,
    Prediction,
    Recipe,
    State,
    Task,
    WindowLogits,
)
from nlpengine.plugin.hookspecs import hookimpl

__all__ = [
    "Classification",
    "ClassificationOptions",
    "Labels",
    "NoOptions",
    "Prediction",
    "Recipe",
    "State",
    "Task",
    "WindowLogits",
    "hookimpl",
    "label_of",
    "slices_of",
]
