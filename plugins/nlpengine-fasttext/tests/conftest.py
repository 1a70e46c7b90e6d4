"""The command line in this process."""

from dataclasses import dataclass
from importlib.metadata import entry_points

import pytest


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def main(capsys):
    """Words → `Ended`."""
    (entry,) = [e for e in entry_points(group="console_scripts") if e.name == "nlpengine"]
    command = entry.load()

    def call(*words):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            command([str(word) for word in words])
        printed = capsys.readouterr()
        return Ended(int(stop.value.code), printed.out, printed.err)

    return call
