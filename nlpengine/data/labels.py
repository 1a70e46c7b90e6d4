"""What a label is, when it is missing, and whether the labels of the splits fit together."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Sequence

from nlpengine.data.records import Origin, Record
from nlpengine.data.splits import Splits
from nlpengine.errors import DataError

UNLABELLED = -1.0
"""What published test sets write for a label that is kept back, as ``-1`` or ``-1.0``."""

_SHOWN = 20
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")


def label_text(value: object, origin: Origin, label: str) -> str | None:
    """A label as a string: numbers and booleans as Python prints them; None where it is missing.

    Blanks around it are no part of it.

    Raises:
        DataError: The value is a list or an object, which is no class.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str | int | float):
        return str(value).strip()
    kind = "a list" if isinstance(value, list | tuple) else "an object"
    raise DataError(
        f"{label!r} is {kind}, and a label must be a string or a number. Map another column with "
        f"--map {label}=COLUMN",
        origin.path,
        origin.line,
    )


def label_key(record: Record, label: str) -> Hashable:
    """The label as a class to stratify by."""
    value = record.fields.get(label)
    return value if isinstance(value, Hashable) else repr(value)


def parse_number(text: str) -> float | None:
    """A finite number written with digits and a point; None for anything else (nan, 1_0, 3,5)."""
    number = float(text) if _NUMBER.fullmatch(text.strip()) else math.inf
    return number if math.isfinite(number) else None


def labels_are_numbers(records: Sequence[Record], label: str) -> bool:
    """Whether the labels of a training set are numbers to predict, and not names of classes.

    They are where every label is a finite number and they aren't whole numbers alone: one has a
    fraction (2.5), or is written with decimals beside another spelling of itself (3 and 3.000).
    Whole numbers alone (0 and 1, 1.0 to 5.0) are classes.

    Args:
        records: Rows; those without a label have no say.
        label: The field of the label.
    """
    texts = {
        str(record.fields[label]) for record in records if record.fields.get(label) is not None
    }
    numbers: set[float] = set()
    for text in texts:
        number = parse_number(text)
        if number is None:
            return False
        numbers.add(number)
    if any(not number.is_integer() for number in numbers):
        return True
    return len(numbers) < len(texts) and not all(text.strip("+-").isdigit() for text in texts)


def require_numbers(records: Sequence[Record], label: str, what: str) -> None:
    """Refuse records of which one has a label that is no number; ``what`` calls them.

    Raises:
        DataError: At the first such row.
    """
    for record in records:
        value = record.fields.get(label)
        if parse_number(str(value)) is None:
            raise DataError(
                f"label {value!r} in {what} is no number, and the labels of this data set are. "
                "Write it with digits and a point, like 2.5, or remove the row",
                record.origin.path,
                record.origin.line,
            )


def as_numbers(records: Sequence[Record], label: str) -> tuple[Record, ...]:
    """Records whose labels, checked by `require_numbers`, are floats."""
    return tuple(
        Record({**record.fields, label: float(str(record.fields[label]))}, record.origin)
        for record in records
    )


def leave_out(
    records: Sequence[Record], label: str, values: Sequence[str]
) -> tuple[tuple[Record, ...], int]:
    """The records whose label is none of ``values``, and how many were left out.

    Where there are such values, a label that is missing means the same, unless all are: the Hub's
    SNLI has -1 for "-", which stands for no class.
    """
    kept = tuple(record for record in records if record.fields.get(label) not in values)
    if values and any(record.fields.get(label) is not None for record in kept):
        kept = tuple(record for record in kept if record.fields.get(label) is not None)
    return kept, len(records) - len(kept)


def is_unlabelled(test: Sequence[Record], label: str, train: Sequence[Record] = ()) -> bool:
    """Whether a test split has no label at all: the field is missing, empty, or -1 in every row.

    -1 is a label like any other where train uses it.
    """
    if not all(_is_kept_back(record, label) for record in test):
        return False
    if all(record.fields.get(label) is None for record in test):
        return True
    return not any(
        record.fields.get(label) is not None and _is_kept_back(record, label) for record in train
    )


def refuse_kept_back(records: Sequence[Record], label: str) -> None:
    """Refuse numbers to score against that are -1 in every row, which says that there are none.

    Raises:
        DataError: They are.
    """
    if records and all(_is_kept_back(record, label) for record in records):
        raise DataError(
            f"every row has -1 in field {label!r}, which is what test sets write whose labels are "
            "kept back. Pass a file with labels, perhaps the dev split",
            records[0].origin.path,
        )


def _is_kept_back(record: Record, label: str) -> bool:
    value = record.fields.get(label)
    return value is None or parse_number(str(value)) == UNLABELLED


def require_labels(records: Sequence[Record], label: str, what: str) -> None:
    """Refuse records of which one has no label; ``what`` calls them in the message.

    Raises:
        DataError: At the first such row, with the number of them.
    """
    bare = [record for record in records if record.fields.get(label) is None]
    if bare:
        rows = "1 row" if len(bare) == 1 else f"{len(bare):,} rows"
        raise DataError(
            f"no label in field {label!r}; {what} has {rows} like this of "
            f"{len(records):,}. "
            "Label or remove them",
            bare[0].origin.path,
            bare[0].origin.line,
        )


def check_labels(splits: Splits, label: str) -> None:
    """Check the labels of a task whose labels are classes.

    Raises:
        DataError: Train has only one class; or a row of dev or test has one that train lacks.
    """
    known = list(dict.fromkeys(str(record.fields.get(label)) for record in splits.train))
    if splits.train and len(known) == 1:
        raise DataError(
            f"only one class: every row of train is labelled {known[0]!r}. "
            "Train needs rows of two classes or more",
            splits.source,
        )
    classes = set(known)
    for split, records in (("dev", splits.dev), ("test", splits.test)):
        for record in records:
            value = str(record.fields.get(label))
            if classes and value not in classes:
                way_out = "Mend the label, or add rows with it to train"
                if all(parse_number(name) is not None for name in (value, *known)):
                    way_out += "; or, where numbers are to be predicted, say so (--target number)"
                raise DataError(
                    f"label {value!r} in the {split} split doesn't stand in train, which has "
                    f"{_listed(known)}. {way_out}",
                    record.origin.path,
                    record.origin.line,
                )


def _listed(known: Sequence[str]) -> str:
    names = sorted(known)
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(map(repr, names[:_SHOWN])) + more
