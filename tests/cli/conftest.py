"""The command line in this process: what it printed and how it ended."""

import json
from dataclasses import dataclass
from typing import Any

import pytest


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Standard output as the one JSON object it must be."""
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Standard output as JSON lines."""
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Words → `Ended`."""
    from nlpengine.cli.main import main

    # --no-plugins sets this one; the next test must not see it.
    monkeypatch.setenv("NLPENGINE_LOAD_PLUGINS", "")
    monkeypatch.delenv("NLPENGINE_LOAD_PLUGINS")
    # rich and click fold to the terminal's width.
    monkeypatch.setenv("COLUMNS", "200")

    def call(*words: object) -> Ended:
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        printed = capsys.readouterr()
        assert isinstance(stop.value.code, int)
        return Ended(stop.value.code, printed.out, printed.err)

    return call
