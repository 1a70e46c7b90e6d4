"""Every check of the task contract catches its culprit, and every check has one."""

import culprits
import pytest

from nlpengine.plugin import Classification
from nlpengine.testing.checking import run_check
from nlpengine.testing.task_checks.listing import CHECKS
from nlpengine.testing.task_checks.subject import Subject

CULPRITS = culprits.CULPRITS


@pytest.fixture(autouse=True)
def core_as_it_was(monkeypatch):
    monkeypatch.setattr(Classification, "decode", Classification.decode)


def subject_of(name, folder):
    kind = CULPRITS[name][0]
    return Subject(kind(), culprits.records_of(kind), folder)


def test_every_check_has_a_culprit():
    assert {check for _, check, _ in CULPRITS.values()} == set(CHECKS)


@pytest.mark.parametrize("name", CULPRITS)
def test_the_check_catches_it(name, tmp_path):
    _, check, _ = CULPRITS[name]
    result = run_check(check, CHECKS[check], subject_of(name, tmp_path), {})
    assert result.status == "failed", f"{check} passes {name}"
    assert result.reason
    assert result.seconds < 20


@pytest.mark.slow
@pytest.mark.parametrize("name", CULPRITS)
def test_no_other_check_complains_but_those_that_must(name, tmp_path):
    _, check, also = CULPRITS[name]
    subject = subject_of(name, tmp_path)
    results = [run_check(one, CHECKS[one], subject, {}) for one in CHECKS]
    failed = {result.name: result.reason for result in results if result.status == "failed"}
    assert set(failed) == {check, *also}, failed
