import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from nlpengine.data import check_scheme, entities_of, iob2, recognise_scheme
from nlpengine.data.records import Origin, Record

LABELS = st.sampled_from(["PER", "LOC", "creative-work"])
TAGS = st.lists(
    st.just("O") | st.builds("{}-{}".format, st.sampled_from("BIES"), LABELS), max_size=12
)
SPELLING = {"BIOES": "BIES", "BILOU": "BILU", "BMES": "BMES"}


@st.composite
def sentences(draw):
    """Entities of a sentence, apart or side by side, and its length."""
    entities, place = [], 0
    for _ in range(draw(st.integers(0, 4))):
        start = place + draw(st.integers(0, 2))
        place = start + draw(st.integers(1, 3))
        entities.append((draw(LABELS), start, place))
    return entities, place + draw(st.integers(0, 2))


def write(entities, length, scheme):
    """Tags of any scheme, made apart from the code under test."""
    tags = ["O"] * length
    begin, inside, end, single = SPELLING.get(scheme, "BIIB")
    for label, start, stop in entities:
        letters = [begin, *inside * (stop - start - 2), end] if stop - start > 1 else [single]
        if scheme == "IOB1":
            apart = start == 0 or not tags[start - 1].endswith(f"-{label}")
            letters = ["I" if apart else "B", *"I" * (stop - start - 1)]
        tags[start:stop] = [f"{letter}-{label}" for letter in letters]
    return tags


def rows(*sequences):
    return [Record({"tags": tags}, Origin("f", 10 * i + 1)) for i, tags in enumerate(sequences)]


@given(sentence=sentences())
def test_iob2_round_trip(sentence):
    entities, length = sentence
    tags = iob2(entities, length)
    assert len(tags) == length
    assert entities_of(tags, "IOB2") == (entities, 0)
    assert tags == write(entities, length, "IOB2")


@pytest.mark.parametrize("scheme", ["IOB1", "IOB2", *SPELLING])
@given(sentence=sentences())
def test_every_scheme_says_the_same_entities(scheme, sentence):
    entities, length = sentence
    tags = write(entities, length, scheme)
    counted = scheme if scheme in ("IOB1", "IOB2") else "BIOES"
    assert entities_of(tags, counted) == (entities, 0)


@given(tags=TAGS, scheme=st.sampled_from(["IOB1", "IOB2", "BIOES"]))
def test_any_tags_are_read_as_seqeval_reads_them(tags, scheme):
    entities, _ = entities_of(tags, scheme)
    assert entities == [(label, start, end + 1) for label, start, end in get_entities(tags)]


@given(many=st.lists(sentences(), min_size=1, max_size=5), scheme=st.sampled_from([*SPELLING]))
def test_bioes_is_recognised_in_any_spelling(many, scheme):
    found = recognise_scheme(rows(*(write(*sentence, scheme) for sentence in many)))
    total = sum(len(entities) for entities, _ in many)
    assert (found.scheme, found.entities, found.repairs) == (
        "BIOES" if total else "IOB2",
        total,
        0,
    )


@pytest.mark.parametrize(
    ("tags", "scheme", "repairs"),
    [
        ("O I-X I-X O", "IOB2", 1),
        ("B-X I-Y", "IOB2", 1),
        ("I-X O I-Y", "IOB2", 2),
        ("O I-X B-X I-X", "IOB1", 0),
        ("B-X I-X O B-Y", "IOB1", 2),
        ("B-X I-X E-X S-X", "BIOES", 0),
        ("B-X O", "BIOES", 1),
        ("O I-X O", "BIOES", 2),
        ("B-X E-Y", "BIOES", 1),
        ("B-X", "BIOES", 1),
        ("S-X E-X", "BIOES", 1),
        ("B I O", "IOB2", 0),
    ],
)
def test_broken_transitions_are_counted(tags, scheme, repairs):
    assert entities_of(tags.split(), scheme)[1] == repairs


def test_a_letter_alone_has_the_label_that_seqeval_gives_it():
    assert entities_of(["B", "I", "O"], "IOB2") == ([("_", 0, 2)], 0)


