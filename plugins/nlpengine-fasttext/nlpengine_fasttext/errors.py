"""``nlpengine errors RUN``: the wrong test predictions of a run, surest first."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from nlpengine import DataError
from nlpengine.data import read_lines
from nlpengine.plugin import CommandSpec, hookimpl


@dataclass(frozen=True, slots=True)
class Wrong:
    """A wrong prediction.

    Attributes:
        origin: File and line of the example.
        text: Its text.
        gold: Its label.
        label: The one predicted.
        score: How sure the model was, in [0, 1].
    """

    origin: str
    text: str
    gold: str
    label: str
    score: float


def wrong_predictions(run: Path) -> tuple[list[Wrong], int]:
    """The wrong predictions of a run, surest first, and how many there are in all.

    Raises:
        DataError: There are no predictions of a test split, or their task gives no labels.
    """
    path = run / "predictions.jsonl"
    if not path.is_file():
        raise DataError("no predictions.jsonl here. Name the folder of a finished run", run)
    rows = list(_rows(path))
    found = [
        Wrong(row["origin"], row["text"], str(row["gold"]), str(row["label"]), float(row["score"]))
        for row in rows
        if row["label"] != row["gold"]
    ]
    return sorted(found, key=lambda wrong: -wrong.score), len(rows)


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for number, line in read_lines(path):
        row = json.loads(line)
        missing = {"origin", "text", "gold", "label", "score"} - row.keys()
        if missing:
            raise DataError(
                f"no {', '.join(sorted(missing))} here: this command is for tasks that give a text "
                "one label",
                path,
                number,
            )
        yield row


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--least", type=click.FloatRange(0, 1), default=0.0, help="Only from this score on.")
@click.option("--most", type=click.IntRange(1), default=20, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def errors(run: Path, least: float, most: int, as_json: bool) -> None:
    """List the wrong test predictions of RUN, those that it was surest of first."""
    found, rows = wrong_predictions(run)
    chosen = [wrong for wrong in found if wrong.score >= least]
    if as_json:
        facts = {"run": str(run), "rows": rows, "wrong": len(found)}
        click.echo(json.dumps(facts | {"errors": [asdict(wrong) for wrong in chosen[:most]]}))
        return
    for wrong in chosen[:most]:
        said = f"{wrong.gold} read as {wrong.label}"
        click.echo(f"{100 * wrong.score:5.1f} %  {said}  {wrong.origin}")
        click.echo(f"         {wrong.text}")
    shown = min(most, len(chosen))
    click.echo(f"{len(found)} of {rows} are wrong; {shown} shown.", err=True)


@hookimpl
def nlpengine_command() -> CommandSpec:
    """The command."""
    return CommandSpec("errors", "the wrong test predictions of a run, surest first", errors)
