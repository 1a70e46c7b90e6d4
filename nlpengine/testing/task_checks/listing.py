"""The checks of a task, by name, in the order in which they are run."""

from __future__ import annotations

from collections.abc import Mapping

from nlpengine.testing.checking import Check
from nlpengine.testing.task_checks import (
    answering,
    form,
    keeping,
    learning,
    reading,
    registering,
    scoring,
)

CHECKS: Mapping[str, Check] = {
    check.__name__: check
    for check in (
        form.spec,
        keeping.shares,  # before any other decodes: who patches the core has done it then
        form.options,
        form.demo,
        registering.registration,
        registering.hash_seeds,
        reading.adapt,
        reading.refuses,
        reading.labels,
        reading.gold,
        learning.gradient,
        learning.additive,
        learning.learns,
        learning.overfits,
        learning.deterministic,
        answering.total,
        answering.long_text,
        answering.offsets,
        answering.hostile,
        answering.answer,
        answering.alone,
        answering.order,
        scoring.metric,
        scoring.baselines,
        keeping.saves,
        keeping.pure,
    )
}
"""Name → check; its docstring says in a line what must hold."""
