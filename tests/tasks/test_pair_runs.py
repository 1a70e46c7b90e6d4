"""Runs of the pair task on a tiny encoder: classes and numbers, from data to command line."""

import json
import random

import numpy as np
import pytest
from nlpengine_pair import Pair

import nlpengine
from nlpengine import Engine, UsageError
from nlpengine.plugin.manager import PluginManager
from nlpengine.report.terminal import print_run

WORDS = ["soup", "film", "hotel", "train", "service", "book"]
SETTINGS = {"epochs": 14, "lr": 3e-3, "batch_size": 8, "warmup": 0.1}


def write(folder, label):
    """Pairs whose label goes by how good the second text is: train, dev and test."""
    draw = random.Random(0)
    for split, count in (("train", 48), ("dev", 16), ("test", 24)):
        rows = []
        for number in range(count):
            good = draw.random()
            first, second = draw.choice(WORDS), draw.choice(WORDS)
            mood = "great" if good > 0.66 else "okay" if good > 0.33 else "awful"
            texts = {"first": f"the {first} {number}", "second": f"the {second} was {mood}"}
            rows.append(texts | {"label": label(good), "genre": "ab"[number % 2]})
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def classes(tiny, tmp_path_factory):
    """A finished run on classes, and its data."""
    data = write(tmp_path_factory.mktemp("classes"), lambda good: "yes" if good > 0.5 else "no")
    output = tmp_path_factory.mktemp("runs") / "classes"
    return Engine().run("pair", encoder=str(tiny), data=str(data), output=output, **SETTINGS), data


@pytest.fixture(scope="module")
def numbers(tiny, tmp_path_factory):
    """A finished run on numbers, and its data."""
    data = write(tmp_path_factory.mktemp("numbers"), lambda good: round(3 * good - 1, 2) + 0.005)
    output = tmp_path_factory.mktemp("runs") / "numbers"
    return Engine().run("pair", encoder=str(tiny), data=str(data), output=output, **SETTINGS), data


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def cli(capsys, monkeypatch):
    """Words → (exit code, standard output, standard error)."""
    from nlpengine.cli.main import main

    monkeypatch.setenv("COLUMNS", "200")

    def call(*words):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        return stop.value.code, *capsys.readouterr()

    return call


# --- runs


def test_a_run_on_classes(classes):
    run, _ = classes
    assert list(run.metrics) == ["accuracy", "f1", "macro_f1", "mcc", "ece"]
    assert run.metrics["accuracy"].value > 0.7
    assert [b.name for b in run.record.baselines] == ["majority", "hypothesis only", "overlap"]
    assert all(baseline.difference is not None for baseline in run.record.baselines)
    titles = [table.title for table in run.record.scores.tables]
    assert titles[0] == "Per class"
    assert titles[-1] == "By genre"
    card = json.loads((run.path / "model" / "nlpengine.json").read_text())
    assert (card["labels"]["names"], card["labels"]["positive"]) == (["no", "yes"], "yes")
    row = lines(run.path / "predictions.jsonl")[0]
    assert set(row) == {"origin", "first", "second", "gold", "label", "score", "scores"}
    assert run.model.options.target == "classes"


def test_a_run_on_numbers(numbers):
    run, _ = numbers
    assert list(run.metrics) == ["spearman", "pearson"]
    assert run.metrics["spearman"].value > 0.6
    mean, overlap = run.record.baselines
    assert (mean.name, overlap.name) == ("mean", "overlap")
    assert mean.score.value == 0.0
    assert mean.verdict == "better"  # compared in pairs, though a correlation is no mean
    assert run.record.labels == []
    assert [table.title for table in run.record.scores.tables] == [
        "Errors in the label's unit",
        "By genre",
    ]
    row = lines(run.path / "predictions.jsonl")[0]
    assert (type(row["gold"]), type(row["value"])) == (float, float)
    assert "label" not in row
    assert run.model.options.target == "number"
    config = json.loads((run.path / "model" / "config.json").read_text())
    assert config["problem_type"] == "regression"
    assert config["id2label"] == {"0": "LABEL_0"}
    worst = run.record.mistakes[0]
    assert len(worst.texts) == 2
    assert worst.detail.startswith("off by ")
    assert [m.score for m in run.record.mistakes] == sorted(
        (m.score for m in run.record.mistakes), reverse=True
    )


