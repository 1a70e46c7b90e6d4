"""``nlpengine data check TASK PATH``: look at a data set before training on it."""

from __future__ import annotations

from typing import Any

import click

from nlpengine.cli.console import format_flag, json_flag, parse_map, print_json
from nlpengine.cli.run import TaskGroup, take_options
from nlpengine.cli.run_flags import own_flags
from nlpengine.plugin.contract import Task
from nlpengine.plugin.manager import PluginManager


@click.group()
def command() -> None:
    """Look at data sets."""


class _Checks(TaskGroup):
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """The check for a task, installed or in a single file."""
        return _check_command(PluginManager().task(cmd_name), cmd_name)


@command.command(cls=_Checks)
def check() -> None:
    """Read data as `run TASK` would, and say what stands in the way of an honest score.

    Sizes, balance, texts in two splits, repeated texts, contradictory labels, empty texts, broken
    encoding, lengths against the encoder's window, and pieces that its vocabulary doesn't know.
    """


_FLAGS = (
    click.argument("path"),
    format_flag,
    click.option("--map", "mapping", help="Columns: text=review,label=stars."),
    click.option("--encoder", help="Whose tokenizer counts the tokens. [default: minilm]"),
    click.option("--max-length", type=int, help="Tokens per window. [default: the encoder's]"),
    click.option("--seed", type=int, help="Of splits that are made up. [default: 0]"),
    click.option("--strict", is_flag=True, help="Take warnings for errors (exit code 4)."),
    json_flag,
)


def _check_command(task: Task[Any], called: str) -> click.Command:
    def callback(**values: Any) -> None:
        _check(called, take_options(task, values), **values)

    about = "Look at PATH: a file, a folder, a Hub data set, or demo."
    built = click.Command(called, callback=callback, help=about)
    for decorate in _FLAGS:
        decorate(built)
    built.params += own_flags(task)
    return built


def _check(
    called: str,
    options: dict[str, Any],
    *,
    path: str,
    mapping: str | None,
    as_json: bool,
    strict: bool,
    **settings: Any,
) -> None:
    from nlpengine.data.findings import require_clean
    from nlpengine.report.terminal import print_findings
    from nlpengine.workflow.check import check_data
    from nlpengine.workflow.config import make_config

    given = {name: value for name, value in settings.items() if value is not None}
    config = make_config(
        {"task": called, "data": path, "map": parse_map(mapping), "options": options, **given}
    )
    report = check_data(config, PluginManager())
    if as_json:
        print_json(report.to_json())
    else:
        print_findings(report)
    if strict:
        require_clean(report.findings, path)
