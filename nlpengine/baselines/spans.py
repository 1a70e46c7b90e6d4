"""Where in a sentence a short answer may stand, by the kind of question; no learning here."""

from __future__ import annotations

import re
from collections.abc import Sequence

from nlpengine.baselines.tfidf import TOKEN

_TOKEN = re.compile(TOKEN)
_MONTH = "(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_DATE = re.compile(
    rf"(?:\b\d{{1,2}} )?\b{_MONTH}\b(?: \d{{1,2}}\b)?(?:,? \d{{4}}\b)?|\b[12]\d{{3}}s?\b"
)
_NUMBER_WORD = "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|hundred|dozen"
_NUMBER = re.compile(
    rf"[$£€]?\d+(?:[,.]\d+)*(?: ?%| percent\b)?(?: (?:thousand|million|billion)\b)?"
    rf"|\b(?:{_NUMBER_WORD})\b",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"[^\W\d_a-z][\w'’.-]*\w(?:(?: (?:of|the|de|von|van|and))? [^\W\d_a-z][\w'’.-]*\w)*"
)
_CLAUSE = re.compile(r"[,;:.](?=\s|$)|[()\[\]—–\"“”]")

NUMBER_QUESTION = re.compile(r"\bhow (?:many|much|long|old|far|tall|high|large|big|often|fast)\b")
DATE_QUESTION = re.compile(r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|decade|century)\b")
NAME_QUESTION = re.compile(r"\b(?:who|whom|whose|where)\b|\b(?:what|which) (?:\w+ )?name\b")

STOP_WORDS = {
    "a", "an", "and", "are", "as", "at", "be", "by", "did", "do", "does", "for", "from", "had",
    "has", "have", "in", "is", "it", "its", "of", "on", "or", "that", "the", "their", "this",
    "to", "was", "were", "which", "who", "will", "with",
}  # fmt: skip
"""Not taken into account, and cut from both ends of an answer."""

Span = tuple[int, int]
"""First letter, and one past the last, in a sentence."""


def stem(word: str) -> str:
    """A word as it is compared: lower case, its first six letters."""
    return word.lower()[:6]


def content_stems(text: str) -> list[str]:
    """The stems of the words of a text that aren't stop words, in order."""
    return [stem(word) for word in _TOKEN.findall(text) if word.lower() not in STOP_WORDS]


def choose_span(question: str, sentence: str) -> Span | None:
    """The span of a sentence that answers a question best; None where it has no word left.

    A date, a number or a capitalised name, as the question's words ask; else, and where there is
    none, the rest of a clause: words that the question doesn't have. Of several, the one nearest to
    the words that sentence and question share.
    """
    asked = set(content_stems(question))
    matched = [
        (found.start() + found.end()) / 2
        for found in _TOKEN.finditer(sentence)
        if stem(found[0]) in asked
    ]
    lower = question.lower()
    for pattern, kinds in (
        (NUMBER_QUESTION, (_NUMBER,)),
        (DATE_QUESTION, (_DATE, _NUMBER)),
        (NAME_QUESTION, (_NAME,)),
    ):
        if pattern.search(lower):
            for kind in kinds:
                spans = [found.span() for found in kind.finditer(sentence)]
                if fresh := [span for span in spans if _is_new(sentence[slice(*span)], asked)]:
                    return _nearest(fresh, matched)
    return _nearest(_rests(sentence, asked), matched)


def _is_new(text: str, asked: set[str]) -> bool:
    """Whether a span says what the question doesn't; stop words say nothing."""
    return bool(set(content_stems(text)) - asked)


def _rests(sentence: str, asked: set[str]) -> list[Span]:
    """Longest runs of words, within a clause, that the question doesn't have."""
    borders = [found.start() for found in _CLAUSE.finditer(sentence)]
    runs: list[list[re.Match[str]]] = [[]]
    for found in _TOKEN.finditer(sentence):
        if runs[-1] and any(runs[-1][-1].end() <= at < found.start() for at in borders):
            runs.append([])
        if stem(found[0]) in asked:
            runs.append([])
        else:
            runs[-1].append(found)
    return [span for run in runs if (span := _trimmed(run))]


def _trimmed(run: Sequence[re.Match[str]]) -> Span | None:
    words = [place for place, found in enumerate(run) if found[0].lower() not in STOP_WORDS]
    return (run[words[0]].start(), run[words[-1]].end()) if words else None


def _nearest(spans: Sequence[Span], matched: Sequence[float]) -> Span | None:
    """The span nearest to the matched words on the whole; of equals, or without any, the first."""
    if not spans:
        return None

    def distance(span: Span) -> float:
        middle = (span[0] + span[1]) / 2
        return sum(abs(middle - place) for place in matched)

    return min(spans, key=distance)
