"""A group of commands that imports one only when it is called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import ClassVar

import click

from nlpengine.errors import UsageError, did_you_mean

Table = Mapping[str, tuple[str, str]]
"""Command → (module with the click command `command`, its line in ``--help``)."""


class LazyGroup(click.Group):
    """A group whose listing imports nothing.

    Attributes:
        table: Its commands, in the order of use; a subclass sets it.
    """

    table: ClassVar[Table]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of use."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in self.table:
            return None
        command: click.Command = importlib.import_module(self.table[cmd_name][0]).command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, with a suggestion for an unknown name."""
        known = self.list_commands(ctx)
        if args and args[0] not in known and not args[0].startswith("-"):
            path = ctx.command_path
            name = " ".join([*path.split()[1:], args[0]])
            hint = did_you_mean(args[0], known)
            raise UsageError(f"unknown command {name!r}.{hint} See: {path} --help")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The listing, from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.table.items()])
