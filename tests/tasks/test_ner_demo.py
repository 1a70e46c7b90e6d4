"""The demo set that ships with the named entity task: what its README says of it."""

import json
import re
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

DEMO = Path(__file__).parents[2] / "tasks/nlpengine_ner/demo"
SPLITS = ("train", "dev", "test")
TYPES = ("PER", "ORG", "LOC", "MISC")
KEYS = ["id", "document", "text", "entities", "register"]


@cache
def rows(split):
    raw = (DEMO / f"{split}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in raw.removesuffix("\n").split("\n")]


@cache
def all_rows():
    return [row for split in SPLITS for row in rows(split)]


@cache
def readme():
    return (DEMO / "README.md").read_text(encoding="utf-8")


def names(row):
    return [row["text"][e["start"] : e["end"]] for e in row["entities"]]


def cells(line):
    return [cell.strip() for cell in line.strip("|").split("|")]


def told(heading):
    """First cell → the other ones, of the table with a heading in its first row."""
    lines = readme().split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    found = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            return found
        found[cells(line)[0]] = cells(line)[1:]
    return found


@pytest.mark.parametrize("split", [*SPLITS, "all"])
def test_counts_are_the_readme_s(split):
    chosen = all_rows() if split == "all" else rows(split)
    types = Counter(e["label"] for row in chosen for e in row["entities"])
    counts = [
        len({row["document"] for row in chosen}), len(chosen),
        sum(not row["entities"] for row in chosen), *(types[name] for name in TYPES),
        types.total(),
    ]  # fmt: skip
    assert [int(cell.replace(",", "")) for cell in told("split")[split]] == counts
    assert set(types) == set(TYPES)


def test_counts_by_register_are_the_readme_s():
    found = defaultdict(list)
    for name in {row["register"] for row in all_rows()}:
        own = [[row for row in rows(split) if row["register"] == name] for split in SPLITS]
        entities = sum(len(row["entities"]) for part in own for row in part)
        found[name] = [*map(str, map(len, own)), str(entities)]
        assert [len({row["document"] for row in part}) for part in own] == [6, 1, 2]
    assert {name: row[1:] for name, row in told("register").items()} == found


def test_numbers_of_names_are_the_readme_s():
    where = defaultdict(set)
    labels = defaultdict(set)
    splits = defaultdict(set)
    for split in SPLITS:
        for row in rows(split):
            for name, entity in zip(names(row), row["entities"], strict=True):
                where[name.lower()].add(row["document"])
                labels[name.lower()].add(entity["label"])
                splits[name.lower()].add(split)
    text = " ".join(readme().split())
    test = [name for name in splits if "test" in splits[name]]
    new = [name for name in test if "train" not in splits[name]]
    assert f"ignoring case: {len(where)}, of which {len(test)} occur in test." in text
    assert f"{len(new)} of those {len(test)} do not occur in train" in text
    assert max(map(len, where.values())) == 3
    several = sorted(name for name, own in labels.items() if len(own) > 1)
    assert f"{len(several)} names carry two or three labels" in text
    in_test = sum("test" in splits[name] for name in several)
    assert f"on purpose; {in_test} of these occur in test" in text
    (listed,) = re.findall(r"They are: (.*?)\.", text)
    assert sorted(listed.lower().split(", ")) == several


def test_rows_are_as_described():
    ids = [row["id"] for row in all_rows()]
    assert ids == [f"demo-{number:04}" for number in range(1, 681)]
    sizes = Counter(row["document"] for row in all_rows())
    assert sorted(sizes) == [f"d{number:03}" for number in range(1, 163)]
    assert set(sizes.values()) <= {3, 4, 5, 6}
    for row in all_rows():
        assert list(row) == KEYS
        assert 8 <= len(row["text"].split()) <= 40, row["id"]
        assert row["text"] == " ".join(row["text"].split()), row["id"]
        end = 0
        for entity, name in zip(row["entities"], names(row), strict=True):
            assert end <= entity["start"] < entity["end"] <= len(row["text"]), row["id"]
            end = entity["end"]
            assert name == name.strip()


def test_documents_stand_in_one_split_each():
    splits = defaultdict(set)
    for split in SPLITS:
        for row in rows(split):
            splits[row["document"]].add(split)
    assert all(len(own) == 1 for own in splits.values())


def test_no_word_is_cut_at_an_entity():
    from nlpengine_ner.reviewing import cut_at_borders
    from nlpengine_ner.splitting import split

    for row in all_rows():
        words = split(row["text"], "marks")
        spans = [(e["start"], e["end"], e["label"]) for e in row["entities"]]
        assert cut_at_borders(words, spans) == words, row["id"]
    assert cut_at_borders(((0, 5),), [(2, 4, "X")]) == ((0, 2), (2, 4), (4, 5))  # control
