"""Several tasks on one encoder: trained together, answered together, a head added later."""

import json

import numpy as np
import pytest
import torch
from nlpengine_sentiment.task import Sentiment
from safetensors.torch import load_file
from transformers import AutoModel

from nlpengine import Engine
from nlpengine.data import Origin, Record
from nlpengine.errors import RowError, UsageError
from nlpengine.heads import HeadSpec
from nlpengine.report.terminal import print_run
from nlpengine.workflow.bulk import Tally, predict_rows
from nlpengine.workflow.folder import load_model
from nlpengine.workflow.inference import heads_logits, window_logits
from nlpengine.workflow.joint import JointModel
from nlpengine.workflow.order import interleave

SENTENCES = [
    "i love the hotel .", "the soup was awful .", "the train was good .", "hate this film .",
    "very fine service .", "a dull bad book .",
]  # fmt: skip
TAGS = {"hotel": "B-LOC", "train": "B-ORG", "book": "B-LOC"}


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """A folder of tagged words."""
    folder = tmp_path_factory.mktemp("names")
    for split, times in (("train", 4), ("dev", 2), ("test", 2)):
        lines = []
        for sentence in SENTENCES * times:
            lines += [f"{word} {TAGS.get(word, 'O')}" for word in sentence.split()] + [""]
        (folder / f"{split}.conll").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def joint(tiny, reviews, names, tmp_path_factory):
    return Engine().run_joint(
        ["sentiment", "ner"], encoder=str(tiny), epochs=20, lr=2e-3, batch_size=4, warmup=0.1,
        data={"sentiment": str(reviews), "ner": str(names)},
        options={"ner": {"decoder": "softmax"}},
        output=tmp_path_factory.mktemp("runs") / "joint",
    )  # fmt: skip


def test_both_tasks_are_learned_and_reported_apart(joint):
    assert joint.metrics["sentiment"]["accuracy"].value > 0.6
    assert joint.metrics["ner"]["f1"].value > 0.9
    for name, metric in (("sentiment", "accuracy"), ("ner", "f1")):
        record = json.loads((joint.path / name / "run.json").read_text())
        assert record["status"] == "finished"
        assert record["task"] == name
        assert next(iter(record["metrics"])) == metric
        assert record["baselines"]
        assert (joint.path / name / "report.html").stat().st_size > 10_000
        assert (joint.path / name / "predictions.jsonl").exists()
    whole = json.loads((joint.path / "run.json").read_text())
    assert whole["task"] == "sentiment,ner"
    assert whole["tasks"]["ner"]["config"]["options"]["decoder"] == "softmax"


def test_a_task_s_own_folder_is_no_model_and_isnt_named_as_one(joint, capsys):
    for record in joint.records.values():
        print_run(record)
    said = capsys.readouterr().out
    assert str(joint.path / "ner") in said.replace("\n", "")
    assert "nlpengine predict" not in said


def test_one_pass_gives_each_head_s_own_logits(joint):
    models = joint.model.models
    networks = [model.network for model in models.values()]
    encodings = models["ner"].tokenizer.encode([(s,) for s in SENTENCES], models["ner"].policy)
    together = heads_logits(networks, encodings)
    for network, rows in zip(networks, together, strict=True):
        for one, other in zip(rows, window_logits(network, encodings), strict=True):
            assert np.abs(one - other).max() <= 1e-6
    assert networks[0].encoder is networks[1].encoder


def test_windows_that_tasks_read_alike_pass_the_encoder_once(joint, monkeypatch):
    seen = []
    encoder = joint.model.models["ner"].network.encoder
    forward = type(encoder).forward

    def count(self, batch, **arguments):
        seen.append(len(batch.lengths))
        return forward(self, batch, **arguments)

    monkeypatch.setattr(type(encoder), "forward", count)
    found = list(joint.model.predict(SENTENCES))
    assert sum(seen) == len(SENTENCES)
    alone = joint.model.models["sentiment"](SENTENCES[0])
    assert found[0]["sentiment"].score == pytest.approx(alone.score, abs=1e-6)
    assert [entity.text for entity in found[0]["ner"].entities] == ["hotel"]