@pytest.mark.parametrize(
    ("sequences", "scheme", "why"),
    [
        (["O O"], "IOB2", "no tag but O: taken as IOB2."),
        (["B-X I-X", "B-Y"], "IOB2", "the tags are IOB2: an entity begins with B- (2 entities)."),
        (
            ["I-X B-X", "I-Y I-Y"],
            "IOB1",
            "the tags are IOB1: B- only parts neighbours of one label (3 entities).",
        ),
        (
            ["I-X I-X"],
            "IOB1",
            "the tags are IOB1, without any B-: neighbours of one label are read as one entity "
            "(1 entity).",
        ),
        (["S-X O"], "BIOES", "the tags are BIOES, going by the letters S (1 entity)."),
        (
            ["B-X L-X"],
            "BIOES",
            "the tags are BIOES, spelt BILOU, going by the letters B, L (1 entity).",
        ),
        (
            ["B-X M-X E-X"],
            "BIOES",
            "the tags are BIOES, spelt BMES, going by the letters B, E, M (1 entity).",
        ),
        (
            ["B-X O", "O I-X", "B-X O", "B-X"],
            "IOB2",
            "the tags are IOB2: an entity begins with B- (4 entities). 1 transition breaks its "
            "rules, the first in the sentence at f:11: read as conlleval does.",
        ),
        (
            ["B-X E-X", "B-X I-X O", "I-X O"],
            "BIOES",
            "the tags are BIOES, going by the letters B, E, I (3 entities). 3 transitions break "
            "its rules, the first in the sentence at f:11: read as conlleval does.",
        ),
        # A file in two schemes: both are read alike, so it is counted.
        (
            ["B-X O B-Y", "I-X O"],
            "IOB2",
            "the tags are IOB2: an entity begins with B- (3 entities). 1 transition breaks its "
            "rules, the first in the sentence at f:11: read as conlleval does.",
        ),
    ],
)
def test_recognised(sequences, scheme, why):
    found = recognise_scheme(rows(*(tags.split() for tags in sequences)))
    assert (found.scheme, found.why) == (scheme, why)


@pytest.mark.parametrize(
    ("second", "rival"),
    [("L-X", "E"), ("U-X", "E"), ("U-Y", "S"), ("M-X", "I"), ("U", "S")],
)
def test_two_spellings_in_one_file(refused, second, rival):
    others = {"E": "B-X E-X", "S": "S-X O", "I": "B-X I-X"}
    records = rows(["O"], others[rival].split(), ["O", second])
    with refused(
        "f:21",
        f"the tag {second!r} is of another spelling than {rival}- (first in the sentence at f:11)",
        "Write all tags in one of them",
    ):
        recognise_scheme(records)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, ["the field 'tags' is missing, and must be a list", "--map tags=COLUMN"]),
        ("O O", ["the field 'tags' is 'O O', and must be a list of one tag a word"]),
        (["O", 3], ["word 2 of 'tags': 3 is no string like O or B-LABEL"]),
        (["O", None], ["word 2 of 'tags': None is no string"]),
        (["B_X"], ["word 1 of 'tags': 'B_X' is no tag. Write B-X"]),
        (["PER"], ["'PER' is no tag. A tag is O, or B-LABEL, I-LABEL"]),
    ],
)
def test_what_is_no_list_of_tags(refused, value, words):
    for check in (recognise_scheme, lambda records: check_scheme(records, "IOB2")):
        with refused("f:11", *words):
            check(rows(["O"], value))


def test_another_split_in_another_scheme(refused):
    assert check_scheme(rows(["O", "I-X"], ["B-X", "I-Y"]), "IOB2") == 2
    assert check_scheme(rows(["B-X", "L-X", "U-X"]), "BIOES") == 0
    with refused(
        "f:11",
        "word 2 has the tag 'S-X', and train's tags are IOB2, which has O, B-, I-",
        "Write all files in one scheme",
    ):
        check_scheme(rows(["O"], ["O", "S-X"]), "IOB2")


@pytest.mark.parametrize(
    "entities", [[("X", 0, 2), ("Y", 1, 3)], [("X", 1, 1)], [("X", 2, 4)], [("X", -1, 1)]]
)
def test_entities_that_no_sentence_has(entities):
    with pytest.raises(ValueError, match="overlaps another, is empty or reaches out"):
        iob2(entities, 3)


def test_what_is_no_tag():
    with pytest.raises(ValueError, match="'B_X' is no tag"):
        entities_of(["B_X"], "IOB2")
