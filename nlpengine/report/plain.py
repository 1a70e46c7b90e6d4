"""Listings as terminal tables; nothing here needs a run, so that a listing is quick."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

WIDEST = 100
UNFOLDED = 10_000


def plain_table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """A listing on standard output."""
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    console = result_console()
    if not sys.stdout.isatty():
        console.width = UNFOLDED  # a name that goes on in the next line can't be searched or copied
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        console.file.write(line.rstrip() + "\n")


def result_console() -> Console:
    """Standard output, as wide as a reader wants it."""
    # On a pipe rich would assume 80 columns and fold the tables.
    width = min(WIDEST, shutil.get_terminal_size().columns) if sys.stdout.isatty() else WIDEST
    return Console(file=sys.stdout, highlight=False, width=width)
