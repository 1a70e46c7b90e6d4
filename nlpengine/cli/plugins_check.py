"""``nlpengine plugins check NAME``: a plugin held to the contract of its kind."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from nlpengine.cli.console import json_flag, print_json
from nlpengine.errors import ExitCode, UsageError, did_you_mean

if TYPE_CHECKING:
    from nlpengine.testing.checking import Result


@click.command()
@click.argument("target", metavar="NAME")
@click.option(
    "--kind",
    type=click.Choice(["task", "encoder", "reader", "command"]),
    help="Of plugin, where several have the name.",
)
@click.option("--check", "only", multiple=True, help="Run this check alone, or several of them.")
@click.option("--data", help="Rows for a task, a file for a reader. [default: the task's demo set]")
@click.option(
    "--option", "options", multiple=True, metavar="NAME=VALUE",
    help="A task's option, set for all checks; give it several times for several.",
)  # fmt: skip
@click.option(
    "--timeout", type=click.FloatRange(min=1), default=120.0, show_default=True,
    help="Seconds for all checks together.",
)  # fmt: skip
@click.option("--traceback", "traces", is_flag=True, help="Show the tracebacks of failures.")
@json_flag
def command(
    target: str,
    kind: str | None,
    only: tuple[str, ...],
    data: str | None,
    options: tuple[str, ...],
    timeout: float,
    traces: bool,
    as_json: bool,
) -> ExitCode:
    """Run the checks of a plugin's kind on NAME: installed, or ./FILE.py:NAME.

    They are run in a process of its own: a plugin that hangs or crashes is named. The exit code is
    3 where a check failed.
    """
    from nlpengine.testing.supervise import check_plugin
    from nlpengine.testing.worker import Job

    kind = _kind_of(target, kind)
    _check_names(kind, only)
    results = check_plugin(Job(target, kind, data, only, options=_options(kind, options)), timeout)
    failed = [result for result in results if result.status == "failed"]
    if as_json:
        print_json(
            {
                "name": target, "kind": kind, "failed": len(failed),
                "checks": [result.to_json() for result in results],
            }
        )  # fmt: skip
    else:
        _print(target, kind, results, traces)
    return ExitCode.INTERNAL if failed else ExitCode.OK


def _options(kind: str, given: tuple[str, ...]) -> dict[str, object]:
    """NAME=VALUE of each; values as JSON has them, and text where they are none."""
    if given and kind != "task":
        raise UsageError(f"--option: a {kind} has no options.")
    found: dict[str, object] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not (name and equals):
            raise UsageError(f"--option {one}: write NAME=VALUE.")
        try:
            found[name.replace("-", "_")] = json.loads(value)
        except ValueError:
            found[name.replace("-", "_")] = value
    return found


def _kind_of(target: str, kind: str | None) -> str:
    from nlpengine.plugin.files import file_reference
    from nlpengine.plugin.listing import Switches, find_all

    if (reference := file_reference(target)) is not None:
        if not reference[0].is_file():
            raise UsageError(f"{reference[0]}: no such file.")
        return "task"
    entries = find_all(Switches())
    kinds = {entry.kind for entry in entries if entry.name == target}
    if kind is not None:
        kinds &= {kind}
    if not kinds:
        names = sorted({entry.name for entry in entries if kind in (None, entry.kind)})
        raise UsageError(
            f"no {kind or 'plugin'} {target!r} is installed.{did_you_mean(target, names)} "
            "See: nlpengine plugins"
        )
    if len(kinds) > 1:
        raise UsageError(f"{target!r} is {' and '.join(sorted(kinds))}: say which with --kind.")
    return kinds.pop()


def _check_names(kind: str, only: tuple[str, ...]) -> None:
    if not only:
        return
    from nlpengine.testing.worker import names_of

    names = names_of(kind)
    for name in only:
        if name not in names:
            raise UsageError(
                f"--check {name}: a {kind} has no such check.{did_you_mean(name, names)} It has "
                f"{', '.join(names)}."
            )


def _print(target: str, kind: str, results: list[Result], traces: bool) -> None:
    from nlpengine.report.plain import plain_table

    plain_table(
        ("check", "", "s", "why"),
        [(r.name, r.status, f"{r.seconds:.1f}", r.reason) for r in results],
    )
    for result in results:
        if traces and result.trace:
            click.echo(f"\n{result.name}:\n{result.trace}")
    counts = {s: sum(r.status == s for r in results) for s in ("ok", "failed", "skipped")}
    said = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    click.echo(f"{kind} {target}: {said}.", err=True)
