"""Live progress on standard error: epoch, texts per second, loss, time left."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from nlpengine.workflow.listener import EvaluationReport, Listener, StepReport


class LiveProgress(Listener):
    """Draws a run as it goes; on a pipe it prints plain lines, one an evaluation."""

    def __init__(self) -> None:
        self._console = Console(file=sys.stderr, highlight=False)
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[facts]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
            transient=True,
        )
        self._bar: TaskID | None = None

    def __enter__(self) -> LiveProgress:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()
        if kind is KeyboardInterrupt:
            said = f"interrupted: {error}" if str(error) else "interrupted"
            self._console.print(said, style="yellow", markup=False, soft_wrap=True)

    def note(self, sentence: str) -> None:
        """A dim line."""
        self._console.print(f"· {sentence}", style="dim", markup=False)

    def phase(self, name: str, total: int | None = None) -> None:
        """A new bar."""
        if self._bar is not None:
            self._progress.remove_task(self._bar)
        self._bar = self._progress.add_task(name, total=total, facts="")
        if not self._console.is_terminal:
            self._console.print(f"{name} …", markup=False)

    def step(self, report: StepReport) -> None:
        """Move the bar."""
        if self._bar is None:
            return
        facts = f"loss {report.loss:.3f} · {report.texts_per_s:.0f} texts/s"
        self._progress.update(
            self._bar,
            description=f"epoch {report.epoch}/{report.epochs}",
            total=report.steps,
            completed=report.step,
            facts=facts,
        )

    def evaluated(self, report: EvaluationReport) -> None:
        """A line that stays."""
        star = "  ← best so far" if report.best else ""
        name, value = report.metric, 100 * report.score.value
        self._console.print(
            f"  epoch {report.epoch}, step {report.step}: dev {name} {value:.1f} %{star}",
            markup=False,
        )
