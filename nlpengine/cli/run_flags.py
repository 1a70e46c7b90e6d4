"""Flags of ``nlpengine run``: those of every task, and those that a task's options grow."""

from __future__ import annotations

import dataclasses
import itertools
import types
import typing
from pathlib import Path
from typing import Any, Literal

import click

from nlpengine.cli.console import format_flag
from nlpengine.plugin.contract import Task


def own_flags(task: Task[Any], prefix: str = "") -> list[click.Parameter]:
    """A flag for each field of the task's options; ``prefix``: whose they are, among several."""
    hints = typing.get_type_hints(task.options)
    about = _field_docs(task.options)
    flags: list[click.Parameter] = []
    for field in dataclasses.fields(task.options):
        hint = hints[field.name]
        choices = _choices(hint)
        kind = click.Choice(choices) if choices else hint if hint in (int, float, bool) else str
        name = f"{prefix}_{field.name}" if prefix else field.name
        flag = "--" + name.replace("_", "-")
        text = about.get(field.name, "")
        if field.default is not False and field.default != "":
            text = f"{text} [default: {field.default}]".strip()
        names = [f"{flag}/--no-{flag[2:]}"] if hint is bool else [flag]
        flags.append(click.Option([*names, name], type=kind, default=None, help=text))
    return flags


def _choices(hint: Any) -> tuple[str, ...]:
    """What an option may be, where that is a few words; of a bool among them, true and false."""
    if typing.get_origin(hint) is Literal:
        return tuple(map(str, typing.get_args(hint)))
    union = typing.get_origin(hint) in (typing.Union, types.UnionType)
    members = typing.get_args(hint) if union else ()
    found = [("true", "false") if member is bool else _choices(member) for member in members]
    return tuple(itertools.chain(*found)) if all(found) else ()


def _field_docs(options: type[Any]) -> dict[str, str]:
    """Attribute name → its lines under "Attributes:" in the docstring, or in that of a base."""
    found: dict[str, str] = {}
    for base in reversed(options.__mro__):
        name = ""
        for line in (base.__doc__ or "").partition("Attributes:")[2].split("\n"):
            head, colon, rest = line.strip().partition(": ")
            if colon and head.isidentifier():
                name, found[head] = head, rest
            elif name and line.strip():
                found[name] += " " + line.strip()
    return found


FLAGS = (
    click.option("--encoder", help="Catalog name, Hub id, folder or run. [default: minilm]"),
    click.option("--from-scratch", is_flag=True, flag_value=True, default=None, type=bool,
                 help="The architecture alone: fresh weights, a vocabulary of the training texts."),
    click.option("--data", help="demo, a folder, a file, or a Hub data set. [default: demo]"),
    format_flag,
    click.option("--map", "mapping", help="Columns: text=review,label=stars."),
    click.option("--epochs", type=int, help="Passes over the training data. [default: recipe]"),
    click.option("--lr", type=float, help="Peak learning rate. [default: the encoder's recipe]"),
    click.option("--batch-size", type=int, help="Windows per optimiser step. [default: recipe]"),
    click.option("--batch-tokens", type=int, help="Tokens per micro-batch. [default: by device]"),
    click.option("--max-length", type=int, help="Tokens per window. [default: the encoder's]"),
    click.option("--overlap", type=int, help="Tokens that windows of a long text share."),
    click.option(
        "--long-text",
        type=click.Choice(["windows", "truncate"]),
        help="Cover long text with windows, or cut it (counted in the report). [default: windows]",
    ),
    click.option("--weight-decay", type=float, help="AdamW's. [default: 0.01]"),
    click.option("--warmup", type=float, help="Share of steps to warm up over. [default: 0.06]"),
    click.option("--clip", type=float, help="Largest gradient norm. [default: 1.0]"),
    click.option(
        "--attention-dropout", type=float, help="Overrides the encoder's own; 0 trains faster."
    ),
    click.option("--evaluate-every", type=int, help="Steps between dev scores. [default: epoch]"),
    click.option("--patience", type=int, help="Stop after this many dev scores without a best."),
    click.option(
        "--head",
        type=click.Choice(["auto", "keep", "new"]),
        help="The checkpoint's head, or a new one. [default: auto: keep it if the labels match]",
    ),
    click.option("--add-head", is_flag=True, flag_value=True, default=None, type=bool,
                 help="Put a head beside those of the model that --encoder names; the rest of it "
                      "stays as it is, to the bit."),
    click.option("--no-baseline", "baseline", flag_value=False, default=None, type=bool,
                 help="Skip the comparison with simple baselines."),
    click.option("--seed", type=int, help="Of everything drawn at random. [default: 0]"),
    click.option("--limit", type=int, help="Use at most this many rows of each split."),
    click.option("--strict", is_flag=True, flag_value=True, default=None, type=bool,
                 help="Take what the data checks warn of for errors."),
    click.option("--device", help="auto, cpu, cuda or cuda:N. [default: auto]"),
    click.option(
        "--precision", type=click.Choice(["auto", "fp32", "bf16", "fp16"]), help="[default: auto]"
    ),
    click.option(
        "--attention",
        type=click.Choice(["auto", "packed", "varlen", "padded"]),
        help="How sequences of a batch are kept apart. [default: auto, explained in the notes]",
    ),
    click.option(
        "--threads",
        type=click.IntRange(min=1),
        help="CPU threads. [default: what the container has]",
    ),
    click.option("--config", type=Path, help="Settings from a TOML file; flags win."),
    click.option("--output", type=Path, help="The run folder. [default: runs/TASK-ENCODER-DATE]"),
)  # fmt: skip
