"""``nlpengine plugins``."""

from __future__ import annotations

import click

from nlpengine.cli.console import json_flag, print_json
from nlpengine.errors import ExitCode


@click.command()
@json_flag
def command(as_json: bool) -> ExitCode:
    """List the plugins, load each on its own, and say how it fared."""
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
