"""Example → Encodings: batched tokenising, and windows over text beyond the encoder's limit."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from nlpengine.encoding.encoding import Encoding, Ids
from nlpengine.encoding.windows import Part, WindowPolicy, divide
from nlpengine.errors import EncoderUnavailable, RowError, UsageError

VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
"""A tokenizer is in one of these files."""

_FIRST_MARK = 0x300
"""The first combining mark; variation selectors are marks, too."""

Texts = tuple[str, ...]
"""One text, or two that are read as a pair."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What a tokenizer puts around one or two texts.

    Attributes:
        specials: Special tokens before the first text, between two, and after the last.
        special_types: Segment of each of those.
        text_types: Segment of each text's tokens.
    """

    specials: tuple[Ids, ...]
    special_types: tuple[Ids, ...]
    text_types: tuple[int, ...]

    @property
    def size(self) -> int:
        """Special tokens in a window."""
        return sum(len(run) for run in self.specials)


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

    @property
    def unknown_id(self) -> int | None:
        """Id of the unknown token, where there is one."""
        found: int | None = self._stock.unk_token_id
        return found

    @cached_property
    def frames(self) -> tuple[Frame, Frame]:
        """What is put around one text, and around two."""
        return self._frame(1), self._frame(2)

    def _frame(self, count: int) -> Frame:
        """Learned from a probe, as tokenizers don't say it."""
        known = ("a", *self._fast.get_vocab())
        probe = next(p for p in known if self._fast.encode(p, add_special_tokens=False).ids)
        encoded = self._fast.encode(*[probe] * count)
        specials: list[list[int]] = [[] for _ in range(count + 1)]
        special_types: list[list[int]] = [[] for _ in range(count + 1)]
        text_types = [0] * count
        texts = 0
        for token, kind, text in zip(
            encoded.ids, encoded.type_ids, encoded.sequence_ids, strict=True
        ):
            if text is None:
                specials[texts].append(token)
                special_types[texts].append(kind)
            else:
                texts, text_types[text] = text + 1, kind
        return Frame(
            tuple(np.asarray(run, dtype=np.int32) for run in specials),
            tuple(np.asarray(run, dtype=np.int32) for run in special_types),
            tuple(text_types),
        )

    def save(self, folder: Path, max_length: int) -> None:
        """Write the tokenizer's files in the Hub's layout, declaring ``max_length``."""
        self._stock.model_max_length = max_length
        self._stock.save_pretrained(folder)
        self._stock.model_max_length = 10**9

    def encode(
        self,
        examples: Sequence[Texts],
        policy: WindowPolicy,
        first: int = 0,
        *,
        offsets: bool = False,
    ) -> list[Encoding]:
        """Encode examples, in order; a long one gives several encodings in a row.

        Args:
            examples: One or two texts each: any Unicode except lone surrogates; an empty text gives
                the special tokens alone.
            policy: Window length and what to do with long text.
            first: The index of ``examples[0]``, for `Encoding.example`.
            offsets: Whether `Encoding.offsets` are wanted.

        Raises:
            UsageError: The policy leaves no room for content.
            RowError: A text has a lone surrogate, which no tokenizer accepts; or a first text that
                must stay whole leaves no room for the second.
        """
        self._check_room(policy)
        flat = list(chain.from_iterable(examples))
        for text in flat:
            check_text(text)
        batch = self._fast.encode_batch if offsets else self._fast.encode_batch_fast
        encoded = iter(batch(flat, add_special_tokens=False))
        made: list[Encoding] = []
        for number, texts in enumerate(examples, start=first):
            tokens = [next(encoded) for _ in texts]
            ids = [np.asarray(one.ids, dtype=np.int32) for one in tokens]
            frame = self.frames[len(texts) - 1]
            parts = divide([len(one) for one in ids], policy.max_length - frame.size, policy)
            spans = [
                _offsets(one, text) if offsets else None
                for one, text in zip(tokens, texts, strict=True)
            ]
            made += [
                _window(frame, ids, spans, number, window, part)
                for window, part in enumerate(parts)
            ]
        return made

    def _check_room(self, policy: WindowPolicy) -> None:
        size = self.frames[0].size
        content = policy.max_length - size
        if content <= policy.overlap or content < 1:
            raise UsageError(
                f"a maximum length of {policy.max_length} leaves {content} tokens beside "
                f"{size} special ones: raise --max-length above "
                f"{policy.overlap + size} or lower --overlap."
            )

    def truncated(self, examples: Sequence[Texts], policy: WindowPolicy) -> int:
        """How many of the examples don't fit one window."""
        flat = list(chain.from_iterable(examples))
        encoded = self._fast.encode_batch_fast(flat, add_special_tokens=False)
        sizes = iter([len(one.ids) for one in encoded])
        rooms = [policy.max_length - frame.size for frame in self.frames]
        return sum(sum(next(sizes) for _ in texts) > rooms[len(texts) - 1] for texts in examples)


def _window(
    frame: Frame,
    ids: Sequence[Ids],
    offsets: Sequence[Ids | None],
    example: int,
    window: int,
    part: Part,
) -> Encoding:
    pieces, kinds, begins = [frame.specials[0]], [frame.special_types[0]], 0
    for place, (start, end) in enumerate(part.spans):
        if place == part.content:
            begins = sum(map(len, pieces))
        pieces += [ids[place][start:end], frame.specials[place + 1]]
        kinds += [
            np.full(end - start, frame.text_types[place], dtype=np.int32),
            frame.special_types[place + 1],
        ]
    start, end = part.spans[part.content]
    whole = offsets[part.content]
    return Encoding(
        np.concatenate(pieces),
        np.concatenate(kinds),
        example,
        window,
        start,
        end,
        begins,
        None if whole is None else whole[start:end],
    )


def _offsets(encoded: Any, text: str) -> Ids:
    """[tokens, 2]; blanks that byte-level and Unigram pieces carry are no part of a token.

    Combining marks behind it are.
    """
    spans = np.asarray(encoded.offsets, dtype=np.int32).reshape(-1, 2)
    for row in np.flatnonzero(spans[:, 0] < spans[:, 1]):
        start, end = spans[row]
        if text[start].isspace() or text[end - 1].isspace():
            piece = text[start:end]
            kept = piece.strip()
            start += len(piece) - len(piece.lstrip())
            spans[row] = start, start + len(kept)
    return spans if text.isascii() else _with_marks(spans, text)


def _with_marks(spans: Ids, text: str) -> Ids:
    """Each token up to the combining marks behind it, which normalisers drop (accents, points).

    A letter and its marks are one character to a reader; without them "José" may end as "Jose".
    """
    ends = spans[:, 1].copy()
    limits = np.append(spans[1:, 0], len(text))
    # Only what no token covers is looked at, and of that what may be a mark: mostly, nothing is.
    open_ended = np.flatnonzero((spans[:, 0] < ends) & (ends < limits))
    points = np.frombuffer(text.encode("utf-32-le"), dtype="<u4")
    for row in open_ended[points[ends[open_ended]] >= _FIRST_MARK]:
        end = int(ends[row])
        while end < limits[row] and unicodedata.category(text[end])[0] == "M":
            end += 1
        ends[row] = end
    return np.stack([spans[:, 0], ends], axis=1)


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
