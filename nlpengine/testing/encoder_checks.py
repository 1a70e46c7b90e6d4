"""The tests of `EncoderContract` as checks of an offer, at a small size."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nlpengine.errors import UsageError
from nlpengine.testing.checking import Check, require


def checks_of(folder: Path) -> Mapping[str, Check]:
    """Each test of the contract as a check, and one of the catalog row.

    Args:
        folder: For files.

    Raises:
        UsageError: pytest, which the contract is written for, isn't installed.
    """
    try:
        from nlpengine.testing.encoder_contract import (
            EncoderContract,
            count_parameters,
            small_config,
        )
    except ImportError as error:
        raise UsageError(
            "the checks of encoders need pytest: pip install 'nlpengine[test]'."
        ) from error

    def row(offer: Any) -> None:
        """The catalog row builds an architecture of the parameters that it says."""
        found, said = count_parameters(offer.spec, offer.family), offer.spec.parameters
        require(found == said, f"the row says {said:,} parameters; its architecture has {found:,}")

    def as_check(name: str) -> Check:
        def check(offer: Any) -> None:
            about = {"family": offer.family, "config": small_config(offer)}
            contract = type("Contract", (EncoderContract,), about)()
            test = getattr(contract, name)
            for number, given in enumerate(_cases(test)):
                if "tmp_path" in inspect.signature(test).parameters:
                    given["tmp_path"] = folder / f"{name}-{number}"
                    given["tmp_path"].mkdir()
                test(**given)

        return check

    checks: dict[str, Check] = {"row": row}
    for name, member in vars(EncoderContract).items():
        if name.startswith("test_") and callable(member):
            checks[name.removeprefix("test_")] = as_check(name)
    return checks


def _cases(test: Any) -> Iterator[dict[str, Any]]:
    """The arguments that a test is parametrised with, each combination once."""
    marks = [mark for mark in getattr(test, "pytestmark", ()) if mark.name == "parametrize"]
    axes = [[(mark.args[0], value) for value in mark.args[1]] for mark in marks]
    for combination in itertools.product(*axes):
        yield dict(combination)
