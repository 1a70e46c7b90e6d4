"""Which document a sentence is of, and what intervals resample: documents, or else sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nlpengine.data import WordsExample

FEWEST_DOCUMENTS = 5
"""Below it sentences are resampled. One document gives the same score in every resample, so its
interval says nothing; four can be drawn in 35 ways, of which two or three are the outer 2.5 %."""


def units_of(examples: Sequence[WordsExample]) -> list[str]:
    """What each sentence is resampled with: its document, or itself.

    The gold alone decides: all predictions of the same sentences are resampled alike.
    """
    units = _documents(examples)
    return units if len(set(units)) >= FEWEST_DOCUMENTS else _sentences(examples)


def notes_on_units(splits: Mapping[str, Sequence[WordsExample]]) -> tuple[str, ...]:
    """A sentence where documents of the test split are marked, but too few to be resampled."""
    examples = splits.get("test", ())
    found = len(set(_documents(examples)))
    if found >= min(FEWEST_DOCUMENTS, len(examples)):
        return ()
    return (
        f"documents in test: {found}, too few to resample ({FEWEST_DOCUMENTS} are needed). The "
        "intervals resample sentences, as if those of one document were independent, and may be "
        "too narrow.",
    )


def _documents(examples: Sequence[WordsExample]) -> list[str]:
    return [
        f"{example.origin.path} {example.document}" if example.document else own
        for example, own in zip(examples, _sentences(examples), strict=True)
    ]


def _sentences(examples: Sequence[WordsExample]) -> list[str]:
    return [f"row {number}" for number in range(len(examples))]
