"""Question answering from file to folder: run, load, predict, evaluate, other people's models."""

import json
import random
from itertools import cycle

import numpy as np
import pytest
import torch
from nlpengine_qa import QuestionAnswering
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForTokenClassification,
    AutoTokenizer,
)

import nlpengine
from nlpengine import Engine
from nlpengine.data import Origin, QuestionExample
from nlpengine.errors import DataError, ExitCode, RowError, UsageError
from nlpengine.metrics import answer_scores
from nlpengine.testing.tiny import WORDS, tiny_encoder
from nlpengine.workflow.inference import window_logits

QUESTION = "was it very good"
"""Of every question: the answer is the number in the text, if there is one."""


def text_with(number, rng, words=12):
    chosen = [rng.choice(WORDS) for _ in range(words)]
    if number:
        chosen.insert(rng.randrange(words), number)
    return " ".join(chosen)


def paragraphs(split, count, rng):
    made = []
    for place in range(count):
        number = "" if place % 3 == 2 else str(rng.randint(1, 9))
        context = text_with(number, rng)
        answers = [{"text": number, "answer_start": context.index(number)}] if number else []
        question = {
            "id": f"{split}-{place}", "question": QUESTION, "answers": answers,
            "is_impossible": not number,
        }  # fmt: skip
        made.append({"context": context, "qas": [question]})
    return made


def write_squad(path, made, title="numbers"):
    document = {"version": "v2.0", "data": [{"title": title, "paragraphs": made}]}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """A SQuAD 2.0 folder that a tiny encoder learns."""
    folder, rng = tmp_path_factory.mktemp("numbers"), random.Random(0)
    for split, count in (("train", 150), ("dev", 45), ("test", 45)):
        write_squad(folder / f"{split}.json", paragraphs(split, count, rng))
    return folder


SETTINGS = {"lr": 3e-3, "batch_size": 16, "warmup": 0.1}


@pytest.fixture(scope="module")
def run(tiny, numbers, tmp_path_factory):
    output = tmp_path_factory.mktemp("qa") / "run"
    return Engine().run(
        "qa", encoder=str(tiny), data=str(numbers), output=output, epochs=12, **SETTINGS
    )


