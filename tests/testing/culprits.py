"""Tasks that are wrong in one way each, and the check that must notice."""

from __future__ import annotations

import dataclasses
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))  # a process of its own has to find the toys too
from toys import MOODS, PLACES, SHOUTS, Finder, Mood, MoodOptions, Shouts, Tagged, Text

sys.path.pop(0)

from nlpengine.data import Column, Origin
from nlpengine.metrics import Score, Scores
from nlpengine.plugin import (
    IGNORED,
    Classification,
    Labels,
    Prediction,
    Recipe,
    Wrong,
    merged_logits,
    merged_offsets,
)

RECORDS = {Mood: MOODS, Shouts: SHOUTS, Finder: PLACES}
CULPRITS: dict[str, tuple[type, str, frozenset[str]]] = {}
"""Name → (the task's class, the check that notices it, checks that fail along with that one)."""


def culprit(check: str, *also: str):
    def keep(kind):
        CULPRITS[kind.__name__] = (kind, check, frozenset(also))
        return kind

    return keep


# --- what a task says of itself -------------------------------------------------------------------


@culprit("spec")
class SaysNothing(Mood):
    summary = " "


@culprit("spec")
class TwoReadOneColumn(Mood):
    columns = (*Mood.columns, Column("other", ("sentence",), required=False))


@culprit("spec")
class NeedsGoldToPredict(Mood):
    columns = (Column("text"), Column("label", role="gold"))


@culprit("spec")
class FewerEpochsThanItsLeast(Mood):
    recipe = Recipe(epochs=5, max_epochs=3)


@dataclass
class Thawed:
    sharp: bool = False


@culprit("options")
class OptionsThatChange(Mood):
    options = Thawed


@dataclass(frozen=True)
class Pairs:
    pair: tuple[int, int] = (1, 2)
    sharp: bool = False


@culprit("options", "saves")
class OptionsThatJsonChanges(Mood):
    options = Pairs


@dataclass(frozen=True)
class Ways(MoodOptions):
    way: Literal["short", "long"] = "short"


@culprit("options")
class AChoiceThatFails(Mood):
    options = Ways

    def decode(self, example, windows, labels, options, state):
        {"short": 1}[options.way]
        return super().decode(example, windows, labels, options, state)


@dataclass(frozen=True)
class Focus(MoodOptions):
    focus: float = 0.0


@culprit("options")
class ALossThatIsWrongBesideItsDefault(Mood):
    """A mean where the number is above 0, which the other checks, at 0, never see."""

    options = Focus

    def loss(self, logits, gold, labels, options):
        summed, weight = super().loss(logits, gold, labels, options)
        return (summed / weight, weight) if options.focus else (summed, weight)


@culprit("demo")
class NoDemoThere(Mood):
    demo = Path(__file__).parent / "nowhere"


@culprit("registration")
class NeedsTorchAtOnce(Mood):
    def __init__(self):
        import torch  # noqa: F401 - the import is the point


@culprit("hash_seeds")
class LabelsOfASet(Mood):
    def label_set(self, examples, options):
        return Labels(tuple({example.gold for example in examples}))


# --- rows, labels, gold ---------------------------------------------------------------------------


@culprit("adapt")
class TakesFromTheRecord(Mood):
    def adapt(self, record):
        return Text(record.text("text"), record.fields.pop("label", None), record.origin)


@culprit("adapt", "refuses")
class ForgetsTheOrigin(Mood):
    def adapt(self, record):
        return dataclasses.replace(super().adapt(record), origin=Origin("?", 0))


@culprit("refuses")
class TakesAnything(Mood):
    def adapt(self, record):
        return Text(str(record.fields.get("text")), record.fields.get("label"), record.origin)


@culprit("refuses")
class FailsInItsOwnWords(Mood):
    def adapt(self, record):
        text = record.fields["text"]
        return Text(text[:0] + text, record.fields.get("label"), record.origin)


@culprit("refuses")
class ScoresWithoutGold(Mood):
    def check_gold(self, example, labels):
        return None


@culprit("labels")
class StockLabelsInAnotherOrder(Mood):
    def stock_labels(self, names):
        return Labels(names[::-1])


