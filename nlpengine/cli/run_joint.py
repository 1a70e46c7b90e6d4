"""``nlpengine run TASK,TASK``: several tasks on one encoder."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import click

from nlpengine.cli.console import json_flag, parse_map, print_json, use_threads
from nlpengine.cli.run_flags import FLAGS, own_flags
from nlpengine.errors import UsageError
from nlpengine.plugin.contract import Task
from nlpengine.plugin.manager import PluginManager

ALONE = ("data", "format", "mapping", "from_scratch", "add_head", "config", "head")
"""Flags of a run of one task that mean something else here, or nothing."""


def joint_command(names: Sequence[str]) -> click.Command:
    """The command of a run of several tasks."""
    plugins = PluginManager()
    tasks = [plugins.task(name) for name in names]

    def callback(**values: Any) -> None:
        _run(names, tasks, values)

    built = click.Command(
        ",".join(names),
        callback=callback,
        help="Fine-tune one encoder on several tasks; one pass of it then answers all of them.",
    )
    for decorate in (*FLAGS, json_flag):
        decorate(built)
    built.params = [flag for flag in built.params if flag.name not in ALONE]
    built.params[:0] = [
        click.Option(["--data", "sources"], multiple=True, help="TASK=PATH, once a task. [demo]"),
        click.Option(["--format", "formats"], multiple=True, help="TASK=FORMAT, of its files."),
        click.Option(["--map", "mapping"], help="Columns: TASK.FIELD=COLUMN,…"),
    ]
    built.params += (flag for task in tasks for flag in own_flags(task, prefix=task.name))
    return built


def _run(names: Sequence[str], tasks: Sequence[Task[Any]], values: dict[str, Any]) -> None:
    as_json, threads = values.pop("as_json"), values.pop("threads")
    sources, mapping = values.pop("sources"), parse_map(values.pop("mapping"))
    formats = values.pop("formats")
    options: dict[str, dict[str, Any]] = {}
    for task in tasks:
        for field in dataclasses.fields(task.options):
            value = values.pop(f"{task.name}_{field.name}")
            if value is not None:
                options.setdefault(task.name, {})[field.name] = value
    settings = {name: value for name, value in values.items() if value is not None}
    settings |= {
        "data": dict(_of_task("--data", text, "=") for text in sources),
        "format": dict(_of_task("--format", text, "=") for text in formats),
        "options": options,
        "map": _maps(mapping),
    }
    use_threads(threads)
    from nlpengine.engine import Engine
    from nlpengine.report.live import LiveProgress
    from nlpengine.report.terminal import print_run

    with LiveProgress() as live:
        run = Engine().run_joint(names, listener=live, **settings)
    if as_json:
        print_json(run.to_json())
        return
    for record in run.records.values():
        print_run(record)
    click.echo(f"all heads on one encoder: {run.path}")
    click.echo(f'  nlpengine predict {run.path} --text "…"')


def _of_task(flag: str, text: str, mark: str) -> tuple[str, str]:
    task, found, value = text.partition(mark)
    if not found or not value:
        raise UsageError(f"{flag} {text}: with several tasks, say whose it is: TASK{mark}…")
    return task, value


def _maps(mapping: dict[str, str]) -> dict[str, dict[str, str]]:
    """``ner.tags=column`` → task → field → column."""
    found: dict[str, dict[str, str]] = {}
    for name, column in mapping.items():
        task, field = _of_task("--map", name, ".")
        found.setdefault(task, {})[field] = column
    return found
