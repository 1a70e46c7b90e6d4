"""Which parts of one or two tokenised texts stand together in a window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nlpengine.encoding.encoding import window_spans
from nlpengine.errors import RowError, UsageError

LongText = Literal["windows", "truncate"]
Over = Literal["longer", "last"]
"""Which text of a pair windows run over. longer: whichever is longer; both, where both are long.
last: the second alone; the first stands whole in every window (a question and its context)."""

Span = tuple[int, int]

LEAST_CONTENT = 16
"""Tokens of the second text that must fit beside a first one that is kept whole."""


@dataclass(frozen=True, slots=True)
class WindowPolicy:
    """What becomes of text longer than the encoder's limit.

    Attributes:
        max_length: Tokens in a window, special tokens included.
        overlap: Tokens that neighbouring windows share. Where the other text of a pair takes room,
            at most half of what it leaves: windows that share nearly all that they hold would be
            thousands.
        long_text: "windows" covers all of the text; "truncate" keeps one window (of a pair: cut
            the longer text first).
        over: Which text of a pair windows run over.
    """

    max_length: int
    overlap: int
    long_text: LongText = "windows"
    over: Over = "longer"


@dataclass(frozen=True, slots=True)
class Part:
    """What one window holds.

    Attributes:
        spans: Per text, its tokens in the window, half-open.
        content: Which text the windows run over.
    """

    spans: tuple[Span, ...]
    content: int


def default_overlap(max_length: int) -> int:
    """Tokens that windows share where the user says nothing: an eighth, at most 64."""
    return min(64, max_length // 8)


def divide(lengths: Sequence[int], room: int, policy: WindowPolicy) -> list[Part]:
    """Lay one or two texts into windows.

    Args:
        lengths: Tokens of each text.
        room: Tokens that fit a window beside the special tokens.
        policy: What to do with long text.

    Raises:
        UsageError: The policy leaves no room for content.
        RowError: The first text must stay whole and leaves no room for the second.
    """
    if len(lengths) == 1:
        return [Part((span,), 0) for span in _spans(lengths[0], room, policy.overlap, policy)]
    first, second = lengths
    if first + second <= room:
        return [Part(((0, first), (0, second)), 1)]
    if policy.over == "last":
        _check_whole(first, second, room, policy)
        return [Part(((0, first), span), 1) for span in _beside(second, room - first, policy)]
    # Truncation and windows share the room alike: as stock "longest first" does.
    half = room // 2
    if min(first, second) <= half:
        if first > second:
            return [Part((s, (0, second)), 0) for s in _beside(first, room - second, policy)]
        return [Part(((0, first), s), 1) for s in _beside(second, room - first, policy)]
    rooms = (room - half, half) if first > second else (half, room - half)
    spans = [_beside(length, own, policy) for length, own in zip(lengths, rooms, strict=True)]
    return [Part((one, two), 1) for one in spans[0] for two in spans[1]]


def _beside(length: int, room: int, policy: WindowPolicy) -> Sequence[Span]:
    """Windows over one text of a pair, in the room that the other leaves."""
    return _spans(length, room, min(policy.overlap, room // 2), policy)


def _spans(length: int, room: int, overlap: int, policy: WindowPolicy) -> Sequence[Span]:
    if room < 1:
        raise UsageError(
            f"a maximum length of {policy.max_length} tokens leaves none for text beside the "
            "special tokens: raise --max-length."
        )
    if policy.long_text == "truncate":
        return [(0, min(length, room))]
    return window_spans(length, room, overlap)


def _check_whole(first: int, second: int, room: int, policy: WindowPolicy) -> None:
    if room - first < min(second, LEAST_CONTENT):
        raise RowError(
            f"the first text has {first} tokens and must stand whole in each window of "
            f"{policy.max_length}, which leaves {max(0, room - first)} for the second. Shorten it, "
            "or raise --max-length."
        )
