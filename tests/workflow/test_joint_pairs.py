"""Every two of the four tasks on one encoder: what a head says doesn't depend on its company."""

import itertools
import json

import numpy as np
import pytest

from nlpengine import Engine
from nlpengine.workflow.inference import heads_logits, window_logits

TASKS = ("sentiment", "ner", "qa", "pair")
TEXTS = (
    ("the soup was good",), ("",), ("where did they meet ?", "they did meet in the hotel"),
    ("a bad film " * 60,), ("the same", "the same " * 40),
)  # fmt: skip
ROWS = {
    "sentiment": (
        {"text": "the soup was good", "label": "pos"}, {"text": "a bad film", "label": "neg"},
    ),
    "ner": (
        {"words": ["we", "love", "the", "hotel"], "tags": ["O", "O", "O", "B-LOC"]},
        {"words": ["the", "train", "was", "bad"], "tags": ["O", "B-ORG", "O", "O"]},
    ),
    "qa": (
        {"question": "what was good ?", "context": "the soup was good",
         "answers": [{"text": "soup", "answer_start": 4}]},
        {"question": "where ?", "context": "it was bad", "answers": []},
    ),
    "pair": (
        {"first": "good soup", "second": "the soup is good", "label": "same"},
        {"first": "a bad film", "second": "i love the train", "label": "other"},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def joint(tiny, tmp_path_factory):
    """All four, trained for a moment, so that no head is as fresh heads are."""
    folder = tmp_path_factory.mktemp("four")
    for task, rows in ROWS.items():
        (folder / task).mkdir()
        for split in ("train", "dev", "test"):
            lines = "".join(json.dumps(row) + "\n" for row in rows * 4)
            (folder / task / f"{split}.jsonl").write_text(lines)
    run = Engine().run_joint(
        TASKS, encoder=str(tiny), epochs=2, lr=2e-3, batch_size=4, baseline=False,
        data={task: str(folder / task) for task in TASKS}, output=folder / "run",
    )  # fmt: skip
    return Engine().load(run.path)


@pytest.mark.parametrize(("one", "other"), [*itertools.combinations(TASKS, 2)])
def test_logits_together_are_those_alone(joint, one, other):
    models = [joint.models[one], joint.models[other]]
    networks = [model.network for model in models]
    windows = models[0].tokenizer.encode(TEXTS, models[0].policy)
    assert len(windows) > len(TEXTS)  # long ones are among them
    for network, together in zip(networks, heads_logits(networks, windows), strict=True):
        alone = window_logits(network, windows)
        assert max(np.abs(a - b).max() for a, b in zip(together, alone, strict=True)) <= 1e-6
    assert networks[0].head is not networks[1].head


def test_each_row_is_answered_by_the_tasks_that_can_read_it(joint):
    rows = [{name: value for name, value in ROWS[task][0].items() if name not in
             ("label", "tags", "answers")} for task in TASKS]  # fmt: skip
    found = list(joint.predict(rows))
    assert [list(one.answers) for one in found] == [
        ["sentiment", "ner"], ["ner"], ["qa"], ["pair"],
    ]  # fmt: skip
    for row in rows:
        for task, answer in joint(row).answers.items():
            assert answer.to_json() == joint.models[task](row).to_json()
