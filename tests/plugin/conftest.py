"""Throw-away distributions: a module and its metadata on a folder of the path."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Install = Callable[..., Path]

TASK = '''
"""A task that a stranger wrote."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from nlpengine.data import Column, TextExample
from nlpengine.heads import HeadSpec
from nlpengine.metrics import classification_scores, softmax
from nlpengine.plugin import Labels, Prediction, Task, hookimpl

Path(__file__).with_suffix(".imported").touch()


@dataclass(frozen=True)
class Options:
    """Options.

    Attributes:
        loudness: How loud it shouts.
    """

    loudness: int = 3


class Shout(Task[TextExample]):
    """Does it shout?"""

    name = "{name}"
    summary = "whether a text shouts"
    columns = (Column("text"), Column("label", required=False))
    options = Options

    def adapt(self, record):
        return TextExample(record.text("text"), record.fields.get("label"), record.origin)

    def label_set(self, examples, options):
        return Labels(tuple(sorted({{example.label for example in examples}})))

    def head(self, labels, options):
        return HeadSpec("sequence", len(labels.names))

    def gold(self, example, window, labels):
        return labels.index(example.label)

    def gold_of(self, example):
        return example.label

    def loss(self, logits, gold, labels, options):
        from torch import tensor
        from torch.nn.functional import cross_entropy

        return cross_entropy(logits, gold, reduction="sum"), tensor(float(len(gold)))

    def decode(self, example, windows, labels, options, state):
        row = softmax(np.stack([window.logits for window in windows]).mean(0)[None], 1.0)[0]
        best = int(row.argmax())
        scores = dict(zip(labels.names, map(float, row)))
        return Prediction(labels.names[best], float(row[best]), scores, len(windows))

    def score(self, gold, predictions, labels):
        truth = [example.label for example in gold]
        rows = np.asarray([list(p.scores.values()) for p in predictions])
        return classification_scores(
            truth, [p.label for p in predictions], labels.names, probabilities=rows
        )


@hookimpl
def nlpengine_task():
    return Shout()
'''
"""A whole task through the door alone; ``{name}`` is its name."""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Put a distribution on the path: (plugin's name, module's source) → the module's file."""
    site = tmp_path / "site"
    site.mkdir()
    modules = []
    for name in ("NLPENGINE_LOAD_PLUGINS", "NLPENGINE_STRICT_PLUGINS"):
        # Set first, so that what a command sets is undone where nothing was set before.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.syspath_prepend(site)  # which clears what importlib remembers, metadata too

    def call(
        task: str, source: str | None = None, *, distribution: str | None = None,
        module: str | None = None, version: str = "1.2", kind: str = "task",
        value: str | None = None, api: str | None = None, metadata: bool = True,
    ) -> Path:  # fmt: skip
        distribution = distribution or f"nlpengine-{task}"
        module = module or distribution.replace("-", "_")
        modules.append(module)
        file = site / f"{module}.py"
        file.write_text(TASK.format(name=task) if source is None else source, encoding="utf-8")
        info = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        if metadata:
            (info / "METADATA").write_text(
                f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
            )
        points = f"[nlpengine.{kind}s]\n{task} = {value or module}\n"
        if api is not None:
            points += f"[nlpengine.api]\n{api} = nlpengine.plugin\n"
        (info / "entry_points.txt").write_text(points)
        monkeypatch.syspath_prepend(site)
        return file

    yield call
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def states():
    """A fresh manager's states by distribution."""
    from nlpengine.plugin.manager import PluginManager

    return lambda: {state.entry.distribution: state for state in PluginManager().states()}
