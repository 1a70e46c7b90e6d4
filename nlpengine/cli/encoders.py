"""``nlpengine encoders``: list, show, fetch."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from nlpengine.cli.console import json_flag, print_json
from nlpengine.errors import UsageError, did_you_mean


class EncodersGroup(click.Group):
    """Lists the encoders when called alone."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's; an encoder's name alone is taken for a question about it."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            raise UsageError(
                f"unknown command 'encoders {args[0]}'.{did_you_mean(args[0], self.commands)} "
                f"About one encoder: nlpengine encoders show {args[0]}"
            )
        return super().resolve_command(ctx, args)


@click.group(cls=EncodersGroup, invoke_without_command=True)
@json_flag
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the encoders known by name, and which can be had right now."""
    if context.invoked_subcommand is not None:
        return
    from nlpengine.encoders.catalog import CATALOG
    from nlpengine.encoders.locate import availability
    from nlpengine.plugin.manager import PluginManager
    from nlpengine.report.plain import plain_table

    found = [(spec, availability(spec)) for spec in CATALOG]
    others = PluginManager().encoder_names()
    if as_json:
        rows = [{**dataclasses.asdict(spec), "available": how} for spec, how in found]
        print_json({"encoders": rows, "from_plugins": others})
        return
    plain_table(
        ("name", "family", "layers", "width", "parameters", "length", "cased", "languages",
         "available now", "Hub id"),
        [
            (
                spec.name, spec.family, str(spec.layers), str(spec.width),
                f"{spec.parameters / 1e6:.1f} M", str(spec.max_length),
                "cased" if spec.cased else "uncased", spec.languages, how or "from the Hub",
                spec.hub_id,
            )
            for spec, how in found
        ],
    )  # fmt: skip
    if others:
        click.echo(f"From plugins: {', '.join(others)}", err=True)
    click.echo(
        "Any local folder or Hub id (owner/name) of these families works too. "
        "More about one: nlpengine encoders show NAME",
        err=True,
    )


@command.command("show")
@click.argument("name")
@json_flag
def show(name: str, as_json: bool) -> None:
    """Say all that the catalog knows of NAME."""
    from nlpengine.encoders.locate import availability, unknown_encoder
    from nlpengine.plugin.manager import PluginManager
    from nlpengine.report.plain import plain_table

    spec = PluginManager().encoder_spec(name)
    if spec is None:
        raise unknown_encoder(name)
    row = dataclasses.asdict(spec) | {"available": availability(spec)}
    if as_json:
        print_json({"encoder": row})
        return
    settings = ", ".join(f"{key} {value}" for key, value in spec.settings.items())
    row |= {
        "parameters": f"{spec.parameters:,}",
        "learning_rate": f"{spec.learning_rate:g} (fine-tuning, batch 32)",
        "settings": settings or "the family's defaults",
        "available": row["available"] or f"from the Hub: nlpengine encoders fetch {name}",
    }
    plain_table(
        (name, ""),
        [(key.replace("_", " "), _text(value)) for key, value in row.items() if value is not None],
    )


@command.command("fetch")
@click.argument("names", nargs=-1, required=True, metavar="NAME…")
@click.option(
    "--output", type=Path, help="For a local folder with pytorch_model.bin: where to write it anew."
)
@json_flag
def fetch(names: tuple[str, ...], output: Path | None, as_json: bool) -> None:
    """Have encoders here, for runs without a network; NAME is a catalog name or a Hub id.

    What is published as a pickle alone is converted to safetensors, once, in a process of its own.
    """
    from nlpengine.encoders.fetch import fetch as fetch_one
    from nlpengine.encoders.fetch import hub_name
    from nlpengine.encoders.locate import find_spec

    folders = [name for name in names if find_spec(name) is None and Path(name).is_dir()]
    if folders or output is not None:
        _convert(names, folders, output, as_json)
        return
    for name in names:
        hub_name(name)  # a misspelt name is said before the first download
    fetched = []
    for name in names:
        source = fetch_one(name)
        fetched.append(
            {
                "name": name,
                "revision": source.revision,
                "kind": source.kind,
                "folder": str(source.folder),
            }
        )
        if not as_json:
            click.echo(f"{name}: {source.revision[:12]} in {source.folder}")
    if as_json:
        print_json({"fetched": fetched})


def _convert(
    names: tuple[str, ...], folders: list[str], output: Path | None, as_json: bool
) -> None:
    from nlpengine.encoders.fetch import convert_local

    if output is None:
        raise UsageError(
            f"{folders[0]} is a folder: it is here already. To convert its pytorch_model.bin, say "
            "where to: --output NEW-FOLDER"
        )
    if len(names) != 1 or not folders:
        raise UsageError(
            f"--output {output}: it goes with one local folder; what comes from the Hub is kept in "
            "the caches."
        )
    convert_local(Path(folders[0]), output)
    if as_json:
        print_json({"fetched": [{"name": folders[0], "kind": "folder", "folder": str(output)}]})
    else:
        click.echo(f"{folders[0]}: converted. Use it with: --encoder {output}")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
