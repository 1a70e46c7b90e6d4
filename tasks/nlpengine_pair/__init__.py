"""Sentence pairs: classification into any number of classes, or a number."""

from nlpengine_pair.options import PairOptions
from nlpengine_pair.task import Pair, nlpengine_task

__all__ = ["Pair", "PairOptions", "nlpengine_task"]
