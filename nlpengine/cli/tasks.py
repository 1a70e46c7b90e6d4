"""``nlpengine tasks``."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from nlpengine.cli.console import json_flag, print_json
from nlpengine.errors import NlpengineError


@click.command()
@json_flag
def command(as_json: bool) -> None:
    """List the installed tasks: what each is, its fields and its options."""
    from nlpengine.plugin.manager import PluginManager
    from nlpengine.report.plain import plain_table

    plugins = PluginManager()
    rows: list[dict[str, Any]] = []
    for name in plugins.task_names():
        try:
            task = plugins.task(name)
        except NlpengineError as error:
            rows.append({"name": name, "summary": "", "error": str(error).split("\n")[0]})
            continue
        rows.append(
            {
                "name": name,
                "summary": task.summary,
                "columns": [column.name for column in task.columns],
                "options": [field.name for field in dataclasses.fields(task.options)],
                "demo": task.demo is not None,
            }
        )
    if as_json:
        print_json({"tasks": rows})
        return
    plain_table(
        ("task", "what it does", "fields", "options"),
        [
            (
                str(row["name"]),
                str(row.get("error") or row["summary"]),
                ", ".join(row.get("columns", ())),
                ", ".join(row.get("options", ())),
            )
            for row in rows
        ],
    )
