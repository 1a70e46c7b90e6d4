"""What a family must hold to run here: inherit `EncoderContract`, name the family, get the tests.

Example::

    class TestElectra(EncoderContract):
        family = ELECTRA
        config = ElectraConfig(vocab_size=120, hidden_size=32, …)
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nlpengine.encoders.architecture import architecture, bare_model
from nlpengine.encoders.backends import Backend
from nlpengine.encoders.checkpoint import (
    build_head,
    load_encoder,
    load_head_weights,
    merged_state,
    save_checkpoint,
)
from nlpengine.encoders.device import choose_device
from nlpengine.encoders.families import Family
from nlpengine.encoders.head_shapes import HeadShape
from nlpengine.encoders.kernels import LinearChoice
from nlpengine.encoders.spec import EncoderSpec
from nlpengine.encoding import Encoding
from nlpengine.heads import HeadKind
from nlpengine.plugin.encoder import EncoderOffer
from nlpengine.workflow.inference import Network, TokenBudget, window_logits

SIZES: dict[HeadKind, int] = {"sequence": 3, "token": 5, "span": 2}
VOCABULARY = 120
LENGTHS = (3, 17, 4, 4, 30, 90, 2, 9, 9, 9, 28, 31)
every_head = pytest.mark.parametrize("kind", list(SIZES))


class EncoderContract:
    """Packed equals the stock padded model, alone or in a batch; checkpoints travel both ways.

    Attributes:
        family: The family under test.
        config: A small configuration of it: dropout may be on, at least 90 positions.
    """

    family: ClassVar[Family]
    config: ClassVar[Any]

    def stock(self, kind: HeadKind) -> Any:
        """A stock model with every parameter random: zero biases would hide mistakes."""
        from transformers import (
            AutoModelForQuestionAnswering,
            AutoModelForSequenceClassification,
            AutoModelForTokenClassification,
        )

        classes: dict[HeadKind, Any] = {
            "sequence": AutoModelForSequenceClassification,
            "token": AutoModelForTokenClassification,
            "span": AutoModelForQuestionAnswering,
        }
        config = type(self.config).from_dict(self.config.to_dict() | {"num_labels": SIZES[kind]})
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = classes[kind].from_config(config).eval()
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.add_(0.2 * torch.randn_like(parameter))
        return model

    def windows(self, lengths: Sequence[int] = LENGTHS, seed: int = 0) -> list[Encoding]:
        """Random ids; two segments where the family has them."""
        generator = np.random.default_rng(seed)
        segments = self.family.segments and getattr(self.config, "type_vocab_size", 0) > 1
        found = []
        for length in lengths:
            ids = generator.integers(5, self.config.vocab_size, length).astype(np.int32)
            types = np.zeros_like(ids)
            types[length // 2 :] = int(segments)
            found.append(Encoding(ids, types, 0, 0, 0, length))
        return found

    def stock_logits(self, model: Any, kind: HeadKind, windows: Sequence[Encoding]) -> list[Tensor]:
        """Of a batch padded to its longest: [labels] or [tokens, labels] each."""
        shape = len(windows), max(map(len, windows))
        ids = torch.full(shape, model.config.pad_token_id or 0)
        mask, types = torch.zeros(shape, dtype=torch.long), torch.zeros(shape, dtype=torch.long)
        for row, one in enumerate(windows):
            ids[row, : len(one)] = torch.from_numpy(one.input_ids.astype(np.int64))
            types[row, : len(one)] = torch.from_numpy(one.token_type_ids.astype(np.int64))
            mask[row, : len(one)] = 1
        segments = {"token_type_ids": types} if self.family.segments else {}
        out = model(input_ids=ids, attention_mask=mask, **segments)
        if kind == "sequence":
            return list(out.logits)
        spans = kind == "span"
        rows = torch.stack([out.start_logits, out.end_logits], -1) if spans else out.logits
        return [row[: len(one)] for row, one in zip(rows, windows, strict=True)]

    def network(
        self, folder: Path, kind: HeadKind, backend: Backend = "packed"
    ) -> tuple[Network, HeadShape]:
        """Encoder and head of a stock checkpoint."""
        encoder = load_encoder(
            folder, LinearChoice(False, "test"), family=self.family, backend=backend
        )
        shape = self.family.heads[kind]
        head: nn.Module = build_head(encoder.config, shape, SIZES[kind], seed=1)
        missing = load_head_weights(head, folder, self.family, shape, tuple(shape.names))
        assert missing == [], f"the head's {missing} are not among the stock checkpoint's names"
        network = Network(
            encoder.eval(),
            head.eval(),
            kind,
            choose_device("cpu", "fp32"),
            TokenBudget(100_000),
            pooling=shape.pooling(encoder.config),
        )
        return network, shape

    @every_head
    @pytest.mark.parametrize("backend", ["packed", "padded"])
    def test_a_stock_checkpoint_gives_the_same_logits_here(
        self, kind: HeadKind, backend: Backend, tmp_path: Path
    ) -> None:
        """Within 1e-5."""
        model, windows = self.stock(kind), self.windows()
        model.save_pretrained(tmp_path)
        network, _ = self.network(tmp_path, kind, backend)
        expected = [row.detach().numpy() for row in self.stock_logits(model, kind, windows)]
        found = window_logits(network, windows)
        _check_equal(expected, found, f"{backend} logits beside the stock model's")
        assert max(np.ptp(row) for row in expected) > 0.1, "the stock model's logits are all alike"

    @every_head
    def test_gradients_equal_the_stock_padded_model(self, kind: HeadKind, tmp_path: Path) -> None:
        """Of all parameters: norm of the difference within 1e-4 of the norm."""
        model, windows = self.stock(kind), self.windows()
        model.save_pretrained(tmp_path)
        rows = self.stock_logits(model, kind, windows)
        torch.cat([row.reshape(-1) for row in rows]).square().sum().backward()
        network, shape = self.network(tmp_path, kind)
        network.forward(network.pack(windows)).square().sum().backward()
        expected = {n: p.grad for n, p in model.named_parameters() if p.grad is not None}
        found = {
            self.family.prefix + n: p.grad
            for n, p in network.encoder.model.named_parameters()
            if p.grad is not None
        }
        for own, stored in shape.names.items():
            for name, parameter in network.head.named_parameters():
                if name.startswith(own) and parameter.grad is not None:
                    found[stored + name.removeprefix(own)] = parameter.grad
        assert expected.keys() == found.keys(), "not the same parameters have gradients"
        difference = torch.cat([(expected[n] - found[n]).flatten() for n in expected])
        norm = torch.cat([gradient.flatten() for gradient in expected.values()]).norm()
        share = float(difference.norm() / norm)
        assert share <= 1e-4, f"gradients are {share:.1e} of their norm apart"

    @every_head
    def test_what_is_saved_here_opens_in_the_stock_class(
        self, kind: HeadKind, tmp_path: Path
    ) -> None:
        """With the same names and labels, and logits within 1e-5."""
        first, second = tmp_path / "first", tmp_path / "second"
        stock, windows = self.stock(kind), self.windows()
        stock.save_pretrained(first)
        second.mkdir()
        network, shape = self.network(first, kind)
        assert merged_state(network.encoder, network.head, shape).keys() == (
            stock.state_dict().keys()
        )
        with torch.no_grad():
            for parameter in network.head.parameters():
                parameter.mul_(1.5)
        labels = [f"label {index}" for index in range(SIZES[kind])]
        save_checkpoint(second, network.encoder, network.head, shape, labels)
        again, report = type(stock).from_pretrained(
            second, dtype=torch.float32, output_loading_info=True
        )
        odd = sorted(report["missing_keys"]) + sorted(report["unexpected_keys"])
        assert not odd, f"missing or unexpected in the stock class: {odd}"
        rows = self.stock_logits(again.eval(), kind, windows)
        expected = [row.detach().numpy() for row in rows]
        _check_equal(expected, window_logits(network, windows), "a saved checkpoint opened again")
        assert list(again.config.id2label.values()) == labels

    def test_a_text_alone_equals_the_text_in_a_batch(self, tmp_path: Path) -> None:
        """Within 1e-5, and in any order."""
        self.stock("token").save_pretrained(tmp_path)
        network, _ = self.network(tmp_path, "token")
        windows = self.windows()
        alone = [window_logits(network, [one])[0] for one in windows]
        _check_equal(alone, window_logits(network, windows), "texts alone and in a batch")
        turned = window_logits(network, windows[::-1])
        _check_equal(alone[::-1], turned, "a batch in another order")

    def test_first_tokens_alone_are_the_rows_of_the_whole(self, tmp_path: Path) -> None:
        """What a sequence head reads is what a token head would read there."""
        self.stock("sequence").save_pretrained(tmp_path)
        network, _ = self.network(tmp_path, "sequence")
        batch = network.pack(self.windows())
        with torch.no_grad():
            whole = network.encoder(batch)
            first = network.encoder(batch, only_first=True)
        _check_equal(list(whole[batch.cu_seqlens[:-1]].numpy()), list(first.numpy()), "first rows")

    def test_a_border_that_is_not_planned_would_be_noticed(self, tmp_path: Path) -> None:
        """Negative control: the comparisons above see texts leaking into each other."""
        self.stock("token").save_pretrained(tmp_path)
        network, _ = self.network(tmp_path, "token")
        one, two = self.windows([10, 10])
        ids = np.concatenate([one.input_ids, two.input_ids])
        leaky = Encoding(ids, np.zeros_like(ids), 0, 0, 0, 20)
        apart = window_logits(network, [one])[0]
        leak = np.abs(window_logits(network, [leaky])[0][:10] - apart).max()
        assert leak > 1e-3, "two texts as one give the same logits: the comparisons see no leak"


def small_config(offer: EncoderOffer) -> Any:
    """The configuration of an offer's architecture, narrow and of few layers.

    Args:
        offer: Its row says the family and the settings.
    """
    sizes = {"intermediate_size": 48, "embedding_size": 16}
    settings = {name: sizes.get(name, value) for name, value in offer.spec.settings.items()}
    small = dataclasses.replace(
        offer.spec, layers=3, width=32, heads=2, vocabulary=VOCABULARY, max_length=98,
        settings={**settings, "intermediate_size": 48},
    )  # fmt: skip
    config = architecture(small)
    for name in ("pad", "bos", "eos", "cls", "sep"):
        if (getattr(config, f"{name}_token_id", None) or 0) >= VOCABULARY:
            setattr(config, f"{name}_token_id", 0 if name == "pad" else 1)
    return config


def count_parameters(spec: EncoderSpec, family: Family | None = None) -> int:
    """Parameters of the architecture that a catalog row describes; no memory is taken for them.

    Args:
        spec: The row.
        family: As in `bare_model`.
    """
    with torch.device("meta"):
        model = bare_model(architecture(spec), family)
    return sum(parameter.numel() for parameter in model.parameters())


def _check_equal(expected: Sequence[Any], found: Sequence[Any], what: str) -> None:
    """Within 1e-5 of values up to 1, and of the largest value beyond."""
    apart = max(np.abs(a - b).max() for a, b in zip(expected, found, strict=True))
    scale = max(1.0, *(np.abs(row).max() for row in expected))
    assert apart <= 1e-5 * scale, f"{what}: {apart:.1e} apart, where values reach {scale:.1f}"
