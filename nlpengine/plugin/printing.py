"""Standard output belongs to a command's result: what a plugin prints in loading goes aside."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any


class Aside(io.TextIOBase):
    """A standard output that is standard error while `active`, and the real one afterwards.

    A plugin may keep the stream that it met when it was imported; it goes on working.
    """

    def __init__(self) -> None:
        self.active = True
        self.said = ""

    def write(self, text: str) -> int:
        """Pass a text on."""
        if self.active:
            self.said += text
        return self._stream.write(text) if self._stream is not None else len(text)

    def flush(self) -> None:
        """Flush where it goes to."""
        if self._stream is not None:
            self._stream.flush()

    def writable(self) -> bool:
        """Yes."""
        return True

    @property
    def _stream(self) -> Any:
        stream = sys.stderr if self.active else sys.stdout
        return None if stream is self else stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.contextmanager
def caught_output(remarks: list[str]) -> Iterator[None]:
    """Send standard output to standard error, also what bypasses ``sys.stdout``.

    Args:
        remarks: Gets a sentence where something was printed.
    """
    before, aside = (sys.stdout, sys.stderr), Aside()
    with _descriptor(before[0]):
        sys.stdout = aside
        try:
            yield
        finally:
            replaced = sys.stdout is not aside or sys.stderr is not before[1]
            sys.stdout, sys.stderr = before
            aside.active = False
            if aside.said:
                line = aside.said.strip().split("\n")[0]
                remarks.append(f"wrote to standard output: {line[:60]!r}")
            if replaced:
                remarks.append("replaced sys.stdout or sys.stderr: put back")


@contextlib.contextmanager
def _descriptor(stream: Any) -> Iterator[None]:
    """Have file descriptor 1 be standard error, where ``stream`` is the process's own."""
    try:
        own = stream.fileno() == 1
        saved = os.dup(1) if own else None
    except (AttributeError, OSError, ValueError):
        saved = None
    if saved is None:
        yield
        return
    stream.flush()
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
