"""``nlpengine plugins``."""

from __future__ import annotations

import click

from nlpengine.cli.console import json_flag, print_json
from nlpengine.cli.lazy import LazyGroup, Table
from nlpengine.errors import ExitCode

COMMANDS: Table = {
    "doctor": ("nlpengine.cli.plugins_doctor", "Load all, explain each failure, show a way out."),
    "new": ("nlpengine.cli.plugins_new", "Write a plugin to start from."),
    "check": ("nlpengine.cli.plugins_check", "Hold a plugin to the contract of its kind."),
}


class PluginsGroup(LazyGroup):
    """Lists the plugins when called alone."""

    table = COMMANDS


@click.group(cls=PluginsGroup, invoke_without_command=True)
@json_flag
@click.pass_context
def command(context: click.Context, as_json: bool) -> ExitCode:
    """List the plugins, load each on its own, and say how it fared."""
    if context.invoked_subcommand is not None:
        return ExitCode.OK
    from nlpengine.plugin.manager import PluginManager
    from nlpengine.report.terminal import plain_table

    states = PluginManager().states()
    rows = [
        {
            "kind": state.entry.kind,
            "name": state.entry.name,
            "distribution": state.entry.distribution,
            "version": state.entry.version,
            "status": state.status,
            "reason": state.reason,
            "traceback": state.trace,
        }
        for state in states
    ]
    if as_json:
        print_json({"plugins": rows})
        return ExitCode.OK
    columns = ("kind", "name", "distribution", "version", "status", "reason")
    plain_table(columns, [[str(row[name]) for name in columns] for row in rows])
    for state in states:
        if state.trace:
            click.echo(f"\n{state.entry.name} (from {state.entry.distribution}):\n{state.trace}")
    return ExitCode.OK
