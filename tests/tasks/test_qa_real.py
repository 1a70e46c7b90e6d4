"""A real encoder on real questions: what is found alone is found in a long document too."""

from dataclasses import replace

import pytest
from nlpengine_qa import QuestionAnswering

from nlpengine import Engine
from nlpengine.data import load_records
from nlpengine.encoding.windows import WindowPolicy
from nlpengine.metrics import exact_match

pytestmark = pytest.mark.slow
LONG = 3000


@pytest.fixture(scope="module")
def run(real_data, tmp_path_factory):
    output = tmp_path_factory.mktemp("qa-real") / "run"
    return Engine().run(
        "qa", data=str(real_data("squad1-part")), limit=1000, epochs=2, lr=1e-4, output=output
    )


def test_the_last_paragraph_of_a_long_document_is_read(run, real_data):
    task = QuestionAnswering()
    path = str(real_data("squad1-part") / "test.json")
    records, _, _ = load_records(path, task.columns, {}, None, formats=task.formats)
    examples = [task.adapt(record) for record in records]
    model = run.model
    alone = model.predict_examples(examples)
    known = [
        (example, found)
        for example, found in zip(examples, alone, strict=True)
        if exact_match(task.gold_of(example), found.answer)
    ]
    known = sorted(known, key=lambda pair: -pair[1].score)[:20]
    assert len(known) == 20
    others = list(dict.fromkeys(example.context for example in examples))
    inside = cut = 0
    for example, _ in known:
        words = " ".join(c for c in others if c != example.context).split()[:LONG]
        before = " ".join(words) + "\n"
        asked = {"question": example.question, "context": before + example.context}
        found = model(**asked)
        assert found.windows > 10
        assert asked["context"][found.start : found.end] == found.answer
        inside += found.start >= len(before)
        short = replace(model, policy=WindowPolicy(384, 128, "truncate", "last"))
        cut += short(**asked).start >= len(before)
    # Among thousands of words a small model is led astray at times; a cut text is never right.
    assert inside >= 10
    assert cut == 0
