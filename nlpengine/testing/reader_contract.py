r"""What a reader must hold: inherit `ReaderContract`, give a file's text and its rows.

Example::

    from nlpengine.testing.reader_contract import ReaderContract

    class TestPipes(ReaderContract):
        reader = nlpengine_reader()
        text = "text|label\na good film|pos\na bad film|neg\n"
        rows = ({"text": "a good film", "label": "pos"}, {"text": "a bad film", "label": "neg"})
        broken = {"text|label\na good film\n": 2}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from nlpengine.data import ReaderSpec
from nlpengine.testing.checking import NotApplicable, check_skips
from nlpengine.testing.reader_checks import CHECKS, ReaderSubject


class ReaderContract:
    """The checks of `nlpengine.testing.reader_checks`, each a test.

    Attributes:
        reader: The reader under test.
        text: What a file of at least two rows holds.
        rows: What is read of it, field by field.
        broken: What a file with a mistake holds → the line of the mistake.
        skips: Check → why it can't hold for this reader. A reason is required.
    """

    reader: ClassVar[ReaderSpec]
    text: ClassVar[str]
    rows: ClassVar[Sequence[Mapping[str, Any]]]
    broken: ClassVar[Mapping[str, int]] = {}
    skips: ClassVar[Mapping[str, str]] = {}

    def test_every_skip_has_its_reason(self) -> None:
        """No check is left out by mistake or without a word."""
        check_skips(self.skips, CHECKS)

    @pytest.mark.parametrize("check", list(CHECKS))
    def test_contract(self, check: str, tmp_path: Path) -> None:
        """One of the checks."""
        if check in self.skips:
            pytest.skip(self.skips[check])
        subject = ReaderSubject(self.reader, self.text, self.rows, tmp_path, self.broken)
        try:
            CHECKS[check](subject)
        except NotApplicable as reason:
            pytest.skip(str(reason))
