"""The store: one owner of the memory that encoders take.

Models with the same encoder share one `Encoder` object. Under a budget, the least recently used
encoder that nobody computes with gives its weights up; the object stays, and its weights are read
again when they are next needed. So any number of models can be open in bounded memory.
"""

from __future__ import annotations

import re
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch

from nlpengine.encoders.device import free_memory, is_out_of_memory
from nlpengine.encoders.encoder import Encoder
from nlpengine.errors import DeviceError, UsageError

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def parse_bytes(text: str | int) -> int:
    """Bytes of "6GB", "512 MiB" or a number.

    Raises:
        UsageError: It is no amount of memory.

    >>> parse_bytes("1.5 GiB")
    1610612736
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", str(text), re.IGNORECASE)
    if found is None or float(found[1]) <= 0:
        raise UsageError(f"memory budget {text!r}: write it like 6GB, 512MiB or a number of bytes.")
    unit = found[2].upper()
    size = 1024 ** "KMGT".index(unit) * 1024 if found[3] and unit else _UNITS[unit]
    return int(float(found[1]) * size)


@dataclass(frozen=True, slots=True)
class Residence:
    """A resident encoder, as the store reports it.

    Attributes:
        name: Where it came from.
        device: Where its weights are.
        bytes: What they take.
        in_use: Whether somebody computes with it right now.
    """

    name: str
    device: str
    bytes: int
    in_use: bool


@dataclass(slots=True)
class _Entry:
    key: str
    name: str
    load: Callable[[], Encoder]
    encoder: weakref.ref[Encoder]
    bytes: int
    kept: Encoder | None
    resident: bool = True
    pins: int = 0
    used: int = 0


class EncoderStore:
    """Loads encoders once, shares them, and keeps them within a budget.

    Args:
        budget: Bytes that resident weights may take together; None for no bound. One encoder that
            alone is larger than the budget is kept while it is used.
    """

    def __init__(self, budget: int | None = None) -> None:
        self.budget = budget
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.RLock()
        self._clock = 0

    @property
    def resident(self) -> list[Residence]:
        """The encoders whose weights are in memory, least recently used first."""
        with self._lock:
            found = sorted(self._alive(), key=lambda entry: entry.used)
            return [
                Residence(e.name, str(_device(encoder)), e.bytes, e.pins > 0)
                for e in found
                if e.resident and (encoder := e.encoder()) is not None
            ]

    @property
    def resident_bytes(self) -> int:
        """What they take together."""
        return sum(residence.bytes for residence in self.resident)

    def get(self, key: str, name: str, load: Callable[[], Encoder]) -> Encoder:
        """The encoder of a key: the one that is there, or a fresh one.

        Args:
            key: What makes two encoders the same: the weights' digest, device and settings.
            name: For reports.
            load: Reads it from disk; called again after an eviction, and must give the same.

        Raises:
            DeviceError: Memory is out, also after everything unused was evicted.
        """
        with self._lock:
            entry = self._entries.get(key)
            known = entry.encoder() if entry is not None else None
            if known is not None:
                return known
            encoder = self._load(name, load)
            made = _Entry(key, name, load, weakref.ref(encoder), _size(encoder), encoder)
            self._entries[key] = made
            self._touch(made)
            self._fit(made)
            if self.budget is None:
                made.kept = None  # whoever asked owns it; it goes when they do
            return encoder

    @contextmanager
    def using(self, encoder: Encoder) -> Iterator[None]:
        """Pin an encoder while computing with it, and bring evicted weights back.

        An encoder that isn't the store's is left alone.
        """
        entry = self._find(encoder)
        if entry is None:
            yield
            return
        with self._lock:
            entry.pins += 1
            self._touch(entry)
            try:
                self._restore(entry, encoder)
            except BaseException:
                entry.pins -= 1
                raise
        try:
            yield
        finally:
            with self._lock:
                entry.pins -= 1
                self._fit(entry)

    def evict_unused(self) -> int:
        """Give up every encoder that nobody computes with.

        Returns:
            Bytes freed.
        """
        with self._lock:
            unused = [e for e in self._alive() if e.resident and not e.pins]
            for entry in unused:
                self._evict(entry)
            if torch.cuda.is_available():
                torch.cuda.empty_cache()
            return sum(entry.bytes for entry in unused)

    def _find(self, encoder: Encoder) -> _Entry | None:
        with self._lock:
            return next((e for e in self._entries.values() if e.encoder() is encoder), None)

    def _alive(self) -> list[_Entry]:
        dead = [key for key, entry in self._entries.items() if entry.encoder() is None]
        for key in dead:
            del self._entries[key]
        return list(self._entries.values())

    def _touch(self, entry: _Entry) -> None:
        self._clock += 1
        entry.used = self._clock

    def _restore(self, entry: _Entry, encoder: Encoder) -> None:
        if not entry.resident:
            _take_weights(encoder, self._load(entry.name, entry.load))
            entry.resident = True
            entry.kept = encoder if self.budget is not None else None
        self._fit(entry)

    def _load(self, name: str, load: Callable[[], Encoder]) -> Encoder:
        try:
            return load()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            freed = self.evict_unused()
        try:
            return load()
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise DeviceError(
                f"out of memory while loading {name} ({error}); evicting all unused encoders "
                f"freed {freed:,} bytes, {self.resident_bytes:,} are in use. "
                f"{_free()}Choose a smaller encoder, or close other models."
            ) from error

    def _fit(self, newest: _Entry) -> None:
        """Evict until the budget holds; what is in use, and the newest, stay."""
        if self.budget is None:
            return
        resident = sorted((e for e in self._alive() if e.resident), key=lambda e: e.used)
        total = sum(entry.bytes for entry in resident)
        for entry in resident:
            if total <= self.budget:
                return
            if entry is not newest and not entry.pins:
                self._evict(entry)
                total -= entry.bytes

    def _evict(self, entry: _Entry) -> None:
        encoder = entry.encoder()
        entry.resident, entry.kept = False, None
        if encoder is not None:
            _drop_weights(encoder)


def _size(encoder: Encoder) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in encoder.parameters())


def _device(encoder: Encoder) -> torch.device:
    return next(encoder.parameters()).device


def _drop_weights(encoder: Encoder) -> None:
    for tensor in encoder.parameters():
        tensor.data = tensor.data.new_empty(0)
    if encoder.family.forget is not None:
        encoder.family.forget(encoder.model)


def _take_weights(encoder: Encoder, fresh: Encoder) -> None:
    found = dict(fresh.named_parameters())
    for name, tensor in encoder.named_parameters():
        tensor.data = found[name].data


def _free() -> str:
    if not torch.cuda.is_available():
        return ""
    return f"On the GPU, {free_memory(torch.device('cuda'))}. "
