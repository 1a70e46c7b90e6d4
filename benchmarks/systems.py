"""One encoder, several systems: nlpengine's ways to attend, and stock transformers'."""

import numpy as np
import torch
from transformers import AutoModel
from transformers.utils import is_flash_attn_2_available

from nlpengine.encoders.backends import choose_attention
from nlpengine.encoders.checkpoint import load_encoder
from nlpengine.encoders.families import FAMILIES
from nlpengine.encoders.kernels import choose_linear
from nlpengine.encoding.encoding import Encoding
from nlpengine.encoding.packing import fill, pack
from nlpengine.errors import UsageError
from nlpengine.workflow.optimiser import make_optimiser, normalise_and_clip, parameters_of

BASE = "stock sdpa"
"""What the others are compared with."""


class Own:
    """nlpengine, with one of its ways to attend."""

    def __init__(self, folder, device, backend, attention_dropout) -> None:
        self.device = device
        encoder = load_encoder(
            folder, choose_linear(device.torch), backend=backend,
            attention_dropout=attention_dropout,
        )  # fmt: skip
        self.encoder, self.model = encoder.to(device.torch), encoder.model
        self.head = torch.nn.Linear(encoder.config.hidden_size, 2).to(device.torch)

    def parts(self, ids, size):
        return [[ids[i] for i in part] for part in fill(lengths_of(ids), self.device.token_budget)]

    def hidden(self, ids, *, only_first=False):
        """Rows of a packed batch, and the texts' places among them."""
        encodings = [Encoding(i, np.zeros_like(i), 0, 0, 0, len(i)) for i in ids]
        batch = pack(encodings, self.encoder.position_offset).to(self.device.torch)
        with self.device.autocast():
            return self.encoder(batch, only_first=only_first), batch

    def rows(self, ids):
        """Hidden of each text."""
        hidden, batch = self.hidden(ids)
        apart = dict(zip(batch.order, hidden.split(batch.lengths), strict=True))
        return [apart[index] for index in range(len(ids))]

    def first(self, ids):
        """Hidden of first tokens, [N, width], in the order given."""
        hidden, batch = self.hidden(ids, only_first=True)
        back = torch.tensor(batch.order).argsort().to(hidden.device)
        return hidden[back]

    def logits(self, ids):
        with self.device.autocast():
            return self.head(self.first(ids)).float()

    def learner(self):
        """A function that does a step with the gradients that are there."""
        optimiser = make_optimiser((self.encoder, self.head), 5e-5, 0.01)
        parameters = parameters_of(optimiser)

        def step() -> None:
            normalise_and_clip(parameters, 1.0, 1.0)
            optimiser.step()
            torch._foreach_zero_([p.grad for p in parameters])

        return step


class Stock(Own):
    """The stock model on padded batches; its weights in half precision, or autocast."""

    def __init__(self, folder, device, attention, attention_dropout, *, half: bool) -> None:
        self.device, self.half = device, half
        kept = {} if attention_dropout is None else {
            "attention_probs_dropout_prob": attention_dropout
        }  # fmt: skip
        self.model = AutoModel.from_pretrained(
            folder, dtype=half_type(device) if half else torch.float32,
            attn_implementation=attention, add_pooling_layer=False, **kept,
        ).to(device.torch)  # fmt: skip
        self.head = torch.nn.Linear(self.model.config.hidden_size, 2).to(device.torch)

    def parts(self, ids, size):
        return [ids[start : start + size] for start in range(0, len(ids), size)]

    def hidden(self, ids, *, only_first=False):
        shape = len(ids), max(map(len, ids))
        padded, mask = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        for row, one in enumerate(ids):
            padded[row, : len(one)], mask[row, : len(one)] = one, 1
        tensors = [torch.from_numpy(t).to(self.device.torch) for t in (padded, mask)]
        if self.half:
            return self.model(*tensors).last_hidden_state, None
        with self.device.autocast():
            return self.model(*tensors).last_hidden_state, None

    def rows(self, ids):
        hidden, _ = self.hidden(ids)
        return [hidden[row, : len(one)] for row, one in enumerate(ids)]

    def first(self, ids):
        return self.hidden(ids)[0][:, 0]

    def learner(self):
        parameters = [*self.model.parameters(), *self.head.parameters()]
        optimiser = torch.optim.AdamW(parameters, lr=5e-5, weight_decay=0.01, fused=True)

        def step() -> None:
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            optimiser.zero_grad(set_to_none=False)  # so that both keep gradients allocated

        return step


def lengths_of(ids):
    return [len(one) for one in ids]


def half_type(device):
    return {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}[device.precision]


def systems(folder, device, dropout, *, training: bool):
    """Name → system; why one is missing is printed."""
    makers = {
        "nlpengine packed": lambda: Own(folder, device, "packed", dropout),
        "nlpengine varlen": lambda: Own(folder, device, varlen(device), dropout),
        BASE: lambda: Stock(folder, device, "sdpa", dropout, half=not training),
        "stock flash": lambda: Stock(folder, device, flash(), dropout, half=not training),
    }
    if training and dropout is None:
        del makers["nlpengine varlen"]  # it has no dropout: the same as packed
    found = {}
    for name, make in makers.items():
        try:
            found[name] = make()
        except (UsageError, ImportError, ValueError, RuntimeError) as error:
            print(f"without {name}: {error}", flush=True)
    return found


def varlen(device) -> str:
    return choose_attention(FAMILIES["bert"], device, "varlen").backend


def flash() -> str:
    if not is_flash_attn_2_available():
        raise ImportError("flash-attn isn't installed, or can't be used on this device")
    return "flash_attention_2"
