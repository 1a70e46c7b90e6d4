"""What a look at the rows brings up."""

import json

import pytest

from nlpengine.data import Column, load_splits

COLUMNS = (Column("text"), Column("label", required=False, role="gold"))


def write(folder, **splits):
    for name, texts in splits.items():
        rows = [json.dumps({"text": text, "label": str(n % 2)}) for n, text in enumerate(texts)]
        (folder / f"{name}.jsonl").write_text("\n".join(rows) + "\n")


def leaks(folder):
    found = load_splits(str(folder), COLUMNS, {}, seed=0, limit=2).findings
    return [finding.message for finding in found if finding.check == "leak"]


def test_shared_texts_are_found_before_any_limit(tmp_path):
    write(
        tmp_path,
        train=[f"train {n}" for n in range(30)],
        dev=["a", "b", "train 3"],
        test=["c", "train 7", "d", "train 7", "train 29"],
    )
    first, second = leaks(tmp_path)
    assert "1 text of dev (1 of its 3 rows) also stand in train" in first
    assert "2 texts of test (3 of its 5 rows) also stand in train" in second
    assert "test.jsonl:2 in" in second
    assert "train.jsonl:8 for one" in second


def test_clean_splits_say_nothing(tmp_path):
    write(tmp_path, train=["a", "b", "A"], dev=["c", "d"], test=["e", "f"])
    assert leaks(tmp_path) == []


def test_imdb_leak(real_data):
    folder = real_data("imdb")
    splits = load_splits(str(folder), COLUMNS, {}, seed=0)
    assert len(splits.test) == 25_000
    found = [f.message for f in splits.findings if f.check == "leak" and "of test (" in f.message]
    assert sum(int(message.split()[0]) for message in found) == 123  # in what is now train and dev


def findings(folder, *splits):
    for name, rows in zip(("train", "dev", "test"), splits, strict=True):
        lines = [json.dumps({"text": text, "label": gold}) for text, gold in rows]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    return load_splits(str(folder), COLUMNS, {}, seed=0).findings


def numbered(prefix, count):
    return [(f"{prefix} {n}", "ab"[n % 2]) for n in range(count)]


CLEAN = numbered("train", 40), numbered("dev", 20), numbered("test", 120)


def test_a_clean_set_has_sizes_and_balance_and_no_warning(tmp_path):
    found = findings(tmp_path, *CLEAN)
    assert [f.check for f in found] == ["sizes", "balance", "balance", "balance"]
    assert {f.level for f in found} == {"info"}
    assert found[0].message == "40 train, 20 dev, 120 test rows."
    assert found[1].message == "train: 'a' 20 (50%), 'b' 20 (50%)."


@pytest.mark.parametrize(
    ("check", "extra", "said"),
    [
        ("duplicates", [("train 3", "b")], "1 of 41 rows of train repeat an earlier one"),
        (
            "conflict", [("train 3", "a")],
            "train.jsonl:41 that of {}/train.jsonl:4 for one ('b' and 'a')",
        ),
        ("empty", [("  ", "a"), ("", "b")], "2 rows have an empty text: {}/train.jsonl:41, {}"),
        ("encoding", [("caf\ufffd", "a")], "1 row has the replacement character U+FFFD"),
        ("quotes", [('"Well, ""no""."', "a"), ('"fine"', "a")], "1 row has a text in quotes with"),
        ("duplicates", [(" train  3", "b")], "1 of 41 rows of train repeat an earlier one"),
        ("leak", [("test 7 ", "b")], "1 text of test (1 of its 120 rows) also stand in train"),
        ("encoding", [("cafÃ© au lait", "a")], "letters like 'Ã©'"),
        ("encoding", [("donâ€™t", "a")], "UTF-8 that was read as another encoding"),
        ("encoding", [("a\x01b", "a")], "1 row has control characters: {}/train.jsonl:41."),
        ("balance", [("one", "c")], "fewer than 10 rows of train are 'c'"),
        ("balance", [(f"x {n}", "a") for n in range(400)], "95% of train is 'a'"),
    ],
)  # fmt: skip
def test_each_check_finds_its_rows(tmp_path, check, extra, said):
    train, dev, test = CLEAN
    clean = findings(tmp_path, *CLEAN)
    found = findings(tmp_path, [*train, *extra], dev, test)
    messages = [f.message for f in found if f.check == check and f not in clean]
    assert any(said.replace("{}", str(tmp_path)) in message for message in messages), messages


def test_accents_tabs_and_line_ends_are_no_broken_encoding(tmp_path):
    train, dev, test = CLEAN
    fine = [("São Tomé\tÀ Á\r\n«naïve» 😀 Ãlvaro", "a")]
    found = findings(tmp_path, [*train, *fine], dev, test)
    assert not [f for f in found if f.check == "encoding"]


def test_a_small_test_split_is_a_warning(tmp_path):
    train, dev, test = CLEAN
    found = findings(tmp_path, train, dev, test[:25])
    assert any(f.level == "warning" and "less than about 20 points" in f.message for f in found)


def test_pairs_in_the_other_order_are_found(tmp_path):
    columns = (Column("first"), Column("second"), Column("label", required=False, role="gold"))

    def save(name, pairs):
        lines = [json.dumps({"first": a, "second": b, "label": gold}) for a, b, gold in pairs]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines) + "\n")

    save("train", [(f"a {n}", f"b {n}", "xy"[n % 2]) for n in range(40)])
    save("dev", [(f"c {n}", f"d {n}", "xy"[n % 2]) for n in range(20)])
    save("test", [("b 3", "a 3", "x"), ("b 5", "a 5", "y"), ("a 7", "b 8", "y"), ("e", "e", "x")])
    found = load_splits(str(tmp_path), columns, {}, seed=0).findings
    (leak,) = [finding for finding in found if finding.check == "leak"]
    assert leak.message.startswith("2 of 4 rows of test stand in train with their texts in the")
    assert leak.rows == (f"{tmp_path}/test.jsonl:1", f"{tmp_path}/test.jsonl:2")
    (conflict,) = [finding for finding in found if finding.check == "conflict"]
    assert (conflict.level, conflict.count) == ("info", 1)
    there = f"{tmp_path}/test.jsonl:1 that of {tmp_path}/train.jsonl:4 for one ('y' and 'x')"
    assert f"other answer, {there}: one of two is wrong where order" in conflict.message


def test_contradictions_are_counted_once_where_dev_stands_in_for_test(tmp_path):
    for name, rows in (("train", CLEAN[0]), ("dev", [*CLEAN[1], ("dev 3", "a")])):
        lines = [json.dumps({"text": text, "label": gold}) for text, gold in rows]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    splits = load_splits(str(tmp_path), COLUMNS, {}, seed=0)
    assert len(splits.test) == 21
    assert [f.count for f in splits.findings if f.check == "conflict"] == [1]


def test_rows_are_named_by_their_id_too(tmp_path):
    """SQuAD's files are one line each."""
    columns = (*COLUMNS, Column("id", required=False, role="about"))
    for name in ("train", "dev", "test"):
        rows = [
            {"text": f"{name} {n}", "label": "ab"[n % 2], "id": f"{name}-{n}"} for n in range(30)
        ]
        rows += [{"text": "train 3", "label": "b", "id": ""}] if name == "test" else []
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    found = load_splits(str(tmp_path), columns, {}, seed=0).findings
    (leak,) = [finding for finding in found if finding.check == "leak"]
    assert f"test.jsonl:31 in {tmp_path}/train.jsonl:4 (train-3) for one" in leak.message
    assert leak.rows == (f"{tmp_path}/test.jsonl:31",)
