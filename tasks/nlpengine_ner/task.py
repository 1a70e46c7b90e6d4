"""The named entity task: a tag for each word, and the spans that the tags say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from nlpengine import DataError
from nlpengine.baselines import FEATURES, GAZETTEER
from nlpengine.data import Record, WordsExample
from nlpengine.encoding import Encoding
from nlpengine.heads import HeadSpec
from nlpengine.metrics import Scores, entity_scores, fit_temperature, softmax, strict_entities
from nlpengine.plugin import Labels, Recipe, State, Task, WindowLogits, Wrong, hookimpl
from nlpengine_ner.chain import crf_size, read_words, word_scores
from nlpengine_ner.decoding import Decoder, with_lost_words
from nlpengine_ner.documents import notes_on_units, units_of
from nlpengine_ner.mistakes import worst
from nlpengine_ner.neighbours import check_documents, notes_on_documents, with_neighbours
from nlpengine_ner.pieces import lost_words, window_gold, word_logits
from nlpengine_ner.prediction import EntityPrediction, prediction_of
from nlpengine_ner.reading import COLUMNS, TEXT_LEFT_OUT, read_example
from nlpengine_ner.reviewing import review_splits, settle_splitter, types_of
from nlpengine_ner.splitting import Splitter, split_example

if TYPE_CHECKING:
    from torch import Tensor, nn

Windows = Sequence[WindowLogits]
Context = Literal["none", "document"]


@dataclass(frozen=True, slots=True)
class NerOptions:
    """Options of the named entity task.

    Attributes:
        decoder: viterbi: the best sequence of tags that is valid. softmax: each word's best tag,
            valid or not. crf: as viterbi, by a model that learns weights for pairs of tags, too
            (a conditional random field). auto: viterbi for models trained here; for others'
            models, whose scheme is unknown, each word's best tag, read as conlleval does.
        splitter: How text becomes words: at "spaces"; with marks at the "edges" of words split
            off, too; with English contractions split, too, as in the Penn "treebank"; with all
            "marks" by themselves; or "auto", as the training data has it.
        context: document: a sentence is read with the words of its document that stand around it,
            64 on either side, where documents are marked. none: alone.
    """

    decoder: Decoder = "auto"
    splitter: Splitter = "auto"
    context: Context = "none"


class NamedEntities(Task[WordsExample]):
    """Find named entities: IOB2 tags on the first pieces of words."""

    name = "ner"
    summary = "named entities in a text: any set of types, taken from the data"
    columns = COLUMNS
    label_column = None
    together = "document"
    gold_is = "other"
    formats = ("conll",)
    options = NerOptions
    recipe = Recipe(epochs=5, batch_size=16, min_steps=300, max_epochs=12, lr_factor=2.0)
    baselines = (GAZETTEER, FEATURES)
    demo = Path(__file__).parent / "demo"

    def in_context(self, rows: Iterable[Record], options: NerOptions) -> Iterable[Record]:
        """With ``context="document"``, the words around each sentence."""
        return with_neighbours(rows) if options.context == "document" else rows

    def adapt(self, record: Record) -> WordsExample:
        """Words or a text; tags or marked characters where there is gold."""
        return read_example(record)

    def settle(
        self, train: Sequence[WordsExample], options: NerOptions
    ) -> tuple[NerOptions, tuple[str, ...]]:
        """The splitter that train's words were made by, and the decoder of IOB2 tags."""
        if options.context == "document":
            check_documents(train)
        splitter, notes = settle_splitter(train, options.splitter)
        decoder = "viterbi" if options.decoder == "auto" else options.decoder
        return replace(options, decoder=decoder, splitter=splitter), notes

    def review(
        self, splits: Mapping[str, Sequence[WordsExample]], options: NerOptions
    ) -> tuple[Mapping[str, Sequence[WordsExample]], tuple[str, ...]]:
        """Make all gold IOB2 tags of words; see `review_splits`."""
        made, notes = review_splits(splits, options.splitter)
        notes += notes_on_units(made)
        if options.context == "document":
            notes += notes_on_documents(made)
        return made, notes

    def label_set(self, examples: Sequence[WordsExample], options: NerOptions) -> Labels:
        """O, then B and I of each type, sorted.

        Raises:
            DataError: There is no entity to learn from.
        """
        types = sorted(types_of(examples))
        if not types:
            where = examples[0].origin.path if examples else None
            raise DataError(
                "no entity in train, so there is nothing to learn. Add gold in a column of tags or "
                "entities, or name the column with --map tags=COLUMN or --map entities=COLUMN",
                where,
            )
        return Labels(("O", *(f"{letter}-{label}" for label in types for letter in "BI")))

    def head(self, labels: Labels, options: NerOptions) -> HeadSpec:
        """A logit a tag; those of pairs of tags, too, where they shall weigh.

        Raises:
            DataError: The labels, of a stock checkpoint, are no tags.
        """
        if "O" not in labels.names:
            listed = ", ".join(labels.names[:4])
            raise DataError(
                f"the checkpoint's labels ({listed} …) have no O, so they don't say which of them "
                "is no entity. Write the tags' names as id2label into its config.json"
            )
        tags = len(labels.names)
        if options.decoder == "crf":
            return HeadSpec("token", crf_size(tags), build=partial(_crf_head, tags=tags))
        return HeadSpec("token", tags)

    def shown(self, example: WordsExample) -> tuple[str, ...]:
        """The text as its source has it."""
        return (example.text,)

    def readings(self, example: WordsExample, options: NerOptions) -> Sequence[tuple[str, ...]]:
        """The words with blanks between them."""
        return (split_example(example, options.splitter).texts,)

    def gold(
        self, example: WordsExample, window: Encoding, labels: Labels
    ) -> npt.NDArray[np.int64]:
        """The tags of the window's words, at their first pieces."""
        index = {name: place for place, name in enumerate(labels.names)}
        return window_gold(window, example, [index[tag] for tag in example.tags or ()])

    def training_notes(
        self, examples: Sequence[WordsExample], gold: Sequence[Sequence[Any]]
    ) -> tuple[str, ...]:
        """Words that the tokenizer leaves nothing of are counted."""
        return lost_words(examples, gold)

    def loss(
        self, logits: Tensor, gold: Tensor, labels: Labels, options: NerOptions
    ) -> tuple[Tensor, Tensor]:
        """Cross-entropy of first pieces; with a crf, that of each window's tags together."""
        from torch.nn.functional import cross_entropy

        if options.decoder == "crf":
            from nlpengine_ner.crf import crf_loss

            return crf_loss(logits, gold, len(labels.names))
        words = gold >= 0
        return cross_entropy(logits[words], gold[words], reduction="sum"), words.sum()

    def tune(
        self,
        examples: Sequence[WordsExample],
        windows: Sequence[Windows],
        labels: Labels,
        options: NerOptions,
    ) -> State:
        """A temperature for the words' probabilities (Guo et al. 2017); no tag changes by it."""
        rows, gold = [], []
        for example, parts in zip(examples, windows, strict=True):
            logits, known = word_logits(parts, example)
            tags = [(example.tags or ())[word] for word in known]
            kept = [place for place, tag in enumerate(tags) if tag in labels.names]
            if len(kept):
                rows.append(word_scores(logits, labels.names, options.decoder)[kept])
            gold += [labels.index(tags[place]) for place in kept]
        return {"temperature": fit_temperature(np.concatenate(rows), gold)} if gold else {}

    def decode(
        self,
        example: WordsExample,
        windows: Windows,
        labels: Labels,
        options: NerOptions,
        state: State,
    ) -> EntityPrediction:
        """Entities with their probabilities; a word counts in its window of most context."""
        example = split_example(example, options.splitter)
        words = example.words or ()
        logits, known = word_logits(windows, example)
        scores, said = np.zeros(len(words)), (len(windows), TEXT_LEFT_OUT in example.remarks)
        if not len(known):
            tags = ["O"] * len(words)
            return prediction_of(example.text, words, tags, scores.tolist(), *said)
        tags, columns, rows = read_words(logits, labels.names, options.decoder)
        chosen = softmax(rows, state.get("temperature", 1.0))[np.arange(len(known)), columns]
        scores[known] = chosen
        tags = with_lost_words(tags, known, len(words))
        return prediction_of(example.text, words, tags, scores.tolist(), *said)

    def score(
        self,
        gold: Sequence[WordsExample],
        predictions: Sequence[EntityPrediction],
        labels: Labels,
    ) -> Scores:
        """F1 of exact spans and types; what is resampled are documents, where enough are marked."""
        tags = [example.tags or () for example in gold]
        found = [prediction.tags for prediction in predictions]
        return entity_scores(
            [strict_entities(own) for own in tags],
            [strict_entities(own) for own in found],
            [len(own) for own in tags],
            documents=units_of(gold),
            gold_tags=tags,
            predicted_tags=found,
        )

    def gold_of(self, example: WordsExample) -> list[dict[str, object]] | None:
        """The entities with label, text, start and end."""
        if example.tags is None or example.words is None:
            return None
        found = prediction_of(example.text, example.words, example.tags, ())
        return [
            {"label": e.label, "text": e.text, "start": e.start, "end": e.end}
            for e in found.entities
        ]

    def check_gold(self, example: WordsExample, labels: Labels) -> None:
        """Tags or marked characters must be there; [] says that there is no entity."""
        if example.tags is None:
            raise DataError(
                "neither tags nor entities here. Label the row (an empty list of entities says "
                "that there are none), or remove it",
                example.origin.path,
                example.origin.line,
            )

    def mistake(self, example: WordsExample, prediction: EntityPrediction) -> Wrong | None:
        """The surest of the sentence's wrong and missed entities."""
        return worst(example.text, example.words or (), example.tags or (), prediction)

    def baseline_input(self, example: WordsExample) -> list[str]:
        """The words."""
        return [example.text[start:end] for start, end in example.words or ()]

    def baseline_gold(self, example: WordsExample) -> list[str]:
        """Their tags."""
        return list(example.tags or ())

    def from_baseline(
        self, answer: Sequence[str], example: WordsExample, labels: Labels
    ) -> EntityPrediction:
        """Tags, as if they were certain."""
        return prediction_of(example.text, example.words or (), answer, [1.0] * len(answer))


def _crf_head(width: int, tags: int) -> nn.Module:
    from nlpengine_ner.crf import CrfHead

    return CrfHead(width, tags)


@hookimpl
def nlpengine_task() -> NamedEntities:
    """The named entity task."""
    return NamedEntities()
