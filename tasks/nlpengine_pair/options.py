"""Options of the pair task, and which of two labels an F1 is of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nlpengine import UsageError
from nlpengine.plugin import ClassesOrNumbersOptions

POSITIVE = (
    "1", "1.0", "true", "yes", "equivalent", "same", "paraphrase", "duplicate", "entailment",
)  # fmt: skip
"""What published sets call the label of two that their F1 is of."""


@dataclass(frozen=True, slots=True)
class PairOptions(ClassesOrNumbersOptions):
    """Options of the pair task.

    Attributes:
        positive: The label that F1 is of; empty for the one of two that says "yes" (1, equivalent,
            same, duplicate, entailment …), where there is one.
        symmetric: Predict each pair in both orders and average, so that order makes no difference.
    """

    positive: str = ""
    symmetric: bool = False


def positive_label(names: Sequence[str], options: PairOptions) -> str | None:
    """The label that F1 is of; None where none of two is it.

    Raises:
        UsageError: The label that was asked for isn't there.
    """
    if options.positive:
        if options.positive not in names:
            known = f"are {', '.join(names)}" if names else "here are numbers"
            raise UsageError(f"--positive {options.positive}: the labels {known}.")
        return options.positive
    likely = [name for name in names if name.strip().casefold() in POSITIVE]
    return likely[0] if len(names) == 2 and len(likely) == 1 else None
