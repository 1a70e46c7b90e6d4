"""``nlpengine run TASK``: the tasks are subcommands, each with the run's flags and its own."""

from __future__ import annotations

import dataclasses
from typing import Any

import click

from nlpengine.cli.console import json_flag, parse_map, print_json, use_threads
from nlpengine.cli.run_flags import FLAGS, own_flags
from nlpengine.cli.run_joint import joint_command
from nlpengine.errors import UsageError
from nlpengine.plugin.contract import Task
from nlpengine.plugin.manager import PluginManager


class TaskGroup(click.Group):
    """The installed tasks; listing them imports none."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Task names from metadata."""
        return PluginManager().task_names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
        """Load a task, or several with commas between, and build the command.

        Each is installed, or in a single file.
        """
        if "," in cmd_name:
            return joint_command([name.strip() for name in cmd_name.split(",") if name.strip()])
        return _task_command(PluginManager().task(cmd_name), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Names alone: a summary would mean importing every plugin."""
        with formatter.section("Tasks"):
            names = self.list_commands(ctx)
            formatter.write_dl([(name, f"{ctx.command_path} {name} --help") for name in names])


@click.command(cls=TaskGroup)
def command() -> None:
    """Fine-tune an encoder on a task's data, test it, compare it, save it.

    A task is an installed one, or one in a single file: ./my_task.py:NAME.
    """


def take_options(task: Task[Any], values: dict[str, Any]) -> dict[str, Any]:
    """The task's options that were given, taken out of a command's values."""
    options = {field.name: values.pop(field.name) for field in dataclasses.fields(task.options)}
    return {name: value for name, value in options.items() if value is not None}


def _task_command(task: Task[Any], called: str) -> click.Command:
    def callback(**values: Any) -> None:
        _run(called, task, values, take_options(task, values))

    built = click.Command(called, callback=callback, help=f"Fine-tune on {task.summary}.")
    for decorate in (*FLAGS, json_flag):
        decorate(built)
    built.params += own_flags(task)
    return built


def _run(called: str, task: Task[Any], flags: dict[str, Any], options: dict[str, Any]) -> None:
    as_json, threads = flags.pop("as_json"), flags.pop("threads")
    config_file, mapping = flags.pop("config"), parse_map(flags.pop("mapping"))
    settings = {name: value for name, value in flags.items() if value is not None}
    if mapping:
        settings["map"] = mapping
    use_threads(threads)
    from nlpengine.engine import Engine
    from nlpengine.report.live import LiveProgress
    from nlpengine.report.terminal import print_run
    from nlpengine.workflow.config import read_config_file

    base = read_config_file(config_file) if config_file else {}
    if (named := base.pop("task", task.name)) not in (task.name, called):
        raise UsageError(
            f"--config {config_file}: it is for the task {named!r}, not {task.name!r}."
        )
    own = base.pop("options", {})
    if isinstance(own, dict):  # the check of settings refuses anything else
        named = {field.name for field in dataclasses.fields(task.options)} & base.keys()
        own = {**own, **{name: base.pop(name) for name in named}, **options}
    settings = {**base, **settings, "options": own}
    with LiveProgress() as live:
        run = Engine().run(called, listener=live, **settings)
    if as_json:
        print_json(run.record.to_json())
    else:
        print_run(run.record)
