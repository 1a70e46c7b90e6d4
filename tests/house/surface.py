"""The public surface of the door as text: names, signatures, fields, abstract methods.

``python tests/house/surface.py --write`` writes it anew to surface.txt, for a diff to be read.
"""

import dataclasses
import enum
import importlib
import inspect
import sys
import typing
from pathlib import Path

DOOR = (
    "nlpengine",
    "nlpengine.plugin",
    "nlpengine.plugin.encoder",
    "nlpengine.data",
    "nlpengine.encoding",
    "nlpengine.heads",
    "nlpengine.metrics",
    "nlpengine.baselines",
    "nlpengine.testing",
)
FILE = Path(__file__).with_name("surface.txt")
HEAD = "# The door. A line may be added; one that changes or goes needs a new major API version.\n"


def surface(modules=DOOR):
    """All of it."""
    return HEAD + "".join(f"\n## {name}\n{''.join(listing(name))}" for name in modules)


def listing(module):
    """A line or a few for each public name of a module."""
    loaded = importlib.import_module(module)
    for name in sorted(loaded.__all__):
        yield from lines_of(name, getattr(loaded, name))


def lines_of(name, value):
    """What can be relied on of a value."""
    if inspect.isclass(value):
        yield from class_lines(name, value)
    elif inspect.isroutine(value) and not isinstance(value, type):
        yield f"{name}{signature(value)}\n"
    elif name != "__version__" and (isinstance(value, int | str) or typing.get_origin(value)):
        yield f"{name} = {value!r}\n"
    else:
        yield f"{name}: {type(value).__name__}\n"


def class_lines(name, value):
    """A class: its bases among ours, its fields or members, its public methods."""
    bases = [base.__name__ for base in value.__bases__ if base.__module__.startswith("nlpengine")]
    if issubclass(value, Exception | Warning):
        bases = [base.__name__ for base in value.__bases__]
    yield f"class {name}{'(' + ', '.join(bases) + ')' if bases else ''}\n"
    if issubclass(value, enum.Enum):
        yield from (f"    {member.name} = {member.value!r}\n" for member in value)
        return
    fields = {}
    if dataclasses.is_dataclass(value):
        fields = {field.name: field for field in dataclasses.fields(value)}
        for field in (field for field in fields.values() if not field.name.startswith("_")):
            yield f"    {field.name}: {field.type}{' = …' if has_default(field) else ''}\n"
    for attribute, annotation in inspect.get_annotations(value).items():
        if attribute not in fields and not attribute.startswith("_"):
            default = " = …" if attribute in vars(value) else ""
            yield f"    {attribute}: {annotation}{default}\n"
    for attribute, member in sorted(vars(value).items()):
        yield from member_lines(value, attribute, member)


def member_lines(owner, name, member):
    """A public method or property; the constructor of a class that is none of fields."""
    made = dataclasses.is_dataclass(owner) or typing.Protocol in owner.__bases__
    constructor = name == "__init__" and not made
    if name.startswith("_") and name != "__call__" and not constructor:
        return
    abstract = "abstract " if getattr(member, "__isabstractmethod__", False) else ""
    if isinstance(member, property):
        yield f"    {abstract}{name}: property\n"
    elif isinstance(member, staticmethod | classmethod):
        yield f"    {type(member).__name__} {name}{signature(member.__func__)}\n"
    elif inspect.isfunction(member):
        yield f"    {abstract}{name}{signature(member)}\n"


def signature(value):
    """``(text: str, *, count: int = 1) -> list[str]``."""
    try:
        found = inspect.signature(value)
    except (TypeError, ValueError):
        return "(…)"
    parameters = [plain(p) for p in found.parameters.values()]
    returns = found.return_annotation
    text = str(found.replace(parameters=parameters, return_annotation=inspect.Signature.empty))
    if returns is inspect.Signature.empty:
        return text
    return f"{text} -> {returns if isinstance(returns, str) else inspect.formatannotation(returns)}"


class Bare:
    """A text that is printed without quotes."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


def plain(parameter):
    """A parameter whose annotation is shown as it is written, and whose default without address."""
    annotation, default = parameter.annotation, parameter.default
    if isinstance(annotation, str):
        parameter = parameter.replace(annotation=Bare(annotation))
    if default is not parameter.empty and not isinstance(default, int | str | float | tuple | None):
        parameter = parameter.replace(default=Bare("…"))
    return parameter


def has_default(field):
    """Whether a field may be left out."""
    missing = dataclasses.MISSING
    return field.default is not missing or field.default_factory is not missing


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        FILE.write_text(surface(), encoding="utf-8")
    else:
        print(surface(), end="")
