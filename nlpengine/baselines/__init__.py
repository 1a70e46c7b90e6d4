"""The simple things a task is measured against. No torch here."""

from nlpengine.baselines.baseline import MAJORITY, Baseline, BaselineResult
from nlpengine.baselines.tfidf import TFIDF

__all__ = ["MAJORITY", "TFIDF", "Baseline", "BaselineResult"]
