"""How every plugin fares, tried in other processes: one that hangs or crashes is a row as well.

Workers are forked from a process that has imported the door, so that a plugin costs its own
imports alone. Nothing that it does reaches the process that asks. Where there is no fork, plugins
are loaded in this process, one after the other.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import json
import os
import selectors
import signal
import sys
import tempfile
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from nlpengine.plugin.calling import load
from nlpengine.plugin.faults import fault_of
from nlpengine.plugin.listing import PluginEntry, Switches, find_all
from nlpengine.plugin.states import PluginState, state_from_metadata

QUICK_S = 0.4
"""How long a listing waits for the next plugin's answer. Not a bound on all of them: on a busy
machine healthy plugins take longer together, and one that hangs still answers nothing."""
PATIENT_S = 30.0
"""How long, where all plugins are to be loaded."""
AT_ONCE = 4
"""Workers at a time; those that hang take none of the others' places."""
_SHOWN = 200
"""Characters of what a plugin printed that are kept."""


def survey(switches: Switches | None = None, *, everything: bool = False) -> list[PluginState]:
    """The state of every plugin, in the order of `find_all`.

    Args:
        switches: Which plugins may load; by default what the environment says.
        everything: Load encoders too, which need torch, each plugin in a process of its own, and
            wait `PATIENT_S`; otherwise encoders are not loaded, the others share a few processes,
            and who is still at it when none has answered for `QUICK_S` is given up.
    """
    switches = switches or Switches.from_environment()
    entries = find_all(switches)
    states = {entry: state for entry in entries if (state := state_from_metadata(entry))}
    waiting = []
    for entry in entries:
        if entry not in states:
            if entry.kind == "encoder" and not everything:
                reason = "encoders need torch, which takes seconds: nlpengine plugins --load"
                states[entry] = PluginState(entry, "not loaded", reason)
            else:
                waiting.append(entry)
    import nlpengine.plugin.classification  # what plugins need, once for all children

    if any(entry.kind == "encoder" for entry in waiting):
        import nlpengine.plugin.encoder  # noqa: F401 - loaded once, for all that are forked
    if hasattr(os, "fork"):
        patience = PATIENT_S if everything else QUICK_S
        found = _forked(waiting, patience, reuse=not everything)
        states.update((state.entry, state) for state in found)
    else:
        states.update((entry, load(entry)[0]) for entry in waiting)
    return [states[entry] for entry in entries]


@dataclass(slots=True)
class _Worker:
    """A process that loads the plugins whose numbers it is sent, and says how each fared."""

    pid: int
    asks: IO[bytes]
    answers: IO[bytes]
    entry: PluginEntry = field(init=False)
    said: bytes = b""

    def ask(self, number: int, entry: PluginEntry) -> None:
        self.entry, self.said = entry, b""
        with contextlib.suppress(BrokenPipeError):  # it ended: that is its answer
            self.asks.write(b"%d\n" % number)

    def end(self) -> int:
        """Kill it, where it isn't dead yet; what `os.waitpid` says of it."""
        self.asks.close()
        self.answers.close()
        os.kill(self.pid, signal.SIGKILL)  # a zombie until it is waited for
        return os.waitpid(self.pid, 0)[1]


def _forked(
    entries: Sequence[PluginEntry], patience: float, *, reuse: bool
) -> Iterator[PluginState]:
    """States as they come in; who hasn't answered when nobody has for ``patience`` is given up."""
    waiting = deque(enumerate(entries))
    busy: list[_Worker] = []
    idle: list[_Worker] = []
    with selectors.DefaultSelector() as selector:
        try:
            while waiting or busy:
                while waiting and len(busy) < AT_ONCE:
                    worker = idle.pop() if idle else _fork(entries)
                    worker.ask(*waiting.popleft())
                    selector.register(worker.answers, selectors.EVENT_READ, worker)
                    busy.append(worker)
                ready = [key.data for key, _ in selector.select(patience)]
                for worker in ready or list(busy):
                    piece = os.read(worker.answers.fileno(), 1 << 16) if ready else b""
                    worker.said += piece
                    if piece and not piece.endswith(b"\n"):
                        continue
                    selector.unregister(worker.answers)
                    busy.remove(worker)
                    if piece and reuse:
                        idle.append(worker)
                        status = 0
                    else:
                        status = worker.end()
                    yield _state(worker, status) if ready else _late(worker, patience)
        finally:
            for worker in (*busy, *idle):
                worker.end()


