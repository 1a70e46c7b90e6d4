"""Train a tokenizer of a family's kind on texts: WordPiece, byte-level BPE or Unigram.

The trainers are those of the `tokenizers` and `sentencepiece` libraries; the tokenizer around the
vocabulary is the family's stock one. Every result is a function of the texts alone: what the
trainers leave to the order of a hash table is fixed here.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nlpengine.encoding.tokenizer import check_text
from nlpengine.errors import DataError, UsageError

MOST_PIECES = 8_000
LEAST_PIECES = 1_000
CHARACTERS_PER_PIECE = 50
"""Text that a piece should rest on: a vocabulary of pieces seen once or twice teaches nothing."""
MIN_FREQUENCY = 2


@dataclass(frozen=True, slots=True)
class TokenizerKind:
    """A family's tokenizer.

    Attributes:
        model: "wordpiece", "bpe" or "unigram".
        stock: transformers' class.
        special: Special tokens by id, from 0.
        mask: The mask token, where it comes last.
    """

    model: str
    stock: str
    special: tuple[str, ...]
    mask: str | None = None


_BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_ROBERTA = ("<s>", "<pad>", "</s>", "<unk>")
_DEBERTA = ("[PAD]", "[CLS]", "[SEP]", "[UNK]")

KINDS: Mapping[str, TokenizerKind] = {
    "bert": TokenizerKind("wordpiece", "BertTokenizer", _BERT),
    "distilbert": TokenizerKind("wordpiece", "DistilBertTokenizer", _BERT),
    "roberta": TokenizerKind("bpe", "RobertaTokenizer", _ROBERTA, "<mask>"),
    "deberta": TokenizerKind("bpe", "DebertaTokenizer", _DEBERTA, "[MASK]"),
    "xlm-roberta": TokenizerKind("unigram", "XLMRobertaTokenizer", _ROBERTA, "<mask>"),
    "albert": TokenizerKind(
        "unigram", "AlbertTokenizer", ("<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]")
    ),
    "deberta-v2": TokenizerKind("unigram", "DebertaV2Tokenizer", _DEBERTA, "[MASK]"),
}
"""Family → tokenizer, with the ids of the published encoders."""


def train_tokenizer(family: str, texts: Sequence[str], most: int, *, cased: bool) -> Any:
    """Train on texts.

    Args:
        family: A key of `KINDS`.
        texts: Training texts.
        most: The largest vocabulary wanted, special tokens included.
        cased: Whether to keep letter case, where the kind of tokenizer can do either.

    Returns:
        transformers' tokenizer of the family. Its vocabulary has at most ``most`` entries, fewer
        for little text (`vocabulary_size`).

    Raises:
        UsageError: A family whose tokenizer isn't known here.
        DataError: There is no text in the texts, or one is no valid Unicode.
    """
    if family not in KINDS:
        known = ", ".join(KINDS)
        raise UsageError(f"no tokenizer can be trained for the family {family!r}; for: {known}.")
    for text in texts:
        check_text(text)
    if not any(text.strip() for text in texts):
        raise DataError("the training texts are empty: there is nothing to learn a vocabulary from")
    train = {"wordpiece": _wordpiece, "bpe": _bpe, "unigram": _unigram}[KINDS[family].model]
    return train(KINDS[family], texts, vocabulary_size(texts, most), cased)


def vocabulary_size(texts: Iterable[str], most: int) -> int:
    """Entries that suit the amount of text: one for every 50 characters, 1,000 to 8,000."""
    suited = sum(map(len, texts)) // CHARACTERS_PER_PIECE
    return min(most, MOST_PIECES, max(LEAST_PIECES, suited))


def _wordpiece(kind: TokenizerKind, texts: Sequence[str], size: int, cased: bool) -> Any:
    from tokenizers import Tokenizer, models, trainers

    outside = _stock(kind, do_lower_case=not cased).backend_tokenizer
    words = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    words.normalizer, words.pre_tokenizer = outside.normalizer, outside.pre_tokenizer
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(words.normalizer.normalize_str(text))
    letters = sorted(_common(counts, size // 4))
    # The trainer numbers "##" letters as it meets them in a hash table. Given as special tokens,
    # in order, they have their numbers before it starts.
    fixed = [*kind.special, *letters, *(f"##{letter}" for letter in letters)]
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        special_tokens=fixed,
        initial_alphabet=letters,
        limit_alphabet=len(letters),
        min_frequency=MIN_FREQUENCY,
        show_progress=False,
    )
    words.train_from_iterator(texts, trainer)
    vocabulary = sorted(words.get_vocab().items(), key=lambda entry: entry[1])
    return _stock(kind, vocab=dict(vocabulary), do_lower_case=not cased)


def _bpe(kind: TokenizerKind, texts: Sequence[str], size: int, cased: bool) -> Any:
    """Byte-level, so that nothing is unknown; letter case is always kept."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=size - 1,  # the mask token comes last
        special_tokens=list(kind.special),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        min_frequency=MIN_FREQUENCY,
        show_progress=False,
    )
    words.train_from_iterator(texts, trainer)
    model = json.loads(words.to_str())["model"]
    vocabulary = dict(sorted(model["vocab"].items(), key=lambda entry: entry[1]))
    merges = [tuple(merge) for merge in model["merges"]]
    return _stock(kind, vocab=vocabulary | {kind.mask: len(vocabulary)}, merges=merges)


