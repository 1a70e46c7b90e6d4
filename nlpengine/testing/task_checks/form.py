"""Checks of what a task says about itself."""

from __future__ import annotations

import dataclasses
import json
import re
import typing
from typing import Any, Literal

from nlpengine.baselines import Baseline
from nlpengine.data import Column
from nlpengine.plugin.contract import GoldKind, Recipe
from nlpengine.testing.checking import NotApplicable, require
from nlpengine.testing.task_checks.learning import additive, gradient
from nlpengine.testing.task_checks.subject import Subject, with_logits
from nlpengine.testing.task_checks.values import json_of

NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")


def spec(subject: Subject) -> None:
    """Name, summary, columns, recipe and baselines are there and go together."""
    task = subject.task
    for name in ("name", "summary", "columns"):
        require(hasattr(task, name), f"the class attribute {name} is missing")
    require(
        isinstance(task.name, str) and NAME.fullmatch(task.name),
        f"name is {task.name!r}: use small letters, digits, - and _",
    )
    require(
        isinstance(task.summary, str) and task.summary.strip() and "\n" not in task.summary,
        f"summary is {task.summary!r}: say in one line what the task does",
    )
    _columns(subject)
    _recipe(task.recipe)
    require(
        isinstance(task.baselines, tuple) and all(isinstance(b, Baseline) for b in task.baselines),
        "baselines is no tuple of Baseline",
    )
    require(
        task.gold_is in typing.get_args(GoldKind),
        f"gold_is is {task.gold_is!r}; it is one of {', '.join(typing.get_args(GoldKind))}",
    )


def _columns(subject: Subject) -> None:
    task = subject.task
    columns = task.columns
    require(
        isinstance(columns, tuple) and columns and all(isinstance(c, Column) for c in columns),
        "columns is no tuple of Column",
    )
    names = [column.name for column in columns]
    require(len(set(names)) == len(names), f"columns: a name occurs twice in {names}")
    claimed: dict[str, str] = {}
    for column in columns:
        for alias in (column.name, *column.aliases):
            require(
                claimed.setdefault(alias, column.name) == column.name,
                f"columns: {alias!r} could be {claimed[alias]!r} and {column.name!r}",
            )
            require(alias == alias.lower(), f"columns: write the alias {alias!r} in small letters")
    require(task.inputs, "columns: none of them is an input, so a model has nothing to read")
    if task.label_column is not None:
        require(
            task.label_column in names,
            f"label_column is {task.label_column!r}, which is none of the columns {names}",
        )
        column = columns[names.index(task.label_column)]
        require(
            not column.required,
            f"the column {column.name!r} is required: rows to predict have no gold",
        )
    for row in subject.records:
        unknown = sorted(set(row) - set(names))
        require(not unknown, f"records: {unknown} are no columns of the task, which has {names}")


def _recipe(recipe: Any) -> None:
    require(isinstance(recipe, Recipe), f"recipe is {type(recipe).__name__}, not a Recipe")
    require(1 <= recipe.epochs <= recipe.max_epochs, "recipe: epochs must be in 1 to max_epochs")
    require(recipe.batch_size >= 1, "recipe: batch_size must be at least 1")
    require(recipe.min_steps >= 0, "recipe: min_steps must be at least 0")
    length, overlap = recipe.max_length, recipe.overlap
    require(length is None or length >= 8, "recipe: max_length must be at least 8")
    require(overlap is None or overlap >= 0, "recipe: overlap must be at least 0")
    if length is not None and overlap is not None:
        require(overlap < length, "recipe: overlap must be below max_length")


def options(subject: Subject) -> None:
    """Options are a frozen dataclass with defaults, survive JSON, and work set otherwise, too."""
    kind = subject.task.options
    require(dataclasses.is_dataclass(kind), f"options is {kind!r}, which is no dataclass")
    frozen = getattr(kind, "__dataclass_params__").frozen  # noqa: B009 - mypy doesn't know it
    require(frozen, f"{kind.__name__} must be frozen: @dataclass(frozen=True)")
    fields = dataclasses.fields(kind)
    for option in fields:
        no_default = option.default is dataclasses.MISSING
        no_factory = option.default_factory is dataclasses.MISSING
        require(not (no_default and no_factory), f"the option {option.name!r} has no default")
    made = kind()
    again = kind(**json.loads(json.dumps(dataclasses.asdict(made))))
    require(made == again, f"options change on their way through JSON: {made} → {again}")
    hints = typing.get_type_hints(kind)
    for option in fields:
        for value in _choices(hints[option.name], getattr(made, option.name)):
            _works(subject, option.name, value)


def _choices(hint: Any, default: Any) -> tuple[Any, ...]:
    """All values of a type of few; of numbers one beside the default, which may be refused."""
    if hint is bool:
        return (True, False)
    if hint in (int, float):
        return (hint(default + 1),)
    return typing.get_args(hint) if typing.get_origin(hint) is Literal else ()


def _works(subject: Subject, name: str, value: Any) -> None:
    """Examples, labels, gold, loss and decoding with one option set otherwise."""
    from nlpengine.errors import DataError, UsageError

    task = subject.task
    chosen = dataclasses.replace(subject, options={**subject.options, name: value})
    # The same files; only what is made of them is made anew.
    chosen.__dict__.update(encoder=subject.encoder, data=subject.data)
    try:
        made = chosen.prepared
    except (DataError, UsageError):
        return  # a choice may not suit these rows, and says so
    except Exception as error:
        raise AssertionError(f"option {name}={value!r}: {type(error).__name__}: {error}") from error
    labels, options = made.model.labels, made.model.options
    head = task.head(labels, options)
    own = [e for e in made.training.encodings if e.example == 0]
    windows = with_logits(own, head.kind, head.size, seed=1)
    answer = task.decode(made.read.train[0], windows, labels, options, {})
    json_of(answer, f"to_json() with option {name}={value!r}")
    for check in (gradient, additive):
        try:
            check(chosen)
        except AssertionError as error:
            raise AssertionError(f"with option {name}={value!r}: {error}") from error


def demo(subject: Subject) -> None:
    """The demo set is read like any other data, and every row of it can be scored."""
    from nlpengine.workflow.config import make_config, make_options
    from nlpengine.workflow.reading import read_examples

    task = subject.task
    if task.demo is None:
        raise NotApplicable("the task has no demo set")
    require(task.demo.is_dir(), f"demo: {task.demo} is no folder")
    config = make_config({"task": task.name, "data": "demo"})
    read = read_examples(config, task, make_options(task, {}))
    for name in ("train", "dev", "test"):
        require(getattr(read, name), f"demo: the {name} split is empty")
