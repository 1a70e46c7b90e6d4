"""What a task must hold: inherit `TaskContract`, name the task and three rows, get the tests.

Example::

    from nlpengine.testing.task_contract import TaskContract

    class TestMood(TaskContract):
        task = Mood()
        records = (
            {"text": "what a day", "label": "glad"},
            {"text": "rain again", "label": "sad"},
            {"text": "it is noon", "label": "calm"},
        )
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import pytest

from nlpengine.plugin.contract import Task
from nlpengine.testing.checking import NotApplicable, check_skips
from nlpengine.testing.task_checks.listing import CHECKS
from nlpengine.testing.task_checks.subject import Subject


class TaskContract:
    """The checks of `nlpengine.testing.task_checks`, each a test.

    Attributes:
        task: The task under test.
        records: Labelled rows under the task's own field names: at least three, of two labels or
            more; up to eight are used.
        settings: Options of the task, where not its defaults.
        skips: Check → why it can't hold for this task. A reason is required.
        best: The main metric of perfect predictions.
        bounds: Metric → least and greatest value, where those aren't -1 and 1.
    """

    task: ClassVar[Task[Any]]
    records: ClassVar[Sequence[Mapping[str, Any]]]
    settings: ClassVar[Mapping[str, Any]] = {}
    skips: ClassVar[Mapping[str, str]] = {}
    best: ClassVar[float] = 1.0
    bounds: ClassVar[Mapping[str, tuple[float, float]]] = {}

    _subject: ClassVar[Subject | None] = None

    @pytest.fixture
    def subject(self, tmp_path_factory: pytest.TempPathFactory) -> Subject:
        """The task with all that the checks share; made once a class."""
        kind = type(self)
        if kind.__dict__.get("_subject") is None:
            folder = tmp_path_factory.mktemp(kind.__name__)
            kind._subject = Subject(
                self.task, self.records, folder, self.settings, self.best, self.bounds
            )
        found = kind._subject
        assert found is not None
        return found

    def test_every_skip_has_its_reason(self) -> None:
        """No check is left out by mistake or without a word."""
        check_skips(self.skips, CHECKS)

    @pytest.mark.parametrize("check", list(CHECKS))
    def test_contract(self, check: str, subject: Subject) -> None:
        """One of the checks."""
        if check in self.skips:
            pytest.skip(self.skips[check])
        try:
            CHECKS[check](subject)
        except NotApplicable as reason:
            pytest.skip(str(reason))