def test_the_unit_of_labels_makes_no_difference(tiny, numbers, tmp_path):
    """From 0 to 100, say: a head that started at 0 would never come near them."""
    run, data = numbers
    for split in ("train", "dev", "test"):
        rows = lines(data / f"{split}.jsonl")
        moved = [row | {"label": round(20 * row["label"] + 7, 4)} for row in rows]
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in moved))
    wide = Engine().run(
        "pair", encoder=str(tiny), data=str(tmp_path), output=tmp_path / "run", **SETTINGS
    )
    assert wide.metrics["spearman"].value == pytest.approx(run.metrics["spearman"].value, abs=0.02)
    found, wanted = (lines(r.path / "predictions.jsonl") for r in (wide, run))
    scaled = [20 * row["value"] + 7 for row in wanted]
    assert [row["value"] for row in found] == pytest.approx(scaled, abs=0.05)
    assert np.ptp(scaled) > 10


def test_what_is_loaded_predicts_the_same(classes, numbers):
    for run, _ in (classes, numbers):
        again = nlpengine.load(run.path)
        assert again.labels == run.model.labels
        pair = {"first": "the soup", "second": "the film was great"}
        own, loaded = run.model(**pair).to_json(), again(**pair).to_json()
        assert str(own).split(":")[0] == str(loaded).split(":")[0]
        for name in own.keys() & {"score", "value"}:
            assert own[name] == pytest.approx(loaded[name], abs=1e-5)


def test_a_number_s_head_is_kept(numbers, classes, tmp_path):
    run, data = numbers
    settings = {"epochs": 1, "lr": 1e-9, "baseline": False}
    source = str(run.path)
    kept = Engine().run("pair", encoder=source, data=str(data), output=tmp_path / "a", **settings)
    assert kept.record.encoder["head"] == "kept"
    pair = {"first": "the soup", "second": "the film was great"}
    assert kept.model(**pair).value == pytest.approx(run.model(**pair).value, abs=1e-4)
    other = Engine().run(
        "pair", encoder=source, data=str(classes[1]), output=tmp_path / "b", **settings
    )
    said = "its labels are no classes, the data's are no, yes"
    assert any(note.endswith(said) for note in other.record.notes)
    with pytest.raises(UsageError, match="the checkpoint has no, yes; the data has no classes"):
        Engine().run(
            "pair", encoder=str(classes[0].path), data=str(data), head="keep",
            output=tmp_path / "c", **settings,
        )  # fmt: skip


# --- both orders


def test_order_makes_no_difference_where_both_are_read(classes, numbers):
    pairs = [
        ("the soup was great", "a hotel"),
        ("", "the film was awful"),
        ("bad", "bad"),
        ("a great film " * 60, "the soup was good"),
        ("a film " * 40, "the soup " * 50),
    ]
    for run, _ in (classes, numbers):
        differ = []
        for first, second in pairs:
            one, other = (
                run.model(first=a, second=b, symmetric=True)
                for a, b in ((first, second), (second, first))
            )
            assert numbers_of(one) == pytest.approx(numbers_of(other), abs=2e-6)
            plain = run.model(first=first, second=second)
            swapped = run.model(first=second, second=first)
            differ.append(not np.allclose(numbers_of(plain), numbers_of(swapped), atol=1e-4))
            assert one.windows == plain.windows
        assert any(differ)  # or the test would prove nothing


def numbers_of(answer):
    return [answer.value] if hasattr(answer, "value") else list(answer.scores.values())


