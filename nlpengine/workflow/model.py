"""Model: everything that turns a text into a prediction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from nlpengine.data import Column, Example, Record
from nlpengine.encoders.head_shapes import HeadShape
from nlpengine.encoding import Encoding
from nlpengine.encoding.tokenizer import Texts, Tokenizer, check_text
from nlpengine.encoding.windows import WindowPolicy
from nlpengine.errors import DataError, RowError, UsageError, did_you_mean
from nlpengine.plugin.contract import Task
from nlpengine.plugin.prediction import Labels, State, WindowLogits
from nlpengine.workflow.config import make_options
from nlpengine.workflow.inference import Floats, Network, window_logits
from nlpengine.workflow.rows import CHUNK, Row, as_records, in_chunks
from nlpengine.workflow.tokens import encode_texts


@dataclass(frozen=True, slots=True)
class Model:
    """A fine-tuned encoder with its head, task and labels.

    Attributes:
        task: The task.
        labels: Its labels.
        network: Encoder and head on their device.
        shape: The head's place in a stock checkpoint.
        tokenizer: The encoder's.
        policy: What becomes of long text.
        options: The task's options.
        state: What the task tuned on the dev split.
        origin: Where the encoder came from, for the record.
        notes: Sentences on choices that were made in opening it.
        trained_on: sha256 of the files that hold rows it was trained or chosen on.
    """

    task: Task[Any]
    labels: Labels
    network: Network
    shape: HeadShape
    tokenizer: Tokenizer
    policy: WindowPolicy
    options: Any
    state: State = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    trained_on: tuple[str, ...] = ()
    # Texts that were cut since it was opened; a copy with other options counts along.
    _cut: Counter[str] = field(default_factory=Counter, repr=False, compare=False)

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The fields that it reads."""
        return self.task.inputs

    @property
    def read(self) -> tuple[Column, ...]:
        """Of a row to predict: the inputs, and what several rows may be about."""
        inputs, together = self.task.inputs, self.task.together
        return tuple(c for c in self.task.columns if c in inputs or c.name == together)

    @property
    def needed(self) -> tuple[str, ...]:
        """Names of the fields that a single prediction is given, in order."""
        return self.task.needed

    @property
    def formats(self) -> tuple[str, ...]:
        """Formats of its task's own that it reads."""
        return self.task.formats

    def __call__(self, text: Row | None = None, /, **named: Any) -> Any:
        """Predict one text or row.

        Args:
            text: A text, or a row with the task's fields.
            named: The task's fields by name instead (``question=…, context=…``); or options of the
                task to use for this call (``top_k=3``).

        Raises:
            RowError: It can't be predicted.
            UsageError: A name is neither a field nor an option, a value is none for its option, or
                both kinds of row were given.
        """
        columns = {column.name for column in self.task.columns}
        options = {option.name for option in fields(self.task.options)} - columns
        for name in named.keys() - columns - options:
            known = sorted(columns | options)
            raise UsageError(
                f"{name}=…: the task {self.task.name!r} has no such field or option; it has "
                f"{', '.join(known)}.{did_you_mean(name, known)}"
            )
        row = {name: value for name, value in named.items() if name in columns}
        if (text is None) == (not row):
            raise UsageError("give either a text or row, or the task's fields by name.")
        own = {name: value for name, value in named.items() if name in options}
        model = self
        if own:
            model = replace(self, options=make_options(self.task, asdict(self.options) | own))
        (answer,) = model.predict([row if text is None else text])
        return answer

    def predict(self, rows: Iterable[Row], *, errors: str = "raise") -> Iterator[Any]:
        """Predict any number of rows, in order, a chunk at a time.

        Args:
            rows: Texts or rows; read as the answers are consumed.
            errors: "raise" at the first bad row, or "return" its `RowError` in the answer's place.

        Returns:
            An iterator over the task's prediction for each row.
        """
        records = self.in_context(as_records(rows, [self.task.inputs[0].name]))
        return in_chunks(
            records, lambda chunk: self.prepare(chunk, errors), lambda made: self._answer(*made)
        )

    def in_context(self, records: Iterable[Record]) -> Iterator[Record]:
        """Rows in the order of their file, with what the task takes of their neighbours.

        What their source raises is raised after the rows that the task holds back by then.
        """
        failed: list[Exception] = []

        def until_failure() -> Iterator[Record]:
            try:
                yield from records
            except Exception as error:
                failed.append(error)

        yield from self.task.in_context(until_failure(), self.options)
        if failed:
            raise failed[0]

    def predict_examples(self, examples: Sequence[Example]) -> list[Any]:
        """Predict examples, in order."""
        answers: list[Any] = []
        for start in range(0, len(examples), CHUNK):
            chunk = examples[start : start + CHUNK]
            answers += self._answer(list(chunk), self._counted(chunk))
        return answers

    def encode(self, examples: Sequence[Example]) -> list[Encoding]:
        """All windows of some examples, in order."""
        texts = [self.task.readings(example, self.options) for example in examples]
        owners = [example for example, own in zip(examples, texts, strict=True) for _ in own]
        encodings = self._encode([reading for own in texts for reading in own], owners)
        if len(owners) == len(examples):
            return encodings
        numbers = [number for number, own in enumerate(texts) for _ in own]
        return [replace(e, example=numbers[e.example]) for e in encodings]

    def encode_training(self, examples: Sequence[Example]) -> list[Encoding]:
        """All windows of some examples as training reads them: each in one version."""
        return self._encode([example.texts for example in examples], examples)

    def _encode(self, texts: Sequence[Texts], examples: Sequence[Example]) -> list[Encoding]:
        offsets = self.network.kind != "sequence"
        return encode_texts(self.tokenizer, texts, examples, self.policy, offsets=offsets)

    def windows(self, count: int, encodings: Sequence[Encoding]) -> list[list[WindowLogits]]:
        """Logits of all windows, per example.

        Args:
            count: Number of examples.
            encodings: Their windows.
        """
        return by_example(count, encodings, window_logits(self.network, encodings))

    def prepare(
        self, chunk: Sequence[Record], errors: str
    ) -> tuple[list[Example | RowError], list[Encoding]]:
        """Rows → their examples, and the windows of those that can be predicted.

        Args:
            chunk: The rows.
            errors: As in `predict`.
        """
        items: list[Example | RowError] = []
        gold = {c.name for c in self.task.columns if c.role == "gold"} | {self.task.label_column}
        for row in chunk:
            try:
                items.append(self._adapt(row, gold))
            except DataError as error:
                if errors == "raise":
                    raise
                items.append(error if isinstance(error, RowError) else RowError(str(error)))
        try:
            return items, self._counted([item for item in items if not isinstance(item, RowError)])
        except RowError:
            if errors == "raise":
                raise
        # Rare: one by one, to find those that can't be encoded.
        items = [item if isinstance(item, RowError) else self._checked(item) for item in items]
        return items, self._counted([item for item in items if not isinstance(item, RowError)])

    def _counted(self, examples: Sequence[Example]) -> list[Encoding]:
        """As `encode`; what is cut on the way is counted."""
        encodings = self.encode(examples)
        if self.policy.long_text == "truncate":
            # Only a full window can be one of a text that was cut.
            full = {e.example for e in encodings if len(e) == self.policy.max_length}
            readings = (self.task.readings(examples[n], self.options) for n in full)
            self._cut["texts"] += sum(
                self.tokenizer.truncated(texts, self.policy) > 0 for texts in readings
            )
        return encodings

    def _checked(self, example: Example) -> Example | RowError:
        try:
            self.encode([example])
        except RowError as error:
            return error
        return example

    def _adapt(self, row: Record, gold: Set[str | None]) -> Example:
        # Gold is not read, as a file of rows to predict may have any: it must not be wrong either.
        if not gold.isdisjoint(row.fields):
            kept = {name: value for name, value in row.fields.items() if name not in gold}
            row = Record(kept, row.origin)
        example: Example = self.task.adapt(row)
        for text in example.texts:
            check_text(text)
        return example

    def _answer(
        self, items: Sequence[Example | RowError], encodings: Sequence[Encoding]
    ) -> list[Any]:
        return self.decode(items, encodings, window_logits(self.network, encodings))

    def decode(
        self,
        items: Sequence[Example | RowError],
        encodings: Sequence[Encoding],
        logits: Sequence[Floats],
    ) -> list[Any]:
        """Predictions of examples from the logits of their windows; an error stays in its place.

        Args:
            items: Examples, or what is wrong with their row.
            encodings: All windows of the examples.
            logits: Of each window.
        """
        examples = [item for item in items if not isinstance(item, RowError)]
        decoded = iter(
            self.task.decode(example, windows, self.labels, self.options, self.state)
            for example, windows in zip(
                examples, by_example(len(examples), encodings, logits), strict=True
            )
        )
        return [item if isinstance(item, RowError) else next(decoded) for item in items]


def cut_note(model: Model) -> str:
    """How many of the texts that a model has predicted so far it cut; empty for none."""
    cut, longest = model._cut["texts"], model.policy.max_length
    said = f"texts truncated to {longest} tokens, as the model was trained to: {cut}"
    return said if cut else ""


def by_example(
    count: int, encodings: Sequence[Encoding], logits: Sequence[Floats]
) -> list[list[WindowLogits]]:
    """Windows with their logits, per example."""
    grouped: list[list[WindowLogits]] = [[] for _ in range(count)]
    for encoding, own in zip(encodings, logits, strict=True):
        grouped[encoding.example].append(WindowLogits(encoding, own))
    return grouped
