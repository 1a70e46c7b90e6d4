"""The layouts of published data sets, as they stand. Skipped where the folder isn't there."""

from collections import Counter
from pathlib import Path

import pytest

from nlpengine.data import Column, load_records, load_splits

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
COLUMNS = [Column("text", ("sentence", "review")), Column("label", ("sentiment",), required=False)]

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the published data sets aren't here")


@pytest.mark.parametrize(
    ("name", "sizes", "labels", "words"),
    [
        ("sst2-sentences", (6920, 872, 1821), "0 1", "'label text'"),
        ("sst5-sentences", (8544, 1101, 2210), "0 1 2 3 4", "'label text'"),
        ("sst2-glue", (62349, 5000, 872), "0 1", "no test split: the dev split (872 rows)"),
        ("tweets-3way", (8000, 2000, 4284), "negative neutral positive", ""),
        ("movie-reviews", (1400, 200, 400), "neg pos", ""),
        ("imdb", (22500, 2500, 25000), "0 1", "2,500 rows of train were set aside by seed 0"),
    ],
)
def test_splits(name, sizes, labels, words):
    if not (SHARED / name).is_dir():
        pytest.skip(f"{name} isn't here")
    splits = load_splits(str(SHARED / name), COLUMNS, {}, seed=0)
    assert (len(splits.train), len(splits.dev), len(splits.test)) == sizes
    for part in (splits.train, splits.dev, splits.test):
        assert sorted({record.fields["label"] for record in part}) == labels.split()
        assert all(isinstance(record.fields["text"], str) for record in part)
    assert words in " ".join(splits.notes)
    assert bool(splits.notes) == bool(words)


def test_the_blank_before_the_tab_stays():
    path = SHARED / "sst2-glue" / "dev.tsv"
    if not path.is_file():
        pytest.skip("sst2-glue isn't here")
    records, _, fingerprints = load_records(str(path), COLUMNS, {})
    assert records[0].fields["text"] == "it 's a charming and often affecting journey . "
    assert records[0].origin.line == 2
    assert list(fingerprints) == ["dev.tsv"]


def test_a_dev_split_cut_from_train_keeps_the_balance():
    if not (SHARED / "imdb").is_dir():
        pytest.skip("imdb isn't here")
    splits = load_splits(str(SHARED / "imdb"), COLUMNS, {}, seed=1, limit=100)
    assert len(splits.train) == len(splits.dev) == len(splits.test) == 100
    assert Counter(record.fields["label"] for record in splits.dev) == {"0": 50, "1": 50}
