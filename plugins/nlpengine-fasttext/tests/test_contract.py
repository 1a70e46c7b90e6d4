"""The reader holds the contract of every reader."""

from types import MappingProxyType

from nlpengine_fasttext.reader import nlpengine_reader

from nlpengine.testing.reader_contract import ReaderContract


class TestFastText(ReaderContract):
    reader = nlpengine_reader()
    text = "__label__pos What a day !\n\n__label__neg Good soup\n"
    rows = ({"label": "pos", "text": "What a day !"}, {"label": "neg", "text": "Good soup"})
    broken = MappingProxyType({
        "__label__a b\n__label__a __label__b c\n": 2,
        "__label__ b\n": 1,
        "\n__label__a\n": 2,
    })  # fmt: skip
