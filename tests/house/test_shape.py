"""Sizes and names of files and functions; what may stand in an ``__init__.py``."""

import ast

import pytest

MOST_LINES = 299
MOST_FUNCTION_LINES = 59
EXCEPTIONS: set[str] = set()
"""Modules and functions (module:name) that may be longer. Empty, and best kept so."""

CATCH_ALLS = {"utils", "util", "common", "misc", "helpers"}


def too_long(source):
    """A file or function over the limit."""
    found = []
    lines = len(source.text.splitlines())
    if lines > MOST_LINES and source.module not in EXCEPTIONS:
        found.append(f"{source.module} has {lines} lines")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            size = (node.end_lineno or 0) - node.lineno + 1
            name = f"{source.module}:{node.name}"
            if size > MOST_FUNCTION_LINES and name not in EXCEPTIONS:
                found.append(f"{name} has {size} lines")
    return found


def badly_named(source):
    """A file named for nothing in particular."""
    return [source.module] if CATCH_ALLS & set(source.module.split(".")) else []


def logic_in_init(source):
    """Statements of an ``__init__.py`` beside docstring, imports and ``__all__``."""
    if not source.is_package:
        return []
    return [f"{source.module}:{node.lineno}" for node in source.tree.body if not _is_plain(node)]


def _is_plain(node):
    if isinstance(node, ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        return [ast.unparse(target) for target in node.targets] == ["__all__"]
    if isinstance(node, ast.If):
        inside = all(map(_is_plain, node.body)) and not node.orelse
        return inside and ast.unparse(node.test) == "TYPE_CHECKING"
    return False


@pytest.fixture(scope="module")
def sources(core, guests):
    return [*core, *guests]


@pytest.mark.parametrize("rule", [too_long, badly_named, logic_in_init])
def test_rule(sources, rule):
    assert len(sources) > 60
    assert [bad for source in sources for bad in rule(source)] == []


def test_exceptions_exist(sources):
    known = {source.module for source in sources}
    assert {name.split(":")[0] for name in EXCEPTIONS} <= known


def test_control_sizes(make_source):
    short = make_source("a.b", "x = 1\n" * 299)
    assert too_long(short) == []
    assert too_long(make_source("a.b", "x = 1\n" * 300)) == ["a.b has 300 lines"]
    body = "    x = 1\n"
    assert too_long(make_source("a.b", "def f():\n" + body * 58)) == []
    assert too_long(make_source("a.b", "async def f():\n" + body * 59)) == ["a.b:f has 60 lines"]
    inner = "class A:\n    def f(self):\n" + "        x = 1\n" * 59
    assert too_long(make_source("a.b", inner)) == ["a.b:f has 60 lines"]


@pytest.mark.parametrize("name", ["nlpengine.utils", "nlpengine.common.x", "nlpengine_x.misc"])
def test_control_names(make_source, name):
    assert badly_named(make_source(name, "")) == [name]
    assert badly_named(make_source("nlpengine.commons", "")) == []


def test_control_init(make_source):
    plain = '"""Doc."""\nfrom a import b\n__all__ = ["b"]\nif TYPE_CHECKING:\n    from c import d\n'
    assert logic_in_init(make_source("a", plain, True)) == []
    for line in ("def f(): ...", "class A: ...", "x = f()", "for x in y: ...", "f()",
                 "if TYPE_CHECKING:\n    f()", "if x:\n    import y"):  # fmt: skip
        assert logic_in_init(make_source("a", line, True)) == ["a:1"]
        assert logic_in_init(make_source("a", line, False)) == []
