"""RunConfig: every setting of a run, checked; what the user left open is filled from recipes."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from nlpengine.encoders.device import Precision
from nlpengine.encoders.spec import EncoderSpec
from nlpengine.encoding.windows import default_overlap
from nlpengine.errors import UsageError, did_you_mean
from nlpengine.plugin.contract import Recipe, Task

DEFAULT_ENCODER = "minilm"
DEFAULT_LEARNING_RATE = 2e-5
"""For encoders that the catalog doesn't know; the rate of the BERT paper's middle setting."""
SCRATCH_LEARNING_RATE = 1e-4
"""The least for fresh weights, which a fine-tuning rate hardly moves: BERT pre-trained with it."""

HEAD_LEARNING_RATE = 1e-3
"""The least where the encoder is frozen and a fresh head alone has to move."""


class RunConfig(BaseModel):
    """The settings of ``run``; field names are the flags' names.

    None means: take the recipe's value (`resolve`), which is then printed and recorded.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    encoder: str = DEFAULT_ENCODER
    from_scratch: bool = False
    data: str = "demo"
    format: str | None = None
    map: dict[str, str] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)
    epochs: int | None = Field(default=None, ge=1)
    lr: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    batch_size: int | None = Field(default=None, ge=1)
    batch_tokens: int | None = Field(default=None, ge=8)
    max_length: int | None = Field(default=None, ge=4)
    overlap: int | None = Field(default=None, ge=0)
    long_text: Literal["windows", "truncate"] = "windows"
    weight_decay: float = Field(default=0.01, ge=0, allow_inf_nan=False)
    warmup: float = Field(default=0.06, ge=0, lt=1)
    clip: float = Field(default=1.0, gt=0)
    attention_dropout: float | None = Field(default=None, ge=0, lt=1)
    evaluate_every: int | None = Field(default=None, ge=1)
    patience: int | None = Field(default=None, ge=1)
    head: Literal["auto", "keep", "new"] = "auto"
    add_head: bool = False
    baseline: bool = True
    seed: int = Field(default=0, ge=0, le=2**32 - 1)  # what every library takes
    limit: int | None = Field(default=None, ge=1)
    strict: bool = False
    device: str = "auto"
    precision: Precision = "auto"
    attention: Literal["auto", "packed", "varlen", "padded"] = "auto"
    output: Path | None = None

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return self.model_dump(mode="json")


def make_config(values: Mapping[str, Any]) -> RunConfig:
    """Check settings.

    Raises:
        UsageError: An unknown setting (with the nearest), or a value out of its range.
    """
    try:
        return RunConfig(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            hint = did_you_mean(name, RunConfig.model_fields)
            raise UsageError(f"unknown setting {name!r}.{hint}") from error
        raise UsageError(_wrong_value(error)) from error


def read_config_file(path: Path) -> dict[str, Any]:
    """Settings from a TOML file.

    Raises:
        UsageError: It is missing or no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(f"--config {path}: no such file.") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"--config {path}: {error}") from error


def make_options(task: Task[Any], values: Mapping[str, Any]) -> Any:
    """The task's options from settings.

    Raises:
        UsageError: An option that the task doesn't have, or a value that it refuses.
    """
    known = {field.name for field in dataclasses.fields(task.options)}
    for name in values.keys() - known:
        has = f"it has {', '.join(sorted(known))}" if known else "it has none"
        raise UsageError(
            f"the task {task.name!r} has no option {name!r}; {has}.{did_you_mean(name, known)}"
        )
    try:
        return TypeAdapter(task.options).validate_python(values)
    except ValidationError as error:
        raise UsageError(f"options of {task.name!r}: {_wrong_value(error)}") from error
    except (TypeError, ValueError) as error:
        raise UsageError(f"options of {task.name!r}: {error}") from error


def _wrong_value(error: ValidationError) -> str:
    """The first of pydantic's complaints: ``epochs = 0: input should be greater than 0.``"""
    first = error.errors()[0]
    if first["type"] == "value_error":  # the dataclass's own words
        return str(first["ctx"]["error"])
    # Of a union, each member complains about the same input.
    same = [
        e
        for e in error.errors()
        if e["loc"][:1] == first["loc"][:1] and e["input"] is first["input"]
    ]
    name = ".".join(str(part) for part in first["loc"][: 1 if len(same) > 1 else None])
    said = ", or ".join(e["msg"].lower() for e in same)
    return f"{name} = {first['input']!r}: {said}."


def resolve(
    config: RunConfig,
    recipe: Recipe,
    spec: EncoderSpec | None,
    windows: int,
    limit: int,
    budget: int,
) -> tuple[RunConfig, tuple[str, ...]]:
    """Fill what was left open.

    Args:
        config: As given.
        recipe: The task's.
        spec: The encoder's catalog row, where it has one.
        windows: Training windows.
        limit: The encoder's own maximum length, in tokens.
        budget: The device's default micro-batch, in tokens.

    Returns:
        The settings to run with, and a sentence for each that was chosen here.

    Raises:
        UsageError: A length the encoder can't take, or a micro-batch too small for one window.
    """
    chosen: dict[str, Any] = {}
    batch_size = config.batch_size or recipe.batch_size
    if config.batch_size is None:
        chosen["batch_size"] = batch_size
    if config.lr is None:
        rate = (spec.learning_rate if spec else DEFAULT_LEARNING_RATE) * recipe.lr_factor
        least = HEAD_LEARNING_RATE if config.add_head else 0.0
        least = SCRATCH_LEARNING_RATE if config.from_scratch else least
        chosen["lr"] = max(rate, least)
    if config.epochs is None:
        steps = -(-windows // batch_size)
        wanted = -(-recipe.min_steps // max(1, steps))
        chosen["epochs"] = max(recipe.epochs, min(recipe.max_epochs, wanted))
    max_length, chosen["overlap"] = window_size(config, recipe, limit)
    chosen["max_length"] = max_length
    chosen["batch_tokens"] = config.batch_tokens or max(budget, max_length)
    if chosen["batch_tokens"] < max_length:
        raise UsageError(
            f"--batch-tokens {config.batch_tokens}: one window alone has up to {max_length} tokens."
        )
    notes = tuple(
        f"{name} {value:g} (recipe)" for name, value in chosen.items() if name in _RECIPE_NAMES
    )
    return config.model_copy(update=chosen), notes


def window_size(config: RunConfig, recipe: Recipe, limit: int) -> tuple[int, int]:
    """Tokens in a window, and how many of them neighbouring windows share.

    Args:
        config: As given.
        recipe: The task's.
        limit: The encoder's own maximum length, in tokens.

    Raises:
        UsageError: A length that the encoder can't take.
    """
    length = config.max_length or min(recipe.max_length or limit, limit)
    if length > limit:
        raise UsageError(f"--max-length {length}: {config.encoder} takes at most {limit} tokens.")
    if config.overlap is not None:
        return length, config.overlap
    if recipe.overlap is not None and recipe.overlap < length // 2:
        return length, recipe.overlap
    return length, default_overlap(length)


_RECIPE_NAMES = ("epochs", "lr", "batch_size")
