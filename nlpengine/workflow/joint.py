"""JointModel: several tasks' heads on one encoder, all answered from one pass of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nlpengine.data import Column, Example, Record, needed_names
from nlpengine.encoding import Encoding
from nlpengine.errors import RowError, UsageError, did_you_mean
from nlpengine.workflow.inference import heads_logits
from nlpengine.workflow.model import Model, cut_note
from nlpengine.workflow.rows import Row, as_records, in_chunks

Prepared = tuple[list[Example | RowError], list[Encoding]]


@dataclass(frozen=True, slots=True)
class JointPrediction:
    """Every task's answer to one row.

    Attributes:
        answers: Task → its prediction, or the `RowError` that kept it from one; without the tasks
            whose fields the row doesn't have.
    """

    answers: Mapping[str, Any]

    def __getitem__(self, task: str) -> Any:
        return self.answers[task]

    @property
    def failed(self) -> bool:
        """Whether a task has an error in the place of its answer."""
        return any(isinstance(answer, RowError) for answer in self.answers.values())

    def to_json(self) -> dict[str, object]:
        """Task → what it would put into a row of its own, or its error."""
        return {
            task: {"error": answer.problem} if isinstance(answer, RowError) else answer.to_json()
            for task, answer in self.answers.items()
        }

    def to_text(self) -> str:
        """A paragraph a task."""
        parts = []
        for task, answer in self.answers.items():
            said = answer.problem if isinstance(answer, RowError) else answer.to_text()
            parts.append(f"{task}: {said}")
        return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class JointModel:
    """Models of several tasks with the same encoder.

    Windows that two tasks read alike pass the encoder once.

    Attributes:
        models: Task → model; their networks have one encoder in common.
    """

    models: Mapping[str, Model]

    def model(self, task: str) -> Model:
        """One task's model.

        Raises:
            UsageError: It is none of these.
        """
        if task not in self.models:
            known = ", ".join(self.models)
            raise UsageError(
                f"no head for the task {task!r}; there are {known}."
                + did_you_mean(task, self.models)
            )
        return self.models[task]

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences on choices that were made in opening them."""
        return tuple(note for model in self.models.values() for note in model.notes)

    @property
    def inputs(self) -> tuple[Column, ...]:
        """The fields that some task reads."""
        found: dict[str, Column] = {}
        for model in self.models.values():
            for column in model.task.inputs:
                aliases = column.aliases
                if column.name in found:
                    aliases = (*found[column.name].aliases, *aliases)
                found[column.name] = Column(column.name, tuple(dict.fromkeys(aliases)), False)
        return tuple(found.values())

    @property
    def read(self) -> tuple[Column, ...]:
        """Of a row to predict: the inputs, and what several rows may be about."""
        inputs = {column.name: column for column in self.inputs}
        others = {column.name: column for model in self.models.values() for column in model.read}
        return tuple({**others, **inputs}.values())

    @property
    def needed(self) -> tuple[str, ...]:
        """Names of the fields that a single prediction is given: what all tasks read."""
        return needed_names(self.inputs)

    @property
    def formats(self) -> tuple[str, ...]:
        """Formats of their own that some task reads."""
        names = (name for model in self.models.values() for name in model.formats)
        return tuple(dict.fromkeys(names))

    def __call__(self, text: Row | None = None, /, **named: Any) -> Any:
        """Predict one text or row; see `Model.__call__`.

        Returns:
            A `JointPrediction`.

        Raises:
            RowError: A task can't answer it, or none has its fields.
        """
        (answer,) = self.predict([named if text is None else text])
        return answer

    def predict(self, rows: Iterable[Row], *, errors: str = "raise") -> Iterator[Any]:
        """Predict any number of rows, in order, a chunk at a time.

        Args:
            rows: Texts or rows; each is answered by the tasks whose fields it has.
            errors: "raise" at the first bad row; or "return" a `RowError` in the place of a task's
                answer, or of the row's where no task has its fields.

        Returns:
            An iterator over a `JointPrediction` for each row.
        """

        def prepare(chunk: Sequence[Record]) -> tuple[int, dict[str, Asked]]:
            return len(chunk), {
                name: _ask(model, chunk, errors) for name, model in self.models.items()
            }

        def answer(made: tuple[int, dict[str, Asked]]) -> Iterator[Any]:
            count, asked = made
            answers = self._answers({name: own.prepared for name, own in asked.items()})
            places = {
                name: dict(zip(own.places, answers[name], strict=True))
                for name, own in asked.items()
            }
            for place in range(count):
                found = {name: own[place] for name, own in places.items() if place in own}
                if not found:
                    names = ", ".join(column.name for column in self.inputs)
                    error = RowError(f"no task has this row's fields; they read {names}.")
                    if errors == "raise":
                        raise error
                    yield error
                else:
                    yield JointPrediction(found)

        models = self.models.values()
        records: Iterable[Record] = as_records(rows, [m.task.inputs[0].name for m in models])
        for model in models:
            records = model.in_context(records)
        return in_chunks(records, prepare, answer)

    def _answers(self, prepared: Mapping[str, Prepared]) -> dict[str, list[Any]]:
        """Answers of each task to its own examples."""
        places: dict[tuple[bytes, bytes], int] = {}
        unique: list[Encoding] = []
        wanted: dict[str, list[int]] = {}
        for name, (_, encodings) in prepared.items():
            wanted[name] = []
            for encoding in encodings:
                key = encoding.input_ids.tobytes(), encoding.token_type_ids.tobytes()
                if key not in places:
                    places[key] = len(unique)
                    unique.append(encoding)
                wanted[name].append(places[key])
        networks = [model.network for model in self.models.values()]
        logits = dict(zip(self.models, heads_logits(networks, unique), strict=True))
        return {
            name: self.models[name].decode(
                items, encodings, [logits[name][place] for place in wanted[name]]
            )
            for name, (items, encodings) in prepared.items()
        }


def cut_notes(model: Model | JointModel) -> tuple[str, ...]:
    """What a model, or each of several tasks', has cut of the texts that it has predicted."""
    if isinstance(model, JointModel):
        notes = {task: cut_note(own) for task, own in model.models.items()}
        return tuple(f"{task}: {note}" for task, note in notes.items() if note)
    note = cut_note(model)
    return (note,) if note else ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What one task is asked in a chunk of rows.

    Attributes:
        places: Of the rows that have its fields.
        prepared: Their examples and windows.
    """

    places: list[int]
    prepared: Prepared


def _ask(model: Model, chunk: Sequence[Record], errors: str) -> Asked:
    inputs = model.task.inputs
    needed = {column.name for column in inputs if column.required}
    any_of = {column.name for column in inputs}

    def has_fields(row: Record) -> bool:
        given = {name for name, value in row.fields.items() if value is not None}
        return needed <= given and bool(any_of & given)

    places = [place for place, row in enumerate(chunk) if has_fields(row)]
    return Asked(places, model.prepare([chunk[place] for place in places], errors))