def test_a_saved_joint_model_opens_whole_or_by_task(joint):
    engine = Engine()
    model = engine.load(joint.path)
    assert isinstance(model, JointModel)
    assert model(SENTENCES[0]).to_json() == joint.model(SENTENCES[0]).to_json()
    alone = engine.load(joint.path, task="ner")
    assert alone(SENTENCES[0]).to_json() == model(SENTENCES[0])["ner"].to_json()
    with pytest.raises(UsageError, match="no head for the task 'qa'; there are sentiment, ner"):
        engine.load(joint.path, task="qa")
    with pytest.raises(UsageError, match="choose one with --task"):
        engine.evaluate(model, "demo")


def test_its_encoder_opens_in_the_stock_class(joint):
    stock, report = AutoModel.from_pretrained(
        joint.path / "model", output_loading_info=True, dtype=torch.float32
    )
    assert all(name.startswith("pooler") for name in report["missing_keys"])
    own = joint.model.models["ner"].network.encoder.model.state_dict()
    for name, value in stock.state_dict().items():
        assert name.startswith("pooler") or torch.equal(value, own[name])


def test_rows_are_answered_by_the_tasks_whose_fields_they_have(joint):
    (words,) = joint.model.predict([{"words": ["the", "hotel"]}])
    assert list(words.answers) == ["ner"]
    (nothing,) = joint.model.predict([{"title": "x"}], errors="return")
    assert isinstance(nothing, RowError)
    with pytest.raises(RowError, match="no task has this row's fields; they read text, words"):
        joint.model(title="x")
    bad, good = joint.model.predict(["\ud800", "good"], errors="return")
    assert isinstance(bad["ner"], RowError)
    assert "lone surrogate" in bad.to_json()["sentiment"]["error"]
    assert good["sentiment"].label in ("pos", "neg")


def test_a_head_that_fails_is_a_row_with_an_error(joint):
    tally = Tally()
    rows = (
        {"text": "\ud800", "ner": "gold"}, {"text": "good"}, {"text": None},
        {"text": "good", "words": ["\ud800"]},
    )  # fmt: skip
    records = [Record({"words": None} | row, Origin("a.jsonl", 1)) for row in rows]
    both, good, nothing, one = predict_rows(joint.model, records, {}, tally)
    assert both["input_ner"] == "gold"
    assert all("error" in both[task] for task in ("sentiment", "ner"))
    assert "label" in good["sentiment"]
    assert "no task has this row's fields" in nothing["error"]
    assert "label" in one["sentiment"]
    assert "error" in one["ner"]
    assert (tally.rows, tally.errors) == (4, 3)


def test_a_head_added_later_leaves_the_others_alone_to_the_bit(finished_run, names, tmp_path):
    source = finished_run.path
    added = Engine().run(
        "ner", encoder=str(source), add_head=True, data=str(names), epochs=10, batch_size=8,
        baseline=False, output=tmp_path / "added",
    )  # fmt: skip
    before, after = (
        load_file(path / "model" / "model.safetensors") for path in (source, added.path)
    )
    for name, value in after.items():
        assert torch.equal(value, before[f"bert.{name}"])
    engine = Engine()
    # An engine of its own, as one would share the encoder, and show nothing of what was saved.
    old, new = engine.load(source), Engine().load(added.path, task="sentiment")
    rows = old.tokenizer.encode([(s,) for s in SENTENCES], old.policy)
    for one, other in zip(
        window_logits(old.network, rows), window_logits(new.network, rows), strict=True
    ):
        assert np.array_equal(one, other)
    assert old(SENTENCES[1]) == new(SENTENCES[1])
    shared = engine.load(added.path)
    assert {id(one.network.encoder) for one in shared.models.values()} == {id(old.network.encoder)}
    assert set(engine.load(added.path)(SENTENCES[0]).answers) == {"sentiment", "ner"}
    with pytest.raises(UsageError, match="has a head for 'sentiment' already"):
        engine.run("sentiment", encoder=str(added.path), add_head=True, output=tmp_path / "x")
    with pytest.raises(UsageError, match="no model of nlpengine to add a head to"):
        engine.run("ner", encoder=finished_run.record.encoder["name"], add_head=True,
                   data=str(names), output=tmp_path / "y")  # fmt: skip


