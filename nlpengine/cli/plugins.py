"""``nlpengine plugins``: the list, and commands for those who have or write plugins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from nlpengine.cli.console import json_flag, print_json
from nlpengine.cli.lazy import LazyGroup, Table
from nlpengine.errors import ExitCode

if TYPE_CHECKING:
    from nlpengine.plugin.states import PluginState

COMMANDS: Table = {
    "doctor": ("nlpengine.cli.plugins_doctor", "Load all, explain each failure, show a way out."),
    "new": ("nlpengine.cli.plugins_new", "Write a plugin to start from."),
    "check": ("nlpengine.cli.plugins_check", "Hold a plugin to the contract of its kind."),
}


class PluginsGroup(LazyGroup):
    """Lists the plugins when called alone."""

    table = COMMANDS


@click.group(cls=PluginsGroup, invoke_without_command=True)
@click.option("--load", is_flag=True, help="Load all, however long it takes.")
@json_flag
@click.pass_context
def command(context: click.Context, load: bool, as_json: bool) -> ExitCode:
    """List the plugins and how each fares, tried in a process of its own.

    Without --load a plugin that isn't imported within a moment is "not loaded", and so are
    encoders, which need torch.
    """
    if context.invoked_subcommand is not None:
        return ExitCode.OK
    from nlpengine.plugin.api import API_VERSION
    from nlpengine.plugin.listing import Switches
    from nlpengine.plugin.probe import survey
    from nlpengine.report.plain import plain_table

    switches = Switches.from_environment()
    states = survey(switches, everything=load)
    bad = any(state.status in ("failed", "quarantined") for state in states)
    code = ExitCode.INTERNAL if switches.strict and bad else ExitCode.OK
    if as_json:
        print_json({"api": API_VERSION, "plugins": [state.to_json() for state in states]})
        return code
    plain_table(("name", "kind", "from", "hook", "API", "status", "ms", "why"), map(_row, states))
    click.echo(_summary(states, API_VERSION), err=True)
    return code


def _row(state: PluginState) -> Sequence[str]:
    entry, row = state.entry, state.to_json()
    took = "" if state.import_ms is None else f"{state.import_ms:.0f}"
    why = state.reason or "; ".join(state.remarks)
    return (
        entry.name, entry.kind, entry.owner, ", ".join(row["hooks"]), row["api"], state.status,
        took, why,
    )  # fmt: skip


def _summary(states: Sequence[PluginState], version: str) -> str:
    counts = Counter(state.status for state in states)
    said = ", ".join(f"{count} {status}" for status, count in counts.items())
    more = ""
    if counts.keys() - {"ok", "blocked"}:
        more = " To load all, and a way out of each failure: nlpengine plugins doctor"
    return f"API {version}; {said or 'no plugins'}.{more}"
