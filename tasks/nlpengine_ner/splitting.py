"""Text → words, in one of four styles, and which of them a training set's words are in.

A model that learned on words split one way is at a loss with words split another way: only the
first piece of a word was ever trained to carry a tag.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from typing import Literal

from nlpengine.data import WordsExample

Splitter = Literal["auto", "spaces", "edges", "treebank", "marks"]
Span = tuple[int, int]

LEAST_INNER = 0.001
"""Words with a mark inside among all words, below which a set has its marks split off."""

_BLANKS = re.compile(r"\S+")
_CLITIC = re.compile(r"(?:n['’]t|['’](?:s|m|d|re|ve|ll))\Z", re.IGNORECASE)
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+\Z")
_STOPS = re.compile(r"[,;!?]+")
# No blanks between their words: a character a word, as their taggers have it.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_UNSPACED += "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff"
_JOINERS = "\u00ad\u200c\u200d\u2060"
_TONES = "\U0001f3fb-\U0001f3ff"
_FLAGS = "\U0001f1e6-\U0001f1ff"


@cache
def _accents() -> str:
    """All combining marks, as the inside of a character class: those are no letters to `re`."""
    known = (*range(0x300, 0x1F000), *range(0xE0100, 0xE01F0))
    points = [point for point in known if unicodedata.category(chr(point))[0] == "M"]
    runs: list[list[int]] = []
    for point in points:
        if runs and runs[-1][1] == point - 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in runs)


@cache
def _marks() -> re.Pattern[str]:
    """A run of letters and digits; a pair of flag letters; or a character with what clings to it.

    Whatever isn't blank is in one of them.
    """
    accents = _accents()
    letter = rf"(?:(?![{_UNSPACED}])\w)[{accents}]*"
    whole = rf"(?:{letter})+(?:[{_JOINERS}]+(?:{letter})+)*"
    clinging = rf"[{accents}{_TONES}]*"
    single = rf"\S{clinging}(?:\u200d(?!\s)[^\w\s]{clinging})*"
    return re.compile(rf"[{_FLAGS}]{{2}}|{whole}|{single}")


@cache
def _core() -> re.Pattern[str]:
    """From the first letter of a run without blanks (or its @ or #) to the last one."""
    letter = rf"\w[{_accents()}]*"
    return re.compile(rf"(?:[@#](?=\w))?{letter}(?:\S*{letter})?")


def _spaces(text: str) -> list[Span]:
    return [match.span() for match in _BLANKS.finditer(text)]


def _by_marks(text: str) -> list[Span]:
    return [match.span() for match in _marks().finditer(text)]


def _edges(text: str) -> list[Span]:
    words: list[Span] = []
    for start, end in _spaces(text):
        core = _core().search(text, start, end)
        if core is None:
            words.append((start, end))
            continue
        last = core.end()
        if text[last : last + 1] == "." and last < end:
            last += _INITIALS.match(text[core.start() : last + 1]) is not None
        words += [*_runs(text, start, core.start()), (core.start(), last), *_runs(text, last, end)]
    return words


def _runs(text: str, start: int, end: int) -> list[Span]:
    """Marks at the edge of a word: one by one, like ones ("...") together."""
    found: list[Span] = []
    for match in _marks().finditer(text, start, end):
        if found and text[found[-1][0] : found[-1][1]].endswith(match[0]):
            found[-1] = found[-1][0], match.end()
        else:
            found.append(match.span())
    return found


def _treebank(text: str) -> list[Span]:
    words: list[Span] = []
    for start, end in _edges(text):
        clitic = _CLITIC.search(text, start, end)
        if clitic is None or clitic.start() == start:
            words.append((start, end))
        else:
            words += [(start, clitic.start()), (clitic.start(), end)]
    return words


_SPLITTERS: dict[str, Callable[[str], list[Span]]] = {
    "spaces": _spaces,
    "edges": _edges,
    "treebank": _treebank,
    "auto": _treebank,  # a model of another's making: most were trained on words like these
    "marks": _by_marks,
}


def split(text: str, splitter: Splitter) -> tuple[tuple[int, int], ...]:
    """Split a text into words.

    Args:
        text: Any Unicode.
        splitter: spaces: at blanks alone. edges: also marks at either end of a word, which keeps
            "Szalai-Horne", "don't" and "U.S." whole. treebank (and auto): also English contractions
            ("do n't", "Lund 's"), as in the Penn Treebank. marks: every mark by itself. Combining
            marks stay with their letter, emoji with what is joined to them.

    Returns:
        (start, end) of each word in code points; in order, none empty. Together they are all
        characters that aren't blanks.
    """
    return tuple(_SPLITTERS[splitter](text))


def split_example(example: WordsExample, splitter: Splitter) -> WordsExample:
    """The example in words, and with what stands around it in words; as it is where it has them."""
    if example.words is not None:
        return example
    around = (" ".join(example.before), " ".join(example.after))
    before, after = (tuple(t[a:b] for a, b in split(t, splitter)) for t in around)
    return replace(example, words=split(example.text, splitter), before=before, after=after)


def splitter_of(words: Iterable[str]) -> tuple[Splitter, str]:
    """The style that a training set's words are in, and a sentence on what says so.

    Args:
        words: All of them.
    """
    total = alone = ending = inner = clitics = contracted = 0
    for word in words:
        total += 1
        if len(word) == 1 and word.isalnum():
            continue
        core = _core().search(word)
        if core is None:
            alone += _STOPS.fullmatch(word) is not None
            continue
        ending += word[-1] in ",;!?"
        clitic = _CLITIC.search(word)
        clitics += clitic is not None and clitic.start() == 0
        contracted += clitic is not None and clitic.start() > 0
        inner += not word.isalnum() and _has_inner_mark(core[0].lstrip("@#"))
    if ending > alone:
        return "spaces", f"{ending:,} words end in a mark and {alone:,} marks stand alone"
    if inner < LEAST_INNER * total:
        return "marks", f"of {total:,} words {inner:,} have a mark inside"
    said = (
        f"{alone:,} marks stand alone, {inner:,} words have one inside; {clitics:,} contractions "
        f"are split off, {contracted:,} aren't"
    )
    return "treebank" if clitics > contracted else "edges", said


def _has_inner_mark(core: str) -> bool:
    """Whether the marks style would split it, numbers like 3.5 and blanks aside."""
    return any(c.isalpha() for c in core) and len(_by_marks(core)) > 1