def test_a_head_trains_while_the_encoder_rests(finished_run, names, tmp_path):
    """Negative control: without add_head the encoder's weights do change."""
    moved = Engine().run(
        "ner", encoder=str(finished_run.path), data=str(names), epochs=1, batch_size=8,
        baseline=False, output=tmp_path / "moved",
    )  # fmt: skip
    before, after = (
        load_file(path / "model" / "model.safetensors") for path in (finished_run.path, moved.path)
    )
    name = "bert.encoder.layer.0.output.dense.weight"
    assert not torch.equal(before[name], after[name])


@pytest.mark.parametrize(
    ("tasks", "settings", "said"),
    [
        (["ner", "ner"], {}, "a task is named twice in ner,ner"),
        (["ner", "sentiment"], {"data": "x"}, "data: with several tasks, say whose it is: ner=…"),
        (["ner", "sentiment"], {"data": {"qa": "x"}}, "say whose it is"),
        (["ner", "sentiment"], {"from_scratch": True}, "is for one task alone"),
        (["ner", "sentimant"], {}, "unknown task 'sentimant'"),
        (["ner", "sentiment"], {"epoch": 1}, "unknown setting 'epoch'. Did you mean 'epochs'?"),
    ],
)
def test_mistakes_have_a_message(tasks, settings, said):
    with pytest.raises(UsageError) as caught:
        Engine().run_joint(tasks, **settings)
    assert said in str(caught.value)


def test_sets_are_drawn_in_proportion_and_differently_each_epoch():
    first, second = interleave(0, 0, [3, 5]), interleave(0, 1, [3, 5])
    assert sorted(first) == sorted(second) == [0] * 3 + [1] * 5
    assert first != second
    assert interleave(0, 0, [3, 5]) == first
    assert interleave(0, 0, [4]) == [0] * 4


def test_a_joint_model_comes_from_the_store_once(joint):
    from nlpengine.encoders.device import choose_device
    from nlpengine.encoders.store import EncoderStore
    from nlpengine.plugin.manager import PluginManager

    store, device = EncoderStore(None), choose_device("cpu", "fp32")
    one, other = (load_model(joint.path, PluginManager(), device, store) for _ in range(2))
    assert one.models["ner"].network.encoder is other.models["sentiment"].network.encoder


class Deep(torch.nn.Module):
    """A head that no stock class has."""

    def __init__(self, width, size):
        super().__init__()
        self.norm = torch.nn.LayerNorm(width)
        self.dense = torch.nn.Linear(width, width)
        self.out = torch.nn.Linear(width, size)

    def forward(self, rows):
        return self.out(torch.nn.functional.gelu(self.dense(self.norm(rows))))


def test_a_head_of_the_task_s_own_is_saved_and_opened(tiny, reviews, tmp_path):
    class Own(Sentiment):
        name = "own"

        def head(self, labels, options):
            size = len(labels.names)
            return HeadSpec("sequence", size, build=lambda width: Deep(width, size))

    engine = Engine()
    engine.plugins._given["task", "own"] = Own()
    run = engine.run("own", encoder=str(tiny), data=str(reviews), epochs=2, output=tmp_path / "run")
    assert isinstance(run.model.network.head, Deep)
    opened = engine.load(run.path)
    assert opened.task.name == "own"
    assert opened("good film") == run.model("good film")
    assert (run.path / "model" / "heads.safetensors").exists()
    again = engine.run(
        "own", encoder=str(run.path), data=str(reviews), epochs=1, output=tmp_path / "again"
    )
    assert again.record.encoder["head"] == "new"