def test_a_symmetric_run_stays_so(tiny, classes, tmp_path):
    _, data = classes
    run = Engine().run(
        "pair", encoder=str(tiny), data=str(data), epochs=1, output=tmp_path / "run",
        options={"symmetric": True},
    )  # fmt: skip
    model = nlpengine.load(run.path)
    texts = ("the soup was great", "a hotel")
    one, other = (model(first=a, second=b) for a, b in (texts, texts[::-1]))
    assert numbers_of(one) == pytest.approx(numbers_of(other), abs=2e-6)


# --- long texts


def test_long_texts_are_windows_or_cut_on_request(tiny, tmp_path):
    draw = random.Random(1)
    rows = [
        {"first": "a film " * 40, "second": "the soup " * draw.randint(1, 40), "label": n % 2}
        for n in range(40)
    ]
    data = tmp_path / "long.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    settings = {"encoder": str(tiny), "data": str(data), "epochs": 1, "baseline": False}
    whole = Engine().run("pair", output=tmp_path / "whole", **settings)
    facts = whole.record.data
    assert facts["train_windows"] > 2 * facts["train"]
    assert whole.model(first="a film " * 40, second="the soup " * 40).windows > 4
    cut = Engine().run("pair", output=tmp_path / "cut", long_text="truncate", **settings)
    assert cut.record.data["train_windows"] == cut.record.data["train"]
    assert any(
        "40 of 40 texts were truncated to 64 tokens, as asked" in n for n in cut.record.notes
    )
    encoding = cut.model.tokenizer.encode([("a film " * 40, "the soup " * 40)], cut.model.policy)
    assert [len(one) for one in encoding] == [64]
    kinds = np.bincount(encoding[0].token_type_ids)
    assert abs(int(kinds[0]) - int(kinds[1])) <= 2  # longest first: both are cut alike


# --- the command line


def test_predicting_two_texts(cli, classes, numbers):
    for (run, _), word in ((classes, "label"), (numbers, "value")):
        code, out, _ = cli(
            "predict", run.path, "--text", "the soup", "--text", "the film was great", "--json"
        )
        assert code == 0
        row = json.loads(out)
        assert (row["first"], row["second"]) == ("the soup", "the film was great")
        assert word in row
    code, _, err = cli("predict", numbers[0].path, "--text", "one alone")
    assert code == 2
    assert "this model reads 2 texts (first, second): give --text 2 times" in err


def test_predicting_files(cli, classes, numbers, tmp_path):
    rows = [("the soup", "the film was great"), ("", ""), ("same", "same")]
    tsv, jsonl = tmp_path / "pairs.tsv", tmp_path / "pairs.jsonl"
    tsv.write_text("id\tsentence1\tsentence2\n" + "".join(f"7\t{a}\t{b}\n" for a, b in rows))
    jsonl.write_text("".join(json.dumps({"premise": a, "hypothesis": b}) + "\n" for a, b in rows))
    for run, _ in (classes, numbers):
        found = []
        for path in (tsv, jsonl):
            code, out, _ = cli("predict", run.path, path)
            assert code == 0
            found.append([json.loads(line) for line in out.splitlines()])
        assert [row["sentence2"] for row in found[0]] == [b for _, b in rows]
        assert [row["id"] for row in found[0]] == ["7"] * 3
        key = "value" if run is numbers[0] else "score"
        assert [r[key] for r in found[0]] == pytest.approx([r[key] for r in found[1]], abs=1e-6)


def test_a_row_without_its_second_text_is_an_error_of_its_own(cli, classes, tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"first": "a", "second": "b"}\n{"first": "a"}\n')
    code, out, _ = cli("predict", classes[0].path, path)
    good, bad = map(json.loads, out.splitlines())
    assert code == 1
    assert "error" not in good
    assert bad["error"] == "the field 'second' is missing, not a string."


