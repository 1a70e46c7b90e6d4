"""What plugin authors rely on changes only where somebody has read the difference."""

import difflib
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

HOME = Path(__file__).parent


@pytest.fixture(scope="module")
def surface() -> ModuleType:
    spec = importlib.util.spec_from_file_location("surface", HOME / "surface.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def difference(held, found):
    """As a diff; empty where there is none."""
    lines = difflib.unified_diff(
        held.splitlines(), found.splitlines(), "surface.txt", "the door", lineterm="", n=1
    )
    return "\n".join(lines)


def test_the_door_is_as_it_is_listed(surface):
    found = difference(surface.FILE.read_text(encoding="utf-8"), surface.surface())
    assert not found, (
        f"{found}\n\nThe door has changed. Additions belong into the CHANGELOG under 'Plugin API', "
        "with a new minor API_VERSION if plugins may need them; anything else breaks plugins: "
        "deprecate it first (nlpengine.plugin.api.warn_deprecated). Then: "
        "python tests/house/surface.py --write"
    )


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("def f(a, *, b: 'int' = 1) -> 'str': ...", ["f(a, *, b: int = 1) -> str"]),
        ("f = 3", ["f = 3"]),
        ("f = object()", ["f: object"]),
        (
            "import abc\nclass f(abc.ABC):\n    x: 'int' = 1\n    _y: 'int'\n"
            "    @abc.abstractmethod\n    def g(self): ...\n    def _h(self): ...\n"
            "    @property\n    def p(self): ...\n",
            ["class f", "    x: int = …", "    abstract g(self)", "    p: property"],
        ),
        (
            "import dataclasses\n@dataclasses.dataclass\n"
            "class f:\n    x: 'int'\n    y: 'int' = 1\n",
            ["class f", "    x: int", "    y: int = …"],
        ),
    ],
)
def test_control_every_part_is_seen(surface, source, lines):
    names: dict[str, object] = {}
    exec(source, names)
    assert "".join(surface.lines_of("f", names["f"])).splitlines() == lines


def test_control_a_change_is_a_difference(surface):
    held = surface.surface(("nlpengine.heads",))
    assert difference(held, held) == ""
    assert "+HeadSpec" in difference(held, held + "HeadSpec\n")
