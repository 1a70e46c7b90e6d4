"""What a hook gives, checked before anything uses it."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable
from typing import Any

from nlpengine.data import Column, ReaderSpec
from nlpengine.plugin.command import CommandSpec
from nlpengine.plugin.contract import Task
from nlpengine.plugin.faults import Breach
from nlpengine.plugin.listing import PluginEntry


def check_answer(entry: PluginEntry, answer: object, hook: str, implementation: Any) -> None:
    """Refuse an answer that isn't what the kind of plugin gives, under the entry point's name.

    Args:
        entry: The plugin.
        answer: What its hook gave.
        hook: The hook's name.
        implementation: The hook, for the place to name.

    Raises:
        Breach: With what is wrong.
    """
    wanted = _type_of(entry.kind)
    if not isinstance(answer, wanted):
        given, hint = type(answer).__name__, ""
        if isinstance(answer, type) and issubclass(answer, wanted):
            given = f"the class {answer.__name__}"
            hint = f": {hook}() must return an instance"
        article = _article(wanted.__name__)
        raise Breach(f"{hook}() gave {given}, not {article}{hint}", implementation)
    match answer:
        case Task():
            check_task(answer)
        case ReaderSpec():
            check_reader(answer)
        case CommandSpec():
            check_command(answer)
    named: Any = answer
    if entry.kind == "encoder":
        named = named.spec
    if named.name != entry.name:
        raise Breach(
            f"{hook}() gave {_article(entry.kind)} named {named.name!r}; the entry point is "
            f"{entry.name!r}",
            implementation,
        )


def check_task(task: Task[Any]) -> None:
    """Refuse a task whose class lacks attributes, or has some of another type.

    Raises:
        Breach: The first that is wrong.
    """
    owner = type(task)

    def refuse(problem: str) -> None:
        raise Breach(f"the task {owner.__name__} {problem}", owner)

    for name in ("name", "summary"):
        value = getattr(task, name, None)
        if not isinstance(value, str) or not value:
            refuse(f"has no {name!r}: set it to a string in the class")
    columns = getattr(task, "columns", None)
    if not isinstance(columns, tuple) or not columns:
        refuse("has no 'columns': set it to a tuple of Column in the class")
    for column in columns or ():
        if not isinstance(column, Column):
            refuse(f"has {column!r} among its columns, which is no Column")
    _check_options(task.options, refuse)


def _check_options(options: Any, refuse: Callable[[str], None]) -> None:
    if not isinstance(options, type) or not dataclasses.is_dataclass(options):
        refuse("has options that are no dataclass: decorate the class with @dataclass(frozen=True)")
        return
    for field in dataclasses.fields(options):
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            refuse(f"has an option {field.name!r} without a default")
    try:
        typing.get_type_hints(options)
    except NameError as error:
        refuse(f"has options whose types can't be found: {error}")


def check_reader(reader: ReaderSpec) -> None:
    """Refuse a reader whose parts are of another type.

    Raises:
        Breach: The first that is wrong.
    """
    for suffix in reader.suffixes:
        if not isinstance(suffix, str) or not suffix.startswith(".") or suffix != suffix.lower():
            raise Breach(f"the suffix {suffix!r} is no lower-case string like '.ft'", reader.read)
    if isinstance(reader.suffixes, str) or not callable(reader.read):
        raise Breach("suffixes must be a tuple of strings, and read a function", reader.read)


def check_command(command: CommandSpec) -> None:
    """Refuse a command that is none of click's.

    Raises:
        Breach: It isn't.
    """
    import click

    if not isinstance(command.command, click.Command):
        raise Breach(
            f"its command is {type(command.command).__name__}, not a click.Command (is "
            "@click.command() missing?)",
            command.command,
        )


def _type_of(kind: str) -> type[Any]:
    if kind == "encoder":
        from nlpengine.plugin.encoder import EncoderOffer  # imports torch: only where needed

        return EncoderOffer
    return {"task": Task, "reader": ReaderSpec, "command": CommandSpec}[kind]


def _article(noun: str) -> str:
    return f"{'an' if noun[0] in 'AEIOUaeiou' else 'a'} {noun}"
