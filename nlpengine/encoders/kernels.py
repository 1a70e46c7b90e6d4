"""The same layers with faster kernels: swapped into a stock model, parameters and names unchanged.

Each is exact (up to rounding, or for dropout up to the draw of random numbers); which ones are used
is decided once per model and explained by `choose_linear`.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_STEPS = 65536


def dropout_draws(count: int, device: torch.device) -> Tensor:
    """Random numbers to decide what dropout keeps, by `kept`: [count] int16.

    One 64-bit draw serves four elements on the CPU: the stock kernel draws a double each and takes
    4.5 times as long.
    """
    if device.type != "cpu":
        return torch.randint(-_STEPS // 2, _STEPS // 2, (count,), dtype=torch.int16, device=device)
    draws = torch.empty((count + 3) // 4, dtype=torch.int64).random_(-(2**63), None)
    return draws.view(torch.int16)[:count]


def kept(draws: Tensor, probability: float, out: Tensor) -> Tensor:
    """1 for what is kept and 0 for what is dropped, into ``out``, in its shape and type.

    A mask of bools would be converted, whole, at each of its uses.
    """
    threshold = round(probability * _STEPS) - _STEPS // 2
    return torch.ge(draws.view(out.shape), threshold, out=out)


def kept_share(probability: float) -> float:
    """The share of elements that is kept on average: a multiple of 1/65536."""
    return 1.0 - round(probability * _STEPS) / _STEPS


class _Dropout(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor, probability: float) -> Tensor:
        draws = dropout_draws(values.numel(), values.device)
        factors = kept(draws, probability, torch.empty_like(values))
        factors /= kept_share(probability)
        ctx.save_for_backward(factors)
        return values * factors

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0] * ctx.saved_tensors[0], None


class FastDropout(nn.Module):
    """`torch.nn.Dropout` (Srivastava et al. 2014) with cheap random numbers on the CPU.

    Args:
        p: Probability of dropping an element.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, values: Tensor) -> Tensor:
        """Any shape → the same shape; the input itself outside training."""
        if not self.training or self.p == 0.0:
            return values
        if values.device.type != "cpu":
            return functional.dropout(values, self.p, training=True)
        dropped: Tensor = _Dropout.apply(values, self.p)  # type: ignore[no-untyped-call]  # torch's
        return dropped


class _OneDnnLinear(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        ctx.save_for_backward(rows, weight)
        ctx.biased = bias is not None
        return _onednn(rows, weight, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        rows, weight = ctx.saved_tensors
        gradient = gradients[0]
        grad_rows = _onednn(gradient, weight.t(), None) if ctx.needs_input_grad[0] else None
        flat = gradient.reshape(-1, gradient.shape[-1])
        grad_weight = (
            _onednn(flat.t(), rows.reshape(-1, rows.shape[-1]).t(), None)
            if ctx.needs_input_grad[1]
            else None
        )
        return grad_rows, grad_weight, flat.sum(0) if ctx.biased else None


def _onednn(rows: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    # The operator that torch's own compiler calls for linear layers; not part of the public API,
    # hence `choose_linear` tries it before it is chosen.
    product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, weight, bias, "none", [], "")
    return product


class OneDnnLinear(nn.Module):
    """`torch.nn.Linear` computed by oneDNN in float32.

    Args:
        linear: The layer whose parameters it shares.
    """

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self.weight = linear.weight
        self.bias = linear.bias

    def forward(self, rows: Tensor) -> Tensor:
        """[..., in] → [..., out]."""
        if rows.dtype != torch.float32 or torch.is_autocast_enabled(rows.device.type):
            return functional.linear(rows, self.weight, self.bias)
        if torch.is_grad_enabled():
            product: Tensor = _OneDnnLinear.apply(rows, self.weight, self.bias)  # type: ignore[no-untyped-call]  # torch's
            return product
        return _onednn(rows, self.weight, self.bias)


class FastGelu(nn.Module):
    """GELU (Hendrycks and Gimpel 2016) in one pass over the values.

    Args:
        approximate: "none" for the exact one, "tanh" for the approximation.
        in_place: Whether values that need no gradient may be overwritten: the widest rows of a
            layer are then held once, and memory is not asked for anew.
    """

    def __init__(self, approximate: str, *, in_place: bool) -> None:
        super().__init__()
        self.approximate = approximate
        self.in_place = in_place

    def forward(self, values: Tensor) -> Tensor:
        """Any shape → the same shape."""
        if not self.in_place or values.requires_grad:
            return functional.gelu(values, approximate=self.approximate)
        # Of GELU in place torch has the operator, and no function.
        result: Tensor = torch.ops.aten.gelu_(values, approximate=self.approximate)
        return result


@cache
def _gelus() -> Mapping[type[nn.Module], str]:
    """Stock class → which GELU it is; the two of tanh go over the values seven times."""
    # Here, so that whoever asks for `choose_linear` alone doesn't wait for this import.
    from transformers.activations import FastGELUActivation, GELUActivation, NewGELUActivation

    return {GELUActivation: "none", NewGELUActivation: "tanh", FastGELUActivation: "tanh"}


@dataclass(frozen=True, slots=True)
class LinearChoice:
    """Which library computes linear layers, and why (one line for log and run record)."""

    onednn: bool
    reason: str


def choose_linear(device: torch.device) -> LinearChoice:
    """Choose by the processor, not by a timing: two runs on one machine must agree bit for bit.

    torch sends linear layers to MKL, which keeps to AVX2 on AMD processors; oneDNN uses their
    AVX-512 units, measured 2.2 times as fast on a Zen 5. On AVX2 alone oneDNN gained nothing.
    """
    if device.type != "cpu":
        return LinearChoice(False, f"torch's own on {device.type}")
    capability = torch.backends.cpu.get_cpu_capability()
    if capability != "AVX512" or not _is_amd():
        return LinearChoice(False, f"torch's own ({capability}, no AMD AVX-512)")
    try:
        _onednn(torch.ones(2, 8), torch.ones(4, 8), torch.ones(4))
    except (AttributeError, NotImplementedError, RuntimeError, TypeError) as error:
        return LinearChoice(False, f"torch's own (oneDNN's operator failed: {error})")
    return LinearChoice(True, "oneDNN (AMD with AVX-512, where MKL keeps to AVX2)")


def _is_amd() -> bool:
    try:
        return "AuthenticAMD" in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore")
    except OSError:
        return "AMD" in platform.processor()


def swap_kernels(model: nn.Module, linear: LinearChoice, *, gelu_in_place: bool = False) -> None:
    """Replace dropout, GELU and, where chosen, linear layers; names and parameters stay the same.

    Args:
        model: Changed.
        linear: Whether linear layers are oneDNN's.
        gelu_in_place: Whether nothing but the activation reads what it is given.
    """
    for name, child in model.named_children():
        if type(child) is nn.Dropout:
            setattr(model, name, FastDropout(child.p))
        elif type(child) in _gelus():
            setattr(model, name, FastGelu(_gelus()[type(child)], in_place=gelu_in_place))
        elif type(child) is nn.Linear and linear.onednn:
            setattr(model, name, OneDnnLinear(child))
        else:
            swap_kernels(child, linear, gelu_in_place=gelu_in_place)
