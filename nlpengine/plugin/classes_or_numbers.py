"""A ready-made task: a class or a number per example, as the training labels say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from nlpengine.data import Record, labels_are_numbers, parse_number
from nlpengine.encoding import Encoding
from nlpengine.errors import DataError, UsageError
from nlpengine.heads import HeadSpec
from nlpengine.metrics import Scores
from nlpengine.plugin.classification import Classification, ClassificationOptions, LabelledExample
from nlpengine.plugin.prediction import Labels, Number, State, WindowLogits, Wrong
from nlpengine.plugin.regression import Regression

if TYPE_CHECKING:
    from torch import Tensor

Windows = Sequence[WindowLogits]
E = TypeVar("E", bound=LabelledExample)

MOST_CLASSES = 2
"""Numbers of this many values at most are classes, however they are written."""

_ALMOST = re.compile(r"[+-]?[0-9]+,[0-9]+")
"""Numbers with a comma for a point."""


@dataclass(frozen=True, slots=True)
class ClassesOrNumbersOptions(ClassificationOptions):
    """Options of a task whose labels may be classes or numbers.

    Attributes:
        target: What labels are: classes, or numbers to predict; auto goes by the training labels
            (numbers if all are and one has a fraction: whole numbers alone are classes).
    """

    target: Literal["auto", "classes", "number"] = "auto"


class _Numbers(Regression[Any]):
    """The part of `ClassesOrNumbers` that is about numbers."""

    def adapt(self, record: Record) -> Any:
        """Never called: `ClassesOrNumbers` has an adapt of its own."""
        raise NotImplementedError


_NUMBERS = _Numbers()


class ClassesOrNumbers(Classification[E]):
    """Classification or regression, whichever the training labels say, or the user."""

    gold_is = "class or number"
    options = ClassesOrNumbersOptions

    def has_classes(self, train: Sequence[Record], options: ClassesOrNumbersOptions) -> bool:
        """As the option says; else by the labels.

        Raises:
            DataError: Some labels are numbers with a fraction, others are none.
        """
        if options.target != "auto":
            return options.target == "classes"
        _refuse_mixed(train, str(self.label_column))
        return super().has_classes(train, options)

    def settle(self, train: Sequence[E], options: Any) -> tuple[Any, tuple[str, ...]]:
        """Keep what the labels were taken for, and say it where it could be doubted."""
        if options.target != "auto":
            return options, ()
        golds = {example.label for example in train}
        found = any(isinstance(gold, float) for gold in golds)
        settled = replace(options, target="number" if found else "classes")
        parsed = [parse_number(str(gold)) for gold in golds]
        numbers = sorted(number for number in parsed if number is not None)
        if len(numbers) < len(golds) or (not found and len(golds) <= 2):
            return settled, ()
        span = f"{numbers[0]:g} to {numbers[-1]:g}"
        if found:
            said = f"labels are numbers, {span}: a number is predicted. For classes: "
            return settled, (f"{said}--target classes",)
        said = f"labels are whole numbers, {span}: they were taken for {len(golds)} classes. "
        return settled, (f"{said}To predict a number: --target number",)

    def label_set(self, examples: Sequence[E], options: Any) -> Labels:
        """The classes; no names where labels are numbers.

        Raises:
            UsageError: An option for classes, where there are none.
        """
        if not all(isinstance(example.label, float) for example in examples):
            return super().label_set(examples, options)
        for name in ("class_weights", "label_smoothing"):
            if getattr(options, name) not in ("none", 0.0):
                raise UsageError(
                    f"--{name.replace('_', '-')} is for classes, and the labels here are numbers. "
                    "Leave it out, or say --target classes."
                )
        return _NUMBERS.label_set(examples, options)

    def stock_labels(self, names: tuple[str, ...]) -> Labels:
        """A checkpoint of one label gives a number; one of several, classes."""
        return _NUMBERS.stock_labels(names)

    def head(self, labels: Labels, options: Any) -> HeadSpec:
        """A logit per label, or one."""
        return super().head(labels, options) if labels.names else _NUMBERS.head(labels, options)

    def gold(self, example: E, window: Encoding, labels: Labels) -> Any:
        """The label's index, or the number."""
        own = super().gold if labels.names else _NUMBERS.gold
        return own(example, window, labels)

    def loss(
        self, logits: Tensor, gold: Tensor, labels: Labels, options: Any
    ) -> tuple[Tensor, Tensor]:
        """Cross-entropy, or squared error."""
        own = super().loss if labels.names else _NUMBERS.loss
        return own(logits, gold, labels, options)

    def check_gold(self, example: E, labels: Labels) -> None:
        """One of training's labels, or a number."""
        own = super().check_gold if labels.names else _NUMBERS.check_gold
        own(example, labels)

    def tune(
        self, examples: Sequence[E], windows: Sequence[Windows], labels: Labels, options: Any
    ) -> State:
        """A temperature for classes."""
        own = super().tune if labels.names else _NUMBERS.tune
        return own(examples, windows, labels, options)

    def decode(
        self, example: E, windows: Windows, labels: Labels, options: Any, state: State
    ) -> Any:
        """A `Prediction`, or a `Number`."""
        own = super().decode if labels.names else _NUMBERS.decode
        return own(example, windows, labels, options, state)

    def mistake(self, example: E, prediction: Any) -> Wrong | None:
        """Another label, or how far off a number is."""
        own = _NUMBERS.mistake if isinstance(prediction, Number) else super().mistake
        return own(example, prediction)

    def from_baseline(self, answer: Any, example: E, labels: Labels) -> Any:
        """A label or a number."""
        own = super().from_baseline if labels.names else _NUMBERS.from_baseline
        return own(answer, example, labels)

    def score(self, gold: Sequence[E], predictions: Sequence[Any], labels: Labels) -> Scores:
        """Accuracy first, or Spearman."""
        own = super().score if labels.names else _NUMBERS.score
        return own(gold, predictions, labels)


