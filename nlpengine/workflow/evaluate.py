"""Score a trained model on a labelled set."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from nlpengine.data import load_records
from nlpengine.data.readers import NO_READERS, Readers
from nlpengine.metrics import Scores
from nlpengine.workflow.model import Model
from nlpengine.workflow.reading import adapt_all, check_all
from nlpengine.workflow.tokens import truncation_notes


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of a model on a set it was not trained on.

    Attributes:
        scores: The task's.
        data: Source, size, fingerprints.
        notes: Choices that were made while reading.
        texts_per_s: Predicted per second, tokenising included.
    """

    scores: Scores
    data: dict[str, Any]
    notes: tuple[str, ...]
    texts_per_s: float

    def to_json(self) -> dict[str, Any]:
        """What ``evaluate --json`` prints."""
        return {
            "metrics": {name: score.to_json() for name, score in self.scores.metrics.items()},
            "tables": [table.to_json() for table in self.scores.tables],
            "data": self.data,
            "notes": list(self.notes),
            "timings": {"predict_texts_per_s": self.texts_per_s},
        }


def evaluate(
    model: Model,
    data: str,
    mapping: dict[str, str],
    readers: Readers = NO_READERS,
) -> Evaluation:
    """Read a labelled set (a folder's test split, or a file), predict it, score it.

    Args:
        model: Whose predictions.
        data: Where the rows are.
        mapping: Field → column.
        readers: Formats of plugins, and what all files are, where that is said.

    Raises:
        DataError: It can't be read, a row has no label, or a label is none of the model's.
    """
    task = model.task
    if data == "demo" and task.demo is not None:
        data = str(task.demo)
    records, notes, fingerprints = load_records(
        data,
        task.columns,
        mapping,
        task.label_column,
        labelled=True,
        classes=task.gold_is == "class",
        numbers=task.gold_is == "class or number" and not model.labels.names,
        formats=task.formats,
        left_out=task.left_out,
        readers=readers,
        in_context=model.in_context,
    )
    seen = sorted(name for name, digest in fingerprints.items() if digest in model.trained_on)
    if seen:
        notes = (
            f"{', '.join(seen)}: the model was trained or chosen on rows of this very file, so "
            "these scores flatter it. Its run's own are of rows that it had not seen.",
            *notes,
        )
    reviewed, more = task.review(adapt_all(task, {"test": records}), model.options)
    check_all(task, reviewed, model.labels)
    examples = reviewed["test"]
    began = time.perf_counter()
    predictions = model.predict_examples(examples)
    seconds = time.perf_counter() - began
    facts = {"source": data, "rows": len(examples), "files": dict(fingerprints)}
    scores = task.score(examples, predictions, model.labels)
    notes = (*notes, *more, *truncation_notes(model.tokenizer, model.policy, examples))
    return Evaluation(scores, facts, notes, len(examples) / seconds)
