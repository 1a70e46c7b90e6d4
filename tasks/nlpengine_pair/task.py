"""The pair task: two texts and a class, or a number; the training labels say which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nlpengine.baselines import (
    HYPOTHESIS_ONLY,
    MAJORITY,
    MEAN,
    OVERLAP,
    OVERLAP_REGRESSION,
    Baseline,
)
from nlpengine.data import Column, PairExample, Record
from nlpengine.plugin import ClassesOrNumbers, Labels, hookimpl, label_of, slices_of
from nlpengine_pair.options import PairOptions, positive_label

FIRST = (
    "sentence1", "#1 string", "premise", "question1", "question", "sentence_a", "text1", "text_a",
)  # fmt: skip
SECOND = (
    "sentence2", "#2 string", "hypothesis", "question2", "sentence", "sentence_b", "text2",
    "text_b",
)  # fmt: skip
LABEL = (
    "gold_label", "quality", "is_duplicate", "score", "similarity", "similarity_score",
    "relatedness_score", "entailment_judgment", "entailment_label", "class",
)  # fmt: skip
"""What published sets call the columns (MRPC, STS, SICK, SNLI, MultiNLI, GLUE): these names alone,
as many of those sets have columns with longer names beside them (sentence1_parse)."""


class Pair(ClassesOrNumbers[PairExample]):
    """Judge two texts together: paraphrase, entailment, similarity."""

    name = "pair"
    summary = "two texts: any number of classes, or a number, as the labels say"
    columns = (
        Column("first", FIRST),
        Column("second", SECOND),
        Column("label", LABEL, required=False, role="gold"),
        Column("slice", required=False, role="about"),
    )
    left_out = ("-",)
    formats = ("sts",)
    options = PairOptions
    baselines = (MAJORITY, HYPOTHESIS_ONLY, OVERLAP, MEAN, OVERLAP_REGRESSION)
    demo = Path(__file__).parent / "demo"

    def adapt(self, record: Record) -> PairExample:
        """A record's two texts, label and slices; anything but strings as texts is refused."""
        label = record.fields.get("label")
        return PairExample(
            record.text("first"),
            record.text("second"),
            label if isinstance(label, float) else label_of(record),
            record.origin,
            slices_of(record),
        )

    def settle(self, train: Sequence[PairExample], options: Any) -> tuple[Any, tuple[str, ...]]:
        """Keep and say what the labels were taken for, and which of them F1 is of."""
        options, notes = super().settle(train, options)
        names = {example.label for example in train}
        positive = positive_label(sorted(n for n in names if isinstance(n, str)), options)
        if positive is None or options.positive:
            return options, notes
        said = f"F1 is that of the label {positive!r}; --positive names another"
        return replace(options, positive=positive), (*notes, said)

    def readings(self, example: PairExample, options: PairOptions) -> Sequence[tuple[str, ...]]:
        """Both orders, where order is to make no difference."""
        texts = example.texts
        return (texts, texts[::-1]) if options.symmetric else (texts,)

    def label_set(self, examples: Sequence[PairExample], options: Any) -> Labels:
        """The classes, with the one that F1 is of; no names where labels are numbers."""
        labels = super().label_set(examples, options)
        return replace(labels, positive=positive_label(labels.names, options))

    def stock_labels(self, names: tuple[str, ...]) -> Labels:
        """A checkpoint of one label gives a number; one of several, classes."""
        labels = super().stock_labels(names)
        return replace(labels, positive=positive_label(labels.names, PairOptions()))

    def baselines_for(self, labels: Labels) -> Sequence[Baseline]:
        """Those for classes, or for numbers: the second text alone and overlap among them."""
        if labels.names:
            return MAJORITY, HYPOTHESIS_ONLY, OVERLAP
        return MEAN, OVERLAP_REGRESSION

    def about(self, example: PairExample) -> Mapping[str, object]:
        """Both texts."""
        return {"first": example.first, "second": example.second}

    def baseline_input(self, example: PairExample) -> tuple[str, str]:
        """The two texts."""
        return example.first, example.second


@hookimpl
def nlpengine_task() -> Pair:
    """The pair task."""
    return Pair()