def _fork(entries: Sequence[PluginEntry]) -> _Worker:
    sys.stdout.flush()
    sys.stderr.flush()
    theirs, asks = os.pipe()
    answers, own = os.pipe()
    gc.freeze()  # or the child's first collection copies every page
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside BLAS's threads
            pid = os.fork()
    finally:
        gc.unfreeze()
    if pid == 0:
        os.close(asks)
        os.close(answers)
        _serve(entries, theirs, own)
    os.close(theirs)
    os.close(own)
    writing = os.fdopen(asks, "wb", buffering=0)
    return _Worker(pid, writing, os.fdopen(answers, "rb", buffering=0))


def _serve(entries: Sequence[PluginEntry], asks: int, answers: int) -> None:
    """Be a worker, and end: nothing of the parent's runs on in here."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        faulthandler.disable()  # a crash is told by the parent
        with tempfile.TemporaryFile() as printed, os.fdopen(answers, "wb") as out:
            os.dup2(printed.fileno(), 2)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.stdout, sys.stderr = _writer(1), _writer(2)
            for number in os.fdopen(asks, "rb"):
                printed.seek(0)
                printed.truncate()
                content = _tried(entries[int(number)])
                sys.stderr.flush()
                printed.seek(0)
                text = printed.read(4 * _SHOWN).decode(errors="replace").strip()
                content["printed"] = text[:_SHOWN]
                out.write(json.dumps(content, default=str).encode() + b"\n")
                out.flush()
    finally:
        os._exit(0)


def _tried(entry: PluginEntry) -> dict[str, Any]:
    try:
        return load(entry)[0].to_json()
    except KeyboardInterrupt as error:  # its own: Ctrl-C would have ended this process
        fault = fault_of(error, entry)
        return PluginState(
            entry, "failed", fault.reason, fault.where, fault.line, fault.way_out, fault.trace
        ).to_json()


def _writer(descriptor: int) -> IO[str]:
    return open(descriptor, "w", closefd=False)


def _state(worker: _Worker, status: int) -> PluginState:
    """What a worker said of a plugin, or how it ended instead."""
    entry = worker.entry
    try:
        found: dict[str, Any] = json.loads(worker.said)
    except ValueError:
        ended = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        how = f"by {signal.Signals(ended).name}" if ended else "without an answer"
        reason = f"ended the process {how} while it was loaded (from {entry.owner})"
        return PluginState(entry, "failed", reason, way_out=_without(entry))
    remarks = [*found["remarks"]]
    if found["printed"] and not any(remark.startswith("wrote to") for remark in remarks):
        remarks.append(f"wrote to standard error: {found['printed'].splitlines()[0][:60]!r}")
    return PluginState(
        entry, found["status"], found["reason"], found["where"], found["line"],
        found["way_out"], found["traceback"], found["import_ms"], tuple(remarks),
    )  # fmt: skip


def _late(worker: _Worker, patience: float) -> PluginState:
    entry = worker.entry
    reason = f"was still loading after {patience:g} s"
    if patience < PATIENT_S:
        return PluginState(entry, "not loaded", f"{reason}: nlpengine plugins --load waits")
    return PluginState(entry, "failed", f"{reason} (from {entry.owner})", way_out=_without(entry))


def _without(entry: PluginEntry) -> str:
    return f"Tell its author, or do without it: pip uninstall {entry.distribution}"
