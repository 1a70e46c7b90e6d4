"""What a plugin may not change while it is loaded: global state is put back, and the change named.

Loading a plugin must not change what other plugins, or a run, compute or print. What can be put
back is: the plugin is ok, with a remark. A thread that was started can only be named.
"""

from __future__ import annotations

import contextlib
import gc
import locale
import logging
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from nlpengine.plugin.core_state import CoreState
from nlpengine.plugin.printing import caught_output
from nlpengine.plugin.warned import watched_warnings

State = tuple[Callable[[], Any], Callable[[Any], object]]
"""How to get a piece of global state, and how to put it back."""

_SET_BY_LIBRARIES = ("KMP_", "TORCHINDUCTOR_")
"""Variables that scikit-learn and torch set when a plugin is the first to import them."""
_STEADY = {*sys.stdlib_module_names, "nlpengine"}
"""Whose modules stay what they are; libraries may replace their own while they are imported."""


@contextlib.contextmanager
def watched(remarks: list[str]) -> Iterator[None]:
    """Undo what happens to global state inside.

    Args:
        remarks: Gets a sentence on each thing that was undone, and on what can't be.
    """
    before = {name: get() for name, (get, _) in _states().items()}
    environment, dice, core = dict(os.environ), _dice(), CoreState()
    modules, threads = dict(sys.modules), set(threading.enumerate())
    try:
        with watched_warnings(remarks), caught_output(remarks):
            yield
    finally:
        for name, (get, put) in _states().items():
            old = before.get(name, _FRESH.get(name))
            if old is not None and get() != old:
                put(old)
                remarks.append(f"changed {name}: put back")
        remarks += _restore_environment(environment)
        for put, old in dice:  # without a word: libraries draw a number when they are imported
            put(old)
        remarks += core.restore()
        for name, module in modules.items():
            if sys.modules.get(name) is not module and name.partition(".")[0] in _STEADY:
                sys.modules[name] = module
                remarks.append(f"replaced the module {name}: put back")
        for thread in threading.enumerate():
            if thread not in threads:
                remarks.append(f"started the thread {thread.name!r}, which goes on")


def _states() -> dict[str, State]:
    root = logging.getLogger()
    found: dict[str, State] = {
        "the working directory": (_folder, os.chdir),
        "the locale": (lambda: locale.setlocale(locale.LC_ALL), _set_locale),
        "sys.excepthook": _attribute(sys, "excepthook"),
        "sys.unraisablehook": _attribute(sys, "unraisablehook"),
        "threading.excepthook": _attribute(threading, "excepthook"),
        "the root logger's handlers": (lambda: list(root.handlers), _set_handlers),
        "the root logger's level": (lambda: root.level, root.setLevel),
        "logging.disable": (lambda: root.manager.disable, logging.disable),
        "the recursion limit": (sys.getrecursionlimit, sys.setrecursionlimit),
        "the garbage collector": (gc.isenabled, lambda on: gc.enable() if on else gc.disable()),
        "numpy's error handling": (np.geterr, lambda errors: np.seterr(**errors)),
    }
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            found[f"the handler of {number.name}"] = _signal(number)
    return found | _torch_states()


_FRESH = {
    "torch's default dtype": "float32",
    "torch's gradients": True,
    "torch's determinism": False,
}
"""What torch starts with, where the plugin was the first to import it."""


def _torch_states() -> dict[str, State]:
    if "torch" not in sys.modules:
        return {}
    import torch

    if not hasattr(torch, "use_deterministic_algorithms"):  # its import failed half-way
        return {}
    return {
        "torch's default dtype": (
            lambda: str(torch.get_default_dtype()).removeprefix("torch."),
            lambda name: torch.set_default_dtype(getattr(torch, name)),
        ),
        "torch's gradients": (torch.is_grad_enabled, torch.set_grad_enabled),
        "torch's determinism": (
            torch.are_deterministic_algorithms_enabled,
            torch.use_deterministic_algorithms,
        ),
        "torch's threads": (torch.get_num_threads, torch.set_num_threads),
    }


def _dice() -> list[tuple[Callable[[Any], object], Any]]:
    """How to put each global random number generator back."""
    found: list[tuple[Callable[[Any], object], Any]] = [
        (random.setstate, random.getstate()),
        (np.random.set_state, np.random.get_state()),
    ]
    if "torch" in sys.modules:
        import torch

        if hasattr(torch, "set_rng_state"):
            found.append((torch.set_rng_state, torch.get_rng_state()))
    return found


def _attribute(owner: Any, name: str) -> State:
    return lambda: getattr(owner, name), lambda value: setattr(owner, name, value)


def _signal(number: signal.Signals) -> State:
    return lambda: signal.getsignal(number), lambda handler: signal.signal(number, handler)


def _folder() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None


def _set_locale(name: str) -> None:
    locale.setlocale(locale.LC_ALL, name)


def _set_handlers(handlers: list[logging.Handler]) -> None:
    logging.getLogger().handlers[:] = handlers


def _restore_environment(before: dict[str, str]) -> list[str]:
    changed = [
        name
        for name in sorted(before.keys() | os.environ.keys())
        if before.get(name) != os.environ.get(name)
        and not (name not in before and name.startswith(_SET_BY_LIBRARIES))
    ]
    for name in changed:
        if name in before:
            os.environ[name] = before[name]
        else:
            del os.environ[name]
    return [f"changed the environment variable {name}: put back" for name in changed]
