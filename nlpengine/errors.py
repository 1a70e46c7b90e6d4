"""Every error a user can meet, and the exit code it ends the command with.

The tree says whose move it is next::

    NlpengineError
    ├── UsageError          2  a flag, a name or a setting is wrong: call again, corrected
    ├── PluginError         3  a plugin failed or breaks its contract
    ├── DataError           4  a file, a row or a label is wrong: mend the data
    │   └── RowError           one row alone; a bulk prediction goes on without it
    ├── EncoderUnavailable  6  the encoder can't be had here: fetch it, or choose another
    └── DeviceError         7  the device is missing or out of memory

Anything else that escapes is a bug of ours (exit code 3).
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Self

MOST_PLACES = 5
"""Places of further errors that are named beside the first."""


class ExitCode(IntEnum):
    """What a command tells its caller. Public: numbers are never reused."""

    OK = 0
    ROW_ERRORS = 1
    """The command finished, but some rows could not be predicted; each says why in the output."""
    USAGE = 2
    INTERNAL = 3
    """A plugin failed, or nlpengine itself did."""
    DATA = 4
    NO_ENCODER = 6
    DEVICE = 7
    INTERRUPTED = 130
    """Ctrl-C; what was finished by then is kept."""


class NlpengineError(Exception):
    """Base of all errors that carry a message for a person."""

    exit_code: ExitCode = ExitCode.INTERNAL


class UsageError(NlpengineError):
    """A flag, a name or a setting is wrong."""

    exit_code = ExitCode.USAGE


class PluginError(NlpengineError):
    """A plugin can't be loaded, or breaks its contract."""

    exit_code = ExitCode.INTERNAL


class DataError(NlpengineError):
    """A file, a row or a label is wrong.

    Args:
        problem: What is wrong and what to do, one or two sentences.
        path: The file, where there is one.
        line: 1-based line (or row) in that file.
        row: The id that the row itself has, where the place of an error should name it.
    """

    exit_code = ExitCode.DATA

    def __init__(
        self, problem: str, path: object = None, line: int | None = None, row: str = ""
    ) -> None:
        self.problem, self.path, self.line, self.row = problem, path, line, row
        where = "" if path is None else f"{path}:{line}: " if line is not None else f"{path}: "
        super().__init__(where + problem)

    def add_more(self, sentence: str) -> None:
        """Say something more at the end of the message."""
        self.args = (f"{str(self).rstrip('.')}. {sentence}",)

    @classmethod
    def first_of(cls, wrong: Sequence[Self], others: str = "more can't be used either") -> Self:
        """The error of the first row in its file, which says where the others are.

        Splits that are made here are in no order that a person would look for.

        Args:
            wrong: One or more, each with its place.
            others: What to say of the rest, after their number.
        """
        first, *rest = sorted(wrong, key=lambda error: (str(error.path), error.line or 0))
        if rest:
            places = [
                f"{error.path}:{error.line}" + (f" ({error.row})" if error.row else "")
                for error in rest[:MOST_PLACES]
            ]
            more = f" and {len(rest) - MOST_PLACES:,} more" if len(rest) > MOST_PLACES else ""
            first.add_more(f"{len(rest):,} {others}: {', '.join(places)}{more}")
        return first


class RowError(DataError):
    """One row can't be used; the others can."""


class EncoderUnavailable(NlpengineError):
    """The encoder's files can't be had on this machine."""

    exit_code = ExitCode.NO_ENCODER


class DeviceError(NlpengineError):
    """The device is missing, unusable or out of memory."""

    exit_code = ExitCode.DEVICE


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A suggestion to append to an "unknown X" message; empty where nothing is near.

    >>> did_you_mean("sentimant", ["sentiment", "ner"])
    " Did you mean 'sentiment'?"
    """
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""
