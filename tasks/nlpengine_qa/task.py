"""The question answering task: where in a text the answer stands, if anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nlpengine import DataError
from nlpengine.baselines import OVERLAP_SPAN
from nlpengine.data import Column, QuestionExample, Record
from nlpengine.encoding import Encoding
from nlpengine.heads import HeadSpec
from nlpengine.metrics import Scores, answer_scores, token_f1
from nlpengine.plugin import Labels, Recipe, State, Task, WindowLogits, Wrong, hookimpl
from nlpengine_qa import calibration
from nlpengine_qa.aligning import align, listed, named, too_long
from nlpengine_qa.answering import Options, answer
from nlpengine_qa.decoding import find_spans
from nlpengine_qa.places import NOWHERE, answer_places
from nlpengine_qa.prediction import NO_ANSWER, AnswerPrediction, Candidate
from nlpengine_qa.reading import read_answers

if TYPE_CHECKING:
    from torch import Tensor

Windows = Sequence[WindowLogits]

CLOSE = 0.5
"""Word F1 below which an answer is listed as a mistake; above, it is a matter of borders."""


class QuestionAnswering(Task[QuestionExample]):
    """Find the answer to a question in a text (Rajpurkar et al. 2016 and 2018; Devlin et al. 2019).

    Gold and predictions are spans of the context, in characters. Long contexts are read in windows
    that each hold the whole question.
    """

    name = "qa"
    summary = "questions on a text: the answer is a span of it, or it holds none"
    columns = (
        Column("question", ("query",)),
        Column("context", ("passage", "paragraph", "document", "article")),
        Column("answers", ("answer",), required=False, role="gold"),
        Column("answer_start", required=False, role="gold"),
        Column("is_impossible", required=False, role="gold"),
        Column("id", ("qid", "question_id"), required=False, role="about"),
        Column("title", required=False, role="about"),
    )
    label_column = None
    gold_is = "other"
    together = "context"
    formats = ("squad",)
    windows_over = "last"
    options = Options
    recipe = Recipe(
        epochs=2, batch_size=16, min_steps=900, max_length=384, overlap=128, lr_factor=2.0
    )
    baselines = (OVERLAP_SPAN,)
    demo = Path(__file__).parent / "demo"

    def adapt(self, record: Record) -> QuestionExample:
        """A record's question, context and answers; offsets are checked in `review`."""
        about = {name: record.fields.get(name) for name in ("id", "title")}
        texts = {name: "" if value is None else str(value) for name, value in about.items()}
        return QuestionExample(
            record.text("question"),
            record.text("context"),
            read_answers(record),
            record.origin,
            texts["id"],
            texts["title"],
        )

    def review(
        self, splits: Mapping[str, Sequence[QuestionExample]], options: Options
    ) -> tuple[Mapping[str, Sequence[QuestionExample]], tuple[str, ...]]:
        """Answers spans of their context, and what can't be given counted; see `align`."""
        aligned, notes = align(splits)
        return aligned, (*notes, *too_long(aligned, options.max_answer_length))

    def settle(
        self, train: Sequence[QuestionExample], options: Options
    ) -> tuple[Options, tuple[str, ...]]:
        """No answer is a possible answer where training has questions without one."""
        if options.handle_impossible_answer != "auto":
            return options, ()
        none = sum(not example.answers for example in train)
        said = "the model may give none" if none else "the model always gives one"
        note = f"{none:,} of {len(train):,} training questions have no answer: {said}"
        return replace(options, handle_impossible_answer=none > 0), (note,)

    def label_set(self, examples: Sequence[QuestionExample], options: Options) -> Labels:
        """None: spans have no classes."""
        return Labels(())

    def stock_labels(self, names: tuple[str, ...]) -> Labels:
        """None; a stock config.json names its two logits."""
        return Labels(())

    def head(self, labels: Labels, options: Options) -> HeadSpec:
        """Two logits a token: that the answer starts, that it ends here."""
        return HeadSpec("span", 2)

    def gold(
        self, example: QuestionExample, window: Encoding, labels: Labels
    ) -> npt.NDArray[np.int64]:
        """First and last token of the answer; the first special token where it isn't all here."""
        return answer_places(example, window)

    def training_notes(
        self, examples: Sequence[QuestionExample], gold: Sequence[Sequence[Any]]
    ) -> tuple[str, ...]:
        """Answers that no window holds are counted: they are learned as no answer."""
        lost = [
            named(example)
            for example, places in zip(examples, gold, strict=True)
            if example.answers and all(tuple(place) == NOWHERE for place in places)
        ]
        if not lost:
            return ()
        return (
            f"{len(lost):,} of {len(examples):,} training answers stand whole in no window and "
            f"are learned as no answer: {listed(lost)}. A longer --max-length or --overlap holds "
            "them",
        )

    def loss(
        self, logits: Tensor, gold: Tensor, labels: Labels, options: Options
    ) -> tuple[Tensor, Tensor]:
        """Mean of the cross-entropies of start and end, over all tokens of a window."""
        from torch.nn.functional import cross_entropy

        start, end = (
            cross_entropy(logits[..., side], gold[:, side], reduction="sum") for side in (0, 1)
        )
        return (start + end) / 2, logits.new_tensor(float(len(logits)))

    def tune(
        self,
        examples: Sequence[QuestionExample],
        windows: Sequence[Windows],
        labels: Labels,
        options: Options,
    ) -> State:
        """When to give no answer, and how probable that is; see `calibration.tune`."""
        if options.handle_impossible_answer is not True:
            return {}
        found = (find_spans(own, options.max_answer_length) for own in windows)
        return calibration.tune(examples, found)

    def decode(
        self,
        example: QuestionExample,
        windows: Windows,
        labels: Labels,
        options: Options,
        state: State,
    ) -> AnswerPrediction:
        """The most probable spans of the whole context, or no answer."""
        spans = find_spans(windows, options.max_answer_length)
        return answer(example.context, spans, len(windows), options, state)

    def score(
        self,
        gold: Sequence[QuestionExample],
        predictions: Sequence[AnswerPrediction],
        labels: Labels,
    ) -> Scores:
        """F1 of words and exact match; contexts are resampled whole, as questions share them."""
        return answer_scores(
            [self.gold_of(example) or [] for example in gold],
            [prediction.answer for prediction in predictions],
            groups=[example.context for example in gold],
        )

    def gold_of(self, example: QuestionExample) -> list[str] | None:
        """The texts of the right answers; none for an unanswerable question."""
        return None if example.answers is None else [text for text, _ in example.answers]

    def check_gold(self, example: QuestionExample, labels: Labels) -> None:
        """A question must come with its answers, or with word that there is none."""
        if example.answers is None:
            raise DataError(
                f"question {named(example)} has no answers. Add them, or remove the row; where the "
                "context holds none, write answers: [], or is_impossible: true, which is how a "
                "table says it.",
                example.origin.path,
                example.origin.line,
            )

    def shown(self, example: QuestionExample) -> tuple[str, ...]:
        """The question; contexts are long."""
        return (example.question,)

    def about(self, example: QuestionExample) -> dict[str, object]:
        """Id and question; a context would be repeated with each of its questions."""
        return {"id": example.id, "question": example.question}

    def mistake(self, example: QuestionExample, prediction: AnswerPrediction) -> Wrong | None:
        """An answer that shares less than half of its words with a right one."""
        gold = self.gold_of(example) or []
        if token_f1(gold, prediction.answer) >= CLOSE:
            return None
        right = " / ".join(dict.fromkeys(gold)) or NO_ANSWER
        return Wrong(right, prediction.answer or NO_ANSWER, prediction.score)

    def baseline_input(self, example: QuestionExample) -> tuple[str, str]:
        """Question and context."""
        return example.question, example.context

    def from_baseline(
        self, answer: str, example: QuestionExample, labels: Labels
    ) -> AnswerPrediction:
        """A text, as if it were certain."""
        start = max(0, example.context.find(answer)) if answer else 0
        only = Candidate(answer, 1.0, start, start + len(answer))
        return AnswerPrediction((only,), float(not answer))


@hookimpl
def nlpengine_task() -> QuestionAnswering:
    """The question answering task."""
    return QuestionAnswering()
