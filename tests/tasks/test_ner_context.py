"""Sentences read with what stands around them in their document."""

import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nlpengine_ner import NamedEntities
from nlpengine_ner.neighbours import NEIGHBOURS, neighbours_of, with_neighbours
from nlpengine_ner.task import NerOptions

import nlpengine
from nlpengine import Engine
from nlpengine.data import Origin, Record
from nlpengine.encoding.tokenizer import Tokenizer
from nlpengine.encoding.windows import WindowPolicy
from nlpengine.errors import DataError
from nlpengine.plugin import Labels
from nlpengine.workflow import rows as chunks
from nlpengine.workflow.bulk import predict_rows, read_rows

TASK = NamedEntities()
LABELS = Labels(("O", "B-A", "I-A"))
WITH = NerOptions("viterbi", "marks", "document")


def rows_of(documents):
    """Records of words; a document's name and its sentences."""
    flat = [(name, words) for name, own in documents for words in own]
    return [
        Record({"words": words} | ({"document": name} if name else {}), Origin("a", line))
        for line, (name, words) in enumerate(flat, start=1)
    ]


DOCUMENTS = st.lists(
    st.tuples(
        st.sampled_from(["", "d1", "d2"]),
        st.lists(st.lists(st.sampled_from("abc"), max_size=50), min_size=1, max_size=6),
    ),
    max_size=5,
)


@settings(max_examples=80, deadline=None)
@given(DOCUMENTS)
def test_each_row_gets_the_nearest_words_of_its_document(documents):
    given_rows = rows_of(documents)
    found = list(with_neighbours(given_rows))
    assert [row.origin for row in found] == [row.origin for row in given_rows]
    documents = [
        list(own)
        for _, own in itertools.groupby(
            given_rows, lambda row: row.fields.get("document", row.origin.line)
        )
    ]
    around = {row.origin.line: neighbours_of(row) for row in found}
    for own in documents:
        words = [row.fields["words"] for row in own]
        for place, row in enumerate(own):
            before, after = (
                tuple(itertools.chain(*part)) for part in (words[:place], words[place + 1 :])
            )
            assert around[row.origin.line].before == before[-NEIGHBOURS:]
            assert around[row.origin.line].after == after[:NEIGHBOURS]


def test_what_can_t_be_read_is_no_neighbour():
    fields = [
        {"words": ["a", "\ud800", "b"]},
        {"words": ["own"]},
        {"words": [{"text": "c"}, {"id": 1}, {"text": "d"}]},
        {"text": "half \ud83d of it"},
    ]
    rows = [
        Record({**own, "document": 1}, Origin("a", line))
        for line, own in enumerate(fields, start=1)
    ]
    found = neighbours_of(list(with_neighbours(rows))[1])
    assert (found.before, found.after) == (("a", "b"), ("c", "d", "half", "of", "it"))


@pytest.mark.parametrize("name", ["", " ", None])
def test_rows_whose_document_has_no_name_are_no_neighbours(name):
    rows = [Record({"words": ["a"], "document": name}, Origin("a", line)) for line in (1, 2)]
    assert [neighbours_of(row).before for row in with_neighbours(rows)] == [(), ()]
    assert TASK.adapt(rows[0]).document == ""


def test_no_more_rows_are_held_back_than_needed():
    taken = []

    def endless():
        for line in itertools.count(1):
            taken.append(line)
            yield Record({"words": ["a"] * 8, "document": "d"}, Origin("a", line))

    answered = with_neighbours(endless())
    for line in range(1, 40):
        assert next(answered).origin.line == line
    assert len(taken) == 39 + NEIGHBOURS // 8


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_gold_stands_on_the_same_pieces_as_alone(tiny, data):
    tokenizer, policy = Tokenizer(tiny), WindowPolicy(512, 64)
    word = st.sampled_from(["hotel", "xyzzyq", "\x00", "don't", "e\u0301", "the", "東京"])
    own = data.draw(st.lists(word, min_size=1, max_size=8))
    tags = data.draw(st.lists(st.sampled_from(["O", "B-A"]), min_size=len(own), max_size=len(own)))
    around = [data.draw(st.lists(word, max_size=80)) for _ in range(2)]
    rows = [
        Record({"words": words, "tags": tags if words is own else ["O"] * len(words),
                "document": "d"}, Origin("a", line))
        for line, words in enumerate((around[0], own, around[1]), start=1)
    ]  # fmt: skip
    pieces = []
    for row in (rows[1], list(TASK.in_context(rows, WITH))[1]):
        example = TASK.adapt(row)
        (window,) = tokenizer.encode([example.texts], policy, offsets=True)
        gold = TASK.gold(example, window, LABELS)
        pieces.append([(int(window.input_ids[i]), int(gold[i])) for i in (gold >= 0).nonzero()[0]])
        assert TASK.shown(example) == (" ".join(own),)
    assert pieces[0] == pieces[1]


