"""The run record: what run.json holds, and what ``--json`` prints."""

from __future__ import annotations

import importlib.metadata
import platform
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from nlpengine.metrics import Score, Scores

PACKAGES = (
    "nlpengine", "torch", "transformers", "tokenizers", "safetensors", "numpy", "scikit-learn",
    "scipy", "datasets", "pluggy",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BaselineScore:
    """A baseline beside the model, on the same test examples.

    Attributes:
        name: The baseline's.
        summary: What it does.
        note: What it chose.
        score: Its main metric.
        difference: Model minus baseline, resampled in pairs; None where no pairing is possible.
    """

    name: str
    summary: str
    note: str
    score: Score
    difference: Score | None

    @property
    def verdict(self) -> str:
        """One word: "better", "worse" or "level" (the interval holds 0)."""
        if self.difference is None or self.difference.low <= 0.0 <= self.difference.high:
            return "level"
        return "better" if self.difference.low > 0.0 else "worse"

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "name": self.name,
            "summary": self.summary,
            "note": self.note,
            "score": self.score.to_json(),
            "difference": None if self.difference is None else self.difference.to_json(),
            "verdict": self.verdict,
        }


@dataclass(frozen=True, slots=True)
class Mistake:
    """A test example that the model got wrong, surely.

    Attributes:
        text: The example's text; several as one.
        gold: Its label.
        predicted: The model's.
        score: The probability it gave, or what else `Wrong.score` says.
        origin: File and line, with the example's own id where it has one.
        texts: The texts apart, where there are several.
        detail: How bad it is, in words; empty where ``score`` is a probability.
    """

    text: str
    gold: str
    predicted: str
    score: float
    origin: str
    texts: tuple[str, ...] = ()
    detail: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """The text, or the texts."""
        return self.texts or (self.text,)


@dataclass(slots=True)
class RunRecord:
    """Everything about a run.

    Attributes:
        status: "running" until the end; "interrupted" after Ctrl-C; "failed" after an error.
        scores: On the test split; None until then.
        notes: Every choice that was made for the user.
        history: Evaluations while training.
        inputs: Names of the texts that a prediction needs.
    """

    task: str
    run_dir: Path
    encoder: dict[str, Any]
    config: dict[str, Any]
    data: dict[str, Any]
    seed: int
    device: dict[str, Any]
    plugins: list[dict[str, str]]
    versions: dict[str, str]
    labels: list[str]
    status: Literal["running", "finished", "interrupted", "failed"] = "running"
    scores: Scores | None = None
    baselines: list[BaselineScore] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    inputs: tuple[str, ...] = ("text",)

    def to_json(self) -> dict[str, Any]:
        """run.json; field names are fixed, more may be added."""
        scores = self.scores
        return {
            "format": 1,
            "status": self.status,
            "task": self.task,
            "encoder": self.encoder,
            "run_dir": str(self.run_dir),
            "metrics": {n: s.to_json() for n, s in scores.metrics.items()} if scores else {},
            "baselines": [baseline.to_json() for baseline in self.baselines],
            "timings": self.timings,
            "data": self.data,
            "seed": self.seed,
            "labels": self.labels,
            "inputs": list(self.inputs),
            "tables": [table.to_json() for table in scores.tables] if scores else [],
            "mistakes": [
                {
                    "text": m.text, "gold": m.gold, "predicted": m.predicted,
                    "score": m.score, "origin": m.origin, "texts": m.parts, "detail": m.detail,
                }
                for m in self.mistakes
            ],
            "training": self.training,
            "history": self.history,
            "notes": self.notes,
            "config": self.config,
            "device": self.device,
            "plugins": self.plugins,
            "versions": self.versions,
        }  # fmt: skip


def versions() -> dict[str, str]:
    """Versions of Python and the packages a result depends on."""
    found = {"python": platform.python_version(), "platform": platform.platform()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
