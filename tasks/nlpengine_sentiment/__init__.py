"""Sentiment: classification of a text into any number of classes."""

from nlpengine_sentiment.task import Sentiment, nlpengine_task

__all__ = ["Sentiment", "nlpengine_task"]