@culprit("labels", "saves")
class LabelsInAList(Mood):
    def label_set(self, examples, options):
        return Labels(sorted({example.gold for example in examples}))


@culprit("gold", "learns", "overfits")
class EndsBeforeItStarts(Finder):
    def gold(self, example, window, labels):
        return np.array([*super().gold(example, window, labels)][::-1]) + np.array([1, 0])


# --- loss and training ----------------------------------------------------------------------------


@culprit("gradient", "learns", "overfits", "deterministic", "metric")
class LossOfDetachedLogits(Mood):
    def loss(self, logits, gold, labels, options):
        return super().loss(logits.detach(), gold, labels, options)


@culprit("gradient")
class ALogitWithoutUse(Mood):
    def loss(self, logits, gold, labels, options):
        from torch import cat, zeros_like

        return super().loss(cat([logits[:, :-1], zeros_like(logits[:, -1:])], 1), gold, labels, 0)


@culprit("gradient", "additive", "overfits", "deterministic")
class NoNumberBeyondTheEnd(Finder):
    def loss(self, logits, gold, labels, options):
        summed, weight = super().loss(logits, gold, labels, options)
        return summed + 0.0 * logits.sum(), weight


@culprit("additive")
class MeanLoss(Mood):
    def loss(self, logits, gold, labels, options):
        summed, weight = super().loss(logits, gold, labels, options)
        return summed / weight, weight / weight


@culprit("additive")
class CountsWhatIsIgnored(Shouts):
    def loss(self, logits, gold, labels, options):
        return super().loss(logits, gold, labels, options)[0], (gold > -200).sum()


@culprit("learns", "overfits", "metric")
class AnswersTheNextLabel(Mood):
    def decode(self, example, windows, labels, options, state):
        found = super().decode(example, windows, labels, options, state)
        place = (labels.index(found.label) + 1) % len(labels.names)
        return dataclasses.replace(found, label=labels.names[place])


@culprit("overfits")
class ReadsOtherTextsInPrediction(Mood):
    def readings(self, example, options):
        return (("x " * len(example.text.split()),),)


@culprit("deterministic")
class NoiseInTheGradient(Mood):
    def loss(self, logits, gold, labels, options):
        summed, weight = super().loss(logits, gold, labels, options)
        noise = float(np.random.default_rng().normal())
        return summed + 1e-3 * noise * (logits - logits.detach()).sum(), weight


# --- decoding -------------------------------------------------------------------------------------


@culprit("total")
class Overflows(Mood):
    def decode(self, example, windows, labels, options, state):
        logits = np.mean([window.logits for window in windows], axis=0)
        with np.errstate(all="ignore"):
            row = np.exp(logits) / np.exp(logits).sum()
        best = int(row.argmax())
        scores = dict(zip(labels.names, map(float, row), strict=True))
        return Prediction(labels.names[best], float(row[best]), scores, len(windows))


@culprit("long_text")
class ReadsTheFirstWindow(Mood):
    def decode(self, example, windows, labels, options, state):
        return super().decode(example, windows[:1], labels, options, state)


@culprit("offsets")
class CountsBytes(Shouts):
    def decode(self, example, windows, labels, options, state):
        found = super().decode(example, windows, labels, options, state)
        spans = tuple(
            (text, len(example.text[:start].encode()), len(example.text[:end].encode()), score)
            for text, start, end, score in found.spans
        )
        return Tagged(found.tags, spans)


@culprit("offsets")
class OneOff(Finder):
    def decode(self, example, windows, labels, options, state):
        found = super().decode(example, windows, labels, options, state)
        return dataclasses.replace(found, start=found.start + 1, end=found.end + 1)


@culprit("hostile", "offsets")
class NeedsAToken(Shouts):
    def decode(self, example, windows, labels, options, state):
        merged_offsets(windows)[0]
        return super().decode(example, windows, labels, options, state)


@culprit("answer")
class NothingToShow(Mood):
    def decode(self, example, windows, labels, options, state):
        found = super().decode(example, windows, labels, options, state)
        return type("Mute", (Prediction,), {"to_text": lambda self: None})(
            found.label, found.score, found.scores, found.windows
        )


