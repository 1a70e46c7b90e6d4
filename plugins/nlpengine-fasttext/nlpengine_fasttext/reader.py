"""``__label__positive What a lovely day.`` lines → records: what fastText learns labels from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from nlpengine import DataError
from nlpengine.data import Origin, Record, read_lines
from nlpengine.plugin import ReaderSpec, hookimpl

PREFIX = "__label__"
_BLANKS = re.compile(r"[ \t\v\f\r]")
"""What ends a word there; a no-break space doesn't."""


def read(path: str) -> Iterator[Record]:
    """Read a file; lines of blanks alone are skipped, as fastText does.

    Yields:
        One record a line: ``label``, without its prefix, where the line has one, and ``text``, the
        other words with one blank between them, as fastText sees them.

    Raises:
        DataError: A line with several labels, one with an empty label, or one without text; or
            the file can't be read.
    """
    for number, line in read_lines(path):
        words = [word for word in _BLANKS.split(line) if word]
        if not words:
            continue
        labels = [word.removeprefix(PREFIX) for word in words if word.startswith(PREFIX)]
        text = " ".join(word for word in words if not word.startswith(PREFIX))
        problem = _problem(labels, text)
        if problem is not None:
            raise DataError(problem, path, number)
        fields = {"label": labels[0], "text": text} if labels else {"text": text}
        yield Record(fields, Origin(path, number))


def looks_like(lines: Sequence[str]) -> bool:
    """Every line starts with a label."""
    return all(line.startswith(PREFIX) for line in lines)


def _problem(labels: Sequence[str], text: str) -> str | None:
    if len(labels) > 1:
        listed = ", ".join(labels)
        return f"{len(labels)} labels ({listed}), and a text has one here. Keep one of them"
    if labels == [""]:
        return f"{PREFIX} without a label. Write it as {PREFIX}positive"
    if not text:
        return "a label without a text. Add the text, or remove the line"
    return None


@hookimpl
def nlpengine_reader() -> ReaderSpec:
    """The reader."""
    return ReaderSpec("fasttext", (".ft", ".fasttext"), read, looks_like)
