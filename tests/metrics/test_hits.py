"""Counts of sets: the door's own way to F1."""

import numpy as np
from sklearn.metrics import f1_score, precision_score, recall_score

from nlpengine.metrics import Hits


def hits_of(gold, found):
    counts = np.stack([gold & found, found, gold], axis=2).astype(float)
    return Hits.of(counts)


def test_agrees_with_scikit_learn():
    rng = np.random.default_rng(1)
    gold, found = rng.random((60, 4)) < 0.3, rng.random((60, 4)) < 0.4
    hits = hits_of(gold, found)
    assert np.isclose(hits.f1().value, f1_score(gold, found, average="micro"))
    assert np.isclose(hits.macro_f1().value, f1_score(gold, found, average="macro"))
    assert np.isclose(hits.precision().value, precision_score(gold, found, average="micro"))
    assert np.isclose(hits.recall().value, recall_score(gold, found, average="micro"))
    for score in (hits.f1(), hits.macro_f1(), hits.precision(), hits.recall()):
        assert score.low < score.value < score.high
        assert score.n == 60
    own = np.isclose([row[3].value for row in hits.table("t", "kind", tuple("abcd")).rows],
                     f1_score(gold, found, average=None))  # fmt: skip
    assert own.all()


def test_kinds_that_occur_nowhere_have_no_part_in_the_mean():
    gold = np.array([[True, False], [True, False]])
    hits = hits_of(gold, gold)
    assert hits.macro_f1().value == 1.0
    assert hits.table("t", "kind", ("a", "b")).rows[1] == ("b", None, None, None, 0)


def test_nothing_is_unknown():
    nothing = np.zeros((3, 2), dtype=bool)
    for kinds in (nothing, nothing[:, :0]):
        hits = hits_of(kinds, kinds)
        for score in (hits.f1(), hits.macro_f1(), hits.precision(), hits.recall()):
            assert (score.value, score.low, score.high) == (0.0, 0.0, 1.0)
