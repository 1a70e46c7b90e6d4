"""What a check of a plugin is, and how one is run and reported."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Check = Callable[[Any], None]
"""Takes what is checked; raises AssertionError where it falls short, or `NotApplicable`."""

Status = Literal["ok", "failed", "skipped"]


class NotApplicable(Exception):
    """Raised by a check that has nothing to look at; the message says why."""


def require(condition: object, message: str) -> None:
    """Fail with a message: for people who see neither pytest nor the check's source."""
    if not condition:
        raise AssertionError(message)


@dataclass(frozen=True, slots=True)
class Result:
    """How a check went.

    Attributes:
        name: The check's.
        status: "ok", "failed" or "skipped".
        reason: Why it isn't ok, one line.
        trace: The traceback of a failure.
        seconds: What it took.
    """

    name: str
    status: Status
    reason: str = ""
    trace: str = ""
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {name: getattr(self, name) for name in self.__slots__}


def run_check(name: str, check: Check, subject: Any, skips: Mapping[str, str]) -> Result:
    """Run one check; whatever it raises is its failure (sys.exit too), Ctrl-C aside.

    Args:
        name: The check's.
        check: What to run.
        subject: What to run it on.
        skips: Checks to leave out, each with its reason.
    """
    if name in skips:
        return Result(name, "skipped", skips[name])
    began = time.perf_counter()
    try:
        check(subject)
    except KeyboardInterrupt:
        raise
    except NotApplicable as reason:
        return Result(name, "skipped", str(reason), seconds=time.perf_counter() - began)
    except BaseException as error:
        kind = "" if isinstance(error, AssertionError) else f"{type(error).__name__}: "
        line = (f"{kind}{error}".strip().splitlines() or [type(error).__name__])[0]
        line = ", ".join([line, *getattr(error, "__notes__", ())])
        seconds = time.perf_counter() - began
        return Result(name, "failed", line, traceback.format_exc(), seconds)
    return Result(name, "ok", seconds=time.perf_counter() - began)


def check_skips(skips: Mapping[str, str], checks: Mapping[str, Check]) -> None:
    """Refuse a skip that gives no reason, or names no check.

    Raises:
        AssertionError: There is one.
    """
    for name, reason in skips.items():
        require(name in checks, f"skips: there is no check {name!r}; there are {', '.join(checks)}")
        require(
            isinstance(reason, str) and reason.strip(),
            f"skips: {name!r} is left out without a reason: say why it can't hold",
        )
