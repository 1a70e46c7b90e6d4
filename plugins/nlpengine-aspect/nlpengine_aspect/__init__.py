"""Aspect sentiment: what a text thinks of one of the things that it names."""

from nlpengine_aspect.reading import AspectExample
from nlpengine_aspect.task import AspectSentiment, nlpengine_task

__all__ = ["AspectExample", "AspectSentiment", "nlpengine_task"]
