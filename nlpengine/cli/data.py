"""``nlpengine data check TASK PATH``: look at a data set before training on it."""

from __future__ import annotations

from typing import Any

import click

from nlpengine.cli.console import format_flag, json_flag, parse_map, print_json


@click.group()
def command() -> None:
    """Look at data sets."""


@command.command()
@click.argument("task")
@click.argument("path")
@format_flag
@click.option("--map", "mapping", help="Columns: text=review,label=stars.")
@click.option("--encoder", help="Whose tokenizer counts the tokens. [default: minilm]")
@click.option("--max-length", type=int, help="Tokens per window. [default: the encoder's]")
@click.option("--seed", type=int, help="Of splits that are made up. [default: 0]")
@click.option("--strict", is_flag=True, help="Take warnings for errors (exit code 4).")
@json_flag
def check(task: str, path: str, mapping: str | None, as_json: bool, **settings: Any) -> None:
    """Read PATH as `run TASK` would, and say what stands in the way of an honest score.

    Sizes, balance, texts in two splits, repeated texts, contradictory labels, empty texts, broken
    encoding, lengths against the encoder's window, and pieces that its vocabulary doesn't know.
    PATH is a file, a folder, a Hub data set, or demo.
    """
    from nlpengine.plugin.manager import PluginManager
    from nlpengine.report.terminal import print_findings
    from nlpengine.workflow.check import check_data
    from nlpengine.workflow.config import make_config

    given = {name: value for name, value in settings.items() if value is not None}
    config = make_config({"task": task, "data": path, "map": parse_map(mapping), **given})
    report = check_data(config, PluginManager())
    if as_json:
        print_json(report.to_json())
    else:
        print_findings(report)
