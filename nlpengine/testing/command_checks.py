"""The checks that every command of a plugin must pass."""

from __future__ import annotations

from collections.abc import Mapping

from nlpengine.errors import PluginError
from nlpengine.plugin.command import CommandSpec
from nlpengine.testing.checking import Check, require


def spec(command: CommandSpec) -> None:
    """Name, summary and a command of click's are there."""
    from nlpengine.plugin.answers import check_command

    try:
        check_command(command)
    except PluginError as error:
        raise AssertionError(str(error)) from error
    summary = command.summary
    require(
        isinstance(summary, str) and summary.strip() and "\n" not in summary,
        f"summary is {summary!r}: say in one line what the command does",
    )


def helps(command: CommandSpec) -> None:
    """--help says what the command does, and every option says what it is for."""
    from click import Option
    from click.testing import CliRunner

    done = CliRunner().invoke(command.command, ["--help"])
    require(done.exit_code == 0, f"--help ends with exit code {done.exit_code}: {done.exception!r}")
    require(command.command.help, "the command has no help: give its function a docstring")
    for parameter in command.command.params:
        if isinstance(parameter, Option):
            require(parameter.help, f"the option {parameter.opts[0]} says not what it is for")


def refuses(command: CommandSpec) -> None:
    """An option that it doesn't have is refused, without a traceback."""
    from click.testing import CliRunner

    done = CliRunner().invoke(command.command, ["--no-such-option-anywhere"])
    require(done.exit_code == 2, f"an unknown option ends with exit code {done.exit_code}, not 2")


CHECKS: Mapping[str, Check] = {check.__name__: check for check in (spec, helps, refuses)}
"""Name → check; its docstring says in a line what must hold."""
