"""Extractive question answering: the answer is a span of a text, or the text holds none."""

from nlpengine_qa.task import QuestionAnswering, nlpengine_task

__all__ = ["QuestionAnswering", "nlpengine_task"]