def _unigram(kind: TokenizerKind, texts: Sequence[str], size: int, cased: bool) -> Any:
    """By SentencePiece itself (Kudo 2018), on one thread.

    The trainer in `tokenizers` adds up its floats in the order of a hash table, another each time.
    """
    from sentencepiece import SentencePieceProcessor, SentencePieceTrainer

    options = {} if kind.stock != "AlbertTokenizer" else {"do_lower_case": not cased}
    normalizer = _stock(kind, **options).backend_tokenizer.normalizer
    normalized = [normalizer.normalize_str(text) if normalizer else text for text in texts]
    counts: Counter[str] = Counter()
    for text in normalized:
        counts.update(text)
    # SentencePiece wants a piece for each letter it sees; the rarest of very many stay unknown.
    rare = set(counts).difference(_common(counts, size // 2))
    blank = str.maketrans(dict.fromkeys(rare, " "))
    lines = [" ".join(text.translate(blank).split()) for text in normalized]
    written = io.BytesIO()
    try:
        SentencePieceTrainer.train(
            sentence_iterator=iter(line for line in lines if line),
            model_writer=written,
            model_type="unigram",
            vocab_size=size - len(kind.special) - 1,
            hard_vocab_limit=False,  # little text gives fewer pieces
            character_coverage=1.0,
            normalization_rule_name="identity",
            max_sentence_length=2**30,
            num_threads=1,
            minloglevel=2,
            unk_id=0,
            bos_id=-1,
            eos_id=-1,
            pad_id=-1,
        )
    except RuntimeError as error:
        raise DataError("the training texts are too few to learn a vocabulary from") from error
    learned = SentencePieceProcessor(model_proto=written.getvalue())
    special = [*kind.special, *filter(None, [kind.mask])]
    pieces = [(learned.id_to_piece(i), learned.get_score(i)) for i in range(1, len(learned))]
    vocabulary = [(token, 0.0) for token in kind.special]
    vocabulary += [(piece, score) for piece, score in pieces if piece not in special]
    vocabulary += [(kind.mask, 0.0)] if kind.mask else []
    return _stock(kind, vocab=vocabulary, **options)


def _common(counts: Counter[str], most: int) -> list[str]:
    """The most frequent letters, blanks aside; equally frequent ones by code point."""
    letters = [letter for letter in counts if not letter.isspace()]
    return sorted(letters, key=lambda letter: (-counts[letter], letter))[:most]


def _stock(kind: TokenizerKind, **arguments: Any) -> Any:
    import transformers

    return getattr(transformers, kind.stock)(**arguments)
