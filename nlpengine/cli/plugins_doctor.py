"""``nlpengine plugins doctor``: every plugin loaded, every failure explained."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from nlpengine.cli.console import json_flag, print_json
from nlpengine.errors import ExitCode

if TYPE_CHECKING:
    from nlpengine.plugin.states import PluginState


@click.command()
@click.option("--traceback", "traces", is_flag=True, help="Show whole tracebacks.")
@json_flag
def command(traces: bool, as_json: bool) -> ExitCode:
    """Load every plugin and say of each that fails why, where in its code, and what to do.

    Each is loaded in a process of its own: one that hangs or crashes is named like any other. The
    exit code is 3 where one can't be used.
    """
    from nlpengine.plugin.probe import survey

    states = survey(everything=True)
    failed = [state for state in states if state.status in ("failed", "quarantined")]
    if as_json:
        print_json({"plugins": [state.to_json() for state in states], "failed": len(failed)})
    else:
        for state in states:
            if state in failed or state.remarks:
                click.echo(_paragraph(state, traces))
        healthy = len(states) - len(failed)
        click.echo(f"{healthy} of {len(states)} plugins can be used.")
    return ExitCode.INTERNAL if failed else ExitCode.OK


def _paragraph(state: PluginState, traces: bool) -> str:
    entry = state.entry
    lines = [f"{entry.name} ({entry.kind}, {entry.owner}): {state.status}"]
    if state.reason:
        lines.append(f"  {state.reason}")
    if state.where:
        lines.append(f"  {state.where}: {state.line}")
    lines += [f"  it {remark}" for remark in state.remarks]
    if state.way_out:
        lines.append(f"  → {state.way_out}")
    if traces and state.trace:
        lines += [f"  | {line}" for line in state.trace.splitlines()]
    return "\n".join(lines) + "\n"