@culprit("answer")
class GoldThatIsNoJson(Shouts):
    def gold_of(self, example):
        return None if example.gold is None else set(example.gold)


@culprit("answer")
class MistakesInNumbers(Mood):
    def mistake(self, example, prediction):
        return Wrong(3, 4, 0.5)


@culprit("alone")
class RemembersTheLastText(Mood):
    last = None

    def decode(self, example, windows, labels, options, state):
        found = super().decode(example, windows, labels, options, state)
        again, self.last = self.last == example.text, example.text
        return dataclasses.replace(found, score=0.0) if again else found


@culprit("order")
class LabelsByOccurrence(Mood):
    def label_set(self, examples, options):
        return Labels(tuple(dict.fromkeys(example.gold for example in examples)))


@culprit("order")
class TunedOnTheFirst(Mood):
    def tune(self, examples, windows, labels, options):
        return {"sharpness": float(len(examples[0].text))}


# --- scores ---------------------------------------------------------------------------------------


def changed(scores, change):
    name, score = scores.main
    return Scores({name: change(score)}, scores.tables)


@culprit("metric", "learns", "overfits")
class ErrorRate(Mood):
    def score(self, gold, predictions, labels):
        return changed(
            super().score(gold, predictions, labels),
            lambda s: Score(1 - s.value, 1 - s.high, 1 - s.low, s.n),
        )


@culprit("metric", "baselines")
class PerCent(Mood):
    def score(self, gold, predictions, labels):
        return changed(
            super().score(gold, predictions, labels),
            lambda s: Score(100 * s.value, 100 * s.low, 100 * s.high, s.n),
        )


@culprit("metric")
class AnIntervalBesideItsValue(Mood):
    def score(self, gold, predictions, labels):
        return changed(
            super().score(gold, predictions, labels), lambda s: Score(s.value, 0.4, 0.5, s.n)
        )


@culprit("baselines")
class ABaselineWithoutAPrediction(Mood):
    """What a baseline answers goes on as it is, though score wants predictions."""

    def from_baseline(self, answer, example, labels):
        return answer


@culprit("baselines")
class BaselinesThatCannotBeScored(Mood):
    def from_baseline(self, answer, example, labels):
        return answer


# --- what is left behind --------------------------------------------------------------------------


@culprit("saves")
class NumbersAsKeys(Mood):
    def tune(self, examples, windows, labels, options):
        return {0: 2.0}

    def decode(self, example, windows, labels, options, state):
        state = {"sharpness": state[0]} if state else {}
        return super().decode(example, windows, labels, options, state)


@culprit("saves")
class RemembersTraining(Mood):
    names = None

    def label_set(self, examples, options):
        found = super().label_set(examples, options)
        self.names = found.names
        return found

    def decode(self, example, windows, labels, options, state):
        return super().decode(example, windows, Labels(tuple(self.names)), options, state)


@culprit("shares")
class MendsTheCore(Mood):
    def decode(self, example, windows, labels, options, state):
        Classification.decode = lambda *rest: Prediction("good", 1.0, {"bad": 0.0, "good": 1.0})
        return super().decode(example, windows, labels, options, state)


@culprit("pure")
class ChangesLogitsInPlace(Mood):
    def decode(self, example, windows, labels, options, state):
        for window in windows:
            window.logits[...] -= window.logits.max()
        return super().decode(example, windows, labels, options, state)


@culprit("pure")
class SeedsEverybody(Mood):
    def decode(self, example, windows, labels, options, state):
        np.random.seed(0)
        return super().decode(example, windows, labels, options, state)


@culprit("gold", "gradient", "learns", "overfits", "deterministic", "metric")
class NothingIsLearned(Shouts):
    def gold(self, example, window, labels):
        return np.full(len(window), IGNORED, dtype=np.int64)


def records_of(kind):
    return next(rows for base, rows in RECORDS.items() if issubclass(kind, base))


__all__ = ["CULPRITS", "merged_logits", "records_of"]
