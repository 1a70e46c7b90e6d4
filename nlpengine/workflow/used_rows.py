"""Word embeddings in training: only the rows that the data names have anything to learn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from nlpengine.encoding import Encoding


class UsedRows(nn.Module):
    """Stands in for the word embeddings while they are trained.

    A row that no token of the data names never has a gradient, so AdamW keeps no momentum for it:
    of its update only the decay is left, a factor. Such rows are no parameters here. Gradients,
    moments, norms and zeroing are those of the others alone, at the same result.

    Args:
        embedding: The stock embeddings; their memory is taken until `give_back`.
        used: Ids of tokens that training may meet, ascending, [K].
    """

    def __init__(self, embedding: nn.Embedding, used: Tensor) -> None:
        super().__init__()
        rows = len(embedding.weight)
        unused = torch.ones(rows, dtype=torch.bool)
        unused[used] = False
        order = torch.cat([used, unused.nonzero()[:, 0]])
        place = torch.empty(rows, dtype=torch.long)
        place[order] = torch.arange(rows)
        device = embedding.weight.device
        self._place = place.to(device)
        padding = embedding.padding_idx
        self._padding = None if padding is None else int(place[padding])
        # The parameter and the rest are views of one table, which evaluation reads as a whole.
        self._table = embedding.weight.detach()[order.to(device)]
        self.weight = nn.Parameter(self._table[: len(used)])
        self.register_buffer("rest", self._table[len(used) :])
        self._owed = 1.0
        self.register_state_dict_pre_hook(self._settle)  # type: ignore[no-untyped-call]  # torch's
        self.register_load_state_dict_pre_hook(self._settle)  # type: ignore[no-untyped-call]  # torch's
        embedding.weight.data = self._table.new_empty(0)

    def decay(self, optimiser: torch.optim.Optimizer, *_: object) -> None:
        """Owe the rest what AdamW's decay takes in one step (a hook after the step)."""
        for group in optimiser.param_groups:
            if any(parameter is self.weight for parameter in group["params"]):
                self._owed *= 1.0 - group["lr"] * group["weight_decay"]

    def forward(self, ids: Tensor) -> Tensor:
        """Rows of tokens [...] → [..., width]; of any token, unless gradients are on."""
        places = self._place[ids]
        if not torch.is_grad_enabled():
            self._settle()
            return functional.embedding(places, self._table)
        # A step touches a few hundred rows: on the CPU a dense gradient, built and added for all of
        # them, is 6 % of it. Rows are added into the same gradient, which stays dense.
        sparse = self.weight.device.type == "cpu"
        return functional.embedding(places, self.weight, self._padding, sparse=sparse)

    def give_back(self, embedding: nn.Embedding) -> None:
        """Put all rows back into the stock embeddings."""
        self._settle()
        embedding.weight.data = self._table[self._place]

    @torch.no_grad()
    def _settle(self, *_: object) -> None:
        """Take what is owed, before anybody reads or replaces the rest."""
        if self._owed != 1.0:
            self._table[len(self.weight) :].mul_(self._owed)
            self._owed = 1.0


@contextmanager
def used_rows(model: nn.Module, encodings: Iterable[Encoding]) -> Iterator[UsedRows | None]:
    """Train no more rows of a stock model's word embeddings than the data names.

    Args:
        model: A stock model. Embeddings that are frozen, or not a plain ``nn.Embedding``, stay as
            they are.
        encodings: All that it will be trained on.

    Yields:
        What stands in for the embeddings; None where they stayed.
    """
    find = getattr(model, "get_input_embeddings", None)
    embedding = find() if find else None
    if (
        type(embedding) is not nn.Embedding
        or not embedding.weight.requires_grad
        or embedding.max_norm is not None
        or embedding.scale_grad_by_freq
    ):
        yield None
        return
    filling = getattr(model.config, "pad_token_id", None) or 0
    rows = {0, filling, *np.unique(np.concatenate([e.input_ids for e in encodings])).tolist()}
    standing_in = UsedRows(embedding, torch.tensor(sorted(rows)))
    model.set_input_embeddings(standing_in)  # type: ignore[operator]  # a method of stock models
    try:
        yield standing_in
    finally:
        standing_in.give_back(embedding)
        model.set_input_embeddings(embedding)  # type: ignore[operator]  # likewise
