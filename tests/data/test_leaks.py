"""A text in two splits is found and said."""

import json

from nlpengine.data import Column, load_splits

COLUMNS = (Column("text"), Column("label", required=False))


def write(folder, **splits):
    for name, texts in splits.items():
        rows = [json.dumps({"text": text, "label": str(n % 2)}) for n, text in enumerate(texts)]
        (folder / f"{name}.jsonl").write_text("\n".join(rows) + "\n")


def leak_notes(folder):
    notes = load_splits(str(folder), COLUMNS, {}, seed=0, limit=2).notes
    return [note for note in notes if note.startswith("leak")]


def test_shared_texts_are_found_before_any_limit(tmp_path):
    write(
        tmp_path,
        train=[f"train {n}" for n in range(30)],
        dev=["a", "b", "train 3"],
        test=["c", "train 7", "d", "train 7", "train 29"],
    )
    first, second = leak_notes(tmp_path)
    assert "1 text of dev (1 of its 3 rows) also stand in train" in first
    assert "2 texts of test (3 of its 5 rows) also stand in train" in second
    assert "test.jsonl:2 in" in second
    assert "train.jsonl:8 for one" in second


def test_clean_splits_say_nothing(tmp_path):
    write(tmp_path, train=["a", "b", "A"], dev=["c", "d"], test=["e", "f"])
    assert leak_notes(tmp_path) == []


def test_imdb_leak(real_data):
    folder = real_data("imdb")
    splits = load_splits(str(folder), COLUMNS, {}, seed=0)
    assert len(splits.test) == 25_000
    found = [note for note in splits.notes if "of test (" in note]
    assert sum(int(note.split()[1]) for note in found) == 123  # in what is now train and dev
