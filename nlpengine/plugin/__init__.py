"""The door: everything a plugin author imports."""

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
    "Labels",
    "NoOptions",
    "Prediction",
    "Recipe",
    "State",
    "Task",
    "WindowLogits",
    "hookimpl",
]
