"""A plugin to start from: a distribution whose tests pass as it is made."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from nlpengine._version import VERSION
from nlpengine.errors import UsageError
from nlpengine.plugin.api import API_VERSION
from nlpengine.plugin.listing import OURS, Switches, core_names, find_all

TEMPLATES = Path(__file__).parent / "templates"
PACKAGE = "__package__"
"""The folder in a template that gets the package's name."""
RENDERED = ".j2"

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MOST = 40


def scaffold(name: str, kind: str, output: Path) -> list[Path]:
    """Write a distribution.

    Args:
        name: The plugin's: of its entry point, and with "nlpengine-" before it of the distribution.
        kind: "task", "encoder", "reader" or "command".
        output: The folder to put ``nlpengine-NAME`` into.

    Returns:
        The files that were written.

    Raises:
        UsageError: The name won't do, or is taken; or the folder exists.
    """
    check_name(name, kind)
    folder = output / f"nlpengine-{name}"
    if folder.exists():
        raise UsageError(f"{folder} exists already. Choose another name or --output.")
    values = {
        "name": name,
        "distribution": f"nlpengine-{name}",
        "package": _package(name),
        "title": "".join(part.title() for part in name.split("-")),
        "nlpengine": ".".join(VERSION.split(".")[:2]),
        "api": API_VERSION,
    }
    try:
        return [_write(folder / path, text) for path, text in _rendered(kind, values)]
    except OSError as error:
        raise UsageError(f"{folder} can't be written: {error.strerror}.") from error


def check_name(name: str, kind: str) -> None:
    """Refuse a name that no package can have, or that somebody else has.

    Raises:
        UsageError: With what to choose instead.
    """
    if not _NAME.fullmatch(name) or len(name) > MOST:
        raise UsageError(
            f"{name!r} is no name for a plugin: small letters and digits, parts joined by -, "
            f"beginning with a letter, at most {MOST} characters, like 'mood' or 'my-mood'."
        )
    if name in core_names(kind):
        raise UsageError(f"the {kind} {name!r} is nlpengine's own. Choose another name.")
    for entry in find_all(Switches()):
        if (entry.kind, entry.name) == (kind, name):
            own = "nlpengine's own" if entry.distribution == OURS else f"offered by {entry.owner}"
            raise UsageError(f"the {kind} {name!r} is {own}. Choose another name.")
    package = _package(name)
    if importlib.util.find_spec(package) is not None:
        raise UsageError(f"a package {package} is installed already. Choose another name.")


def _package(name: str) -> str:
    return f"nlpengine_{name.replace('-', '_')}"


def _rendered(kind: str, values: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    """The files of a template: path in the distribution, text."""
    from jinja2 import Environment, StrictUndefined

    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    root = TEMPLATES / kind
    for path in sorted(root.rglob("*")):
        if path.is_file():
            parts = [values["package"] if p == PACKAGE else p for p in path.relative_to(root).parts]
            target, text = Path(*parts), path.read_text(encoding="utf-8")
            if target.suffix == RENDERED:
                target, text = target.with_suffix(""), environment.from_string(text).render(values)
            yield target, text


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
