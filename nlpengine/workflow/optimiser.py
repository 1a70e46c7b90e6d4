"""AdamW (Loshchilov & Hutter 2019) with linear warm-up and decay, as BERT is fine-tuned."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import torch
from torch import Tensor, nn

from nlpengine.workflow.used_rows import UsedRows


def make_optimiser(
    modules: Iterable[nn.Module], lr: float, weight_decay: float
) -> torch.optim.Optimizer:
    """AdamW, fused; no decay on biases and norms (Devlin et al. 2019, appendix A.2).

    Gradients are allocated here once and zeroed in place from then on: a fresh gradient of the word
    embeddings costs as much in page faults as AdamW's whole update.
    """
    decayed: list[nn.Parameter] = []
    plain: list[nn.Parameter] = []
    seen: set[int] = set()
    standing_in: list[UsedRows] = []
    for module in modules:
        for part in module.modules():
            if isinstance(part, UsedRows):
                standing_in.append(part)
            for name, parameter in part.named_parameters(recurse=False):
                if id(parameter) in seen or not parameter.requires_grad:
                    continue
                seen.add(id(parameter))
                is_plain = name.endswith("bias") or isinstance(part, nn.LayerNorm)
                (plain if is_plain else decayed).append(parameter)
                parameter.grad = torch.zeros_like(parameter)
    groups = [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=lr, fused=True)
    for rows in standing_in:
        optimiser.register_step_post_hook(rows.decay)
    return optimiser


def parameters_of(optimiser: torch.optim.Optimizer) -> list[nn.Parameter]:
    """All parameters it updates."""
    return [parameter for group in optimiser.param_groups for parameter in group["params"]]


def learning_rate(step: int, total: int, peak: float, warmup: float) -> float:
    """The rate of a step (0-based): up linearly over ``warmup * total`` steps, then down to 0."""
    rising = int(warmup * total)
    if step < rising:
        return peak * (step + 1) / (rising + 1)
    return peak * max(0.0, (total - step) / max(1, total - rising))


def normalise_and_clip(parameters: Sequence[nn.Parameter], weight: float, bound: float) -> float:
    """Turn gradients of a summed loss into those of its mean, and clip their norm, in one pass.

    Args:
        parameters: With gradients of Σ loss.
        weight: Σ weights of the whole step.
        bound: Largest norm of the mean's gradient.

    Returns:
        The norm before clipping.
    """
    gradients: list[Tensor] = [p.grad for p in parameters if p.grad is not None]
    norms = torch._foreach_norm(gradients)
    norm = float(torch.linalg.vector_norm(torch.stack(norms))) / weight
    torch._foreach_mul_(gradients, min(1.0, bound / (norm + 1e-6)) / weight)
    return norm


class LossScale:
    """A factor of the loss that keeps fp16 gradients from vanishing (Micikevicius et al. 2018).

    Args:
        value: To start with; 1 switches it off.
    """

    PATIENCE = 2000
    """Steps without an overflow until the factor is doubled."""

    def __init__(self, value: float) -> None:
        self.value = value
        self._active = value != 1.0
        self._good = 0

    @classmethod
    def of(cls, precision: str) -> LossScale:
        """What a precision starts with: 65,536 for fp16, none for the others."""
        return cls(2.0**16 if precision == "fp16" else 1.0)

    def overflowed(self) -> bool:
        """Halve the factor after gradients that are no numbers; False where that can't help."""
        self._good = 0
        if not self._active or self.value <= 1.0:
            return False
        self.value /= 2
        return True

    def held(self) -> None:
        """Count a good step."""
        self._good += 1
        if self._active and self._good % self.PATIENCE == 0:
            self.value *= 2


def zero_gradients(parameters: Sequence[nn.Parameter], idle: Collection[nn.Parameter] = ()) -> None:
    """Zero all gradients in place.

    Args:
        parameters: All that the optimiser updates.
        idle: Those that take no part in this step: they get no gradient, and so no update, no
            decay and no momentum.
    """
    if idle or any(parameter.grad is None for parameter in parameters):
        resting = {id(parameter) for parameter in idle}
        for parameter in parameters:
            if id(parameter) in resting:
                parameter.grad = None
            elif parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
    torch._foreach_zero_([p.grad for p in parameters if p.grad is not None])
