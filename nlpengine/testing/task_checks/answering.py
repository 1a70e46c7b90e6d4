"""Checks of decoding: what a task makes of logits, whatever they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from nlpengine.errors import RowError
from nlpengine.plugin.prediction import WindowLogits
from nlpengine.testing.checking import NotApplicable, require
from nlpengine.testing.task_checks.subject import Subject, with_logits
from nlpengine.testing.task_checks.values import (
    json_of,
    mappings_in,
    numbers_in,
    require_same,
    same,
)

HOSTILE = {
    "nothing": "",
    "a blank": " ",
    "line breaks": "\r\n\t\u2028\n",
    "NUL": "a \x00 good\x00",
    "a zero-width space": "\u200b",
    "a byte order mark": "\ufeffgood",
    "emoji of many parts": "so good 👩‍👩‍👧‍👦 🏳️‍🌈 good",
    "combining marks": "g\u0301o\u0308\u0308\u0308od Ame\u0301lie",
    "from right to left": "\u202e\u05d0\u05d1 good \u0627\u0644",
    "letters beyond the basic plane": "𝔤𝔬𝔬𝔡 𝒷𝒶𝒹",
    "ideographs": "好的电影。很好",
    "letters that grow when lowered": "İİİ STRAẞE ﬁne",
    "what no vocabulary knows": "\u0f00\ue000\U0010fffd",
    "one long word": "good" * 300,
    "marks alone": "!?… — ''\"",
    "half of a surrogate pair": "good \ud83d",
    "a number": "-1",
    "markup": "<b>[SEP] [CLS] </s> [MASK]",
}
SCALES = (0.0, 1.0, 30.0, 1e4)
SEEDS = 4


def total(subject: Subject) -> None:
    """Any logits are decoded: none, small and huge ones, of one window and of many."""
    longest = subject.model.encode([subject.adapt(subject.long_row())])
    rows = [(subject.examples[0], [e for e in subject.encodings if e.example == 0]),
            (subject.adapt(subject.long_row()), longest)]  # fmt: skip
    head = subject.task.head(subject.model.labels, subject.model.options)
    for example, encodings in rows:
        for scale in SCALES:
            for seed in range(SEEDS):
                windows = with_logits(encodings, head.kind, head.size, seed, scale)
                what = f"{len(encodings)} windows of logits around {scale:g}"
                _decoded(subject, example, windows, what)
        for value in (-1e6, 1e6):
            same_all = [
                WindowLogits(w.encoding, np.full_like(w.logits, value))
                for w in with_logits(encodings, head.kind, head.size, 0)
            ]
            _decoded(subject, example, same_all, f"logits that are all {value:g}")


def _decoded(subject: Subject, example: Any, windows: Sequence[WindowLogits], what: str) -> Any:
    try:
        answer = subject.decode(example, windows)
        made = json_of(answer)
    except AssertionError as error:
        raise AssertionError(f"{what}: {error}") from error
    except Exception as error:
        raise AssertionError(f"decode of {what} raises {type(error).__name__}: {error}") from error
    require(np.isfinite(list(numbers_in(made))).all(), f"{what}: numbers in {made!r:.160}")
    return made


def long_text(subject: Subject) -> None:
    """Every window of a long text has its say."""
    example = subject.adapt(subject.long_row())
    encodings = subject.model.encode([example])
    require(len(encodings) > 2, "a long text fits one window: the check can't look")
    head = subject.task.head(subject.model.labels, subject.model.options)
    base = with_logits(encodings, head.kind, head.size, seed=0)
    before = json_of(subject.decode(example, base))
    for place in range(len(base)):
        changed = False
        for seed in range(1, 9):
            others = with_logits(encodings, head.kind, head.size, seed, scale=100.0)
            mixed = [*base[:place], others[place], *base[place + 1 :]]
            changed = changed or not same(before, json_of(subject.decode(example, mixed)))
        require(
            changed,
            f"window {place + 1} of {len(base)} makes no difference to the prediction, whatever "
            "its logits: part of a long text is dropped",
        )


def offsets(subject: Subject) -> None:
    """Where a prediction says that a text stands, it stands: start and end in code points."""
    head = subject.task.head(subject.model.labels, subject.model.options)
    if head.kind == "sequence":
        raise NotApplicable("a sequence head has no spans")
    seen = 0
    for row in _hostile_rows(subject):
        answer = next(iter(subject.model.predict([row], errors="return")))
        if isinstance(answer, RowError):
            continue
        example = subject.adapt(row)
        encodings = subject.model.encode([example])
        for seed in range(SEEDS):
            windows = with_logits(encodings, head.kind, head.size, seed, scale=3.0)
            seen += _spans_stand(subject, example, json_of(subject.decode(example, windows)))
    if not seen:
        raise NotApplicable("no prediction has start, end and a text")


def _spans_stand(subject: Subject, example: Any, made: Any) -> int:
    """Check every ``start`` and ``end`` beside a text; how many there were."""
    named = (getattr(example, name, None) for name in ("text", "context", "first", "second"))
    # Words of an unlabelled text may be made later, by `readings`: then there are no texts yet.
    known = example.texts if getattr(example, "words", ()) is not None else ()
    sources = (*named, *known, *subject.task.shown(example))
    texts = [source for source in sources if isinstance(source, str)]
    seen = 0
    for span in mappings_in(made):
        said = next((span[n] for n in ("text", "answer", "word") if n in span), None)
        start, end = span.get("start"), span.get("end")
        if not isinstance(said, str) or not isinstance(start, int) or not isinstance(end, int):
            continue
        seen += 1
        require(
            any(text[start:end] == said for text in texts) and 0 <= start <= end,
            f"characters {start} to {end} are not {said!r:.60} in {texts[0]!r:.80}"
            if texts
            else "a prediction has start and end, and its example no text",
        )
    return seen


def hostile(subject: Subject) -> None:
    """Empty, odd and very long input gets a prediction or a RowError, never another error."""
    rows = [*_hostile_rows(subject), subject.long_row()]
    for row in rows:
        shown = {name: _clipped(value) for name, value in row.items()}
        try:
            (answer,) = subject.model.predict([row], errors="return")
        except Exception as error:
            raise AssertionError(f"{shown} raises {type(error).__name__}: {error}") from error
        if isinstance(answer, RowError):
            require(str(answer.problem).strip(), f"{shown} is refused without a reason")
        else:
            json_of(answer, f"to_json() for {shown}")
            answer.to_text()


def _clipped(value: Any) -> str:
    return ascii(value) if len(ascii(value)) < 60 else ascii(value)[:57] + "…"


def _hostile_rows(subject: Subject) -> list[dict[str, Any]]:
    """A row for each text field and each odd text."""
    row = subject.bare(subject.records[0])
    found = []
    for name in subject.texts(row):
        for text in HOSTILE.values():
            if isinstance(row[name], list):
                found += [{**row, name: [text]}, {**row, name: ["good", text, "good"]}]
            else:
                found.append({**row, name: text})
        found += [{**row, name: []}] if isinstance(row[name], list) else []
    return found


def answer(subject: Subject) -> None:
    """to_json gives JSON, to_text a text; gold and mistakes can be written down too."""
    found = subject.model.predict_examples(subject.examples)
    for example, prediction in zip(subject.examples, found, strict=True):
        for name in ("to_json", "to_text"):
            require(
                callable(getattr(prediction, name, None)),
                f"a prediction ({type(prediction).__name__}) has no {name}()",
            )
        made = json_of(prediction)
        require(made, "to_json() gives an empty object: an output row would gain nothing")
        text = prediction.to_text()
        require(isinstance(text, str) and text.strip(), f"to_text() gives {text!r:.60}")
        gold = subject.task.gold_of(example)
        json_of(_AsJson({"gold": gold}), "gold_of")
        wrong = subject.task.mistake(example, prediction)
        if wrong is not None:
            fine = isinstance(wrong.gold, str) and isinstance(wrong.predicted, str)
            require(fine and np.isfinite(wrong.score), f"mistake gives {wrong!r:.120}")


class _AsJson:
    """A dictionary that is looked at like a prediction."""

    def __init__(self, made: dict[str, Any]) -> None:
        self._made = made

    def to_json(self) -> dict[str, Any]:
        return self._made


def alone(subject: Subject) -> None:
    """A row alone, in a batch and in another order gets one prediction."""
    examples = subject.examples
    batch = [json_of(one) for one in subject.model.predict_examples(examples)]
    turned = [json_of(one) for one in subject.model.predict_examples(examples[::-1])]
    singly = [json_of(subject.model.predict_examples([one])[0]) for one in examples]
    for what, found in (("in another order", turned[::-1]), ("alone", singly)):
        for one, other in zip(batch, found, strict=True):
            require_same(one, other, f"a row gets one prediction in a batch and another {what}")


def order(subject: Subject) -> None:
    """Labels, what is tuned and scores don't depend on the order of the rows."""
    task, model = subject.task, subject.model
    examples, turned = subject.examples, subject.examples[::-1]
    labels = [task.label_set(rows, model.options) for rows in (examples, turned)]
    require(
        labels[0].names == labels[1].names,
        f"the order of rows makes the order of labels: {labels[0].names} and {labels[1].names}. "
        "Sort them",
    )
    windows = subject.windows
    tuned = [
        task.tune(rows, own, model.labels, model.options)
        for rows, own in ((examples, windows), (turned, windows[::-1]))
    ]
    require_same(dict(tuned[0]), dict(tuned[1]), "tune depends on the order of rows", 1e-2)
    found = model.predict_examples(examples)
    scores = [
        task.score(rows, own, model.labels).main[1].value
        for rows, own in ((examples, found), (turned, found[::-1]))
    ]
    require_same(scores[0], scores[1], "the score depends on the order of rows")


def read_only(windows: Sequence[WindowLogits]) -> list[WindowLogits]:
    """The same windows, whose arrays can't be written to."""
    found = []
    for window in windows:
        encoding, logits = window.encoding, window.logits.copy()
        arrays: dict[str, Any] = {
            name: None if value is None else value.copy()
            for name in ("input_ids", "token_type_ids", "offsets")
            for value in [getattr(encoding, name)]
        }
        for array in (logits, *arrays.values()):
            if array is not None:
                array.flags.writeable = False
        found.append(WindowLogits(replace(encoding, **arrays), logits))
    return found
