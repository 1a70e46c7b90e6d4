"""Where the report's drawings put their marks; the template draws them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nlpengine.report.formats import brackets, is_share, percent, plain, title

if TYPE_CHECKING:
    from nlpengine.metrics import Score

WIDTH, HEIGHT = 640.0, 250.0
LEFT, RIGHT, TOP, BOTTOM = 66.0, 22.0, 26.0, 50.0
BAR, PAD = 200.0, 6.0
MOST_DOTS = 80
"""With more evaluations the line alone is drawn."""


@dataclass(frozen=True, slots=True)
class Whisker:
    """An interval on the axis from 0 to 100 %, in units of the drawing.

    Attributes:
        cut: Whether part of it lies left of the axis, as a negative correlation does.
    """

    low: float
    value: float
    high: float
    cut: bool


def whisker(score: Score) -> Whisker | None:
    """None for a metric that is no share."""
    if not is_share(score):
        return None
    low, value, high = (
        round(PAD + (BAR - 2 * PAD) * min(1.0, max(0.0, share)), 1)
        for share in (score.low, score.value, score.high)
    )
    return Whisker(low, value, high, score.low < 0)


@dataclass(frozen=True, slots=True)
class Dot:
    """An evaluation."""

    x: float
    y: float
    step: str
    epoch: str
    value: str
    interval: str
    best: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """The learning curve.

    Attributes:
        dots: Evaluations in order.
        line: Points of the polyline.
        band: Points of the polygon between the intervals' ends.
        x_ticks: Position and text.
        y_ticks: Position and text.
        best: The evaluation whose weights were kept.
        anchor: Where its text starts, so that it stays inside the drawing.
    """

    metric: str
    dots: list[Dot]
    line: str
    band: str
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    best: Dot | None
    anchor: str
    show_dots: bool


def curve(history: Sequence[Mapping[str, Any]]) -> Curve | None:
    """None for fewer than two evaluations."""
    rows = [row for row in history if all(math.isfinite(row[k]) for k in ("value", "low", "high"))]
    if len(rows) < 2:
        return None
    share = all(abs(row[key]) <= 1.0 for row in rows for key in ("value", "low", "high"))
    first, last = 0.0, max(float(max(row["step"] for row in rows)), 1.0)
    y_marks = ticks(min(row["low"] for row in rows), max(row["high"] for row in rows), 4)
    floor, ceiling = y_marks[0], y_marks[-1]

    def x_of(step: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * (step - first) / (last - first), 1)

    def y_of(number: float) -> float:
        part = (number - floor) / (ceiling - floor)
        return round(HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * part, 1)

    # Every new best was marked as it came; the last of them was kept.
    kept = max((i for i, row in enumerate(rows) if row["best"]), default=None)
    dots = [
        Dot(
            x_of(row["step"]),
            y_of(row["value"]),
            f"{row['step']:,}",
            f"{row['epoch']:,}",
            percent(row["value"]) if share else plain(row["value"]),
            brackets(row["low"], row["high"], share),
            place == kept,
        )
        for place, row in enumerate(rows)
    ]
    band = [(x_of(row["step"]), y_of(row["high"])) for row in rows]
    band += [(x_of(row["step"]), y_of(row["low"])) for row in reversed(rows)]
    best = None if kept is None else dots[kept]
    steps = [t for t in ticks(first, last, 6) if t <= last and t == int(t)]
    return Curve(
        metric=title(str(rows[0]["metric"])),
        dots=dots,
        line=_path([(dot.x, dot.y) for dot in dots]),
        band=_path(band),
        x_ticks=[(x_of(step), f"{step:,.0f}") for step in steps],
        y_ticks=[(y_of(t), f"{100 * t:.4g} %" if share else f"{t:.4g}") for t in y_marks],
        best=best,
        anchor=_anchor(best.x) if best else "middle",
        show_dots=len(dots) <= MOST_DOTS,
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _anchor(x: float) -> str:
    if x > WIDTH - RIGHT - 60:
        return "end"
    return "start" if x < LEFT + 60 else "middle"


def ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers that enclose low and high, about that many steps of 1, 2 or 5 times 10^k."""
    if high <= low:
        spread = abs(low) * 0.1 or 0.1
        low, high = low - spread, high + spread
    rough = (high - low) / about
    scale = 10.0 ** math.floor(math.log10(rough))
    step = next(m * scale for m in (1, 2, 5, 10) if m * scale >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]
