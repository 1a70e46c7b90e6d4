"""The door: everything a plugin author imports."""

from nlpengine.plugin.classification import (
    Classification,
    ClassificationOptions,
    label_of,
    pooled_logits,
    slices_of,
)
from nlpengine.plugin.contract import GoldKind, NoOptions, Recipe, Task
from nlpengine.plugin.hookspecs import hookimpl
from nlpengine.plugin.prediction import (
    IGNORED,
    Answer,
    Labels,
    Prediction,
    State,
    WindowLogits,
    Wrong,
    merged_logits,
    merged_offsets,
    with_most_context,
)

__all__ = [
    "IGNORED",
    "Answer",
    "Classification",
    "ClassificationOptions",
    "GoldKind",
    "Labels",
    "NoOptions",
    "Prediction",
    "Recipe",
    "State",
    "Task",
    "WindowLogits",
    "Wrong",
    "hookimpl",
    "label_of",
    "merged_logits",
    "merged_offsets",
    "pooled_logits",
    "slices_of",
    "with_most_context",
]
