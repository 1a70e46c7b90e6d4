"""Rows → examples → IOB2 tags: every layout, every repair said, every error with its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlpengine_ner import NamedEntities
from nlpengine_ner.reading import TEXT_LEFT_OUT
from nlpengine_ner.reviewing import types_of
from nlpengine_ner.task import NerOptions

from nlpengine.data import Origin, Record, load_splits
from nlpengine.errors import DataError, RowError
from nlpengine.metrics import entity_tags

TASK = NamedEntities()
MARKS = NerOptions(splitter="marks")


def record(line=7, **fields):
    return Record(fields, Origin("a.jsonl", line))


def example(**fields):
    return TASK.adapt(record(**fields))


def reviewed(*rows, options=MARKS, split="train"):
    examples = [TASK.adapt(record(line, **row)) for line, row in enumerate(rows, start=1)]
    made, notes = TASK.review({split: examples}, options)
    return made[split], notes


def words_of(one):
    return [one.text[start:end] for start, end in one.words]


def test_words_with_tags():
    one = example(words=["Ada", "went", "to", "Hull"], tags=["B-PER", "O", "O", "B-LOC"])
    assert one.text == "Ada went to Hull"
    assert words_of(one) == ["Ada", "went", "to", "Hull"]
    assert one.texts == ("Ada went to Hull",)


def test_words_found_again_in_their_text():
    one = example(words=["Hull", ",", "UK"], text="Hull,\u00a0 UK ", tags=["B-X", "O", "B-Y"])
    assert one.text == "Hull,\u00a0 UK "
    assert one.words == ((0, 4), (4, 5), (7, 9))
    assert one.texts == ("Hull , UK",)
    other = example(words=["``", "Hull"], text='"Hull', tags=["O", "B-X"])
    assert other.text == "`` Hull"
    assert reviewed({"words": ["``", "Hull"], "text": '"Hull', "tags": ["O", "B-X"]})[1][-1] == (
        "texts that are not made of their words and so not read (characters count in the words "
        "joined): 1."
    )


@pytest.mark.parametrize("gold", [{}, {"entities": []}, {"tags": ["O", "B-X"]}])
def test_a_text_of_other_words_is_left_out_with_gold_and_without(gold):
    one = example(words=["``", "Hull"], text='"Hull', **gold)
    assert one.text == "`` Hull"
    assert one.remarks == (TEXT_LEFT_OUT,)


def test_objects_with_a_text_are_words():
    one = example(words=[{"text": "Hull", "id": 0}, {"text": "!", "id": 1}], text="Hull!",
                  entities=[[0, 4, "LOC"]])  # fmt: skip
    (made,) = TASK.review({"test": [one]}, MARKS)[0]["test"]
    assert made.tags == ("B-LOC", "O")


@pytest.mark.parametrize("entities", [
    [{"start": 0, "end": 14, "label": "PER"}, {"start": 20, "end": 24, "label": "LOC"}],
    [[20, 24, "LOC"], [0, 14, "PER"]],
])  # fmt: skip
def test_marked_characters(entities):
    (one,), notes = reviewed({"text": "Eva Szalai-Rée's in Hull.", "entities": entities})
    assert words_of(one) == ["Eva", "Szalai", "-", "Rée", "'", "s", "in", "Hull", "."]
    assert one.tags == ("B-PER", *["I-PER"] * 3, "O", "O", "O", "B-LOC", "O")
    assert [e["text"] for e in TASK.gold_of(one)] == ["Eva Szalai-Rée", "Hull"]
    assert notes == ()


def test_words_are_cut_at_borders_and_it_is_said():
    row = {"text": "theUSgov", "entities": [[3, 5, "LOC"]]}
    (one,), notes = reviewed(row)
    assert words_of(one) == ["the", "US", "gov"]
    assert one.tags == ("O", "B-LOC", "O")
    assert notes == (
        "borders of entities of train within a word, which was cut there (as nobody does in a text "
        "without gold): 2.",
    )


def test_blank_ends_are_said():
    (one,), notes = reviewed({"text": "in Hull .", "entities": [[2, 8, "LOC"]]})
    assert one.tags == ("O", "B-LOC", "O")
    assert notes == ("entities that begin or end with a blank, read without it: 1.",)


def test_tags_come_before_marked_characters_and_it_is_said():
    row = {"words": ["Hull"], "tags": ["B-X"], "text": "Hull", "entities": [[0, 2, "Y"]]}
    (one,), notes = reviewed(row)
    assert one.tags == ("B-X",)
    assert notes[-1] == "rows with tags, whose entities were not read: 1."


def test_the_text_of_an_entity_says_what_is_counted():
    text = "👍🏽 Ünal\nRée left"
    good = {"start": 3, "end": 11, "label": "PER", "text": " Ünal Rée"}  # blanks may differ
    assert example(text=text, entities=[good]).spans == ((3, 11, "PER"),)
    for start, end, found in ((5, 13, "al\\nRée l"), (3, 10, "Ünal\\nRé")):  # UTF-16; inclusive
        wrong = {"start": start, "end": end, "label": "PER", "text": "Ünal\nRée"}
        with pytest.raises(RowError) as error:
            example(text=text, entities=[good, wrong])
        assert str(error.value) == (
            f"a.jsonl:7: entity 2 ('PER') is 'Ünal\\nRée' by its own text, and characters {start} "
            f"to {end} are '{found}'. Characters count from 0 as "
            "Unicode code points, and end is the one after the last: write them so (UTF-16 units, "
            "bytes, or an end that is the last character are the usual reasons)"
        )


def test_an_empty_word_between_two_entities():
    row = {"text": "ab", "words": ["a", "", "b"], "entities": [[0, 1, "X"], [1, 2, "Y"]]}
    (one,), _ = reviewed(row)
    assert one.tags == ("B-X", "O", "B-Y")
    inside = {"text": "ab", "words": ["a", "", "b"], "entities": [[0, 2, "X"]]}
    (one,), _ = reviewed(inside)
    assert one.tags == ("B-X", "I-X", "I-X")


@pytest.mark.parametrize("blank", [" ", "\u00a0", "\u2003"])
def test_blanks_make_no_label_of_their_own(blank):
    tagged = {
        "words": ["a", "b", "c"],
        "tags": ["B-PER" + blank, "I-" + blank + "PER", "O" + blank],
    }
    marked = {"text": "a b", "entities": [[0, 1, "PER"], [2, 3, blank + "PER"]]}
    clean = {"words": ["a"], "tags": ["B-PER"]}
    examples, notes = reviewed(tagged, marked, clean)
    assert types_of(examples) == {"PER": 4}
    assert examples[0].tags == ("B-PER", "I-PER", "O")
    assert notes[-1] == "tags and labels with blanks around the label, read without them: 2."


SCHEMES = {
    "IOB1": ["I-A", "I-A", "B-A", "O", "I-B", "I-A"],
    "BIOES": ["B-A", "E-A", "S-A", "O", "S-B", "S-A"],
}
IOB2 = ("B-A", "I-A", "B-A", "O", "B-B", "B-A")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_schemes_are_recognised_and_converted(scheme):
    (one,), notes = reviewed({"words": list("abcdef"), "tags": SCHEMES[scheme]})
    assert one.tags == IOB2
    assert any(note.startswith(f"the tags are {scheme}") for note in notes)
    assert f"{scheme} tags converted to IOB2." in notes


def test_repairs_are_counted():
    good = {"words": ["a", "b"], "tags": ["B-A", "I-A"]}
    bad = {"words": ["a", "b"], "tags": ["O", "I-A"]}
    (*_, one), notes = reviewed(good, good, bad)
    assert one.tags == ("O", "B-A")
    assert "1 transition breaks its rules, the first in the sentence at a.jsonl:3" in notes[0]
    parts = {"train": [example(**good)], "dev": [example(**bad)]}
    made, notes = TASK.review(parts, MARKS)
    assert made["dev"][0].tags == ("O", "B-A")
    assert notes[1] == (
        "transitions between tags of dev that break the rules of IOB2, read as conlleval does: 1."
    )


def test_another_scheme_in_dev_is_refused_with_its_line():
    parts = {
        "train": [example(words=["a"], tags=["B-A"])],
        "dev": [example(words=["a"], tags=["S-A"])],
    }
    with pytest.raises(DataError, match=r"a\.jsonl:7: word 1 has the tag 'S-A', and train's"):
        TASK.review(parts, MARKS)


def test_types_that_train_lacks_are_counted():
    parts = {
        "train": [example(words=["a"], tags=["B-A"])],
        "test": [example(words=["a", "b"], tags=["B-C", "B-C"])],
    }
    notes = TASK.review(parts, MARKS)[1]
    assert notes[-1] == "types of test that train lacks, so that no model can find them: C (2)."
    made = TASK.review(parts, MARKS)[0]
    assert TASK.label_set(made["train"], MARKS).names == ("O", "B-A", "I-A")


def test_rows_without_a_word_are_left_out_of_train_alone():
    empty, full = {"text": " ", "entities": []}, {"text": "Hull", "entities": [[0, 4, "A"]]}
    train, notes = reviewed(empty, full)
    assert len(train) == 1
    assert notes[-1].startswith("rows of train without a word, left out")
    assert notes[-1].endswith(": 1.")
    assert len(reviewed(empty, full, split="test")[0]) == 2


def test_labels_are_sorted_and_need_an_entity():
    made, _ = reviewed({"words": ["a", "b"], "tags": ["B-B", "B-A"]})
    assert TASK.label_set(made, MARKS).names == ("O", "B-A", "I-A", "B-B", "I-B")
    made, _ = reviewed({"words": ["a"], "tags": ["O"]})
    with pytest.raises(DataError, match=r"a\.jsonl: no entity in train, so there is nothing to le"):
        TASK.label_set(made, MARKS)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "neither 'text' (a string) nor 'words' (a list of strings) is here"),
        ({"text": 3}, "the field 'text' is int 3, not a string"),
        ({"words": "a b"}, "'words' is 'a b', not a list of strings. Split it, or name a column"),
        ({"words": ["a", 3]}, "word 2 is 3, not a string"),
        ({"words": ["a"], "tags": "O"}, "'tags' is 'O', not a list of one tag a word"),
        ({"text": "a", "tags": ["O"]}, "here are tags, but no words. Name their column with"),
        ({"words": ["a"], "tags": ["O", "O"]}, "1 words have 2 tags. Each word needs one"),
        ({"words": ["a", "b"], "text": "a c", "entities": [[0, 1, "A"]]}, "the text is not made of "
         "the words: at character 1 it goes on with ' c', and the words with 'b'. Leave out the "
         "column of words, or mend the row"),
        ({"words": ["a"], "text": "a c", "entities": [[0, 1, "A"]]}, "it goes on with ' c', and "
         "the words with their end"),
        ({"words": [], "text": "a"}, "it goes on with 'a', and the words with their end"),
        ({"text": "a", "entities": "x"}, "'entities' is 'x', not a list. Write [] for none"),
        ({"words": ["a"], "entities": [[0, 1, "A"]]}, "entities count characters of a text, and"),
        ({"text": "Hull", "entities": [[0, 1]]}, "entity 1 is [0, 1]. Write it as an object with"),
        ({"text": "Hull", "entities": [{"start": 0, "end": 1}]}, "entity 1 is {'start': 0, 'end':"),
        ({"text": "Hull", "entities": [[0, True, "A"]]}, "entity 1 is [0, True, 'A']. Write it"),
        ({"text": "Hull", "entities": [[0, 1, " "]]}, "entity 1 is [0, 1, ' ']. Write it as"),
        ({"text": "Hull", "entities": [[0, 1, "A"], [2, 2, "B"]]}, "entity 2 ('B', characters 2 "
         "to 2) is empty"),
        ({"text": "Hull", "entities": [[3, 5, "A"]]}, "entity 1 ('A', characters 3 to 5) reaches "
         "out of the text, which has 4 characters"),
        ({"text": "a  b", "entities": [[1, 3, "A"]]}, "entity 1 ('A', characters 1 to 3) holds "
         "blanks alone"),
        ({"text": "Hull", "entities": [[0, 3, "A"], [2, 4, "B"]]}, "the entities (0, 3, 'A') and "
         "(2, 4, 'B') overlap, and a word can have one label. Remove one"),
    ],
)  # fmt: skip
def test_errors_name_file_and_line(fields, said):
    with pytest.raises(RowError) as error:
        example(**fields)
    assert str(error.value).startswith("a.jsonl:7: ")
    assert said in str(error.value)


def test_unlabelled_rows_are_refused_where_gold_is_needed():
    (one,), _ = reviewed({"text": "Hull"}, split="test")
    assert TASK.gold_of(one) is None
    with pytest.raises(DataError, match=r"a\.jsonl:1: neither tags nor entities here"):
        TASK.check_gold(one, TASK.stock_labels(("O",)))


def test_settled_options():
    texts = [example(text="Hull", entities=[])]
    options, notes = TASK.settle(texts, NerOptions())
    assert (options.splitter, options.decoder) == ("marks", "viterbi")
    assert notes[0].startswith("splitter: marks, as entities are marked in running text")
    spaced = [example(words=["Oh,", "no!"], tags=["O", "O"])]
    options, notes = TASK.settle(spaced, NerOptions(decoder="softmax"))
    assert (options.splitter, options.decoder) == ("spaces", "softmax")
    assert notes == (
        "splitter: spaces, going by the words of train (2 words end in a mark and 0 marks stand "
        "alone).",
    )
    assert TASK.settle(spaced, MARKS) == (NerOptions("viterbi", "marks"), ())


@given(st.data())
def test_entities_come_back_as_they_were_marked(data):
    """Any text, any spans of whole non-blank characters: gold says the same characters."""
    text = data.draw(
        st.text(alphabet="ab .-'\t\u00a0\u0301é東\u200d👍🏽\u202e\x00", min_size=1, max_size=40)
    )
    solid = [place for place, c in enumerate(text) if not c.isspace()]
    cuts = sorted(data.draw(st.sets(st.sampled_from(range(len(text) + 1)), max_size=6)))
    spans = []
    for start, end in zip(cuts[::2], cuts[1::2], strict=False):
        if start in solid and end - 1 in solid:
            spans.append((start, end, data.draw(st.sampled_from(["A", "B"]))))
    (one,), _ = reviewed({"text": text, "entities": [list(s) for s in spans]}, split="test")
    found = [(e["start"], e["end"], e["label"]) for e in TASK.gold_of(one)]
    assert found == spans
    assert all(e["text"] == text[e["start"] : e["end"]] for e in TASK.gold_of(one))
    assert len(entity_tags([], len(one.words))) == len(one.tags)


@pytest.mark.parametrize(
    ("name", "counts"),
    [("wnut17", {"train": 1975, "dev": 836, "test": 1079}), ("ncbi-disease", {"train": 5134})],
)
def test_published_sets_keep_all_their_entities(real_data, name, counts):
    splits = load_splits(str(real_data(name)), TASK.columns, {}, 0, None, formats=TASK.formats)
    parts = {"train": splits.train, "dev": splits.dev, "test": splits.test}
    examples = {split: [TASK.adapt(row) for row in rows] for split, rows in parts.items()}
    options, _ = TASK.settle(examples["train"], NerOptions())
    made, notes = TASK.review(examples, options)
    assert {split: types_of(made[split]).total() for split in counts} == counts
    assert [note for note in notes if "break" in note or "lacks" in note] == []
