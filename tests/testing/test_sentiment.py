"""The sentiment task holds the contract of every task."""

from nlpengine_sentiment import Sentiment

from nlpengine.testing.task_contract import TaskContract


class TestSentiment(TaskContract):
    task = Sentiment()
    records = (
        {"text": "the soup was good", "label": "positive", "slice": "food"},
        {"text": "a dull bad film", "label": "negative", "slice": "film"},
        {"text": "it is a hotel", "label": "neutral", "slice": "travel"},
    )
