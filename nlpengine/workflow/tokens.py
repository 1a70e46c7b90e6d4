"""Texts → tokens, and checks of these: lengths against the window, and unknown pieces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from nlpengine.data import Example
from nlpengine.data.findings import Finding
from nlpengine.encoding import Encoding
from nlpengine.encoding.tokenizer import Texts, Tokenizer
from nlpengine.encoding.windows import WindowPolicy
from nlpengine.errors import RowError

SHOWN = 60
"""Characters of a text that an error names it by."""

UNKNOWN_SHARE = 0.01
"""Of all pieces; beyond it the vocabulary doesn't suit the texts."""


def encode_texts(
    tokenizer: Tokenizer,
    texts: Sequence[Texts],
    examples: Sequence[Example],
    policy: WindowPolicy,
    *,
    offsets: bool = False,
) -> list[Encoding]:
    """Encode ``texts``, which belong to ``examples`` one to one.

    Raises:
        RowError: At the first that can't be, with its file and line, and its id or beginning: a
            whole document may stand in one line.
    """
    try:
        return tokenizer.encode(texts, policy, offsets=offsets)
    except RowError:
        for text, example in zip(texts, examples, strict=True):
            try:
                tokenizer.encode([text], policy)
            except RowError as error:
                where = example.origin
                said = getattr(example, "id", "") or text[0][:SHOWN]
                raise RowError(f"{said!r}: {error.problem}", where.path, where.line) from None
        raise


def truncation_notes(
    tokenizer: Tokenizer, policy: WindowPolicy, examples: Sequence[Example]
) -> tuple[str, ...]:
    """How many of some texts are cut, where texts are."""
    if policy.long_text != "truncate":
        return ()
    cut = tokenizer.truncated([example.texts for example in examples], policy)
    said = f"{cut} of {len(examples)} texts were truncated to {policy.max_length} tokens, as asked"
    return (said,)


def check_tokens(
    encodings: Sequence[Encoding], tokenizer: Tokenizer, policy: WindowPolicy, split: str
) -> Iterator[Finding]:
    """Look at the windows of a split.

    Args:
        encodings: All of them.
        tokenizer: What made them.
        policy: How they were cut.
        split: Its name.
    """
    if not encodings:
        return
    windows = np.bincount([encoding.example for encoding in encodings])
    lengths = np.zeros(len(windows), dtype=np.int64)
    for encoding in encodings:
        around = len(encoding) - (encoding.end - encoding.start)
        lengths[encoding.example] = max(lengths[encoding.example], encoding.end + around)
    low, middle, high = (int(np.quantile(lengths, share)) for share in (0.0, 0.5, 0.95))
    longer = int((windows > 1).sum())
    said = f"none is longer than a window of {policy.max_length}"
    if policy.long_text == "truncate":
        said = f"all are cut to {policy.max_length}, as asked"
    elif longer:
        said = (
            f"{longer:,} of {len(windows):,} are longer than a window of {policy.max_length} and "
            "read in several"
        )
    yield Finding(
        "length",
        "info",
        f"{split}: {low:,} to {int(lengths.max()):,} tokens a text, half of them up to {middle:,}, "
        f"95 % up to {high:,}; {said}.",
        longer,
    )
    unknown = tokenizer.unknown_id
    if unknown is None:
        return
    pieces = sum(len(encoding) for encoding in encodings)
    count = sum(int((encoding.input_ids == unknown).sum()) for encoding in encodings)
    if count:
        share = count / pieces
        yield Finding(
            "unknown",
            "warning" if share > UNKNOWN_SHARE else "info",
            f"{split}: {count:,} of {pieces:,} pieces ({share:.2%}) are unknown to the vocabulary"
            + (": this encoder doesn't suit these texts." if share > UNKNOWN_SHARE else "."),
            count,
        )
