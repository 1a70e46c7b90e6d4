"""The simple things a task is measured against. No torch here."""

from nlpengine.baselines.answers import OVERLAP_SPAN
from nlpengine.baselines.baseline import MAJORITY, MEAN, Baseline, BaselineResult
from nlpengine.baselines.entities import FEATURES, GAZETTEER
from nlpengine.baselines.pairs import HYPOTHESIS_ONLY, OVERLAP, OVERLAP_REGRESSION
from nlpengine.baselines.tfidf import TFIDF

__all__ = [
    "FEATURES",
    "GAZETTEER",
    "HYPOTHESIS_ONLY",
    "MAJORITY",
    "MEAN",
    "OVERLAP",
    "OVERLAP_REGRESSION",
    "OVERLAP_SPAN",
    "TFIDF",
    "Baseline",
    "BaselineResult",
]
