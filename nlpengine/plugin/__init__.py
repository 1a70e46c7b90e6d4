"""The door: everything a plugin author imports."""

from nlpengine.plugin.classes_or_numbers import ClassesOrNumbers, ClassesOrNumbersOptions
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
    Number,
    Prediction,
    State,
    WindowLogits,
    Wrong,
    merged_logits,
    merged_offsets,
    with_most_context,
)
from nlpengine.plugin.regression import Regression

__all__ = [
    "IGNORED",
    "Answer",
    "ClassesOrNumbers",
    "ClassesOrNumbersOptions",
    "Classification",
    "ClassificationOptions",
    "GoldKind",
    "Labels",
    "NoOptions",
    "Number",
    "Prediction",
    "Recipe",
    "Regression",
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
