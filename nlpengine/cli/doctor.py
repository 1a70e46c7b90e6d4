"""``nlpengine doctor``: what this machine offers, and what is amiss."""

from __future__ import annotations

from typing import Any

import click

from nlpengine.cli.console import json_flag, print_json


@click.command()
@json_flag
def command(as_json: bool) -> None:
    """Say which device, kernels, encoders and plugins a run would use here, and why."""
    from nlpengine.report.plain import plain_table

    facts = _facts()
    if as_json:
        print_json(facts)
        return
    plain_table(("what", "here"), [(name, _line(value)) for name, value in facts.items()])


def _facts() -> dict[str, Any]:
    import torch
    from huggingface_hub import constants

    from nlpengine.encoders.backends import choose_attention
    from nlpengine.encoders.catalog import CATALOG
    from nlpengine.encoders.device import available_threads, choose_device, free_memory
    from nlpengine.encoders.families import FAMILIES
    from nlpengine.encoders.kernels import choose_linear
    from nlpengine.encoders.locate import availability
    from nlpengine.plugin.probe import survey
    from nlpengine.workflow.record import versions

    device = choose_device()
    found = {spec.name: how for spec in CATALOG if (how := availability(spec)) is not None}
    return {
        "device": str(device.torch),
        "precision": f"{device.precision} ({device.reason})",
        "threads": available_threads(),
        "linear layers": choose_linear(device.torch).reason,
        "memory": free_memory(device.torch),
        "attention": str(choose_attention(FAMILIES["bert"], device)),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "encoders right now": found or "none: pip install 'nlpengine[offline]'",
        "Hub cache": str(constants.HF_HUB_CACHE),
        "Hub": _hub(constants.ENDPOINT, offline=constants.HF_HUB_OFFLINE),
        "plugins": {
            f"{state.entry.kind} {state.entry.name}": state.status
            + (f": {state.reason}" if state.reason else "")
            for state in survey(everything=True)
        },
        "versions": versions(),
    }


def _hub(address: str, *, offline: bool) -> str:
    """Whether the Hub answers, within a few seconds."""
    if offline:
        return "not asked: HF_HUB_OFFLINE is set"
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(address)
    port = parts.port or (80 if parts.scheme == "http" else 443)
    try:
        socket.create_connection((parts.hostname or "", port), timeout=3).close()
    except OSError as error:
        return f"no answer ({error}): encoders come from the cache alone"
    return "answers"


def _line(value: object) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{name}: {part}" for name, part in value.items())
    return str(value)
