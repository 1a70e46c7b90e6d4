"""Data: files in, records and splits out. Importing it is cheap: readers import what they need."""

from nlpengine.data.columns import Column, Role, needed_names, resolve_columns
from nlpengine.data.examples import (
    Example,
    PairExample,
    QuestionExample,
    TextExample,
    WordsExample,
)
from nlpengine.data.labels import check_labels, labels_are_numbers, parse_number, require_numbers
from nlpengine.data.lines import read_lines
from nlpengine.data.load import load_records, load_splits
from nlpengine.data.readers import ReaderSpec
from nlpengine.data.records import Origin, Record, SplitName
from nlpengine.data.schemes import (
    Recognised,
    Scheme,
    check_scheme,
    entities_of,
    iob2,
    recognise_scheme,
)
from nlpengine.data.splits import Splits
from nlpengine.data.tags import Entity, tag_of

__all__ = [
    "Column",
    "Entity",
    "Example",
    "Origin",
    "PairExample",
    "QuestionExample",
    "ReaderSpec",
    "Recognised",
    "Record",
    "Role",
    "Scheme",
    "SplitName",
    "Splits",
    "TextExample",
    "WordsExample",
    "check_labels",
    "check_scheme",
    "entities_of",
    "iob2",
    "labels_are_numbers",
    "load_records",
    "load_splits",
    "needed_names",
    "parse_number",
    "read_lines",
    "recognise_scheme",
    "require_numbers",
    "resolve_columns",
    "tag_of",
]