def _refuse_mixed(train: Sequence[Record], label: str) -> None:
    """Refuse labels of which some are numbers: a slip must not make a class of each number."""
    texts: dict[str, Record] = {}
    for row in train:
        if row.fields.get(label) is not None:
            texts.setdefault(str(row.fields[label]), row)
    numbers = {text for text in texts if parse_number(text) is not None}
    strange = [text for text in texts if text not in numbers]
    almost = [text for text in strange if _ALMOST.fullmatch(text.strip())]
    fractions = labels_are_numbers([texts[text] for text in numbers], label)
    if not strange:
        _refuse_spellings(texts, label)
    if not strange or not (fractions or len(almost) == len(strange)):
        return
    record = texts[(almost or strange)[0]]
    others = "the labels of other rows are" if numbers else "it looks like one"
    raise DataError(
        f"label {str(record.fields[label])!r} is no number, while {others}. Write numbers with "
        "digits and a point, like 3.5; or say --target classes if labels are names of classes",
        record.origin.path,
        record.origin.line,
    )


def _refuse_spellings(texts: Mapping[str, Record], label: str) -> None:
    """Refuse two whole numbers of which one is written in two ways: two classes, by all looks."""
    spelt: dict[float | None, list[str]] = {}
    for text in texts:
        spelt.setdefault(parse_number(text), []).append(text)
    twice = [own for own in spelt.values() if len(own) > 1]
    if len(spelt) > MOST_CLASSES or not twice:
        return
    first, other = twice[0][:2]
    record = texts[other]
    raise DataError(
        f"label {other!r} is also written {first!r} ({texts[first].origin}), and there are only "
        f"{len(spelt)} different numbers: they look like classes. Write each in one way, or say "
        "--target number",
        record.origin.path,
        record.origin.line,
    )
