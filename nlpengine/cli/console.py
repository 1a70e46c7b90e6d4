"""The terminal: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import click
from rich.console import Console


def json_flag(function: Callable[..., Any]) -> Callable[..., Any]:
    """The ``--json`` flag."""
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON object on standard output."
    )(function)


def format_flag(function: Callable[..., Any]) -> Callable[..., Any]:
    """The ``--format`` flag: a name of ours, or of a plugin's reader."""
    about = "Of the files: csv, tsv, jsonl … or a plugin's. [default: by names and first lines]"
    return click.option("--format", help=about)(function)


def result_console() -> Console:
    """For results."""
    return Console(file=sys.stdout, highlight=False)


def progress_console() -> Console:
    """For everything else."""
    return Console(file=sys.stderr, highlight=False)


def print_json(content: Mapping[str, Any]) -> None:
    """One JSON object on standard output."""
    click.echo(json.dumps(content, ensure_ascii=False, indent=2, default=str))


def print_notes(notes: Iterable[str]) -> None:
    """Choices that were made for the user, on standard error."""
    for note in notes:
        progress_console().print(f"· {note}", style="dim", markup=False)


def parse_map(pairs: str | None) -> dict[str, str]:
    """``--map text=review,label=stars`` → field → column.

    Raises:
        click.BadParameter: A part has no ``=``.
    """
    found: dict[str, str] = {}
    for part in filter(None, (pairs or "").split(",")):
        field, equals, column = part.partition("=")
        if not equals or not field or not column:
            raise click.BadParameter(f"{part!r} is not field=column", param_hint="--map")
        found[field.strip()] = column.strip()
    return found


def use_threads(threads: int | None) -> None:
    """Set torch's threads: by default the cores that the container really has."""
    import torch

    from nlpengine.encoders.device import available_threads

    torch.set_num_threads(threads or available_threads())
