"""What the user passed as data → examples of each split, reviewed by the task, with its labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nlpengine.data import Record, Splits, load_splits
from nlpengine.data.findings import Finding
from nlpengine.data.readers import NO_READERS, Readers
from nlpengine.errors import DataError, UsageError
from nlpengine.plugin.contract import Task
from nlpengine.plugin.prediction import Labels
from nlpengine.workflow.config import RunConfig


@dataclass(frozen=True, slots=True)
class Examples:
    """A data set as a task has it.

    Attributes:
        parts: Examples by split: train, dev and test.
        labels: Of train.
        splits: The records they were made of.
        notes: Choices and repairs made while reading.
        options: The task's, with what was left to the data decided.
    """

    parts: Mapping[str, Sequence[Any]]
    labels: Labels
    splits: Splits
    notes: tuple[str, ...]
    options: Any

    @property
    def train(self) -> Sequence[Any]:
        """Examples to learn from."""
        return self.parts["train"]

    @property
    def dev(self) -> Sequence[Any]:
        """Examples to choose the best weights on."""
        return self.parts["dev"]

    @property
    def test(self) -> Sequence[Any]:
        """Examples to report on."""
        return self.parts["test"]

    @property
    def trained_on(self) -> tuple[str, ...]:
        """sha256 of the files that rows of train and dev are in."""
        paths = {f"/{record.origin.path}/" for record in (*self.splits.train, *self.splits.dev)}
        return tuple(
            sorted(
                digest
                for name, digest in self.splits.fingerprints.items()
                if any(f"/{name}/" in path for path in paths)
            )
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What a look at all rows brought up."""
        return self.splits.findings


def read_examples(
    config: RunConfig, task: Task[Any], options: Any, readers: Readers = NO_READERS
) -> Examples:
    """Read a run's data.

    Args:
        config: Names the data, its columns, a limit and the seed.
        task: Whose examples.
        options: The task's, as given.
        readers: Formats of plugins.

    Raises:
        DataError: A file, a row or a gold answer that can't be used, with file and line.
        UsageError: The task has no demo set; or see :func:`nlpengine.data.load_splits`.
    """
    splits = _read_splits(config, task, options, readers)
    parts = {"train": splits.train, "dev": splits.dev, "test": splits.test}
    adapted = adapt_all(task, parts)
    options, settled = task.settle(adapted["train"], options)
    reviewed, notes = task.review(adapted, options)
    labels = task.label_set(reviewed["train"], options)
    check_all(task, reviewed, labels)
    return Examples(reviewed, labels, splits, (*splits.notes, *settled, *notes), options)


def adapt_all(task: Task[Any], parts: Mapping[str, Sequence[Record]]) -> dict[str, list[Any]]:
    """Examples of all splits; all rows are tried, so that what is said is said of the first.

    Raises:
        DataError: Of the first row in its file that can't be one; it names the others, too.
    """
    wrong: list[DataError] = []
    adapted: dict[str, list[Any]] = {}
    for name, records in parts.items():
        adapted[name] = []
        for record in records:
            with _gathered(wrong):
                adapted[name].append(task.adapt(record))
    if wrong:
        raise DataError.first_of(wrong)
    return adapted


def check_all(task: Task[Any], parts: Mapping[str, Sequence[Any]], labels: Labels) -> None:
    """Refuse gold that can't be scored, likewise.

    Raises:
        DataError: Of the first example that has such.
    """
    wrong: list[DataError] = []
    for examples in parts.values():
        for example in examples:
            with _gathered(wrong):
                task.check_gold(example, labels)
    if wrong:
        raise DataError.first_of(wrong)


@contextmanager
def _gathered(wrong: list[DataError]) -> Iterator[None]:
    try:
        yield
    except DataError as error:
        wrong.append(error)


def _read_splits(config: RunConfig, task: Task[Any], options: Any, readers: Readers) -> Splits:
    """The data set of a run; ``demo`` is the task's own."""
    source = config.data
    if source == "demo":
        if task.demo is None:
            raise UsageError(f"the task {task.name!r} has no demo set: give --data.")
        source = str(task.demo)
    return load_splits(
        source,
        task.columns,
        config.map,
        seed=config.seed,
        label=task.label_column,
        classes=classes_of(task, options),
        limit=config.limit,
        formats=task.formats,
        left_out=task.left_out,
        readers=readers.wanting(config.format),
        together=task.together,
        in_context=lambda rows: task.in_context(rows, options),
    )


def classes_of(task: Task[Any], options: Any) -> bool | Callable[[Sequence[Record]], bool]:
    """Whether a task's labels are classes, or what tells from the training rows."""
    if task.gold_is == "class or number":
        return lambda records: task.has_classes(records, options)
    return task.gold_is == "class"