def rows(run):
    lines = (run.path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_a_run_learns_where_the_answer_stands_and_when_there_is_none(run):
    assert list(run.metrics) == ["f1", "exact"]
    assert run.metrics["f1"].value > 0.9
    table = run.record.scores.tables[0]
    assert [row[0] for row in table.rows] == ["HasAns", "NoAns"]
    assert [row[-1] for row in table.rows] == [30, 15]
    assert run.record.config["options"]["handle_impossible_answer"] is True
    assert (
        "50 of 150 training questions have no answer: the model may give none" in run.record.notes
    )
    assert run.model.state.keys() == {"threshold", "slope", "intercept"}
    assert [baseline.name for baseline in run.record.baselines] == ["overlap"]
    assert run.record.baselines[0].difference is not None
    assert run.record.labels == []


def test_the_best_weights_are_chosen_as_they_will_be_used(run, numbers):
    """By the dev score with the threshold that is tuned there, not with none."""
    best = [row["value"] for row in run.record.history if row["best"]][-1]
    dev = Engine().evaluate(run.model, numbers / "dev.json").scores.metrics["f1"].value
    assert best == pytest.approx(dev)
    assert run.model.state["threshold"] != 0.0


def test_predictions_carry_ids_and_are_what_was_scored(run, numbers):
    found = rows(run)
    assert [row["id"] for row in found] == [f"test-{place}" for place in range(45)]
    assert all(
        {"question", "gold", "answer", "score", "start", "end"} <= row.keys() for row in found
    )
    (article,) = json.loads((numbers / "test.json").read_text())["data"]
    for row, paragraph in zip(found, article["paragraphs"], strict=True):
        assert paragraph["context"] not in json.dumps(row)
    again = answer_scores([row["gold"] for row in found], [row["answer"] for row in found])
    assert again.metrics["f1"].value == run.metrics["f1"].value
    none = [row["no_answer_probability"] for row in found]
    assert np.mean(none[2::3]) > 0.6 > 0.3 > np.mean(none[::3])


def test_a_prediction_has_the_shape_that_people_know(run):
    context = "the film was 7 and the soup was good"
    found = run.model(question=QUESTION, context=context)
    assert (found.answer, found.start, found.end) == ("7", 13, 14)
    assert 0.5 < found.score <= 1.0
    assert found.to_json().keys() == {"answer", "score", "start", "end", "no_answer_probability"}
    assert found.to_text().startswith("7  ")
    assert "characters 13 to 14" in found.to_text()
    assert run.model({"question": QUESTION, "context": context}) == found
    none = run.model(question=QUESTION, context="the film was good")
    assert (none.answer, none.start, none.end) == ("", 0, 0)
    assert none.score == none.no_answer_probability
    assert none.to_text().startswith("(no answer)")


def test_options_for_one_call(run):
    asked = {"question": QUESTION, "context": "the film was good and the soup 5"}
    three = run.model(**asked, top_k=3)
    assert len(three.candidates) == 3
    assert three.candidates[0].answer == "5" == run.model(**asked).answer
    assert [c.score for c in three.candidates] == sorted(c.score for c in three.candidates)[::-1]
    assert len(three.to_json()["candidates"]) == 3
    nothing = {"question": QUESTION, "context": "the film was good"}
    forced = run.model(**nothing, handle_impossible_answer=False)
    assert forced.answer
    assert forced.answer in nothing["context"]
    assert run.model(**nothing, handle_impossible_answer="true").answer == ""
    assert len(run.model(**asked, max_answer_length=1, top_k=99).candidates) <= 9
    with pytest.raises(UsageError, match="top_k is 0; it must be at least 1"):
        run.model(**asked, top_k=0)
    said = "handle_impossible_answer = 'perhaps': input should be a valid boolean, .* or .* 'auto'"
    with pytest.raises(UsageError, match=said):
        run.model(**asked, handle_impossible_answer="perhaps")
    with pytest.raises(UsageError, match="no such field or option"):
        run.model(**asked, topk=3)


def test_a_saved_model_answers_alike(run):
    model = nlpengine.load(run.path)
    assert model.options == run.model.options
    context = "it was 4 they say"
    assert model(question=QUESTION, context=context) == run.model(
        question=QUESTION, context=context
    )
    assert (model.policy.max_length, model.policy.overlap, model.policy.over) == (64, 8, "last")


# --- long text ------------------------------------------------------------------------------------


def test_the_last_answer_of_a_long_document_is_found(run):
    filler = " ".join(word for word, _ in zip(cycle(WORDS), range(3000), strict=False))
    found = run.model(question=QUESTION, context=f"{filler} 8")
    assert (found.answer, found.start) == ("8", len(filler) + 1)
    assert found.windows > 50
    middle = filler[:7000] + " 3 " + filler[7000:]
    assert run.model(question=QUESTION, context=middle).start == 7001
    # Control: without windows, nothing there is seen.
    cut = Engine().load(run.path)
    policy = cut.policy.__class__(64, 8, "truncate", "last")
    object.__setattr__(cut, "policy", policy)
    assert cut(question=QUESTION, context=f"{filler} 8").answer != "8"


def test_a_question_too_long_is_named_with_its_line(run, tiny, tmp_path):
    long = "was it good " * 25
    with pytest.raises(RowError, match="the first text has 75 tokens and must stand whole"):
        run.model(question=long, context="it was 4 " * 9)
    context = "it was 4 " * 9
    data = [
        {
            "question": QUESTION,
            "context": f"{context}{n}",
            "answers": ["was 4 it was 4 it was 4 it"],
        }
        for n in range(12)
    ]
    data[7]["question"] = long
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps({**row, "answers": []}) + "\n" for row in data))
    for settings in ({}, {"epochs": 1}):
        said = rf"rows\.jsonl:8: '{long[:60]}': the first text has 75 tokens"
        with pytest.raises(RowError, match=said):
            Engine().run("qa", encoder=str(tiny), data=str(file), **settings)


