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
from collections.abc import Iterable
from enum import IntEnum


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
    """

    exit_code = ExitCode.DATA

    def __init__(self, problem: str, path: object = None, line: int | None = None) -> None:
        self.problem, self.path, self.line = problem, path, line
        where = "" if path is None else f"{path}:{line}: " if line is not None else f"{path}: "
        super().__init__(where + problem)

    def add_more(self, sentence: str) -> None:
        """Say something more at the end of the message."""
        self.args = (f"{str(self).rstrip('.')}. {sentence}",)


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
