"""Checks of what a task makes of rows: examples, labels, gold."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Mapping
from typing import Any, get_args

import numpy as np

from nlpengine.data import Origin, Record
from nlpengine.errors import DataError
from nlpengine.heads import HeadKind, HeadSpec
from nlpengine.plugin.prediction import IGNORED, Labels
from nlpengine.testing.checking import require
from nlpengine.testing.task_checks.subject import Subject, is_text

ODD = (7, 2.5, True, ["a", 3], {"a": 1})
"""What stands in a field where a text should."""


def adapt(subject: Subject) -> None:
    """Rows become examples, the same each time, labelled or not; the row stays as it was."""
    for line, row in enumerate(subject.records, start=1):
        record = Record(copy.deepcopy(dict(row)), Origin("rows.jsonl", line))
        example = subject.task.adapt(record)
        require(record.fields == row, "adapt changes the record that it is given")
        require(example.origin == record.origin, "an example's origin is not its record's")
        bare = subject.task.adapt(Record(subject.bare(row), record.origin))
        for what, made in (("an example", example), ("one without gold", bare)):
            texts = made.texts if made is example or _has_texts(made) else ()
            require(
                isinstance(texts, tuple) and all(isinstance(text, str) for text in texts),
                f"texts of {what} is {texts!r:.80}, not a tuple of texts",
            )
            require(len(texts) <= 2, f"{what} has {len(texts)} texts; an encoder reads two at most")
        require(
            subject.task.gold_of(example) == subject.task.gold_of(subject.task.adapt(record)),
            "adapting a record twice gives two golds",
        )


def _has_texts(example: Any) -> bool:
    """Words of an unlabelled text may be made later, by `readings`."""
    try:
        return example.texts is not None
    except (TypeError, ValueError):
        return False


def refuses(subject: Subject) -> None:
    """What is missing or of the wrong type is a DataError with file and line, and nothing else."""
    task = subject.task
    row = subject.bare(subject.records[0])
    for column in task.inputs:
        if column.required:
            less = {name: value for name, value in row.items() if name != column.name}
            _refused(subject, less, f"a row without {column.name!r}")
    _refused(subject, {}, "an empty row")
    for name in subject.texts(row):
        for value in ODD:
            if not is_text(value):
                _refused(subject, {**row, name: value}, f"{name} = {value!r}", or_taken=True)
    bare = subject.adapt(row, line=17)
    labels = subject.prepared.model.labels
    try:
        task.check_gold(bare, labels)
    except DataError as error:
        _names_the_line(error, "check_gold of an example without gold")
    else:
        raise AssertionError("check_gold takes an example without gold: nothing can be scored")


def _refused(subject: Subject, row: Mapping[str, Any], what: str, or_taken: bool = False) -> None:
    try:
        example = subject.adapt(row, line=17)
    except DataError as error:
        _names_the_line(error, what)
        return
    except Exception as error:
        raise AssertionError(
            f"adapt of {what} raises {type(error).__name__}: {error}. Raise a DataError or "
            "RowError that says what to do (record.text(name) does)"
        ) from error
    require(or_taken, f"adapt takes {what}: {example!r:.120}")


def _names_the_line(error: DataError, what: str) -> None:
    require(
        str(error).startswith("rows.jsonl:17: "),
        f"the error for {what} names no file and line: {str(error)!r:.120}. Give it the origin's",
    )


def labels(subject: Subject) -> None:
    """Labels are unique names that survive JSON, a checkpoint and the head."""
    found = subject.prepared.model.labels
    require(isinstance(found, Labels), f"label_set gives {type(found).__name__}, not Labels")
    names = found.names
    require(
        isinstance(names, tuple) and all(isinstance(name, str) and name for name in names),
        f"label names are {names!r:.120}: a tuple of strings is wanted",
    )
    require(len(set(names)) == len(names), f"a label occurs twice in {names!r:.120}")
    require([found.index(name) for name in names] == list(range(len(names))), "labels lose count")
    require(tuple(json.loads(json.dumps(names))) == names, "label names don't survive JSON")
    if found.weights is not None:
        fine = all(math.isfinite(weight) and weight > 0 for weight in found.weights)
        require(len(found.weights) == len(names) and fine, f"weights are {found.weights}")
    head = subject.task.head(found, subject.prepared.model.options)
    require(isinstance(head, HeadSpec), f"head gives {type(head).__name__}, not a HeadSpec")
    require(head.kind in get_args(HeadKind), f"there is no head of kind {head.kind!r}")
    require(head.size >= 1, f"the head has {head.size} logits")
    require(head.kind != "span" or head.size == 2, f"a span head of {head.size} logits, not 2")
    if names:
        require(
            head.kind == "span" or head.build is not None or head.size == len(names),
            f"{len(names)} labels, and a head of {head.size} logits",
        )
        stock = subject.task.stock_labels(names).names
        require(stock == names, f"stock_labels makes {stock!r:.80} of a checkpoint's {names!r:.80}")


def gold(subject: Subject) -> None:
    """Gold of every window has the shape and the range that the head's kind wants."""
    made = subject.prepared
    head = subject.task.head(made.model.labels, made.model.options)
    learned = 0
    for window, found in zip(made.training.encodings, made.training.gold, strict=True):
        value = np.asarray(found)
        what = f"gold of a {head.kind} head's window of {len(window)} tokens"
        if head.kind == "sequence":
            _sequence_gold(value, head.size, len(made.model.labels.names), what)
            learned += 1
        elif head.kind == "token":
            require(value.shape == (len(window),), f"{what} has the shape {value.shape}")
            real = value[value > IGNORED]
            inside = ((real >= 0) & (real < head.size)).all()
            require(inside, f"{what} is {value.tolist()!r:.80}: beyond {head.size} labels")
            learned += len(real)
        else:
            require(value.shape == (2,), f"{what} has the shape {value.shape}, not (2,)")
            first, last = value.tolist()
            require(0 <= first <= last < len(window), f"{what} is {first} to {last}: not inside it")
            learned += 1
    require(learned, "every token's gold is IGNORED: there is nothing to learn")


def _sequence_gold(value: Any, size: int, names: int, what: str) -> None:
    if not names or value.ndim:  # a number, or the task's own affair
        require(np.isfinite(value.astype(float)).all(), f"{what} is {value}")
        return
    require(np.issubdtype(value.dtype, np.integer), f"{what} is {value!r}, not a label's index")
    require(0 <= int(value) < size, f"{what} is {int(value)}: beyond {size} labels")
