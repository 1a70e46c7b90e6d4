"""The contract holds for a small correct task of each kind of head."""

import toys

from nlpengine.testing.task_contract import TaskContract


class TestMood(TaskContract):
    task = toys.Mood()
    records = toys.MOODS


class TestShouts(TaskContract):
    task = toys.Shouts()
    records = toys.SHOUTS


class TestFinder(TaskContract):
    task = toys.Finder()
    records = toys.PLACES
