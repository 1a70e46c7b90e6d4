"""The built-in tasks hold the contract of every task."""

from types import MappingProxyType

from nlpengine_ner import NamedEntities
from nlpengine_pair import Pair
from nlpengine_qa import QuestionAnswering
from nlpengine_sentiment import Sentiment

from nlpengine.testing.task_contract import TaskContract


class TestSentiment(TaskContract):
    task = Sentiment()
    records = (
        {"text": "the soup was good", "label": "positive", "slice": "food"},
        {"text": "a dull bad film", "label": "negative", "slice": "film"},
        {"text": "it is a hotel", "label": "neutral", "slice": "travel"},
    )


class TestEntitiesOfWords(TaskContract):
    task = NamedEntities()
    records = (
        {
            "words": ["Ada", "met", "Otto", "in", "Bergen"],
            "tags": ["B-PER", "O", "B-PER", "O", "B-LOC"],
        },
        {"words": ["It", "rained"], "tags": ["O", "O"]},
        {"words": ["New", "York", "was", "full"], "tags": ["B-LOC", "I-LOC", "O", "O"]},
    )


class TestEntitiesInChains(TestEntitiesOfWords):
    settings = MappingProxyType({"decoder": "crf"})


class TestEntitiesOfText(TaskContract):
    task = NamedEntities()
    records = (
        {
            "text": "Ada met Otto in Bergen",
            "entities": [
                {"start": 0, "end": 3, "label": "PER"},
                {"start": 16, "end": 22, "label": "LOC"},
            ],
        },
        {"text": "It rained.", "entities": []},
        {"text": "New York was full", "entities": [{"start": 0, "end": 8, "label": "LOC"}]},
    )


class TestQuestions(TaskContract):
    task = QuestionAnswering()
    records = (
        {
            "question": "where did they meet?",
            "context": "they did meet in Bergen today",
            "answers": [{"text": "Bergen", "answer_start": 17}],
        },
        {
            "question": "who came?",
            "context": "In the end Otto came home",
            "answers": [{"text": "Otto", "answer_start": 11}],
        },
        {"question": "why?", "context": "it was there", "answers": []},
    )


class TestPairsInClasses(TaskContract):
    task = Pair()
    records = (
        {"first": "the soup was good", "second": "very good soup", "label": "same"},
        {"first": "a dull film", "second": "the train is slow", "label": "other"},
        {"first": "he has a hotel", "second": "she has a book", "label": "other"},
        {"first": "we love it", "second": "we like it", "label": "same", "slice": "short"},
    )


class TestPairsInAnyOrder(TestPairsInClasses):
    settings = MappingProxyType({"symmetric": True})


class TestPairsInNumbers(TaskContract):
    task = Pair()
    records = (
        {"first": "the soup was good", "second": "very good soup", "label": "4.5"},
        {"first": "a dull film", "second": "the train is slow", "label": "0.0"},
        {"first": "he has a hotel", "second": "she has a book", "label": "2.2"},
        {"first": "we love it", "second": "we like it", "label": "3.9"},
    )
