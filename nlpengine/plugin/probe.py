"""How every plugin fares, each tried in a process of its own: one that hangs or crashes is a row.

Children are forked from a process that has imported the door, so that one costs its plugin's own
imports alone. Nothing a plugin does reaches the process that asks. Where there is no fork, plugins
are loaded in this process, one after the other.
"""

from __future__ import annotations

import faulthandler
import json
import os
import selectors
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from nlpengine.plugin.calling import load
from nlpengine.plugin.listing import PluginEntry, Switches, find_all
from nlpengine.plugin.states import PluginState, state_from_metadata

QUICK_S = 0.5
"""How long a listing waits for the next plugin's answer. Not a bound on all of them: on a busy
machine healthy plugins take longer together, and one that hangs still answers nothing."""
PATIENT_S = 60.0
"""How long a plugin may take where all of them are to be loaded."""
AT_ONCE = 16
"""Children at a time: most of them only read files."""
_SHOWN = 200
"""Characters of what a plugin printed that are kept."""


def survey(switches: Switches | None = None, *, everything: bool = False) -> list[PluginState]:
    """The state of every plugin, in the order of `find_all`.

    Args:
        switches: Which plugins may load; by default what the environment says.
        everything: Load encoders too, which need torch, and give each plugin `PATIENT_S`; otherwise
            encoders are not loaded, nor what is still at it when none has answered for `QUICK_S`.
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
        import nlpengine.plugin.encoder  # noqa: F401
    if hasattr(os, "fork"):
        patience = PATIENT_S if everything else QUICK_S
        states.update((state.entry, state) for state in _forked(waiting, patience))
    else:
        states.update((entry, load(entry)[0]) for entry in waiting)
    return [states[entry] for entry in entries]


@dataclass(slots=True)
class _Child:
    entry: PluginEntry
    pid: int
    answers: IO[bytes]
    said: bytes = b""


def _forked(entries: Sequence[PluginEntry], patience: float) -> Iterator[PluginState]:
    """States as they come in; nobody is waited for once none has answered for ``patience``."""
    waiting = list(reversed(entries))
    running: dict[int, _Child] = {}
    with selectors.DefaultSelector() as selector:
        try:
            while waiting or running:
                while waiting and len(running) < AT_ONCE:
                    child = _fork(waiting.pop())
                    running[child.pid] = child
                    selector.register(child.answers, selectors.EVENT_READ, child)
                ready = selector.select(patience)
                if not ready:
                    break
                for key, _ in ready:
                    piece = os.read(key.fd, 1 << 16)
                    key.data.said += piece
                    if not piece:
                        selector.unregister(key.fileobj)
                        yield _ended(running.pop(key.data.pid))
            for child in running.values():
                yield _late(child.entry, patience, "was still loading")
            for entry in waiting:
                yield _late(entry, patience, "was not tried, as others were still loading")
        finally:
            for child in running.values():
                _kill(child)


def _fork(entry: PluginEntry) -> _Child:
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside BLAS's threads
        pid = os.fork()
    if pid == 0:
        os.close(reading)
        _child(entry, writing)
    os.close(writing)
    return _Child(entry, pid, os.fdopen(reading, "rb", buffering=0))


def _child(entry: PluginEntry, writing: int) -> None:
    """Load a plugin, say how it fared, and end: nothing of the parent's runs on in here."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        faulthandler.disable()  # a crash is told by the parent
        with tempfile.TemporaryFile() as printed:
            os.dup2(printed.fileno(), 2)
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            sys.stdout, sys.stderr = _writer(1), _writer(2)
            try:
                state = load(entry)[0]
            except KeyboardInterrupt as error:  # its own: Ctrl-C would have ended this process
                state = _interrupted(entry, error)
            sys.stderr.flush()
            printed.seek(0)
            text = printed.read(4 * _SHOWN).decode(errors="replace").strip()
        content = state.to_json() | {"printed": text[:_SHOWN]}
        with os.fdopen(writing, "wb") as stream:
            stream.write(json.dumps(content, default=str).encode())
    except BaseException:  # whatever a plugin left behind: the parent sees an answer missing
        traceback.print_exc()
    finally:
        os._exit(0)


def _writer(descriptor: int) -> IO[str]:
    return open(descriptor, "w", closefd=False)


def _interrupted(entry: PluginEntry, error: BaseException) -> PluginState:
    from nlpengine.plugin.faults import fault_of

    fault = fault_of(error, entry)
    return PluginState(
        entry, "failed", fault.reason, fault.where, fault.line, fault.way_out, fault.trace
    )


def _ended(child: _Child) -> PluginState:
    child.answers.close()
    _, status = os.waitpid(child.pid, 0)
    try:
        found: dict[str, Any] = json.loads(child.said)
    except ValueError:
        signalled = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        how = f"by {signal.Signals(signalled).name}" if signalled else "without an answer"
        reason = f"ended the process {how} while it was loaded (from {child.entry.owner})"
        return PluginState(child.entry, "failed", reason, way_out=_without(child.entry))
    remarks = [*found["remarks"]]
    if found["printed"] and not any(remark.startswith("wrote to") for remark in remarks):
        remarks.append(f"wrote to standard error: {found['printed'].splitlines()[0][:60]!r}")
    return PluginState(
        child.entry, found["status"], found["reason"], found["where"], found["line"],
        found["way_out"], found["traceback"], found["import_ms"], tuple(remarks),
    )  # fmt: skip


def _late(entry: PluginEntry, patience: float, what: str) -> PluginState:
    if patience >= PATIENT_S:
        reason = f"{what} after {patience:g} s (from {entry.owner})"
        return PluginState(entry, "failed", reason, way_out=_without(entry))
    reason = f"{what} after {patience:g} s: nlpengine plugins --load waits"
    return PluginState(entry, "not loaded", reason)


def _without(entry: PluginEntry) -> str:
    return f"Tell its author, or do without it: pip uninstall {entry.distribution}"


def _kill(child: _Child) -> None:
    os.kill(child.pid, signal.SIGKILL)
    os.waitpid(child.pid, 0)
    child.answers.close()
