"""What the rules of the house are checked on: the sources, parsed."""

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Source:
    """A source file: its module's name (a package's is that of its ``__init__.py``) and text."""

    module: str
    text: str
    is_package: bool = False

    @property
    def tree(self) -> ast.Module:
        """Parsed."""
        return ast.parse(self.text)

    def imports(self) -> set[str]:
        """Every module that is imported, wherever the statement stands, in full.

        ``from a import b`` counts as ``a.b``: b may be a module.
        """
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                base = (node.module or "").split(".") if node.module else []
                if node.level:
                    parts = self.module.split(".")
                    up = node.level - self.is_package
                    base = parts[: len(parts) - up] + base
                found |= {".".join([*base, alias.name]) for alias in node.names}
        return found


def read(folder: Path, base: Path) -> list[Source]:
    """All sources under a folder, their modules named from ``base``."""
    found = []
    for path in sorted(folder.rglob("*.py")):
        parts = list(path.relative_to(base).with_suffix("").parts)
        package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if package else parts)
        found.append(Source(name, path.read_text(encoding="utf-8"), package))
    return found


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def make_source():
    """For negative controls."""
    return Source


@pytest.fixture(scope="session")
def core() -> list[Source]:
    """The sources of nlpengine."""
    return read(ROOT / "nlpengine", ROOT)


@pytest.fixture(scope="session")
def guests() -> list[Source]:
    """The sources of tasks/ and plugins/."""
    found = []
    for home in (ROOT / "tasks", ROOT / "plugins"):
        for folder in sorted(home.glob("*")) if home.is_dir() else ():
            distribution = (folder / "pyproject.toml").is_file()
            found += read(folder, folder if distribution else home)
    return found
