"""The demo set is what its README says."""

import itertools
import json
from collections import Counter

from nlpengine_emotion.task import Emotion

SIZES = {"train": 172, "dev": 34, "test": 58}
NAMES = {"anger", "disgust", "fear", "joy", "sadness", "surprise"}


def rows(split):
    lines = (Emotion.demo / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_sizes_and_labels():
    for split, size in SIZES.items():
        found = rows(split)
        assert len(found) == size
        counts = Counter(name for row in found for name in row["labels"])
        assert set(counts) == NAMES
        assert min(counts.values()) >= 5
        assert all(row["labels"] == sorted(set(row["labels"])) for row in found)
        none = sum(not row["labels"] for row in found) / size
        assert 0.1 < none < 0.2
        assert sum(len(row["labels"]) > 1 for row in found) > size / 6


def test_no_two_texts_are_alike():
    texts = [row["text"].lower() for split in SIZES for row in rows(split)]
    parts = [{text[at : at + 5] for at in range(len(text) - 4)} for text in texts]
    assert max(len(a & b) / len(a | b) for a, b in itertools.combinations(parts, 2)) < 0.2


def test_the_readme_counts_right():
    text = (Emotion.demo / "README.md").read_text(encoding="utf-8")
    for split, size in SIZES.items():
        own = Counter(len(row["labels"]) for row in rows(split))
        assert f"| {split} | {own[0]} | {own[1]} | {own[2]} | {own[3]} | {size} |" in text
