"""The demo set that ships with the sentiment task: shape, balance and variety."""

import json
import math
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "tasks/nlpengine_sentiment/demo"
SPLITS = ("train", "dev", "test")
LEAST_ROWS = {"train": 1200, "dev": 150, "test": 300}
COLUMNS = ["id", "text", "label", "phenomenon", "subject"]
LABELS = ("negative", "neutral", "positive")
PHENOMENA = (
    "plain",
    "negation",
    "sarcasm",
    "contrast",
    "neutral-mixed",
    "narrative",
    "comparison",
    "typo",
)


@cache
def rows(split):
    """Read one split."""
    raw = (DEMO / f"{split}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in raw.removesuffix("\n").split("\n")]


@cache
def all_rows():
    """Read the whole set, in the order of the splits."""
    return [row for split in SPLITS for row in rows(split)]


def folded(text):
    """Fold case and runs of white space."""
    return " ".join(text.casefold().split())


def words(text):
    """Split into lower-cased words, contractions kept whole."""
    return re.findall(r"\w+(?:'\w+)*", text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))


def char_grams(text, size=5):
    """Set of character n-grams of the folded text."""
    text = folded(text)
    return {text[i : i + size] for i in range(max(1, len(text) - size + 1))}


def word_grams(text, size=3):
    """Set of word n-grams."""
    parts = words(text)
    return {tuple(parts[i : i + size]) for i in range(max(1, len(parts) - size + 1))}


def similar_pairs(sets, least):
    """Yield index pairs whose Jaccard similarity is at least `least`.

    Two such sets share a gram among the rarest of each (prefix filter), so only
    the pairs that meet in this small index are compared in full.
    """
    frequency = Counter(gram for grams in sets for gram in grams)
    index = defaultdict(list)
    for right, grams in enumerate(sets):
        rare_first = sorted(grams, key=lambda gram: (frequency[gram], gram))
        prefix = rare_first[: len(grams) - math.ceil(least * len(grams)) + 1]
        candidates = {left for gram in prefix for left in index[gram]}
        for left in sorted(candidates):
            shared = len(grams & sets[left])
            if shared >= least * (len(grams) + len(sets[left]) - shared):
                yield left, right
        for gram in prefix:
            index[gram].append(right)


@pytest.mark.parametrize("split", SPLITS)
def test_split_is_large_enough(split):
    assert len(rows(split)) >= LEAST_ROWS[split]


def test_set_has_at_least_1700_rows():
    assert len(all_rows()) >= 1700


def test_ids_are_unique():
    ids = [row["id"] for row in all_rows()]
    assert len(ids) == len(set(ids))


def test_columns_and_values():
    for row in all_rows():
        assert list(row) == COLUMNS
        assert all(isinstance(value, str) and value.strip() for value in row.values()), row
        assert row["label"] in LABELS, row["id"]
        assert row["phenomenon"] in PHENOMENA, row["id"]
        assert row["subject"] == row["subject"].strip().lower(), row["id"]


def test_texts_are_clean():
    for row in all_rows():
        text = row["text"]
        assert text == " ".join(text.split()), row["id"]
        assert text.isprintable(), row["id"]


@pytest.mark.parametrize("split", SPLITS)
def test_labels_are_balanced(split):
    counts = Counter(row["label"] for row in rows(split))
    assert set(counts) == set(LABELS)
    assert max(counts.values()) - min(counts.values()) <= 2


def test_each_phenomenon_can_be_measured():
    counts = Counter(row["phenomenon"] for row in rows("test"))
    assert {name: counts[name] for name in PHENOMENA if counts[name] < 28} == {}


def test_lengths():
    for row in all_rows():
        assert 5 <= len(row["text"].split()) <= 75, row["id"]
        ends = re.findall(r"[.!?\u2026]+[\"'\u2019\u201d)]*(?=\s|$)", row["text"])
        assert len(ends) <= 5, row["id"]


def test_no_exact_duplicates():
    counts = Counter(folded(row["text"]) for row in all_rows())
    assert [text for text, count in counts.items() if count > 1] == []


@pytest.mark.parametrize(
    ("grams", "least"), [(char_grams, 0.5), (word_grams, 0.3)], ids=["characters", "words"]
)
def test_no_near_duplicates(grams, least):
    found = all_rows()
    pairs = similar_pairs([grams(row["text"]) for row in found], least)
    assert [(found[left]["id"], found[right]["id"]) for left, right in pairs] == []


def test_similar_pairs_finds_what_a_full_comparison_finds():
    texts = [row["text"] for row in rows("dev")[:40]]
    texts += [text.replace("the", "a") for text in texts[:20]]
    for grams, least in ((char_grams, 0.5), (word_grams, 0.3)):
        sets = [grams(text) for text in texts]
        full = {
            (left, right)
            for right in range(len(sets))
            for left in range(right)
            if len(sets[left] & sets[right]) / len(sets[left] | sets[right]) >= least
        }
        assert len(full) >= 10
        assert set(similar_pairs(sets, least)) == full


def test_openings_are_varied():
    counts = Counter(" ".join(words(row["text"])[:5]) for row in all_rows())
    assert [opening for opening, count in counts.items() if count > 2] == []
