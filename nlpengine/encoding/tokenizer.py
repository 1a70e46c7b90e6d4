"""Example → Encodings: batched tokenising, and windows over text beyond the encoder's limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nlpengine.encoding.encoding import Encoding, Ids, window_spans
from nlpengine.errors import EncoderUnavailable, RowError, UsageError

LongText = Literal["windows", "truncate"]

VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
"""A tokenizer is in one of these files."""


@dataclass(frozen=True, slots=True)
class WindowPolicy:
    """What becomes of text longer than the encoder's limit.

    Attributes:
        max_length: Tokens in a window, special tokens included.
        overlap: Tokens that neighbouring windows share.
        long_text: "windows" covers all of the text; "truncate" keeps the first window only.
    """

    max_length: int
    overlap: int
    long_text: LongText = "windows"


def default_overlap(max_length: int) -> int:
    """Tokens that windows share where the user says nothing: an eighth, at most 64."""
    return min(64, max_length // 8)


class Tokenizer:
    """An encoder's tokenizer, with whatever truncation and padding its file has baked in cleared.

    Args:
        folder: A folder in the Hub's layout.

    Raises:
        EncoderUnavailable: The folder has no tokenizer that loads.
    """

    def __init__(self, folder: Path) -> None:
        from transformers import AutoTokenizer

        if not any(path for name in VOCABULARIES for path in folder.glob(name)):
            # transformers would make up a tokenizer that knows no word, and say nothing.
            raise EncoderUnavailable(
                f"{folder} has no tokenizer ({', '.join(VOCABULARIES)}). Save one there with "
                "tokenizer.save_pretrained(folder)."
            )
        try:
            self._stock: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self._fast: Any = self._stock.backend_tokenizer
        except Exception as error:  # transformers raises a dozen kinds here
            reason = (str(error).strip().splitlines() or [""])[0]
            raise EncoderUnavailable(
                f"no usable tokenizer in {folder} ({type(error).__name__}: {reason}). Save one "
                "there with tokenizer.save_pretrained(folder)."
            ) from error
        self._fast.no_truncation()
        self._fast.no_padding()
        # The stock object repeats what the file had baked in at its next call or save.
        self._stock.model_max_length = 10**9
        probe = self._fast.encode("a")
        mask = probe.special_tokens_mask
        body = [i for i, special in enumerate(mask) if not special]
        first, last = (body[0], body[-1] + 1) if body else (len(mask) // 2, len(mask) // 2)
        self._prefix = np.asarray(probe.ids[:first], dtype=np.int32)
        self._suffix = np.asarray(probe.ids[last:], dtype=np.int32)

    @property
    def unknown_id(self) -> int | None:
        """Id of the unknown token, where there is one."""
        found: int | None = self._stock.unk_token_id
        return found

    @property
    def special_count(self) -> int:
        """Special tokens that a single text gets."""
        return len(self._prefix) + len(self._suffix)

    def save(self, folder: Path, max_length: int) -> None:
        """Write the tokenizer's files in the Hub's layout, declaring ``max_length``."""
        self._stock.model_max_length = max_length
        self._stock.save_pretrained(folder)
        self._stock.model_max_length = 10**9

    def encode(self, texts: Sequence[str], policy: WindowPolicy, first: int = 0) -> list[Encoding]:
        """Encode texts, in order; a long text gives several encodings in a row.

        Args:
            texts: Any Unicode except lone surrogates; an empty text gives the special tokens alone.
            policy: Window length and what to do with long text.
            first: The index of ``texts[0]``, for `Encoding.example`.

        Raises:
            UsageError: The policy leaves no room for content.
            RowError: A text has a lone surrogate, which no tokenizer accepts.
        """
        content = policy.max_length - self.special_count
        if content <= policy.overlap or content < 1:
            raise UsageError(
                f"a maximum length of {policy.max_length} leaves {content} tokens beside "
                f"{self.special_count} special ones: raise --max-length above "
                f"{policy.overlap + self.special_count} or lower --overlap."
            )
        for text in texts:
            check_text(text)
        encoded = self._fast.encode_batch_fast(list(texts), add_special_tokens=False)
        encodings: list[Encoding] = []
        for example, one in enumerate(encoded, start=first):
            ids = np.asarray(one.ids, dtype=np.int32)
            spans = window_spans(len(ids), content, policy.overlap)
            if policy.long_text == "truncate":
                spans = spans[:1]
            for window, (start, end) in enumerate(spans):
                encodings.append(self._window(ids, example, window, start, end))
        return encodings

    def _window(self, ids: Ids, example: int, window: int, start: int, end: int) -> Encoding:
        input_ids = np.concatenate([self._prefix, ids[start:end], self._suffix])
        types = np.zeros(len(input_ids), dtype=np.int32)
        return Encoding(input_ids, types, example, window, start, end)

    def truncated(self, texts: Sequence[str], policy: WindowPolicy) -> int:
        """How many of the texts are longer than one window."""
        content = policy.max_length - self.special_count
        encoded = self._fast.encode_batch_fast(list(texts), add_special_tokens=False)
        return sum(len(one.ids) > content for one in encoded)


def check_text(text: str) -> None:
    """Refuse what no tokenizer takes.

    Raises:
        RowError: A lone surrogate (half of a UTF-16 pair, from broken JSON escapes or filenames).
    """
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RowError(
            f"the text has a lone surrogate (U+{ord(text[error.start]):04X}) at character "
            f"{error.start}: it is no valid Unicode. Mend the text at its source."
        ) from error
