"""Emotions of a text: any number of labels, each a decision of its own."""

from nlpengine_emotion.prediction import EmotionPrediction
from nlpengine_emotion.task import Emotion, nlpengine_task

__all__ = ["Emotion", "EmotionPrediction", "nlpengine_task"]
