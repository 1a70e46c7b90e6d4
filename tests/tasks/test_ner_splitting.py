"""Text → words: nothing is lost, whatever the Unicode, and training words say the style."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nlpengine_ner.splitting import split, splitter_of

STYLES = ("spaces", "edges", "treebank", "marks")
HOSTILE = (
    "a", "B", "é", "e\u0301", "नि", "東", "ส", "ดี", "3", "_", ".", ",", "'", "’", "-", "(",
    "\u2014", "!", "👩\u200d👩\u200d👧", "👍🏽", "🇩🇪", "🇫", "❤\ufe0f", "\u200d", "\u200b",
    "\u00ad", "\ufe0f", "\u0301", "\u202e", "א", "ب", " ", "\t", "\n", "\r", "\u2028", "\u00a0",
    "\u3000", "\x00", "\x1c", "\x85", "\x7f", "\ufeff", "\ufffd", "\U000e0100", "n't", "'s", "U.S.",
    "@me", "#tag", "http://x.y/z?",
)  # fmt: skip
TEXTS = st.one_of(
    st.lists(st.sampled_from(HOSTILE), max_size=25).map("".join),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60),
)


def words(text, style):
    return [text[start:end] for start, end in split(text, style)]


@pytest.mark.parametrize("style", [*STYLES, "auto"])
@given(text=TEXTS)
def test_words_are_all_that_is_no_blank_in_order(style, text):
    spans = split(text, style)
    covered = [place for start, end in spans for place in range(start, end)]
    assert covered == [place for place, c in enumerate(text) if not c.isspace()]
    assert all(start < end for start, end in spans)


@given(text=TEXTS)
def test_finer_styles_only_cut_further(text):
    borders = [{place for span in split(text, style) for place in span} for style in STYLES[:3]]
    assert borders[0] <= borders[1] <= borders[2]


@given(text=TEXTS)
def test_accents_stay_with_their_letter(text):
    for style in STYLES:
        for start, _ in split(text, style):
            before = text[start - 1 : start]
            accent = unicodedata.category(text[start])[0] == "M"
            assert not (accent and before and before.isalpha() and not before.isspace()), style


SENTENCE = "Don't ask Szalai-Horne's (U.S.) boss, J. Lovatt... he said \"no!!\" 3.5 :)"


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("spaces", "Don't ask Szalai-Horne's (U.S.) boss, J. Lovatt... he said \"no!!\" 3.5 :)"),
        ("edges", "Don't ask Szalai-Horne's ( U.S. ) boss , J. Lovatt ... he said \" no !! \" "
                  "3.5 :)"),
        ("treebank", "Do n't ask Szalai-Horne 's ( U.S. ) boss , J. Lovatt ... he said \" no !! "
                     "\" 3.5 :)"),
        ("marks", "Don ' t ask Szalai - Horne ' s ( U . S . ) boss , J . Lovatt . . . he said "
                  "\" no ! ! \" 3 . 5 : )"),
    ],
)  # fmt: skip
def test_styles(style, expected):
    assert words(SENTENCE, style) == expected.split()


def test_what_clings_together_stays_together():
    text = "👩\u200d👩\u200d👧🇩🇪🇫🇷👍🏽x❤\ufe0f e\u0301l a\u200db 東京3 ดี"
    assert words(text, "marks") == [
        "👩\u200d👩\u200d👧", "🇩🇪", "🇫🇷", "👍🏽", "x", "❤\ufe0f", "e\u0301l", "a\u200db", "東",
        "京", "3", "ดี",
    ]  # fmt: skip


@pytest.mark.parametrize("style", STYLES)
def test_a_style_is_recognised_by_its_own_words(style):
    texts = [SENTENCE, "It isn't over, is it?", "Well-known people, I hear, can't.", "No, 'tis!"]
    found, why = splitter_of(word for text in texts for word in words(text, style))
    assert found == style
    assert any(c.isdigit() for c in why)


def test_published_sets(real_data):
    def of(name):
        lines = real_data(name).read_text(encoding="utf-8").split("\n")
        return splitter_of(line.split("\t")[0] for line in lines if line.strip())[0]

    assert of("wnut17/train.conll") == "edges"
    assert of("ncbi-disease/train.tsv") == "marks"
