"""The aspect task: a classification of a place in a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from nlpengine.baselines import MAJORITY
from nlpengine.data import Record
from nlpengine.encoding import Encoding
from nlpengine.heads import HeadSpec
from nlpengine.metrics import fit_temperature, softmax
from nlpengine.plugin import (
    IGNORED,
    Classification,
    ClassificationOptions,
    Labels,
    Prediction,
    Recipe,
    State,
    WindowLogits,
    hookimpl,
)
from nlpengine_aspect.baselines import NEAR, TEXT, words_around
from nlpengine_aspect.reading import COLUMNS, AspectExample, read_example
from nlpengine_aspect.spans import span_logits, window_gold

if TYPE_CHECKING:
    from torch import Tensor, nn

Windows = Sequence[WindowLogits]


class AspectSentiment(Classification[AspectExample]):
    """Classify what a text thinks of an aspect, from what the encoder makes of its tokens."""

    name = "aspect"
    summary = "what a text thinks of a thing that it names: any number of classes"
    columns = COLUMNS
    together = "text"
    recipe = Recipe(epochs=5, batch_size=16, min_steps=300, max_epochs=20)
    baselines = (MAJORITY, TEXT, NEAR)
    demo = Path(__file__).parent / "demo"

    @property
    def needed(self) -> tuple[str, ...]:
        """Text and aspect: a single prediction names the aspect, a file may give places."""
        return ("text", "aspect")

    def adapt(self, record: Record) -> AspectExample:
        """A text and a place in it."""
        return read_example(record)

    def head(self, labels: Labels, options: ClassificationOptions) -> HeadSpec:
        """A logit per polarity for each token, from this task's own module."""
        size = len(labels.names)

        def build(width: int) -> nn.Module:
            from nlpengine_aspect.head import AspectHead

            return AspectHead(width, size)

        return HeadSpec("token", size, build=build)

    def gold(  # type: ignore[override]  # a token head's, where a classification's is one index
        self, example: AspectExample, window: Encoding, labels: Labels
    ) -> npt.NDArray[np.int64]:
        """The label's index on the aspect's tokens; a window without any has no gold."""
        return window_gold(window, example.start, example.end, labels.index(str(example.label)))

    def training_notes(
        self, examples: Sequence[AspectExample], gold: Sequence[Sequence[Any]]
    ) -> tuple[str, ...]:
        """How many aspects no window holds."""
        lost = [
            example
            for example, windows in zip(examples, gold, strict=True)
            if all((own == IGNORED).all() for own in windows)
        ]
        if not lost:
            return ()
        return (
            f"{len(lost):,} of {len(examples):,} aspects of train have no token that the encoder "
            f"reads, {lost[0].origin} for one: nothing is learned from them.",
        )

    def loss(
        self, logits: Tensor, gold: Tensor, labels: Labels, options: ClassificationOptions
    ) -> tuple[Tensor, Tensor]:
        """Cross-entropy of the aspects' tokens, weighted by class where asked for."""
        known = gold != IGNORED
        return super().loss(logits[known], gold[known], labels, options)

    def tune(
        self,
        examples: Sequence[AspectExample],
        windows: Sequence[Windows],
        labels: Labels,
        options: ClassificationOptions,
    ) -> State:
        """A temperature for the probabilities (Guo et al. 2017); no label changes by it."""
        pairs = [
            (logits, labels.index(str(example.label)))
            for example, parts in zip(examples, windows, strict=True)
            if (logits := span_logits(parts, example.start, example.end)) is not None
        ]
        if not pairs:
            return {}
        rows, gold = zip(*pairs, strict=True)
        return {"temperature": fit_temperature(np.stack(rows), np.asarray(gold))}

    def decode(
        self,
        example: AspectExample,
        windows: Windows,
        labels: Labels,
        options: ClassificationOptions,
        state: State,
    ) -> Prediction:
        """The most probable polarity; all are as probable where the encoder sees no token of it."""
        logits = span_logits(windows, example.start, example.end)
        row = np.zeros(len(labels.names)) if logits is None else logits
        probabilities = softmax(row[None], state.get("temperature", 1.0))[0]
        best = int(probabilities.argmax())
        scores = dict(zip(labels.names, map(float, probabilities), strict=True))
        return Prediction(labels.names[best], float(probabilities[best]), scores, len(windows))

    def shown(self, example: AspectExample) -> tuple[str, ...]:
        """The text, the aspect in brackets."""
        text = example.text
        return (f"{text[: example.start]}[{example.aspect}]{text[example.end :]}",)

    def about(self, example: AspectExample) -> Mapping[str, object]:
        """The text, and where the aspect stands in it."""
        return {
            "text": example.text,
            "aspect": example.aspect,
            "start": example.start,
            "end": example.end,
        }

    def baseline_input(self, example: AspectExample) -> tuple[str, str]:
        """The text, and the words around the aspect."""
        return example.text, words_around(example.text, example.start, example.end)


@hookimpl
def nlpengine_task() -> AspectSentiment:
    """The aspect task."""
    return AspectSentiment()
