"""Data: files in, records and splits out. Importing it is cheap: readers import what they need."""

from nlpengine.data.columns import Column, Role, resolve_columns
from nlpengine.data.examples import (
    Example,
    PairExample,
    QuestionExample,
    TextExample,
    WordsExample,
)
from nlpengine.data.labels import check_labels
from nlpengine.data.load import load_records, load_splits
from nlpengine.data.records import Origin, Record, SplitName, Splits

__all__ = [
    "Column",
    "Example",
    "Origin",
    "PairExample",
    "QuestionExample",
    "Record",
    "Role",
    "SplitName",
    "Splits",
    "TextExample",
    "WordsExample",
    "check_labels",
    "load_records",
    "load_splits",
    "resolve_columns",
]