def test_a_question_too_long_is_named_in_a_file_of_one_line(run, tmp_path):
    made = paragraphs("long", 9, random.Random(5))
    made[4]["qas"][0]["question"] = "was it good " * 25
    file = write_squad(tmp_path / "one.json", made)
    with pytest.raises(RowError, match=r"one\.json:1: 'long-4': the first text has 75 tokens"):
        Engine().evaluate(run.model, file)


# --- other people's models ------------------------------------------------------------------------


def own_logits(model, pairs):
    encodings = model.tokenizer.encode(pairs, model.policy, offsets=True)
    return window_logits(model.network, encodings)


def stock_logits(folder, pairs):
    model = AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    found = []
    for pair in pairs:
        with torch.no_grad():
            out = model(**tokenizer(*pair, return_tensors="pt"))
        found.append(torch.stack([out.start_logits[0], out.end_logits[0]], dim=1).numpy())
    return found


PAIRS = [
    (QUESTION, "the film was 7 and the soup was good"),
    ("who", "na\u00efve caf\u00e9, x-ray!"),
    ("was it", "7"),
]


def test_our_model_opens_in_the_stock_class_with_the_same_logits(run):
    folder = run.path / "model"
    for own, stock in zip(own_logits(run.model, PAIRS), stock_logits(folder, PAIRS), strict=True):
        assert own.shape == stock.shape
        assert np.abs(own - stock).max() <= 1e-4
        assert np.ptp(own) > 1e-2
    config = json.loads((folder / "config.json").read_text())
    assert config["architectures"] == ["BertForQuestionAnswering"]


def stock_checkpoint(folder, encoder, seed=0):
    torch.manual_seed(seed)
    stock = AutoModelForQuestionAnswering.from_pretrained(encoder)
    torch.nn.init.normal_(stock.qa_outputs.weight, std=1.0)
    torch.nn.init.normal_(stock.qa_outputs.bias, std=1.0)
    stock.save_pretrained(folder)
    AutoTokenizer.from_pretrained(encoder).save_pretrained(folder)
    return folder


def test_a_stock_checkpoint_loads_here_with_the_same_logits(tmp_path):
    encoder = tiny_encoder(tmp_path / "long", max_length=512)
    folder = stock_checkpoint(tmp_path / "stock", encoder)
    model = nlpengine.load(folder, task="qa")
    for own, stock in zip(own_logits(model, PAIRS), stock_logits(folder, PAIRS), strict=True):
        assert np.abs(own - stock).max() <= 1e-5
    # The task's own window, as training has it.
    assert (model.policy.max_length, model.policy.overlap, model.policy.over) == (384, 128, "last")
    asked = {"question": "was it", "context": "the film was 7 and the soup was good"}
    assert model(**asked).answer
    assert model(**asked, handle_impossible_answer=True).answer in ("", model(**asked).answer)
    start, end = stock_logits(folder, [tuple(asked.values())])[0].T
    null = start[0] + end[0]
    found = model(**asked, top_k=999, max_answer_length=99)
    total = sum(c.score for c in found.candidates) + found.no_answer_probability
    assert total == pytest.approx(1.0, abs=0.2)  # texts that stand twice are listed once
    odds = null - (start[4:-1, None] + end[None, 4:-1]).max()
    assert np.isfinite(odds)


def test_training_goes_on_from_a_stock_head(tiny, numbers, tmp_path):
    folder = stock_checkpoint(tmp_path / "stock", tiny)
    settings = {"data": str(numbers), "epochs": 1, "lr": 1e-9, "baseline": False}
    kept = Engine().run("qa", encoder=str(folder), output=tmp_path / "a", **settings)
    assert kept.record.encoder["head"] == "kept"
    model = nlpengine.load(folder, task="qa")
    for own, stock in zip(own_logits(kept.model, PAIRS), own_logits(model, PAIRS), strict=True):
        assert np.abs(own - stock).max() < 1e-4
    new = Engine().run("qa", encoder=str(tiny), output=tmp_path / "b", **settings)
    assert new.record.encoder["head"] == "new"


def test_what_has_no_answers_head_is_no_model(finished_run):
    with pytest.raises(DataError, match=r"no span head \(classifier\.weight is missing\)"):
        nlpengine.load(_without_card(finished_run.path), task="qa")


