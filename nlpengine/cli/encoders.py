"""``nlpengine encoders``."""

from __future__ import annotations

import dataclasses

import click

from nlpengine.cli.console import json_flag, print_json


@click.command()
@json_flag
def command(as_json: bool) -> None:
    """List the encoders known by name, and which can be had right now."""
    from nlpengine.encoders.catalog import CATALOG
    from nlpengine.encoders.locate import availability
    from nlpengine.report.terminal import plain_table

    found = [(spec, availability(spec)) for spec in CATALOG]
    if as_json:
        rows = [{**dataclasses.asdict(spec), "available": how} for spec, how in found]
        print_json({"encoders": rows})
        return
    plain_table(
        ("name", "family", "layers", "width", "parameters", "length", "available now", "Hub id"),
        [
            (
                spec.name, spec.family, str(spec.layers), str(spec.width),
                f"{spec.parameters / 1e6:.1f} M", str(spec.max_length), how or "from the Hub",
                spec.hub_id,
            )
            for spec, how in found
        ],
    )  # fmt: skip
    click.echo("Any local folder or Hub id (owner/name) of these families works too.", err=True)
