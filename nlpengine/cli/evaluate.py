"""``nlpengine evaluate RUN --data …``."""

from __future__ import annotations

import click

from nlpengine.cli.console import (
    format_flag,
    json_flag,
    parse_map,
    print_json,
    print_notes,
    use_threads,
)


@click.command()
@click.argument("run")
@click.option("--data", required=True, help="A labelled file, or a folder's test split, or demo.")
@format_flag
@click.option("--map", "mapping", help="Columns: text=review,label=stars.")
@click.option("--task", help="The task of a stock checkpoint, or a model's FILE.py:NAME.")
@click.option("--device", default="auto", show_default=True)
@click.option(
    "--batch-tokens", type=click.IntRange(min=1), help="Tokens per batch. [default: by device]"
)
@click.option(
    "--threads", type=click.IntRange(min=1), help="CPU threads. [default: what the container has]"
)
@json_flag
def command(
    run: str,
    data: str,
    format: str | None,
    mapping: str | None,
    task: str | None,
    device: str,
    batch_tokens: int | None,
    threads: int | None,
    as_json: bool,
) -> None:
    """Score a trained model on labelled data, with 95 % intervals."""
    use_threads(threads)
    from nlpengine.engine import Engine
    from nlpengine.report.terminal import print_scores

    engine = Engine()
    model = engine.load(run, task=task, device=device, batch_tokens=batch_tokens)
    evaluation = engine.evaluate(model, data, map=parse_map(mapping), format=format)
    print_notes((*model.notes, *evaluation.notes))
    if as_json:
        print_json(evaluation.to_json())
    else:
        print_scores(evaluation.scores, f"{run} on {data}")
