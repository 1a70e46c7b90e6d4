"""The device, its precision and its threads: chosen once, each with a reason that can be shown."""

from __future__ import annotations

import math
import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from nlpengine.errors import DeviceError, UsageError

Precision = Literal["auto", "fp32", "bf16", "fp16"]

DEFAULT_BUDGET = {"cpu": 4096, "cuda": 16384}
"""Tokens in a micro-batch: a MiniLM step of 4,096 tokens peaks near 1.5 GB on the CPU."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where and how to compute.

    Attributes:
        torch: The device.
        precision: "fp32", "bf16" or "fp16"; parameters stay float32, the others are autocast.
        reason: Why this precision, one line.
    """

    torch: torch.device
    precision: Literal["fp32", "bf16", "fp16"]
    reason: str

    def autocast(self) -> AbstractContextManager[object]:
        """The context to compute a forward pass in."""
        if self.precision == "fp32":
            return nullcontext()
        half = torch.bfloat16 if self.precision == "bf16" else torch.float16
        return torch.autocast(self.torch.type, dtype=half)

    @property
    def token_budget(self) -> int:
        """Default tokens of a micro-batch."""
        return DEFAULT_BUDGET.get(self.torch.type, DEFAULT_BUDGET["cpu"])


def choose_device(name: str = "auto", precision: Precision = "auto") -> Device:
    """Resolve ``--device`` and ``--precision``.

    Raises:
        UsageError: The name is no device, or a precision is asked for where it would crawl.
        DeviceError: CUDA is asked for and there is none.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise UsageError(
            f"--device {name}: not a device; use auto, cpu, cuda or cuda:N."
        ) from error
    if device.type == "cuda":
        count = torch.cuda.device_count()
        if (device.index or 0) >= count:
            raise DeviceError(
                f"--device {name}: this machine has {count} CUDA devices usable by torch."
            )
    elif device.type != "cpu":
        raise UsageError(f"--device {name}: only cpu and cuda are supported.")
    return _with_precision(device, precision)


def _with_precision(device: torch.device, precision: Precision) -> Device:
    if device.type == "cuda":
        capable = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        capable = _cpu_flags() & {"avx512_bf16", "amx_bf16"} != set()
    if precision == "bf16" and not capable:
        raise UsageError(
            "--precision bf16: this processor has no bf16 instructions; torch would emulate them, "
            "tens to hundreds of times slower than fp32. Use --precision fp32."
        )
    if precision == "fp16" and device.type != "cuda":
        raise UsageError(
            "--precision fp16: only GPUs compute it faster than fp32. Use --precision fp32."
        )
    if precision == "auto":
        if device.type == "cuda" and capable:
            return Device(device, "bf16", "the GPU has bf16 matrix units")
        return Device(device, "fp32", "the default on this device")
    return Device(device, precision, "as asked")


def _cpu_flags() -> set[str]:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore").split("\n"):
            if line.startswith("flags"):
                return set(line.split())
    except OSError:
        pass
    return set()


def available_threads() -> int:
    """Processor cores that this process may really use: affinity and container quota."""
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return max(1, math.ceil(min(cores, _quota())))


def _quota() -> float:
    try:  # cgroup v2
        limit, period = Path("/sys/fs/cgroup/cpu.max").read_text(encoding="ascii").split()
        return math.inf if limit == "max" else int(limit) / int(period)
    except (OSError, ValueError):
        pass
    try:  # cgroup v1
        folder = Path("/sys/fs/cgroup/cpu")
        limit = (folder / "cpu.cfs_quota_us").read_text(encoding="ascii")
        period = (folder / "cpu.cfs_period_us").read_text(encoding="ascii")
        return math.inf if int(limit) <= 0 else int(limit) / int(period)
    except (OSError, ValueError):
        return math.inf


def free_memory(device: torch.device) -> str:
    """Memory that is free and there, in words."""
    if device.type == "cuda":
        free, total = torch.cuda.mem_get_info(device)
    else:
        try:
            page = os.sysconf("SC_PAGE_SIZE")
            free, total = (page * os.sysconf(name) for name in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"))
        except (AttributeError, OSError, ValueError):
            return "unknown"
    return f"{free / 2**30:.1f} of {total / 2**30:.1f} GiB free"


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that the device's memory is full."""
    if isinstance(error, torch.OutOfMemoryError | MemoryError):
        return True
    return isinstance(error, RuntimeError) and "can't allocate memory" in str(error)