def _without_card(path):
    import shutil

    folder = path.parent / "stock"
    shutil.copytree(path / "model", folder, dirs_exist_ok=True)
    for name in ("nlpengine.json", "manifest.json"):
        (folder / name).unlink()
    return folder


# --- data without unanswerable questions ----------------------------------------------------------


def test_data_where_all_have_answers(tiny, tmp_path):
    folder, rng = tmp_path / "v1", random.Random(1)
    folder.mkdir()
    for split in ("train", "dev", "test"):
        made = [p for p in paragraphs(split, 36, rng) if p["qas"][0]["answers"]]
        for paragraph in made:
            del paragraph["qas"][0]["is_impossible"]
        write_squad(folder / f"{split}.json", made)
    settings = {"encoder": str(tiny), "data": str(folder), "epochs": 1, "baseline": False}
    run = Engine().run("qa", output=tmp_path / "run", **settings)
    assert run.model.options.handle_impossible_answer is False
    assert run.model.state == {}
    assert (
        "0 of 24 training questions have no answer: the model always gives one" in run.record.notes
    )
    assert all(row["answer"] for row in rows(run))
    asked = {"question": QUESTION, "context": "x"}
    assert run.model(**asked).answer == "x"
    told = {"handle_impossible_answer": True}
    told = Engine().run("qa", output=tmp_path / "told", options=told, **settings)
    assert told.model.options.handle_impossible_answer is True
    assert not any("training questions" in note for note in told.record.notes)


def test_a_set_without_splits_is_never_split_through_a_context(tiny, tmp_path):
    rng, rows = random.Random(4), []
    for _ in range(30):
        context = text_with("7", rng)
        for word in ("very", "good", "great", "fine"):
            rows.append({"question": f"{QUESTION} {word}", "context": context, "answers": ["7"]})
    rng.shuffle(rows)
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    task = QuestionAnswering()
    from nlpengine.data import load_splits

    def contexts(together):
        made = load_splits(str(file), task.columns, {}, 0, None, classes=False, together=together)
        parts = made.train, made.dev, made.test
        assert sum(map(len, parts)) == 120
        assert min(map(len, parts)) >= 8
        assert list(made.train) == sorted(made.train, key=lambda record: record.origin.line)
        return [{record.fields["context"] for record in part} for part in parts], made.notes

    (train, dev, test), notes = contexts(task.together)
    assert not train & dev
    assert not train & test
    assert not dev & test
    assert any(note.endswith("Rows with the same context stayed together.") for note in notes)
    (train, dev, test), _ = contexts(None)  # control: row by row they mix
    assert train & dev
    assert train & test


def test_mistakes_show_the_question_and_not_the_context():
    from dataclasses import asdict, replace

    from nlpengine_qa.prediction import AnswerPrediction, Candidate

    from nlpengine.workflow.compare import worst_mistakes

    context = "the film was 7 and the soup was good"
    example = QuestionExample("how many", context, (("7", 13),), Origin("x", 1), "q")
    none = QuestionExample("who", context, (), Origin("x", 2), "r")
    wrong = AnswerPrediction((Candidate("soup", 0.9, 23, 27),), 0.1)
    task = QuestionAnswering()
    first, second = worst_mistakes(task, [example, none], [wrong, wrong])
    assert (first.text, first.gold, first.predicted) == ("how many", "7", "soup")
    assert (second.gold, second.score) == ("(no answer)", 0.9)
    assert context not in json.dumps(asdict(first))
    close = AnswerPrediction((Candidate("the soup", 0.9, 19, 27),), 0.1)
    asked = QuestionExample("what", context, (("soup", 23),), Origin("x", 3))
    assert worst_mistakes(task, [asked], [close]) == []
    # Published files are one line: their ids say where a question stands.
    assert first.origin == "x:1 (q)"
    unnamed = replace(asked, context="of no soup", answers=())
    assert worst_mistakes(task, [unnamed], [wrong])[0].origin == "x:3"


