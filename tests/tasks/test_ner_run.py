"""From a CoNLL folder to a model: training, prediction, evaluation, files, other checkpoints."""

import json
import random
import sys

import numpy as np
import pytest
import torch
from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

import nlpengine
from nlpengine import Engine
from nlpengine.errors import DataError, RowError, UsageError
from nlpengine.workflow.inference import window_logits

FILLERS = [
    "the",
    "a",
    "was",
    "good",
    "bad",
    "very",
    "fine",
    "i",
    "love",
    "hate",
    "this",
    "that",
    "but",
    "not",
]
NAMES = (("hotel", "B-LOC"),), (("train", "B-ORG"), ("service", "I-ORG")), (("book", "B-LOC"),)


def sentences(count, seed):
    """Sentences whose entities a model can tell by their words."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        rows = [(chance.choice(FILLERS), "O") for _ in range(chance.randint(2, 6))]
        for name in chance.sample(NAMES, chance.randint(0, 2)):
            rows += [*name, (chance.choice(FILLERS), "O")]
        made.append([*rows, (".", "O")])
    return made


def conll(made):
    lines = []
    for number, rows in enumerate(made):
        lines += ["-DOCSTART- O", ""] if number % 5 == 0 else []
        lines += [f"{word} {tag}" for word, tag in rows] + [""]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("ner")
    for split, count in (("train", 90), ("dev", 20), ("test", 30)):
        (path / f"{split}.conll").write_text(conll(sentences(count, seed=len(split) * count)))
    return path


@pytest.fixture(scope="module")
def run(tiny, folder, tmp_path_factory):
    return Engine().run(
        "ner", encoder=str(tiny), data=str(folder), epochs=6, lr=3e-3, batch_size=8,
        output=tmp_path_factory.mktemp("runs") / "run",
    )  # fmt: skip


@pytest.fixture
def cli(capsys, monkeypatch):
    from nlpengine.cli.main import main

    monkeypatch.setenv("COLUMNS", "200")

    def call(*words):
        with pytest.raises(SystemExit) as stop:
            main([str(word) for word in words])
        return stop.value.code, *capsys.readouterr()

    return call


def test_it_learns_and_is_compared(run):
    assert run.metrics["f1"].value > 0.9
    assert list(run.metrics) == [
        "f1", "precision", "recall", "macro_f1", "token_accuracy", "f1_default",
    ]  # fmt: skip
    assert run.metrics["f1"].value == run.metrics["f1_default"].value
    names = [baseline.name for baseline in run.record.baselines]
    assert names == ["gazetteer", "features"]
    assert all(baseline.difference is not None for baseline in run.record.baselines)
    assert run.record.labels == ["O", "B-LOC", "I-LOC", "B-ORG", "I-ORG"]
    assert [table.title for table in run.record.scores.tables] == [
        "Per type", "Entities by kind of error",
    ]  # fmt: skip


def test_what_was_decided_is_said_and_kept(run):
    notes = "\n".join(run.record.notes)
    assert "the tags are IOB2" in notes
    assert "splitter: marks, going by the words of train" in notes
    assert "-DOCSTART- lines mark documents" in notes
    assert run.record.config["options"] == {
        "decoder": "viterbi", "splitter": "marks", "context": "none",
    }  # fmt: skip
    model = nlpengine.load(run.path)
    assert (model.options.decoder, model.options.splitter) == ("viterbi", "marks")
    assert model.state["temperature"] > 0


def test_raw_text_is_split_as_training_s_words_are(run):
    answer = run.model("I love the hotel. The train service, was bad!")
    assert [(e.label, e.text, e.start) for e in answer.entities] == [
        ("LOC", "hotel", 11), ("ORG", "train service", 22),
    ]  # fmt: skip
    words = run.model({"words": ["I", "love", "the", "hotel", "."]})
    assert words == run.model(words=["I", "love", "the", "hotel", "."])
    assert words.tags == ("O", "O", "O", "B-LOC", "O")
    glued = run.model("I love the hotel.", splitter="spaces")
    assert [glued.text[a:b] for a, b in glued.words][-1] == "hotel."
    assert run.model("").entities == ()


def test_rows_that_can_t_be_predicted(run):
    with pytest.raises(RowError, match=r"input:1: neither 'text' \(a string\) nor 'words'"):
        run.model({})
    rows = [{"text": "the hotel"}, {"words": "the hotel"}, {"words": ["the", "hotel"]}]
    good, bad, also = run.model.predict(rows, errors="return")
    assert isinstance(bad, RowError)
    assert good.tags == also.tags
    with pytest.raises(
        UsageError, match="no such field or option; it has context, decoder, document"
    ):
        run.model("x", splitterr="spaces")


def test_nothing_of_a_long_document_is_dropped(run):
    chance = random.Random(1)
    words = [chance.choice(FILLERS) for _ in range(3000)]
    words[1500], words[-2:] = "hotel", ["train", "service"]
    answer = run.model({"words": words})
    assert answer.windows > 40
    assert len(answer.tags) == 3000
    found = [(e.label, e.first_word, e.last_word) for e in answer.entities]
    assert ("ORG", 2998, 2999) in found
    assert ("LOC", 1500, 1500) in found
    assert answer.entities[-1].end == len(answer.text)
    assert len(found) < 20


def test_documents_are_what_is_resampled(run, folder):
    """30 sentences of 6 documents: the interval is of documents, not of sentences."""
    scores = run.record.scores
    assert scores.resampled.units == 6


def test_predictions_beside_gold(run):
    lines = (run.path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert len(rows) == 30
    for row in rows:
        for entity in (*row["gold"], *row["entities"]):
            assert row["text"][entity["start"] : entity["end"]] == entity["text"]
        assert row["words"] == row["text"].split(" ")
        assert len(row["tags"]) == len(row["words"])


def test_the_report_and_the_terminal(run, cli, folder):
    page = (run.path / "report.html").read_text(encoding="utf-8")
    for text in ("F1, read leniently", "The gazetteer", "The tagger on features", "Token accuracy"):
        assert text in page
    code, out, _ = cli("evaluate", run.path, "--data", folder)
    assert code == 0
    assert "f1_default" in out
    assert "Entities by kind of error" in out


def test_the_recipe_doubles_the_encoder_s_rate(tiny, folder, tmp_path):
    settings = {"encoder": str(tiny), "data": str(folder), "limit": 20, "baseline": False}
    run = Engine().run("ner", output=tmp_path / "run", **settings)
    assert run.record.config["lr"] == 4e-5  # twice what an unknown encoder gets
    assert run.record.config["batch_size"] == 16
    assert run.record.config["epochs"] == 12
    own = Engine().run("ner", output=tmp_path / "own", lr=1e-5, epochs=1, **settings)
    assert own.record.config["lr"] == 1e-5


def test_one_pass_answers_two_tasks(tiny, folder, reviews, tmp_path):
    run = Engine().run_joint(
        ["sentiment", "ner"], encoder=str(tiny), epochs=4, lr=3e-3, batch_size=8, baseline=False,
        data={"sentiment": str(reviews), "ner": str(folder)}, output=tmp_path / "run",
    )  # fmt: skip
    answer = run.model("I love the hotel.")
    assert answer["sentiment"].label in ("pos", "neg")
    assert [entity.text for entity in answer["ner"].entities] == ["hotel"]
    assert nlpengine.load(run.path)("I love the hotel.")["ner"] == answer["ner"]


# --- files ----------------------------------------------------------------------------------------


def test_predict_on_the_command_line(run, cli, folder, tmp_path, monkeypatch):
    code, out, _ = cli("predict", run.path, "--text", "the hotel.")
    assert (code, out.split()[:2]) == (0, ["LOC", "hotel"])
    code, out, _ = cli("predict", run.path, "--text", "the hotel.", "--json")
    assert json.loads(out)["entities"][0]["text"] == "hotel"

    code, out, err = cli("predict", run.path, folder / "test.conll")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, len(rows)) == (0, 30)
    assert "6 -DOCSTART- lines mark documents" in err
    assert list(rows[0]) == [
        "input_words", "input_tags", "document", "entities", "words", "tags",
    ]  # fmt: skip
    told = [json.loads(x) for x in (run.path / "predictions.jsonl").read_text().splitlines()]
    assert [row["tags"] for row in rows] == [row["tags"] for row in told]

    texts = tmp_path / "in.jsonl"
    lines = [
        '{"id": 1, "text": "the hotel."}',
        '{"id": 2, "tokens": ["the", "hotel"]}',
        '{"id": 3}',
    ]
    texts.write_text("\n".join(lines))
    code, out, _ = cli("predict", run.path, texts)
    first, second, third = map(json.loads, out.splitlines())
    assert (code, first["id"], first["tags"]) == (1, 1, ["O", "B-LOC", "O"])
    assert (second["id"], second["tokens"], second["tags"]) == (2, ["the", "hotel"], ["O", "B-LOC"])
    assert "neither 'text'" in third["error"]

    plain = tmp_path / "in.txt"
    plain.write_text("the hotel.\ni love the train service\n")
    code, out, _ = cli("predict", run.path, plain)
    assert [len(json.loads(line)["entities"]) for line in out.splitlines()] == [1, 1]


def test_a_test_set_whose_tags_are_kept_back_is_predicted(run, cli, tmp_path):
    file = tmp_path / "blind.conll"
    file.write_text("the _\nhotel _\n# _\n\ngood _\n")
    code, out, _ = cli("predict", run.path, file)
    first, second = map(json.loads, out.splitlines())
    assert (code, first["words"], first["tags"][1]) == (0, ["the", "hotel", "#"], "B-LOC")
    assert (first["input_tags"], second["tags"]) == (["_"] * 3, ["O"])
    with pytest.raises(DataError, match=r"blind\.conll:1: '_' is no tag\."):
        Engine().evaluate(run.model, file)


def test_what_characters_count_in_is_said_where_the_text_isn_t_read(run, cli, tmp_path):
    file = tmp_path / "in.jsonl"
    rows = [
        {"text": '"the hotel', "words": ["``", "the", "hotel"]},
        {"text": "the  hotel", "words": ["the", "hotel"]},
        {"words": ["the", "hotel"]},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, _ = cli("predict", run.path, file)
    other, own, none = map(json.loads, out.splitlines())
    assert code == 0
    assert (other["input_text"], other["text"]) == ('"the hotel', "`` the hotel")
    assert (own["text"], "input_text" in own, "text" in none) == ("the  hotel", False, False)
    for row, text in ((other, "`` the hotel"), (own, "the  hotel"), (none, "the hotel")):
        (entity,) = row["entities"]
        assert text[entity["start"] : entity["end"]] == entity["text"] == "hotel"


def test_a_stream_of_conll(run, cli, folder, monkeypatch):
    with (folder / "test.conll").open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        code, out, _ = cli("predict", run.path, "-", "--format", "conll")
    assert (code, len(out.splitlines())) == (0, 30)
    code, _, err = cli("predict", run.path, folder / "test.conll", "--format", "squad")
    assert code == 2
    assert "--format squad: this model reads csv, tsv, jsonl, parquet, text, conll." in err


def test_text_with_marked_characters_is_learned_from(tiny, tmp_path):
    for split, seed, count in (("train", 1, 60), ("dev", 2, 10), ("test", 3, 15)):
        rows = []
        for made in sentences(count, seed):
            text = " ".join(word for word, _ in made[:-1]) + "."
            places, entities = 0, []
            for word, tag in made[:-1]:
                if tag[0] == "B":
                    entities.append([places, places + len(word), tag[2:]])
                elif tag[0] == "I":
                    entities[-1][1] = places + len(word)
                places += len(word) + 1
            rows.append({"text": text, "spans": entities})
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"{split}.jsonl").write_text(lines)
    run = Engine().run("ner", encoder=str(tiny), data=str(tmp_path), epochs=6, lr=3e-3,
                       batch_size=8, output=tmp_path / "run", baseline=False)  # fmt: skip
    assert run.metrics["f1"].value > 0.9
    assert run.model.options.splitter == "marks"
    line = (run.path / "predictions.jsonl").read_text().splitlines()[0]
    assert json.loads(line)["text"].endswith(".")
    assert not json.loads(line)["text"].endswith(" .")


def test_parquet_of_the_hub_s_kind_is_read(tmp_path, run):
    import datasets

    features = datasets.Features({
        "tokens": datasets.Sequence(datasets.Value("string")),
        "ner_tags": datasets.Sequence(datasets.ClassLabel(names=["O", "B-LOC", "I-LOC"])),
    })  # fmt: skip
    rows = {"tokens": [["the", "hotel"], ["good"]], "ner_tags": [[0, 1], [0]]}
    file = tmp_path / "x.parquet"
    datasets.Dataset.from_dict(rows, features=features).to_parquet(str(file))
    scores = Engine().evaluate(run.model, file).scores
    assert scores.metrics["f1"].value == 1.0


def test_evaluation_needs_gold(run, tmp_path):
    file = tmp_path / "x.jsonl"
    file.write_text('{"text": "the hotel"}\n')
    with pytest.raises(DataError, match=r"x\.jsonl:1: neither tags nor entities here"):
        Engine().evaluate(run.model, file)


# --- checkpoints ----------------------------------------------------------------------------------

WORDS = ["i", "love", "the", "hotel", "but", "not", "this", "train", "service", "very", "film"]


def test_our_model_gives_the_same_tags_in_the_stock_pipeline(run):
    folder = run.path / "model"
    stock = AutoModelForTokenClassification.from_pretrained(folder).eval()
    ids = AutoTokenizer.from_pretrained(folder)(" ".join(WORDS), return_tensors="pt")
    with torch.no_grad():
        theirs = stock(**ids).logits[0].numpy()
    (encoding,) = run.model.tokenizer.encode([(" ".join(WORDS),)], run.model.policy)
    (ours,) = window_logits(run.model.network, [encoding])
    assert np.abs(theirs - ours).max() < 1e-5
    found = pipeline("token-classification", str(folder))(" ".join(WORDS))
    answer = run.model({"words": WORDS})
    tagged = [(WORDS[i], tag) for i, tag in enumerate(answer.tags) if tag != "O"]
    assert [(piece["word"], piece["entity"]) for piece in found] == tagged
    assert len(tagged) == 3


def stock_checkpoint(tiny, path, names):
    torch.manual_seed(3)
    labels = dict(enumerate(names))
    stock = AutoModelForTokenClassification.from_pretrained(
        tiny, num_labels=len(names), id2label=labels, label2id={v: k for k, v in labels.items()}
    )
    torch.nn.init.normal_(stock.classifier.weight, std=1.0)
    stock.save_pretrained(path)
    AutoTokenizer.from_pretrained(tiny).save_pretrained(path)
    return stock.eval()


@pytest.mark.parametrize(
    "names",
    [
        ("O", "B-PER", "I-PER", "B-LOC", "I-LOC"),
        ("B-LOC", "I-LOC", "O"),
        ("PER", "O", "LOC"),
        ("O", "B-PER", "I-PER", "E-PER", "S-PER"),
    ],
)
def test_a_stock_tagger_loads_here(tiny, tmp_path, names):
    stock = stock_checkpoint(tiny, tmp_path, names)
    model = nlpengine.load(tmp_path, task="ner")
    assert model.labels.names == names
    ids = AutoTokenizer.from_pretrained(tiny)(" ".join(WORDS), return_tensors="pt")
    with torch.no_grad():
        best = stock(**ids).logits[0, 1:-1].argmax(dim=1)
    theirs = [names[column] for column in best]
    answer = model({"words": WORDS})
    assert len(theirs) == len(answer.tags) == len(WORDS)
    assert [t[-3:] for t in theirs] == [t[-3:] for t in answer.tags]
    raw = model(words=WORDS, decoder="softmax")
    if all(name[0] in "OBI" and (name == "O" or "-" in name) for name in names):
        assert list(raw.tags) == theirs


def test_a_checkpoint_that_doesn_t_name_its_tags_is_refused(tiny, tmp_path):
    stock_checkpoint(tiny, tmp_path, ("LABEL_0", "LABEL_1", "LABEL_2"))
    with pytest.raises(DataError, match=r"the checkpoint's labels \(LABEL_0, .* have no O"):
        nlpengine.load(tmp_path, task="ner")


def test_a_stock_tagger_s_head_is_kept_where_the_tags_are_the_same(tiny, folder, tmp_path):
    names = ("B-LOC", "O", "I-ORG", "I-LOC", "B-ORG")
    stock_checkpoint(tiny, tmp_path / "stock", names)
    run = Engine().run("ner", encoder=str(tmp_path / "stock"), data=str(folder), epochs=1, lr=1e-9,
                       baseline=False, output=tmp_path / "run")  # fmt: skip
    assert run.record.encoder["head"] == "kept"
    assert run.record.labels == list(names)


def test_evaluate_names_all_rows_that_it_cant_score(run, tmp_path):
    file = tmp_path / "test.jsonl"
    good = {"tokens": ["the", "hotel"], "ner_tags": ["O", "B-LOC"]}
    rows = [good, {"tokens": ["a"]}, good, {"tokens": ["this"]}]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match="neither tags nor entities here") as caught:
        Engine().evaluate(nlpengine.load(run.path), file)
    assert str(caught.value).startswith(f"{file}:2: ")
    assert str(caught.value).endswith(f"1 more can't be used either: {file}:4")
