"""The door: everything a plugin author imports. A name is imported when it is first used."""

from typing import TYPE_CHECKING

from nlpengine.plugin.names import door_name as __getattr__  # noqa: F401 - found by name

if TYPE_CHECKING:
    from nlpengine.data.readers import ReaderSpec
    from nlpengine.plugin.api import API_VERSION, ApiDeprecationWarning
    from nlpengine.plugin.classes_or_numbers import ClassesOrNumbers, ClassesOrNumbersOptions
    from nlpengine.plugin.classification import (
        Classification,
        ClassificationOptions,
        label_of,
        pooled_logits,
        slices_of,
    )
    from nlpengine.plugin.command import CommandSpec
    from nlpengine.plugin.contract import GoldKind, NoOptions, Recipe, Task
    from nlpengine.plugin.markers import hookimpl
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
    "API_VERSION",
    "IGNORED",
    "Answer",
    "ApiDeprecationWarning",
    "ClassesOrNumbers",
    "ClassesOrNumbersOptions",
    "Classification",
    "ClassificationOptions",
    "CommandSpec",
    "GoldKind",
    "Labels",
    "NoOptions",
    "Number",
    "Prediction",
    "ReaderSpec",
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