def test_lines_of_text_are_no_pairs(cli, classes, tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text("a\nb\n")
    code, out, err = cli("predict", classes[0].path, path)
    assert (code, out) == (2, "")
    assert "a line of text is one text, and this model reads 2 (first, second). Pass CSV" in err


def test_evaluating(cli, classes, numbers, tmp_path):
    for (run, data), name in ((classes, "accuracy"), (numbers, "spearman")):
        code, out, _ = cli("evaluate", run.path, "--data", data, "--json")
        assert code == 0
        assert json.loads(out)["metrics"][name] == run.metrics[name].to_json()
    # A set of whole numbers alone is one of numbers to a model of numbers.
    whole = tmp_path / "whole.tsv"
    whole.write_text("first\tsecond\tlabel\n" + "".join(f"a {i}\tb\t{i % 3}\n" for i in range(9)))
    code, out, _ = cli("evaluate", numbers[0].path, "--data", whole, "--json")
    assert code == 0
    assert json.loads(out)["metrics"]["spearman"]["n"] == 9
    whole.write_text("first\tsecond\tlabel\na\tb\t3,5\n")
    code, _, err = cli("evaluate", numbers[0].path, "--data", whole)
    assert code == 4
    assert f"{whole}:2: label '3,5' in the data is no number" in err
    code, _, err = cli("evaluate", classes[0].path, "--data", whole)
    assert code == 4
    assert "the label '3,5' was never seen in training; the model knows no, yes" in err


def test_the_task_s_flags(cli):
    code, out, _ = cli("run", "pair", "--help")
    assert code == 0
    for word in ("--target", "--positive", "--symmetric / --no-symmetric", "--class-weights"):
        assert word in out
    assert "whole numbers alone are classes" in " ".join(out.split())


def test_the_terminal_shows_pairs_and_numbers(classes, numbers, capsys):
    print_run(classes[0].record)
    out = capsys.readouterr().out
    assert "the second text alone (" in out
    assert f'predict {classes[0].path} --text "…" --text "…"' in out
    print_run(numbers[0].record)
    out = capsys.readouterr().out
    error = numbers[0].record.scores.tables[0].rows[0]
    assert f"mean absolute error │ {error[1]:.3f}".rstrip("0") in out
    assert "off by " in out
    assert "sure" not in out
    first, second = numbers[0].record.mistakes[0].texts
    assert f"    {first}\n    {second}\n" in out


def test_the_report_shows_both_texts_apart(classes, numbers):
    for run, _ in (classes, numbers):
        page = (run.path / "report.html").read_text(encoding="utf-8")
        for text in run.record.mistakes[0].texts:
            assert f'<p class="text part" dir="auto">{text}</p>' in page
    assert "The second text alone" in (classes[0].path / "report.html").read_text(encoding="utf-8")
    assert " sure</span>" not in page
    assert f"<span>{numbers[0].record.mistakes[0].detail}</span>" in page


def test_it_came_in_by_the_door():
    task = PluginManager().task("pair")
    assert isinstance(task, Pair)
    assert task.needed == ("first", "second")


def test_numbers_beside_another_task_on_one_encoder(tiny, numbers, reviews, tmp_path):
    data = {"pair": str(numbers[1]), "sentiment": str(reviews)}
    done = Engine().run_joint(
        ["pair", "sentiment"], encoder=str(tiny), data=data,
        output=tmp_path / "run", epochs=2, lr=1e-3, baseline=False,
    )  # fmt: skip
    again = nlpengine.load(done.path)
    pair = {"first": "the soup", "second": "the film was great"}
    own, loaded = (model.model("pair")(pair).value for model in (done.model, again))
    assert own == pytest.approx(loaded, abs=1e-5)
    mean = np.mean([row["label"] for row in lines(numbers[1] / "train.jsonl")])
    assert abs(own - mean) < 1.0  # a head that learnt from 0 on would be about 0 still
    assert type(done.model.model("pair").network.head) is type(again.model("pair").network.head)
