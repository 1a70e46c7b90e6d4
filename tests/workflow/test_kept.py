"""What is kept of a run that ends early, and what a model knows of the files it was made of."""

import json

import pytest

import nlpengine
from nlpengine import Engine
from nlpengine.cli.main import main
from nlpengine.errors import UsageError
from nlpengine.workflow.listener import Listener

SETTINGS = {"epochs": 9, "lr": 3e-3, "batch_size": 8, "baseline": False}


class Ends(Listener):
    """Raises at its third score on dev."""

    def __init__(self, error):
        self.error, self.scores = error, []

    def evaluated(self, report):
        self.scores.append(report)
        if len(self.scores) == 3:
            raise self.error


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """200 rows in one file, of which a tenth is dev: enough to fit a temperature."""
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    lines = [
        {
            "text": f"the {'good' if n % 2 else 'bad'} soup {n}",
            "label": "np"[(n % 2) ^ (n % 7 == 0)],
        }
        for n in range(240)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), "interrupted"), (RuntimeError("no"), "failed")]
)
def test_the_best_model_is_kept_as_it_was_scored(tiny, rows, tmp_path, error, status):
    ends, output = Ends(error), tmp_path / "run"
    with pytest.raises(type(error)) as raised:
        Engine().run(
            "sentiment", encoder=str(tiny), data=str(rows), output=output, listener=ends, **SETTINGS
        )
    if status == "interrupted":
        assert str(raised.value) == f"the best model so far is kept: {output / 'model'}"
        page = (output / "report.html").read_text(encoding="utf-8")
        assert "The best model so far is in the run folder" in page
    record = json.loads((output / "run.json").read_text())
    assert (record["status"], record["training"]["saved"]) == (status, True)
    model = nlpengine.load(output)
    assert "temperature" in model.state
    config = record["config"]
    best = max(report.score.value for report in ends.scores)
    # The same dev rows, read again, give the score that was quoted.
    from nlpengine.plugin.manager import PluginManager
    from nlpengine.workflow.config import make_config
    from nlpengine.workflow.reading import read_examples

    asked = make_config({"task": "sentiment", "data": str(rows), "seed": config["seed"]})
    dev = read_examples(asked, PluginManager().task("sentiment"), model.options).dev
    found = model.task.score(dev, model.predict_examples(dev), model.labels)
    assert found.main[1].value == best


def test_nothing_is_said_to_be_kept_that_is_not(tiny, rows, tmp_path, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("nlpengine.workflow.run.save_model", stopped)
    output = tmp_path / "run"
    with pytest.raises(KeyboardInterrupt, match="no model was saved yet"):
        Engine().run(
            "sentiment",
            encoder=str(tiny),
            data=str(rows),
            output=output,
            **SETTINGS | {"epochs": 1},
        )
    page = (output / "report.html").read_text(encoding="utf-8")
    assert "before a model was saved" in page
    assert not (output / "model").exists()


def test_a_file_that_was_trained_on_is_named(tiny, rows, reviews, finished_run, tmp_path):
    run = Engine().run(
        "sentiment", encoder=str(tiny), data=str(rows), output=tmp_path / "run",
        **SETTINGS | {"epochs": 1},
    )  # fmt: skip
    for model in (run.model, nlpengine.load(run.path)):
        notes = Engine().evaluate(model, str(rows)).notes
        assert notes[0].startswith("rows.jsonl: the model was trained or chosen on rows of this")
    copied = tmp_path / "copy.jsonl"
    copied.write_bytes(rows.read_bytes())
    assert "trained or chosen on" in Engine().evaluate(run.model, str(copied)).notes[0]
    for data, told in ((reviews, False), (reviews / "dev.jsonl", True)):
        notes = Engine().evaluate(finished_run.model, str(data)).notes
        assert any("trained or chosen on" in note for note in notes) is told


def test_flags_win_over_options_of_a_config_file(tiny, reviews, tmp_path, capsys):
    (tmp_path / "run.toml").write_text('class_weights = "balanced"\nlabel_smoothing = 0.1\n')
    words = [
        "run", "sentiment", "--config", tmp_path / "run.toml", "--class-weights", "none",
        "--encoder", tiny, "--data", reviews, "--epochs", 1, "--output", tmp_path / "run", "--json",
    ]  # fmt: skip
    with pytest.raises(SystemExit):
        main([str(word) for word in words])
    options = json.loads(capsys.readouterr().out)["config"]["options"]
    assert options == {"class_weights": "none", "label_smoothing": 0.1}
    with pytest.raises(UsageError, match="label_smoothing is given twice"):
        Engine().run("sentiment", label_smoothing=0.1, options={"label_smoothing": 0.2})


def test_settings_that_could_only_fail_later_are_refused_at_once():
    with pytest.raises(UsageError, match="seed"):
        Engine().run("sentiment", seed=2**32)
    with pytest.raises(UsageError, match="--from-scratch makes a new encoder"):
        Engine().run("sentiment", add_head=True, from_scratch=True)
    for setting in ("add_head", "from_scratch"):
        with pytest.raises(UsageError, match=f"--{setting.replace('_', '-')} is for one task"):
            Engine().run_joint(["sentiment", "ner"], **{setting: True})
