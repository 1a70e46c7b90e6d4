"""The door: everything a plugin author imports. A name is imported when it is first used."""

from typing import TYPE_CHECKING

from nlpengine.plugin.names import door_name as __getattr__  # noqa: F401 - found by name

if TYPE_CHECKING:
    from nlpengine.data.readers import ReaderSpec
    from nlpengine.plugin.api import API_VERSION, ApiDeprecationWarning
    from nlpengine.plugin.classification import (
        Classification,
        ClassificationOptions,
        label_of,
        pooled_logits,
        slices_of,
    )
    from nlpengine.plugin.command import CommandSpec
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
    "API_VERSION",
    "IGNORED",
    "Answer",
    "ApiDeprecationWarning",
    "Classification",
    "ClassificationOptions",
    "CommandSpec",
    "GoldKind",
    "Labels",
    "NoOptions",
    "Prediction",
    "ReaderSpec",
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