def test_texts_are_split_with_what_stands_around_them():
    texts = ["It's the Hotel-Rée.", "Don't go!", "I love it..."]
    rows = [
        Record({"text": text, "document": "d"}, Origin("a", line))
        for line, text in enumerate(texts, start=1)
    ]
    (_, middle, _) = [TASK.adapt(row) for row in TASK.in_context(rows, WITH)]
    assert TASK.readings(middle, WITH) == (
        ("It ' s the Hotel - Rée . Don ' t go ! I love it . . .",),
    )
    alone = TASK.adapt(rows[1])
    assert TASK.readings(alone, NerOptions("viterbi", "marks")) == (("Don ' t go !",),)


def conll(documents, seed):
    """Documents of two sentences: what the second one's hotel is, the first one says."""
    chance, lines = random.Random(seed), []
    for _ in range(documents):
        good = chance.random() < 0.5
        first = [("i", "O"), ("love" if good else "hate", "O"), (chance.choice("tb"), "O")]
        tag = "B-LOC" if good else "B-ORG"
        second = [("the", "O"), ("hotel", tag), ("was", "O"), (chance.choice("fv"), "O")]
        lines += ["-DOCSTART- O", ""]
        for rows in (first, second):
            lines += [f"{word} {tag}" for word, tag in rows] + [""]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("context")
    for seed, (split, count) in enumerate((("train", 120), ("dev", 20), ("test", 30))):
        (path / f"{split}.conll").write_text(conll(count, seed))
    return path


def run(tiny, folder, output, **settings):
    return Engine().run(
        "ner", encoder=str(tiny), data=str(folder), epochs=16, lr=3e-3, batch_size=16, seed=0,
        output=output, **settings,
    )  # fmt: skip


def breaking_off(path, after):
    yield from itertools.islice(read_rows(str(path), "conll", "text"), after)
    raise DataError("no more", path, 7)


def test_what_only_the_document_says_is_learnt(tiny, folder, tmp_path, monkeypatch):
    made = run(tiny, folder, tmp_path / "with", context="document")
    score = made.metrics["f1"].value
    assert score >= 0.95
    model = nlpengine.load(tmp_path / "with")
    assert model.options.context == "document"
    evaluation = Engine().evaluate(model, str(folder))
    assert evaluation.scores.metrics["f1"].value == score
    assert not any("--context" in note for note in evaluation.notes)

    def answers(path):
        records = read_rows(str(path), "conll", "text")
        return list(predict_rows(model, records, {}))

    whole = answers(folder / "test.conll")
    monkeypatch.setattr(chunks, "CHUNK", 3)  # a chunk's border is no border to a document
    assert answers(folder / "test.conll") == whole
    # A row that can't be read is no reason for its neighbours not to be.
    broken = [Record({"words": ["i", "\ud800"], "document": "d"}, Origin("a", 1)),
              Record({"words": ["the", "hotel"], "document": "d"}, Origin("a", 2))]  # fmt: skip
    assert [list(row)[-1] for row in predict_rows(model, broken, {})] == ["error", "tags"]
    # What is held back for its neighbours' sake is given out before a file's error is.
    rows = predict_rows(model, breaking_off(folder / "test.conll", after=2), {})
    assert [next(rows)["words"] for _ in range(2)] == [row["words"] for row in whole[:2]]
    with pytest.raises(DataError, match="no more"):
        next(rows)
    # The same sentences in a file that marks no documents: nothing tells LOC from ORG.
    text = (folder / "test.conll").read_text().replace("-DOCSTART- O\n\n", "")
    (tmp_path / "bare.conll").write_text(text)
    bare = answers(tmp_path / "bare.conll")
    tags = [{row["tags"][1] for row in rows if "the" in row["words"]} for rows in (whole, bare)]
    assert [len(found) for found in tags] == [2, 1]
    notes = Engine().evaluate(model, str(tmp_path / "bare.conll")).notes
    assert any(note.startswith("--context document: no two rows of test that") for note in notes)


@pytest.mark.slow
def test_without_context_it_is_not(tiny, folder, tmp_path):
    """Negative control."""
    made = run(tiny, folder, tmp_path / "without")
    assert made.metrics["f1"].value <= 0.75


def test_documents_must_be_marked(tiny, folder, tmp_path):
    for name in ("train", "dev", "test"):
        text = (folder / f"{name}.conll").read_text().replace("-DOCSTART- O\n\n", "")
        (tmp_path / f"{name}.conll").write_text(text)
    with pytest.raises(DataError, match=r"name the same document.*--map document=COLUMN"):
        run(tiny, tmp_path, tmp_path / "run", context="document")
