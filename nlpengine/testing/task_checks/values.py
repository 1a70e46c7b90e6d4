"""Predictions as JSON values: compared, and looked through."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from nlpengine.testing.checking import require

TOLERANCE = 1e-4


def json_of(answer: Any, what: str = "to_json()") -> Any:
    """A prediction as JSON has it.

    Raises:
        AssertionError: It holds something that JSON doesn't know, NaN included.
    """
    made = answer.to_json()
    require(isinstance(made, Mapping), f"{what} gives {type(made).__name__}, not a dictionary")
    try:
        text = json.dumps(made, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{what} is no JSON: {error}: {made!r:.200}") from error
    again = json.loads(text)
    require(again == _plain(made), f"{what} changes on its way through JSON: {made!r:.200}")
    return again


def _plain(value: Any) -> Any:
    """Tuples as lists; keys as they are."""
    if isinstance(value, Mapping):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def numbers_in(value: Any) -> Iterator[float]:
    """All numbers of a JSON value."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield float(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from numbers_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from numbers_in(one)


def mappings_in(value: Any) -> Iterator[Mapping[str, Any]]:
    """All objects of a JSON value."""
    if isinstance(value, Mapping):
        yield value
        for one in value.values():
            yield from mappings_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from mappings_in(one)


def same(one: Any, other: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether two JSON values are the same, numbers within a tolerance."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=tolerance, abs_tol=tolerance)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        keys = one.keys() == other.keys()
        return keys and all(same(one[name], other[name], tolerance) for name in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        pairs = len(one) == len(other)
        return pairs and all(same(a, b, tolerance) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def require_same(one: Any, other: Any, what: str, tolerance: float = TOLERANCE) -> None:
    """Fail where two JSON values differ."""
    require(same(one, other, tolerance), f"{what}:\n  {one!r:.300}\n  {other!r:.300}")
