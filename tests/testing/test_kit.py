"""The kit itself: skips need reasons, failures are one line, fixtures give what they say."""

import sys
from types import MappingProxyType

import pytest
import toys

from nlpengine.testing.checking import NotApplicable, check_skips, require, run_check
from nlpengine.testing.task_checks.listing import CHECKS
from nlpengine.testing.task_checks.subject import Subject
from nlpengine.testing.task_checks.values import json_of, require_same, same
from nlpengine.testing.task_contract import TaskContract

pytest_plugins = ["nlpengine.testing.fixtures"]


class TestMoodWithoutGradient(TaskContract):
    task = toys.Mood()
    records = toys.MOODS
    skips = MappingProxyType({name: "tested beside this" for name in CHECKS if name != "labels"})


@pytest.mark.parametrize(
    ("skips", "said"),
    [
        ({"overfits": ""}, "'overfits' is left out without a reason"),
        ({"overfits": "  "}, "'overfits' is left out without a reason"),
        ({"overfits": True}, "'overfits' is left out without a reason"),
        ({"overfit": "too slow"}, "there is no check 'overfit'; there are spec, "),
    ],
)
def test_a_skip_without_reason_or_check_fails(skips, said):
    kind = type("Hidden", (TaskContract,), {"skips": skips})
    with pytest.raises(AssertionError, match=said):
        kind().test_every_skip_has_its_reason()
    with pytest.raises(AssertionError, match=said):
        check_skips(skips, CHECKS)


def test_three_records_are_the_least(tmp_path):
    with pytest.raises(AssertionError, match="2 records: give at least 3"):
        Subject(toys.Mood(), toys.MOODS[:2], tmp_path)


def test_every_check_says_what_must_hold():
    for name, check in CHECKS.items():
        line = (check.__doc__ or "").splitlines()[0]
        assert line.endswith("."), name
        assert len(line) < 100


def fails(subject):
    require(subject == "right", f"{subject} is not right\nand more")


def exits(subject):
    sys.exit(3)


def crashes(subject):
    {}["nowhere"]


def looks_away(subject):
    raise NotApplicable("nothing to look at")


def interrupted(subject):
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("check", "status", "reason"),
    [
        (fails, "failed", "wrong is not right"),
        (exits, "failed", "SystemExit: 3"),
        (crashes, "failed", "KeyError: 'nowhere'"),
        (looks_away, "skipped", "nothing to look at"),
        (lambda subject: None, "ok", ""),
    ],
)
def test_a_check_is_reported_in_one_line(check, status, reason):
    result = run_check("one", check, "wrong", {})
    assert (result.status, result.reason) == (status, reason)
    assert ("Traceback" in result.trace) == (status == "failed")
    assert run_check("one", check, "wrong", {"one": "why"}).status == "skipped"


def test_ctrl_c_is_ctrl_c():
    with pytest.raises(KeyboardInterrupt):
        run_check("one", interrupted, "wrong", {})


class Answer:
    def __init__(self, made):
        self.made = made

    def to_json(self):
        return self.made


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"score": float("nan")}, "is no JSON"),
        ({"tags": {1, 2}}, "is no JSON"),
        ({3: "three"}, "changes on its way through JSON"),
        ({"scores": {1: 0.5}}, "changes on its way through JSON"),
        (["label"], "gives list, not a dictionary"),
    ],
)
def test_what_is_no_json(made, said):
    with pytest.raises(AssertionError, match=said):
        json_of(Answer(made))


def test_json_values_are_compared_within_a_tolerance():
    one = json_of(Answer({"label": "x", "spans": ({"start": 1, "score": 0.5},), "none": None}))
    assert same(one, {"label": "x", "spans": [{"start": 1, "score": 0.50001}], "none": None})
    for other in (
        {"label": "y", "spans": [{"start": 1, "score": 0.5}], "none": None},
        {"label": "x", "spans": [{"start": 1, "score": 0.6}], "none": None},
        {"label": "x", "spans": [], "none": None},
        {"label": "x", "spans": [{"start": 1, "score": 0.5}]},
        {"label": "x", "spans": [{"start": True, "score": 0.5}], "none": None},
    ):
        assert not same(one, other)
    with pytest.raises(AssertionError, match="they differ"):
        require_same(1, 2, "they differ")


# --- fixtures -------------------------------------------------------------------------------------


def test_a_run_on_the_fixtures(engine, tiny_bert, tiny_data, tmp_path):
    run = engine.run(
        "sentiment", encoder=str(tiny_bert), data=str(tiny_data), epochs=1, output=tmp_path / "run",
        baseline=False,
    )  # fmt: skip
    assert run.model("a good film").label in ("glad", "sad")


@pytest.mark.parametrize(
    "family", ["bert", "roberta", "xlm-roberta", "albert", "deberta", "deberta-v2", "distilbert"]
)
def test_a_tiny_encoder_of_each_family_opens(family, tiny_encoders):
    from nlpengine.encoders.checkpoint import load_encoder
    from nlpengine.encoders.kernels import LinearChoice
    from nlpengine.encoding.tokenizer import Tokenizer
    from nlpengine.encoding.windows import WindowPolicy

    folder = tiny_encoders(family)
    assert tiny_encoders(family) is folder
    assert load_encoder(folder, LinearChoice(False, "test")).family.name == family
    (encoding,) = Tokenizer(folder).encode([("the soup was good",)], WindowPolicy(32, 4))
    assert len(encoding) > 4