def test_repairs_and_lost_answers_are_notes_of_the_run(tiny, tmp_path):
    rng, made = random.Random(2), []
    for place in range(24):
        words = text_with("", rng, 70)
        answer = words if place == 0 else words.split()[5]
        answers = [{"text": answer, "answer_start": 1}]
        question = {"id": f"q{place}", "question": QUESTION, "answers": answers}
        made.append({"context": words, "qas": [question]})
    file = write_squad(tmp_path / "all.json", made)
    run = Engine().run(
        "qa", encoder=str(tiny), data=str(file), epochs=1, output=tmp_path / "run", seed=1
    )
    notes = "\n".join(run.record.notes)
    assert "stand elsewhere than their offset says" in notes
    assert "1 of 19 training answers stand whole in no window and are learned as no" in notes


def test_a_question_without_answers_is_refused(tiny, numbers, tmp_path):
    row = {"question": "q", "context": "the film", "id": "z"}
    file = tmp_path / "bare.jsonl"
    file.write_text(json.dumps(row) + "\n" + json.dumps({**row, "answers": ["the"]}) + "\n")
    said = r"bare\.jsonl:1: question z has no answers\. Add them, or remove .* is_impossible: true"
    with pytest.raises(DataError, match=said):
        Engine().evaluate(_untrained(tiny, tmp_path), file)


def test_gold_that_stands_nowhere_is_scored_as_text(run, tmp_path):
    """The official evaluation reads no offsets."""
    row = {"question": QUESTION, "context": "the film was 7 and the soup was good"}
    golds = ["number 7", "7"], ["7 the number"], []
    rows = [{**row, "id": f"q{n}", "answers": own} for n, own in enumerate(golds)]
    file = tmp_path / "free.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in rows))
    found = Engine().evaluate(run.model, file)
    assert found.scores.metrics["exact"].value == pytest.approx(1 / 3)
    assert any(
        note.startswith("2 answers of test have no certain place") and note.endswith(": q0, q1.")
        for note in found.notes
    )


def test_prediction_reads_no_gold(cli, run, tmp_path):
    asked = {"question": QUESTION, "context": "the film was 7 and the soup was good"}
    wanted = run.model(**asked)
    golds = (
        {"answers": [{"text": "", "answer_start": -1}], "is_impossible": True},
        {"answers": [{"text": "7"}]},
        {"answers": None},
        {"answers": [{"text": "7", "answer_start": 13}], "is_impossible": True},
        {"answers": 3, "answer_start": "x", "is_impossible": "perhaps"},
    )
    for gold in golds:
        assert run.model({**asked, **gold}) == wanted
        assert run.model(**asked, **gold) == wanted
    made = [
        {"context": asked["context"], "qas": [{"id": f"q{n}", "question": QUESTION, **gold}]}
        for n, gold in enumerate(golds)
    ]
    file = write_squad(tmp_path / "asked.json", made)
    code, out, err = cli("predict", run.path, file)
    assert code == 0, err
    assert [json.loads(line)["answer"] for line in out.splitlines()] == ["7"] * len(golds)
    # Control: whoever scores reads it, and says which question is wrong.
    with pytest.raises(DataError, match=r"asked\.json:1: question 'q0': an answer is empty"):
        Engine().evaluate(run.model, file)


def test_other_tasks_read_no_gold_either(tiny, tmp_path):
    names = dict(enumerate(("O", "B-X", "I-X")))
    stock = AutoModelForTokenClassification.from_pretrained(tiny, id2label=names)
    stock.save_pretrained(tmp_path / "tagger")
    AutoTokenizer.from_pretrained(tiny).save_pretrained(tmp_path / "tagger")
    model = nlpengine.load(tmp_path / "tagger", task="ner")
    row = {"words": ["the", "film"]}
    assert model({**row, "tags": ["O"], "entities": 3}) == model(row)


def _untrained(tiny, tmp_path):
    return nlpengine.load(stock_checkpoint(tmp_path / "untrained", tiny), task="qa")


# --- the commands ---------------------------------------------------------------------------------


@pytest.fixture
def cli(capsys, monkeypatch):
    from nlpengine.cli.main import main

    monkeypatch.setenv("COLUMNS", "200")

    def call(*words):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        printed = capsys.readouterr()
        return stop.value.code, printed.out, printed.err

    return call


