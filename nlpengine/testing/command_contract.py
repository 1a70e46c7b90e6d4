"""What a command must hold: inherit `CommandContract` and name the command's spec.

Example::

    from nlpengine.testing.command_contract import CommandContract

    class TestErrors(CommandContract):
        command = nlpengine_command()
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest

from nlpengine.plugin.command import CommandSpec
from nlpengine.testing.checking import check_skips
from nlpengine.testing.command_checks import CHECKS


class CommandContract:
    """The checks of `nlpengine.testing.command_checks`, each a test.

    Attributes:
        command: The command under test.
        skips: Check → why it can't hold for this command. A reason is required.
    """

    command: ClassVar[CommandSpec]
    skips: ClassVar[Mapping[str, str]] = {}

    def test_every_skip_has_its_reason(self) -> None:
        """No check is left out by mistake or without a word."""
        check_skips(self.skips, CHECKS)

    @pytest.mark.parametrize("check", list(CHECKS))
    def test_contract(self, check: str) -> None:
        """One of the checks."""
        if check in self.skips:
            pytest.skip(self.skips[check])
        CHECKS[check](self.command)
