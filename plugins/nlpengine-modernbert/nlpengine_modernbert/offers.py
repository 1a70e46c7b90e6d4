"""The encoders, each an object whose hook gives it; the entry points name them."""

from __future__ import annotations

from nlpengine.plugin.encoder import EncoderOffer, EncoderSpec, Family, hookimpl
from nlpengine_modernbert.families import ELECTRA, MODERNBERT


class Offer:
    """An entry point's object.

    Args:
        spec: The encoder.
        family: Its family.
    """

    def __init__(self, spec: EncoderSpec, family: Family) -> None:
        self._offer = EncoderOffer(spec, family)

    @hookimpl
    def nlpengine_encoder(self) -> EncoderOffer:
        """The encoder."""
        return self._offer


def _modernbert(name: str, layers: int, width: int, inner: int, parameters: int) -> Offer:
    spec = EncoderSpec(
        name=f"modernbert-{name}",
        family="modernbert",
        hub_id=f"answerdotai/ModernBERT-{name}",
        layers=layers,
        width=width,
        heads=width // 64,
        vocabulary=50368,
        parameters=parameters,
        max_length=8192,
        cased=True,
        languages="en",
        licence="Apache-2.0",
        learning_rate=5e-5,
        settings={"intermediate_size": inner},
    )
    return Offer(spec, MODERNBERT)


def _electra(name: str, width: int, embedding: int, layers: int, parameters: int) -> Offer:
    spec = EncoderSpec(
        name=f"electra-{name}",
        family="electra",
        hub_id=f"google/electra-{name}-discriminator",
        layers=layers,
        width=width,
        heads=width // 64,
        vocabulary=30522,
        parameters=parameters,
        max_length=512,
        cased=False,
        languages="en",
        licence="Apache-2.0",
        learning_rate=1e-4 if name != "large" else 5e-5,
        settings={"embedding_size": embedding, "intermediate_size": 4 * width},
    )
    return Offer(spec, ELECTRA)


MODERNBERT_BASE = _modernbert("base", 22, 768, 1152, 149_014_272)
MODERNBERT_LARGE = _modernbert("large", 28, 1024, 2624, 394_781_696)
ELECTRA_SMALL = _electra("small", 256, 128, 12, 13_483_008)
ELECTRA_BASE = _electra("base", 768, 768, 12, 108_891_648)
ELECTRA_LARGE = _electra("large", 1024, 1024, 24, 334_092_288)
