"""``nlpengine predict RUN``: one text, or a file of any length."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from nlpengine.cli.console import (
    json_flag,
    parse_map,
    print_json,
    print_notes,
    progress_console,
    use_threads,
)
from nlpengine.errors import DataError, ExitCode, UsageError

if TYPE_CHECKING:
    from nlpengine.data.readers import Readers


@click.command()
@click.argument("run")
@click.argument("file", required=False)
@click.option(
    "--text",
    "texts",
    multiple=True,
    help="Predict this text. For pairs and questions: once for each text, in order.",
)
@click.option("--output", help="Where to write rows (JSONL); - is standard output. [default: -]")
@click.option(
    "--format",
    "kind",
    help="Of FILE: csv, tsv, jsonl, parquet, text, one of the task's or a plugin's. [default: by "
    "its name; .txt and - are one text a line]",
)
@click.option("--map", "mapping", help="Columns: text=review.")
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
    file: str | None,
    texts: tuple[str, ...],
    output: str | None,
    kind: str | None,
    mapping: str | None,
    task: str | None,
    device: str,
    batch_tokens: int | None,
    threads: int | None,
    as_json: bool,
) -> ExitCode:
    """Predict one --text, or the rows of FILE (- for standard input) in their order.

    RUN is a run folder, a model folder or a stock fine-tuned checkpoint. A row that can't be
    predicted gets the field "error", the others go on, and the exit code is 1.
    """
    if bool(texts) == (file is not None):
        raise UsageError("give either --text or FILE (- for standard input).")
    use_threads(threads)
    from nlpengine.engine import Engine

    engine = Engine()
    model = engine.load(run, task=task, device=device, batch_tokens=batch_tokens)
    print_notes(model.notes)
    if texts:
        _one(model, texts, as_json)
        return ExitCode.OK
    readers = engine.plugins.readers
    return _many(model, str(file), output or "-", kind, parse_map(mapping), as_json, readers)


def _one(model: Any, texts: Sequence[str], as_json: bool) -> None:
    from nlpengine.workflow.joint import cut_notes

    inputs = model.needed
    if len(texts) != len(inputs):
        raise UsageError(
            f"this model reads {len(inputs)} texts ({', '.join(inputs)}): give "
            f"--text {len(inputs)} times, in this order; here are {len(texts)}."
        )
    row = dict(zip(inputs, texts, strict=True))
    prediction = model(row)
    print_notes(cut_notes(model))
    if as_json:
        print_json({**row, **prediction.to_json()})
    else:
        click.echo(prediction.to_text())


def _many(
    model: Any,
    file: str,
    output: str,
    kind: str | None,
    mapping: dict[str, str],
    as_json: bool,
    readers: Readers,
) -> ExitCode:
    from nlpengine.workflow.bulk import FORMATS, Tally, predict_rows, read_rows, row_format
    from nlpengine.workflow.joint import cut_notes

    formats = model.formats
    kind = kind or row_format(file, formats, readers)
    if kind not in (*FORMATS, *formats) and readers.by_name(kind) is None:
        known = (*FORMATS, *formats, *readers.names)
        raise UsageError(f"--format {kind}: this model reads {', '.join(known)}.")
    if as_json and output == "-":
        raise UsageError("--json prints a summary: write the rows to a file with --output.")
    needed = model.needed
    if kind == "text" and len(needed) > 1:
        raise UsageError(
            f"{file}: a line of text is one text, and this model reads {len(needed)} "
            f"({', '.join(needed)}). Pass CSV, TSV or JSONL with these columns, and "
            "say --format where the name doesn't."
        )
    tally = Tally()
    notes: list[str] = []
    records = read_rows(file, kind, model.inputs[0].name, notes, readers)
    first = next(records, None)  # before there is any output
    if first is None:
        raise DataError("no rows to predict", file)
    with _writer(output, file) as stream:
        for row in predict_rows(model, itertools.chain([first], records), mapping, tally):
            # A row with a lone surrogate goes out as it came in: escaped.
            line = json.dumps(row, ensure_ascii=False, default=str)
            try:
                stream.write(line + "\n")
            except UnicodeEncodeError:
                stream.write(json.dumps(row, default=str) + "\n")
    if as_json:
        print_json({"rows": tally.rows, "errors": tally.errors, "output": output})
    print_notes((*notes, *cut_notes(model)))
    said = f"{tally.rows} rows, {tally.errors} with errors"
    progress_console().print(said, style="dim", markup=False)
    return ExitCode.ROW_ERRORS if tally.errors else ExitCode.OK


@contextlib.contextmanager
def _writer(output: str, source: str) -> Iterator[IO[str]]:
    """The output; a file appears under its name when it is whole.

    Args:
        output: A file, a pipe or a device; - for standard output.
        source: Where the rows are read; - for standard input.
    """
    from nlpengine.workflow.files import refused

    if output == "-":
        yield sys.stdout
        sys.stdout.flush()
        return
    target, named = Path(output), f"--output {output}"
    try:
        if target.is_dir():
            raise UsageError(f"{named}: is a folder. Name a file.")
        if _is_same_file(source, target):
            raise UsageError(f"{named}: the rows are read from this very file. Name another.")
        special = target.exists() and not target.is_file()  # a pipe, a device: nothing to replace
        opened = target.open("w", encoding="utf-8") if special else _staged(target.resolve())
        with opened as stream:
            yield stream
    except BrokenPipeError:
        raise
    except OSError as error:
        raise refused(error, named) or UsageError(f"{named}: {error.strerror}.") from error


def _is_same_file(source: str, target: Path) -> bool:
    path = Path("/dev/stdin" if source == "-" else source)
    return target.is_file() and path.exists() and path.samefile(target)


@contextlib.contextmanager
def _staged(target: Path) -> Iterator[IO[str]]:
    """A file that takes its name when it is whole; till then, and if it never is, a .partial."""
    staging = target.with_name(f"{target.name}.partial")
    stream = staging.open("w", encoding="utf-8")
    try:
        with stream:
            yield stream
        os.replace(staging, target)
    except BaseException:
        if staging.stat().st_size:
            click.echo(f"the rows finished so far are in {staging}", err=True)
        else:
            staging.unlink()
        raise
