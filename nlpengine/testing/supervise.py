"""Check a plugin in a process of its own, with a bound on its time: a hang or a crash is named."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from nlpengine.testing.checking import Result
from nlpengine.testing.worker import Job

PRINTED = 400
"""Characters of what a process that died printed last that are kept."""


@dataclass(slots=True)
class _Progress:
    """What a worker wrote down.

    Attributes:
        results: Checks that ended.
        checks: All that are to be run; empty until the plugin was loaded.
        began: The check that was begun last.
    """

    results: dict[str, Result]
    checks: list[str]
    began: str


def check_plugin(job: Job, timeout: float) -> list[Result]:
    """Run all checks of a plugin.

    A check in which the process dies is failed, and the rest is run in another one; where time
    runs out, the check at hand is failed and the rest is not run.

    Args:
        job: What to check.
        timeout: Seconds for all of it.
    """
    ends = time.monotonic() + timeout
    progress = _Progress({}, [], "loads")
    while True:
        left = max(0.0, ends - time.monotonic())
        done = replace(job, done=tuple(progress.results))
        how = _work(done, left, progress)
        unfinished = [name for name in progress.checks or ["loads"] if name not in progress.results]
        if not unfinished:
            break
        at = progress.began if progress.began not in progress.results else unfinished[0]
        if how is None:
            how = f"didn't end within {timeout:g} seconds"
            reason = f"not run: {at} {how}"
            progress.results[at] = Result(at, "failed", how)
            for name in unfinished:
                progress.results.setdefault(name, Result(name, "skipped", reason))
            break
        progress.results[at] = Result(at, "failed", how)
        if at == "loads":
            break
    order = progress.checks or ["loads"]
    return [progress.results[name] for name in order if name in progress.results]


def _work(job: Job, left: float, progress: _Progress) -> str | None:
    """Run a worker and read its report → how it ended; None where its time ran out."""
    with tempfile.TemporaryDirectory(prefix="nlpengine-") as folder:
        report = Path(folder) / "report.jsonl"
        report.touch()
        printed = Path(folder) / "printed"
        with printed.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "-m", "nlpengine.testing.worker", str(report)],
                stdin=subprocess.PIPE, stdout=sink, stderr=sink, env=_environment(),
                start_new_session=True,
            )  # fmt: skip
            with contextlib.suppress(BrokenPipeError):
                assert process.stdin is not None
                process.stdin.write(json.dumps(asdict(job)).encode())
                process.stdin.close()
            try:
                code: int | None = process.wait(left)
            except subprocess.TimeoutExpired:
                code = None
            finally:
                _kill(process)
        for line in _lines(report):
            _take(line, progress)
        if code is None:
            return None
        said = printed.read_text(encoding="utf-8", errors="replace").strip()[-PRINTED:]
        return _ending(code) + (f": {said.splitlines()[-1]}" if said and code > 0 else "")


def _take(line: dict[str, Any], progress: _Progress) -> None:
    if "checks" in line:
        progress.checks = line["checks"]
    elif "began" in line:
        progress.began = line["began"]
    else:
        result = Result(**line["result"])
        progress.results[result.name] = result


def _lines(report: Path) -> Iterator[dict[str, Any]]:
    for line in report.read_text(encoding="utf-8").splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            return  # the process died while it wrote


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended the process with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"crashed the process ({name})"


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End the worker and what it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
