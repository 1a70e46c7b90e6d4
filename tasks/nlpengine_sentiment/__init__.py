"""Sentiment: classification of a text into any number of classes."""

from nlpengine_sentiment.task import Sentiment, SentimentOptions, nlpengine_task

__all__ = ["Sentiment", "SentimentOptions", "nlpengine_task"]