def test_predict_question_and_context(cli, run):
    words = ("--text", QUESTION, "--text", "the film was 7 and good")
    code, out, _ = cli("predict", run.path, *words)
    assert code == 0
    assert out.startswith("7  ")
    _, out, _ = cli("predict", run.path, *words, "--json")
    found = json.loads(out)
    assert (found["answer"], found["start"], found["question"]) == ("7", 13, QUESTION)
    code, _, err = cli("predict", run.path, "--text", "only one")
    assert code == ExitCode.USAGE
    assert "reads 2 texts (question, context): give --text 2 times" in err


def test_predict_files_as_published_and_flat(cli, run, numbers, tmp_path):
    code, out, err = cli("predict", run.path, numbers / "test.json")
    assert code == 0, err
    found = [json.loads(line) for line in out.splitlines()]
    saved = rows(run)
    assert [row["id"] for row in found] == [row["id"] for row in saved]
    assert [row["answer"] for row in found] == [row["answer"] for row in saved]
    assert all(row["context"][row["start"] : row["end"]] == row["answer"] for row in found)
    flat = tmp_path / "flat.jsonl"
    lines = [{"question": r["question"], "context": r["context"], "answer": "mine"} for r in found]
    lines.insert(1, {"question": "was it", "context": 3})
    flat.write_text("".join(json.dumps(line) + "\n" for line in lines))
    code, out, _ = cli("predict", run.path, flat)
    again = [json.loads(line) for line in out.splitlines()]
    assert code == ExitCode.ROW_ERRORS
    assert "'context' is int 3" in again.pop(1)["error"]
    assert [row["answer"] for row in again] == [row["answer"] for row in saved]
    assert {row["input_answer"] for row in again} == {"mine"}
    piped = tmp_path / "asked.txt"
    piped.write_text((numbers / "test.json").read_text())
    code, out, _ = cli("predict", run.path, piped, "--format", "squad")
    assert [json.loads(line)["answer"] for line in out.splitlines()] == [r["answer"] for r in saved]


def test_keys_that_are_not_read_are_said(cli, run, tmp_path):
    made = paragraphs("x", 2, random.Random(3))
    made[0]["colour"] = "blue"
    file = write_squad(tmp_path / "odd.json", made)
    code, out, err = cli("predict", run.path, file)
    assert code == 0
    assert len(out.splitlines()) == 2
    assert "keys that were not read: 'colour' of paragraphs (1)" in err


def test_evaluate(cli, run, numbers):
    code, out, _ = cli("evaluate", run.path, "--data", numbers, "--json")
    assert code == 0
    found = json.loads(out)
    assert found["metrics"]["f1"]["value"] == pytest.approx(run.metrics["f1"].value)
    code, out, _ = cli("evaluate", run.path, "--data", numbers / "dev.json")
    assert code == 0
    assert "HasAns" in out


def test_data_check(cli, numbers, tiny):
    code, out, err = cli("data", "check", "qa", numbers, "--encoder", tiny)
    assert code == 0, err
    assert "50 of 150 training questions have no answer" in out


def test_the_task_is_listed_and_has_its_flags(cli):
    _, out, _ = cli("run", "qa", "--help")
    for flag in ("--max-answer-length", "--top-k", "--handle-impossible-answer"):
        assert flag in out
    assert "questions on a text" in QuestionAnswering.summary


def test_wrong_flags_are_said(cli):
    code, _, err = cli("run", "qa", "--handle-impossible-answer", "perhaps")
    assert code == ExitCode.USAGE
    assert "'perhaps' is not one of 'true', 'false', 'auto'" in err
    code, _, err = cli("run", "qa", "--top-k", "0")
    assert code == ExitCode.USAGE
    assert "options of 'qa': top_k is 0; it must be at least 1." in err


def test_flags_reach_the_run(cli, tiny, numbers, tmp_path):
    code, out, err = cli(
        "run", "qa", "--encoder", tiny, "--data", numbers, "--epochs", 1, "--limit", 30,
        "--handle-impossible-answer", "false", "--max-answer-length", 3, "--no-baseline",
        "--output", tmp_path / "run",
    )  # fmt: skip
    assert code == 0, err
    model = nlpengine.load(tmp_path / "run")
    assert model.options.handle_impossible_answer is False
    assert model.options.max_answer_length == 3
    assert f'{tmp_path / "run"} --text "…" --text "…"' in out
