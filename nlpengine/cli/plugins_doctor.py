"""``nlpengine plugins doctor``."""

from __future__ import annotations

import click

from nlpengine.errors import ExitCode


@click.command()
def command() -> ExitCode:
    """Load every plugin and say of each that fails why, and what to do."""
    return ExitCode.OK
