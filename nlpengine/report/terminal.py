"""Scores and runs as terminal tables."""

from __future__ import annotations

import unicodedata

from rich.console import Console
from rich.markup import escape
from rich.table import Table as RichTable

from nlpengine.metrics import Score, Scores, Table
from nlpengine.metrics.scores import Cell
from nlpengine.report.formats import MINUS, NAMES, is_share, plain
from nlpengine.report.plain import result_console as _console
from nlpengine.report.tables import SHARES
from nlpengine.workflow.check import DataReport
from nlpengine.workflow.record import BaselineScore, RunRecord

SHOWN_MISTAKES = 3


def percent(score: Score) -> str:
    """``78.1 % [72.4, 83.3]``; a metric in a unit of its own as it is."""
    value, low, high = _numbers(score)
    return f"{value} [{low}, {high}]"


def _numbers(score: Score) -> tuple[str, str, str]:
    """Value and interval, in percent where they are shares or correlations."""
    ends = score.value, score.low, score.high
    if not is_share(score):
        value, low, high = (plain(end).replace(MINUS, "-") for end in ends)
        return value, low, high
    value, low, high = (f"{round(100 * end, 1) + 0.0:.1f}" for end in ends)  # no -0.0
    return f"{value} %", low, high


def points(score: Score, share: bool = True) -> str:
    """``+12.4 points [5.2, 19.5]``; the difference as it is where the metric is no share."""
    if not share:
        return f"{score.value:+.4g} [{score.low:.4g}, {score.high:.4g}]"
    return f"{100 * score.value:+.1f} points [{100 * score.low:.1f}, {100 * score.high:.1f}]"


def verdict_sentence(name: str, baseline: BaselineScore) -> str:
    """Whether the model beat a baseline, in words."""
    rival = NAMES.get(baseline.name, baseline.name)
    if baseline.difference is None:
        return f"{rival}: {name} {percent(baseline.score)}"
    said = {
        "better": "beats",
        "level": "does not clearly beat",
        "worse": "is worse than",
    }[baseline.verdict]
    gap = points(baseline.difference, is_share(baseline.score))
    return f"{said} {rival} ({percent(baseline.score)}): {gap}"


def print_run(record: RunRecord) -> None:
    """The result of a run: metrics, verdicts, slices, worst mistakes, where it is."""
    console = _console()
    if record.scores is None:
        return
    print_scores(record.scores, f"{record.task} · {record.encoder['name']} · test", console)
    main = record.scores.main[0]
    for baseline in record.baselines:
        colour = {"better": "green", "level": "yellow", "worse": "red"}[baseline.verdict]
        console.print(f"[{colour}]{escape(verdict_sentence(main, baseline))}[/]")
    if record.mistakes:
        console.print("\n[bold]Worst mistakes[/]")
        for mistake in record.mistakes[:SHOWN_MISTAKES]:
            how = mistake.detail or f"{100 * mistake.score:.0f} % sure"
            read = f"{_clip(mistake.gold)} read as {_clip(mistake.predicted)}"
            console.print(f"  {read}, {how}", markup=False)
            for part in mistake.parts:
                console.print(f"    {_clip(part)}", style="dim", markup=False)
    speed = record.timings
    console.print(
        f"\ntrained at {speed['train_texts_per_s']:.0f} texts/s, predicted at "
        f"{speed['predict_texts_per_s']:.0f} texts/s, {speed['total_s']:.0f} s in all"
    )
    console.print(f"[bold]{escape(str(record.run_dir))}[/]", soft_wrap=True)
    if (record.run_dir / "model").is_dir():  # of several tasks together, one folder has it
        texts = ' --text "…"' * len(record.inputs)
        console.print(f"  nlpengine predict {record.run_dir}{texts}", markup=False, soft_wrap=True)


def print_scores(scores: Scores, title: str, console: Console | None = None) -> None:
    """Metrics with their intervals, then the task's tables."""
    console = console or _console()
    table = RichTable(title=escape(title), title_justify="left", title_style="bold")
    table.add_column("metric")
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    table.add_column("n", justify="right")
    for name, score in scores.metrics.items():
        value, low, high = _numbers(score)
        table.add_row(name, value, f"{low} to {high}", str(score.n))
    console.print(table)
    for part in scores.tables:
        if len(part.columns) <= 8:
            print_table(part, console)


def print_table(part: Table, console: Console) -> None:
    """One of the task's tables."""
    table = RichTable(title=escape(part.title), title_justify="left", title_style="bold")
    for place, name in enumerate(part.columns):
        table.add_column(escape(name), justify="left" if place == 0 else "right")
    for row in part.rows:
        table.add_row(*map(_cell, row, part.columns))
    console.print(table)


def print_findings(report: DataReport) -> None:
    """What a look at a data set brought up, warnings last, where they are read."""
    console = _console()
    console.print(f"[bold]{escape(report.source)}[/] for {report.task}", soft_wrap=True)
    for note in report.notes:
        console.print(f"  · {note}", style="dim", markup=False)
    for level, mark, style in (("info", "·", ""), ("warning", "!", "yellow")):
        for finding in report.findings:
            if finding.level == level:
                console.print(f"  {mark} {finding}", style=style, markup=False)
    count = report.warnings
    said = "no warnings" if not count else "1 warning" if count == 1 else f"{count} warnings"
    console.print(f"[bold]{said}[/]")


def _cell(cell: Cell, column: str) -> str:
    if isinstance(cell, Score):
        return percent(cell)
    if isinstance(cell, float):
        share = column in SHARES and 0.0 <= cell <= 1.0
        return f"{100 * cell:.1f} %" if share else plain(cell).replace(MINUS, "-")
    return "–" if cell is None else escape(str(cell))


def _clip(text: str, most: int = 300) -> str:
    """On one line; what would steer the terminal is left out of it."""
    plain_text = "".join(" " if unicodedata.category(c) == "Cc" else c for c in text)
    line = " ".join(plain_text.split())
    return line if len(line) <= most else line[: most - 1] + "…"
