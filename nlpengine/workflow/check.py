"""``data check``: everything that can be said of a data set before training on it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nlpengine.data.findings import Finding
from nlpengine.encoders.locate import locate
from nlpengine.encoding.tokenizer import Tokenizer
from nlpengine.encoding.windows import WindowPolicy
from nlpengine.plugin.manager import PluginManager
from nlpengine.workflow.config import RunConfig, make_options, window_size
from nlpengine.workflow.reading import read_examples
from nlpengine.workflow.tokens import check_tokens, encode_texts


@dataclass(frozen=True, slots=True)
class DataReport:
    """What a look at a data set brought up.

    Attributes:
        task: The task it was read for.
        source: What was read.
        notes: Choices made while reading.
        findings: What was found.
    """

    task: str
    source: str
    notes: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return sum(finding.level == "warning" for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """What ``data check --json`` prints."""
        return {
            "task": self.task,
            "source": self.source,
            "warnings": self.warnings,
            "notes": list(self.notes),
            "findings": [finding.to_json() for finding in self.findings],
        }


def check_data(config: RunConfig, plugins: PluginManager) -> DataReport:
    """Read a data set as a run would, and look at it.

    Args:
        config: What a run would be given: task, data, map, encoder, options. ``strict`` is the
            caller's, who has the report.
        plugins: Where tasks and encoders come from.

    Raises:
        DataError: The data can't be read.
        UsageError: The encoder takes no window of that length.
        EncoderUnavailable: The encoder, whose tokenizer counts the tokens, isn't here.
    """
    task = plugins.task(config.task)
    source = locate(config.encoder, plugins.encoder_spec)
    tokenizer = Tokenizer(source.folder)
    found = read_examples(config, task, make_options(task, config.options), plugins.readers)
    limit = source.spec.max_length if source.spec else _limit(source.folder, plugins)
    length, overlap = window_size(config, task.recipe, limit)
    policy = WindowPolicy(length, overlap, config.long_text, task.windows_over)
    findings = [*found.splits.findings]
    for name, examples in found.parts.items():
        texts = [example.texts for example in examples]
        encodings = encode_texts(tokenizer, texts, examples, policy)
        findings += check_tokens(encodings, tokenizer, policy, name)
    return DataReport(task.name, config.data, found.notes, tuple(findings))


def _limit(folder: Path, plugins: PluginManager) -> int:
    """Tokens that an encoder takes, by its config alone."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder, local_files_only=True)
    family = plugins.family(str(config.model_type))
    return int(config.max_position_embeddings) - family.position_offset(config)
