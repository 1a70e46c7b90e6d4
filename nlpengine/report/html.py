"""Run record → report.html: one file, no external address, readable on paper too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nlpengine.report import charts, formats
from nlpengine.report.tables import table_view

if TYPE_CHECKING:
    from pathlib import Path

    from nlpengine.workflow.record import BaselineScore, RunRecord


def write_report(record: RunRecord) -> Path:
    """Write ``report.html`` into the run folder.

    Returns:
        The file.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("nlpengine", "report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("report.html.j2").render(_page(record))
    path = record.run_dir / "report.html"
    # A half surrogate, as broken JSON holds it, has no UTF-8; one "?" must not cost the report.
    path.write_text(page, encoding="utf-8", errors="replace", newline="\n")
    return path


@dataclass(frozen=True, slots=True)
class Headline:
    """The verdict.

    Attributes:
        lead: The main metric, or why there is none.
        verdict: How it stands beside the strongest baseline.
        tone: "good", "level", "bad" or "stopped".
        detail: What to know when reading it.
    """

    lead: str
    verdict: str
    tone: str
    detail: str


def headline(record: RunRecord) -> Headline:
    """The verdict in plain words."""
    if record.scores is None or not record.scores.metrics:
        return _without_scores(record)
    name, score = record.scores.main
    examples = f"{score.n:,} test example{'' if score.n == 1 else 's'}"
    lead = f"{formats.title(name)} {formats.value(score)} {formats.interval(score)} on {examples}"
    detail = (
        "Brackets hold the 95\u00a0% interval: how far a number may move with other test examples "
        "of the same kind."
    )
    if not record.baselines:
        return Headline(lead, "no baseline was compared", "level", detail)
    # The strongest baseline is the one that counts; the table has the others.
    rival = max(record.baselines, key=lambda baseline: baseline.score.value)
    tones = {"better": "good", "worse": "bad", "level": "level"}
    return Headline(lead, _beside(rival), tones[rival.verdict], detail)


def _beside(rival: BaselineScore) -> str:
    name = formats.NAMES.get(rival.name, rival.name)
    share = formats.is_share(rival.score)
    if rival.difference is None:
        score = f"{formats.value(rival.score)} {formats.interval(rival.score)}"
        return f"not compared in pairs with {name}, which has {score}"
    gap, low, high = rival.difference.value, rival.difference.low, rival.difference.high
    if rival.verdict == "level":
        gap_text = f"{formats.points(gap, share)} {formats.brackets(low, high, share)}"
        return f"does not clearly beat {name} (difference {gap_text})"
    if rival.verdict == "worse":
        by = f"{formats.points(-gap, share, False)} {formats.brackets(-high, -low, share)}"
        return f"is worse than {name} by {by}"
    by = f"{formats.points(gap, share, False)} {formats.brackets(low, high, share)}"
    return f"beats {name} by {by}"


def _without_scores(record: RunRecord) -> Headline:
    lead = {
        "interrupted": "Interrupted: stopped before the test, so this run has no scores",
        "running": "Not finished: this run has no scores yet",
        "finished": "Finished, but without scores",
    }[record.status]
    best = [row for row in record.history if row["best"]]
    detail = ""
    if record.status == "interrupted" and not record.training.get("saved"):
        detail = "It was stopped before a model was saved."
    elif record.status == "interrupted":
        detail = "The best model so far is in the run folder, under model/."
        if best:
            reached = formats.title(str(best[-1]["metric"]))
            number = best[-1]["value"]
            number = formats.percent(number) if abs(number) <= 1 else formats.plain(number)
            detail += (
                f" On the dev examples it reached {reached} {number}, at step "
                f"{best[-1]['step']:,}; the weights were chosen on them, so that number flatters."
            )
    return Headline(lead, "", "stopped", detail)


def _page(record: RunRecord) -> dict[str, Any]:
    """Everything the template names."""
    scores = record.scores
    metrics = list(scores.metrics.items()) if scores else []
    return {
        "record": record,
        "encoder": str(record.encoder.get("name", formats.DASH)),
        "date": datetime.now().astimezone(),
        "headline": headline(record),
        "metrics": [
            (formats.title(name), formats.HINTS.get(name, ""), score, charts.whisker(score))
            for name, score in metrics
        ],
        "main": metrics[0] if metrics else None,
        "baselines": [_baseline(baseline) for baseline in record.baselines],
        "tables": [table_view(table) for table in scores.tables] if scores else [],
        "curve": charts.curve(record.history),
        "frame": charts,
        "details": _details(record),
        "f": formats,
        "whisker": charts.whisker,
    }


def _baseline(baseline: BaselineScore) -> dict[str, Any]:
    share = formats.is_share(baseline.score)
    gap = baseline.difference
    words = {"better": "model better", "worse": "model worse", "level": "level"}
    return {
        "name": formats.title(baseline.name),
        "summary": baseline.summary,
        "note": baseline.note,
        "score": baseline.score,
        "difference": formats.points(gap.value, share) if gap else formats.DASH,
        "interval": formats.brackets(gap.low, gap.high, share) if gap else "",
        "verdict": words[baseline.verdict] if gap else "not compared",
        "tone": {"better": "good", "worse": "bad", "level": "level"}[baseline.verdict],
    }


def _details(record: RunRecord) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """The folded tables: heading, the gist, keys and values."""
    plugins = [
        (f"plugin: {plugin.get('kind', '')} {plugin.get('name', '')}",
         f"{plugin.get('distribution', '')} {plugin.get('version', '')}")
        for plugin in record.plugins
    ]  # fmt: skip
    timed = formats.timings(record.timings)
    versions = {name: record.versions.get(name, "") for name in ("nlpengine", "torch")}
    found = [
        ("Settings", _gist(record.config, "epochs", "lr", "batch_size"),
         formats.facts({"seed": record.seed} | record.config)),
        ("Data", _gist(record.data, "train", "dev", "test"), _data(record.data)),
        ("Encoder", str(record.encoder.get("family", "")), formats.facts(record.encoder, True)),
        ("Training", _gist(record.training, "steps", "best_step"),
         formats.facts(record.training, True)),
        ("Timings", ", ".join(f"{n.lower()} {number}" for n, number in timed if "texts" in number),
         timed),
        ("Device", " ".join(str(record.device.get(k, "")) for k in ("device", "precision")),
         formats.facts(record.device)),
        ("Versions", ", ".join(f"{n} {v}" for n, v in versions.items() if v),
         [*formats.facts(record.versions), *plugins]),
    ]  # fmt: skip
    return [(heading, gist, rows) for heading, gist, rows in found if rows]


def _data(about: dict[str, Any]) -> list[tuple[str, str]]:
    """Facts, then what the checks found, in their own words."""
    findings = about.get("findings", ())
    others = {name: value for name, value in about.items() if name != "findings"}
    said = [(f"check: {found['check']}", str(found["message"])) for found in findings]
    return [*formats.facts(others, True), *said]


def _gist(values: dict[str, Any], *keys: str) -> str:
    known = [key for key in keys if values.get(key) is not None]
    return ", ".join(f"{key.replace('_', ' ')} {formats.fact(values[key], True)}" for key in known)
