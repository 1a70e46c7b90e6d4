"""Rows to try a task on where nobody gives any: of its demo set, or made of its columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nlpengine.errors import UsageError
from nlpengine.plugin.contract import Task

Fields = dict[str, Any]

MOST = 8
"""Rows that the checks use."""
SHORTEST = 60
"""Rows of the demo set to choose from: short ones are learned sooner."""
TEXTS = (
    ("a good film", "the soup was good", "love the hotel", "very fine service"),
    ("a bad film", "the soup was bad", "hate the hotel", "very slow service"),
)


def rows_for(task: Task[Any], data: str | None = None) -> list[Fields]:
    """Eight labelled rows for a task.

    Args:
        task: The task.
        data: Where to take them from; None for its demo set, or made-up ones where it has none.

    Raises:
        UsageError: There is nothing to make them of.
        DataError: The data can't be read.
    """
    source = data or (str(task.demo) if task.demo is not None else None)
    return _made_up(task) if source is None else _chosen(task, source)


def _chosen(task: Task[Any], source: str) -> list[Fields]:
    """Short rows of the training split, as many different golds as there are."""
    from nlpengine.workflow.config import make_config, make_options
    from nlpengine.workflow.reading import read_examples

    config = make_config({"task": task.name, "data": source})
    read = read_examples(config, task, make_options(task, {}))
    known = {column.name for column in task.columns}
    rows = [
        {n: value for n, value in record.fields.items() if n in known and value is not None}
        for record in read.splits.train
    ]
    gold = [column.name for column in task.columns if column not in task.inputs]
    rows.sort(key=lambda row: len(json.dumps(row, default=str)))
    by_gold: dict[str, list[Fields]] = {}
    for row in rows[: max(SHORTEST, MOST)]:
        key = json.dumps([row.get(name) for name in gold if name in row], default=str)
        by_gold.setdefault(key, []).append(row)
    return _in_turn(list(by_gold.values()))


def _in_turn(groups: Sequence[list[Fields]]) -> list[Fields]:
    found: list[Fields] = []
    for place in range(max(map(len, groups), default=0)):
        found += [group[place] for group in groups if place < len(group)]
    return found[:MOST]


def _made_up(task: Task[Any]) -> list[Fields]:
    inputs = [column.name for column in task.inputs if column.required] or [task.inputs[0].name]
    if task.label_column is None or task.gold_is == "other":
        raise UsageError(
            f"the task {task.name!r} has no demo set, and its gold is no label that could be made "
            "up: give rows with --data FILE."
        )
    return [
        {**dict.fromkeys(inputs, text), task.label_column: label}
        for pair in zip(*TEXTS, strict=True)
        for text, label in zip(pair, ("good", "bad"), strict=True)
    ]
