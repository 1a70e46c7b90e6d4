"""Tables of scores → cells ready to be drawn, whatever the task put in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nlpengine.metrics import Score
from nlpengine.report.charts import Whisker, whisker
from nlpengine.report.formats import DASH, interval, percent, plain, title, value

if TYPE_CHECKING:
    from nlpengine.metrics import Table
    from nlpengine.metrics.scores import Cell

SHARES = frozenset({"accuracy", "precision", "recall", "f1", "share"})
"""Columns whose bare numbers are shares: they stand beside scores, which are percentages."""
MOST_NARROW = 8
"""With more labels, a confusion's heads stand upright and its cells hold counts alone."""


@dataclass(frozen=True, slots=True)
class CellView:
    """A cell.

    Attributes:
        text: What it says.
        kind: "text", "number" or "score".
        interval: Of a score.
        bar: Of a score that is a share.
        share: Its part of the row, in a confusion.
        right: Whether it is on a confusion's diagonal.
        hint: The part in words.
    """

    text: str
    kind: str
    interval: str = ""
    bar: Whisker | None = None
    share: float | None = None
    right: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class TableView:
    """A table.

    Attributes:
        heads: Column heads; in a confusion the labels as they are.
        kinds: Per column, the kind of its cells.
        heat: Whether it is a confusion.
        upright: Whether its heads stand upright.
    """

    title: str
    heads: list[str]
    kinds: list[str]
    rows: list[list[CellView]]
    heat: bool
    upright: bool


def table_view(table: Table) -> TableView:
    """A table in words and marks."""
    heat = table.title.startswith("Confusion")
    if heat:
        rows = [_heat_row(table.columns, row) for row in table.rows]
        heads = [title(table.columns[0]), *table.columns[1:]] if table.columns else []
    else:
        rows = [list(map(_cell, row, table.columns)) for row in table.rows]
        heads = [title(column) for column in table.columns]
    upright = heat and len(heads) > MOST_NARROW + 1
    return TableView(table.title, heads, _kinds(rows, len(heads)), rows, heat, upright)


def _kinds(rows: Sequence[Sequence[CellView]], columns: int) -> list[str]:
    """A column is text unless all that it holds are numbers."""
    found = []
    for place in range(columns):
        kinds = {row[place].kind for row in rows if row[place].text != DASH}
        found.append("text" if not kinds or "text" in kinds else max(kinds))
    return found


def _cell(cell: Cell, column: str) -> CellView:
    if cell is None:
        return CellView(DASH, "number")
    if isinstance(cell, Score):
        return CellView(value(cell), "score", interval(cell), whisker(cell))
    if isinstance(cell, int):
        return CellView(f"{cell:,}", "number")
    if isinstance(cell, float):
        share = column in SHARES and 0.0 <= cell <= 1.0
        return CellView(percent(cell) if share else plain(cell), "number")
    return CellView(cell, "text")


def _heat_row(columns: Sequence[str], row: Sequence[Cell]) -> list[CellView]:
    label, *counts = row
    numbers = [c if isinstance(c, int | float) else 0 for c in counts]
    total = sum(numbers)
    cells = [_cell(label, columns[0])]
    for column, count, number in zip(columns[1:], counts, numbers, strict=True):
        share = number / total if total else 0.0
        plain_cell = _cell(count, column)
        cells.append(
            CellView(
                plain_cell.text,
                "number",
                share=round(share, 3),
                right=column == label,
                hint=percent(share) if number else "",
            )
        )
    return cells
