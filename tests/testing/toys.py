"""Three small tasks that hold the contract, one for each kind of head; `culprits` breaks them."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from nlpengine.baselines import MAJORITY
from nlpengine.data import Column, Origin, Record
from nlpengine.heads import HeadSpec
from nlpengine.metrics import Scores, answer_scores, classification_scores, softmax
from nlpengine.plugin import (
    IGNORED,
    Labels,
    Prediction,
    Task,
    Wrong,
    merged_logits,
    merged_offsets,
    pooled_logits,
)


@dataclass(frozen=True)
class Text:
    text: str
    gold: object
    origin: Origin

    @property
    def texts(self):
        return (self.text,)


@dataclass(frozen=True)
class MoodOptions:
    """Options.

    Attributes:
        sharp: Whether probabilities are sharpened.
    """

    sharp: bool = False


class Mood(Task[Text]):
    """A class a text, written out without the ready-made classification."""

    name = "mood"
    summary = "the mood of a text"
    columns = (Column("text", ("sentence",)), Column("label", required=False, role="gold"))
    options = MoodOptions
    baselines = (MAJORITY,)

    def adapt(self, record: Record):
        return Text(record.text("text"), record.fields.get("label"), record.origin)

    def label_set(self, examples, options):
        return Labels(tuple(sorted({example.gold for example in examples})))

    def head(self, labels, options):
        return HeadSpec("sequence", len(labels.names))

    def gold(self, example, window, labels):
        return labels.index(example.gold)

    def gold_of(self, example):
        return example.gold

    def loss(self, logits, gold, labels, options):
        from torch.nn.functional import cross_entropy

        summed = cross_entropy(logits, gold, reduction="sum")
        return summed, summed.new_tensor(float(len(gold)))

    def tune(self, examples, windows, labels, options):
        return {"sharpness": 2.0 if options.sharp else 1.0}

    def decode(self, example, windows, labels, options, state):
        logits = pooled_logits(windows) * state.get("sharpness", 1.0)
        row = softmax(logits[None], 1.0)[0]
        best = int(row.argmax())
        scores = dict(zip(labels.names, map(float, row), strict=True))
        return Prediction(labels.names[best], float(row[best]), scores, len(windows))

    def score(self, gold, predictions, labels) -> Scores:
        return classification_scores(
            [example.gold for example in gold],
            [prediction.label for prediction in predictions],
            labels.names,
            probabilities=np.asarray([list(p.scores.values()) for p in predictions]),
        )

    def mistake(self, example, prediction):
        if example.gold == prediction.label:
            return None
        return Wrong(example.gold, prediction.label, prediction.score)

    def from_baseline(self, answer, example, labels):
        return Prediction(answer, 1.0, {name: float(name == answer) for name in labels.names})


MOODS = (
    {"text": "what a good day", "label": "glad"},
    {"text": "bad soup again", "label": "sad"},
    {"text": "the hotel is there", "label": "calm"},
)


@dataclass(frozen=True)
class Tagged:
    """Spans of a text, each with a probability."""

    tags: tuple[str, ...]
    spans: tuple[tuple[str, int, int, float], ...]

    def to_json(self):
        names = ("text", "start", "end", "score")
        return {"spans": [dict(zip(names, span, strict=True)) for span in self.spans]}

    def to_text(self):
        return ", ".join(span[0] for span in self.spans) or "nothing"


class Shouts(Task[Text]):
    """Which tokens are shouted: gold is a list of words."""

    name = "shouts"
    summary = "the words of a text that are shouted"
    columns = (Column("text"), Column("loud", required=False, role="gold"))
    label_column = None
    gold_is = "other"

    def adapt(self, record: Record):
        return Text(record.text("text"), record.fields.get("loud"), record.origin)

    def label_set(self, examples, options):
        return Labels(("loud", "quiet"))

    def head(self, labels, options):
        return HeadSpec("token", 2)

    def gold(self, example, window, labels):
        found = np.full(len(window), IGNORED, dtype=np.int64)
        loud = [
            m.span() for word in example.gold for m in re.finditer(re.escape(word), example.text)
        ]
        for place, (start, end) in enumerate(window.offsets):
            is_loud = any(start < last and end > first for first, last in loud)
            found[window.first + place] = labels.index("loud" if is_loud else "quiet")
        return found

    def gold_of(self, example):
        return None if example.gold is None else list(example.gold)

    def loss(self, logits, gold, labels, options):
        from torch.nn.functional import cross_entropy

        summed = cross_entropy(logits, gold, ignore_index=IGNORED, reduction="sum")
        return summed, (gold != IGNORED).sum()

    def decode(self, example, windows, labels, options, state):
        rows = softmax(merged_logits(windows), 1.0)
        spans, tags = [], []
        for row, (start, end) in zip(rows, merged_offsets(windows).tolist(), strict=True):
            tags.append(labels.names[int(row.argmax())])
            if tags[-1] == "loud" and end > start:
                spans.append((example.text[start:end], start, end, float(row.max())))
        return Tagged(tuple(tags), tuple(spans))

    def score(self, gold, predictions, labels):
        truth, found = [], []
        for example, prediction in zip(gold, predictions, strict=True):
            for word in re.finditer(r"\S+", example.text):
                truth.append("loud" if word[0] in example.gold else "quiet")
                hit = any(s < word.end() and e > word.start() for _, s, e, _ in prediction.spans)
                found.append("loud" if hit else "quiet")
        return classification_scores(truth, found, ("loud", "quiet"))


SHOUTS = (
    {"text": "the GOOD soup", "loud": ["GOOD"]},
    {"text": "a BAD film AGAIN", "loud": ["BAD", "AGAIN"]},
    {"text": "it is there", "loud": []},
)


@dataclass(frozen=True)
class Found:
    answer: str
    start: int
    end: int

    def to_json(self):
        return {"answer": self.answer, "start": self.start, "end": self.end}

    def to_text(self):
        return self.answer or "nothing"


class Finder(Task[Text]):
    """Where in a text the one thing stands that is asked for."""

    name = "finder"
    summary = "the place in a text"
    columns = (Column("text"), Column("place", required=False, role="gold"))
    label_column = None
    gold_is = "other"

    def adapt(self, record: Record):
        return Text(record.text("text"), record.fields.get("place"), record.origin)

    def label_set(self, examples, options):
        return Labels(())

    def stock_labels(self, names):
        return Labels(())

    def head(self, labels, options):
        return HeadSpec("span", 2)

    def gold(self, example, window, labels):
        first = example.text.index(example.gold)
        last = first + len(example.gold)
        inside = np.flatnonzero((window.offsets[:, 0] < last) & (window.offsets[:, 1] > first))
        if not len(inside):
            return np.array([0, 0])
        return np.array([inside[0], inside[-1]]) + window.first

    def gold_of(self, example):
        return example.gold

    def loss(self, logits, gold, labels, options):
        from torch.nn.functional import cross_entropy

        start, end = (
            cross_entropy(logits[..., side], gold[:, side], reduction="sum") for side in (0, 1)
        )
        return start + end, logits.new_tensor(2.0 * len(gold))

    def decode(self, example, windows, labels, options, state):
        logits, offsets = merged_logits(windows), merged_offsets(windows)
        stands = np.flatnonzero(offsets[:, 0] < offsets[:, 1])
        if not len(stands):
            return Found("", 0, 0)
        best = (-np.inf, 0, 0)
        for row in stands.tolist():
            for other in stands[(stands >= row) & (stands < row + 8)].tolist():
                score = float(logits[row, 0] + logits[other, 1])
                if score > best[0]:
                    best = (score, int(offsets[row, 0]), int(offsets[other, 1]))
        _, start, end = best
        return Found(example.text[start:end], start, end)

    def score(self, gold, predictions, labels):
        return answer_scores([[e.gold] for e in gold], [p.answer for p in predictions])


PLACES = (
    {"text": "we met in bergen today", "place": "bergen"},
    {"text": "oslo was full", "place": "oslo"},
    {"text": "the train goes to narvik", "place": "narvik"},
)
