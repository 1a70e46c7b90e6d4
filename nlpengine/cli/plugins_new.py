"""``nlpengine plugins new NAME``: a plugin to start from."""

from __future__ import annotations

from pathlib import Path

import click

from nlpengine.cli.console import json_flag, print_json


@click.command()
@click.argument("name")
@click.option(
    "--kind",
    type=click.Choice(["task", "encoder", "reader", "command"]),
    default="task",
    show_default=True,
    help="Of plugin.",
)
@click.option(
    "--output", type=click.Path(path_type=Path), default=Path("."), show_default=True,
    help="The folder to put it into.",
)  # fmt: skip
@json_flag
def command(name: str, kind: str, output: Path, as_json: bool) -> None:
    """Write the distribution nlpengine-NAME, whose tests pass as it is made."""
    from nlpengine.plugin.scaffold import scaffold

    files = scaffold(name, kind, output)
    folder = output / f"nlpengine-{name}"
    if as_json:
        print_json({"folder": str(folder), "files": [str(path) for path in files]})
        return
    for path in files:
        click.echo(path)
    click.echo(
        f"\nNext: cd {folder} && pip install -e '.[test]' && pytest\n"
        f"Then: nlpengine plugins check {name}",
        err=True,
    )
