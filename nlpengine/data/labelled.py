"""``label text`` lines → records: the layout of the Stanford treebank's sentence files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from nlpengine.data.lines import StrPath, read_lines
from nlpengine.data.records import Origin, Record
from nlpengine.errors import DataError

LABELLED_LINE = re.compile(r"(\S+) (.*\S.*)")


def read_labelled(path: StrPath) -> Iterator[Record]:
    """Read a file whose lines are a label, one space, and the text.

    Yields:
        One record a line with the fields ``label`` and ``text``, the text as it stands after that
        space; wholly empty lines are skipped.

    Raises:
        DataError: See :func:`nlpengine.data.lines.read_lines`; also a line without label or text.
    """
    name = os.fspath(path)
    for number, line in read_lines(name):
        if not line:
            continue
        match = LABELLED_LINE.fullmatch(line)
        if match is None:
            raise DataError(
                f"no label and text: a line must be 'label text', with one space after the label; "
                f"this one starts {line[:30]!r}",
                name,
                number,
            )
        yield Record({"label": match[1], "text": match[2]}, Origin(name, number))
