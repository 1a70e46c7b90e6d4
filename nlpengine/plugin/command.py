"""A command of a plugin's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click


@dataclass(frozen=True, slots=True)
class CommandSpec:
    """What the hook ``nlpengine_command`` returns.

    Attributes:
        name: The entry point's name: ``nlpengine NAME``. The core's own commands can't be replaced.
        summary: One line about it.
        command: What is called; it prints results on standard output and all else on standard
            error, and raises an `NlpengineError` for what its user can mend.
    """

    name: str
    summary: str
    command: click.Command
