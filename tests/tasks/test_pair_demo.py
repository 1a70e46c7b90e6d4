"""The demo set that ships with the pair task: what its README states, counted again."""

import itertools
import json
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "tasks/nlpengine_pair/demo"
SPLITS = ("train", "dev", "test")
COLUMNS = ["id", "sentence1", "sentence2", "label", "phenomenon"]
LABELS = ("same", "different")


@cache
def rows(split):
    raw = (DEMO / f"{split}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in raw.removesuffix("\n").split("\n")]


@cache
def all_rows():
    """Read the whole set, in the order of the splits."""
    return [row for split in SPLITS for row in rows(split)]


@cache
def tables():
    """The tables of the README, each a list of rows of cells, by their first head."""
    found = {}
    text = (DEMO / "README.md").read_text(encoding="utf-8")
    for block in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        lines = [
            [cell.strip() for cell in line.strip("|\n").split("|")]
            for line in block.split("\n")
            if line
        ]
        found[lines[0][0]] = [lines[0], *lines[2:]]
    return found


def words(text):
    return re.findall(r"\w+(?:'\w+)*", text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))


def overlap(row):
    first, second = (set(words(row[name])) for name in ("sentence1", "sentence2"))
    return len(first & second) / len(first | second)


def test_columns_and_values():
    for row in all_rows():
        assert list(row) == COLUMNS
        assert all(isinstance(value, str) and value.strip() for value in row.values()), row
        for name in ("sentence1", "sentence2"):
            assert row[name] == " ".join(row[name].split()), row["id"]
            assert row[name].isprintable(), row["id"]
    assert [row["id"] for row in all_rows()] == [
        f"demo-{n:04}" for n in range(1, len(all_rows()) + 1)
    ]


def test_the_counts_of_labels_are_those_of_the_readme():
    head, *lines = tables()["split"]
    assert head == ["split", *LABELS, "all"]
    stated = {line[0]: tuple(map(int, line[1:])) for line in lines}
    counted = {}
    for name, part in [*((s, rows(s)) for s in SPLITS), ("all", all_rows())]:
        counts = Counter(row["label"] for row in part)
        counted[name] = (*(counts[label] for label in LABELS), len(part))
    assert counted == stated


def test_the_counts_of_phenomena_are_those_of_the_readme():
    head, *lines = tables()["phenomenon"]
    assert head[:2] == ["phenomenon", "label"]
    assert head[3:] == [*SPLITS, "all", "mean overlap"]
    *lines, total = lines
    for name, label, _, *numbers in lines:
        mine = [row for row in all_rows() if row["phenomenon"] == name]
        assert {row["label"] for row in mine} == {label}, name
        counts = [sum(row["phenomenon"] == name for row in rows(split)) for split in SPLITS]
        assert [*counts, len(mine)] == list(map(int, numbers[:-1])), name
        assert sum(map(overlap, mine)) / len(mine) == pytest.approx(float(numbers[-1]), abs=0.011)
    assert {line[0] for line in lines} == {row["phenomenon"] for row in all_rows()}
    assert list(map(int, total[3:-1])) == [*(len(rows(split)) for split in SPLITS), len(all_rows())]


def test_overlap_does_not_give_the_label_away():
    head, *lines = tables()["overlap"]
    edges = [float(cell.split(" to ")[0]) for cell in head[1:]] + [1.01]
    for label, *numbers in lines:
        found = [overlap(row) for row in all_rows() if row["label"] == label]
        counts = [sum(a <= x < b for x in found) for a, b in itertools.pairwise(edges)]
        assert sum(counts) == sum(map(int, numbers))
        # The README's own words differ by a hyphen or two; a bin holds about a hundred.
        assert counts == pytest.approx(list(map(int, numbers)), abs=8), label
    ordered = sorted(all_rows(), key=overlap)
    same = [row["label"] == "same" for row in ordered]
    right = [sum(same[at:]) + same[:at].count(False) for at in range(len(same) + 1)]
    best = max(*right, *(len(same) - number for number in right)) / len(same)
    assert best < 0.57


def test_no_sentence_occurs_twice():
    counts = Counter(
        " ".join(row[name].casefold().split()) for row in all_rows() for name in COLUMNS[1:3]
    )
    assert [text for text, count in counts.items() if count > 1] == []


def test_no_two_pairs_are_alike():
    def grams(text):
        parts = words(text)
        return {tuple(parts[i : i + 3]) for i in range(max(1, len(parts) - 2))}

    index = {}
    closest = 0.0
    for number, row in enumerate(all_rows()):
        for name in COLUMNS[1:3]:
            own = grams(row[name])
            shared = Counter(entry for gram in own for entry in index.get(gram, ()))
            for (other, size, _), count in shared.items():
                if other != number:
                    closest = max(closest, count / (len(own) + size - count))
            for gram in own:
                index.setdefault(gram, []).append((number, len(own), name))
    assert 0.0 < closest < 0.3


def test_lengths():
    sizes = [len(row[name].split()) for row in all_rows() for name in COLUMNS[1:3]]
    assert (min(sizes), max(sizes)) == (6, 34)
