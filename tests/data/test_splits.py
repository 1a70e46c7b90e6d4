from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlpengine.data.records import Origin, Record
from nlpengine.data.splits import choose_rows, split_records

LABELS = st.lists(st.sampled_from("aaaabbc"), max_size=200)
SEEDS = st.integers(0, 2**32)


def make(labels):
    return [Record({"label": label}, Origin("f", i)) for i, label in enumerate(labels)]


def key(record):
    return record.fields["label"]


@given(labels=LABELS, seed=SEEDS)
def test_splits_are_a_partition_in_order(labels, seed):
    records = make(labels)
    parts = split_records(records, seed=seed, key=key)
    assert list(parts) == ["train", "dev", "test"]
    lines = [[r.origin.line for r in part] for part in parts.values()]
    assert all(part == sorted(part) for part in lines)
    assert sorted(line for part in lines for line in part) == list(range(len(records)))


@given(labels=LABELS, seed=SEEDS)
def test_splits_are_stratified_within_one(labels, seed):
    parts = split_records(make(labels), seed=seed, key=key)
    counts = {name: Counter(map(key, part)) for name, part in parts.items()}
    for label, total in Counter(labels).items():
        shares = {"train": 0.8 * total, "dev": 0.1 * total, "test": 0.1 * total}
        if total >= 3:
            assert all(counts[name][label] for name in parts)
        else:
            assert counts["train"][label] == total
        # Only where a class is so small that its one row for dev or test is more than its share.
        slack = 2 if 3 <= total < 10 else 1
        assert all(abs(counts[name][label] - share) < slack for name, share in shares.items())


@given(labels=LABELS, seed=SEEDS)
def test_splits_depend_on_the_seed_alone(labels, seed):
    assert split_records(make(labels), seed=seed, key=key) == split_records(
        make(labels), seed=seed, key=key
    )


def test_another_seed_gives_other_splits():
    records = make("ab" * 100)
    assert split_records(records, seed=0, key=key) != split_records(records, seed=1, key=key)


def test_the_result_of_a_seed_stays_the_same_in_every_version():
    parts = split_records(make("ab" * 10), seed=0, key=key)
    assert [r.origin.line for r in parts["dev"]] == [4, 15]
    assert [r.origin.line for r in parts["test"]] == [1, 18]
    assert choose_rows(make("ab" * 10), 6, seed=0, key=key) == [0, 3, 6, 9, 16, 19]


def test_ten_rows():
    parts = split_records(make("a" * 10), seed=0, key=key)
    assert [len(part) for part in parts.values()] == [8, 1, 1]


@pytest.mark.parametrize("fractions", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}, {"a": 1.0, "b": 0.0}])
def test_fractions_must_make_a_whole(fractions):
    with pytest.raises(ValueError, match="fractions must be above 0 and sum to 1"):
        split_records([], fractions, seed=0, key=key)


@given(labels=LABELS, seed=SEEDS, count=st.integers(0, 250), leave_one=st.booleans())
def test_chosen_rows(labels, seed, count, leave_one):
    records = make(labels)
    chosen = choose_rows(records, count, seed=seed, key=key, leave_one=leave_one)
    assert chosen == sorted(set(chosen))
    totals = Counter(labels)
    room = {label: total - leave_one for label, total in totals.items()}
    assert len(chosen) == min(count, sum(room.values()))
    counts = Counter(labels[i] for i in chosen)
    assert all(counts[label] <= room[label] for label in totals)
    if count >= len(totals):
        assert all(counts[label] or not room[label] for label in totals)
    assert chosen == choose_rows(records, count, seed=seed, key=key, leave_one=leave_one)


def test_chosen_rows_keep_proportions():
    records = make("a" * 900 + "b" * 100)
    chosen = choose_rows(records, 100, seed=3, key=key)
    assert Counter(key(records[i]) for i in chosen) == {"a": 90, "b": 10}
