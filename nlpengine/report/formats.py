"""Numbers and names as the report words them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nlpengine.metrics import Score

DASH = "\u2013"
MINUS = "\u2212"
NBSP = "\u00a0"

NAMES = {
    "macro_f1": "Macro F1",
    "mcc": "Matthews correlation",
    "ece": "Calibration error",
    "f1": "F1",
    "n": "Examples",
    "support": "Examples",
    "tf-idf": "TF-IDF",
    "majority": "the majority label",
    "mean": "the mean label",
    "hypothesis only": "the second text alone",
    "overlap": "word overlap",
    "exact": "Exact match",
    "gazetteer": "the gazetteer",
    "features": "the tagger on features",
    "f1_default": "F1, read leniently",
}
HINTS = {
    "accuracy": "the share that is right",
    "macro_f1": "mean of the labels' F1, each label counting alike",
    "exact": "the share that is right to the letter, but for case, articles and punctuation",
    "token_accuracy": "the share of words whose tag is right",
    "f1_default": "tags that break their scheme's rules count as conlleval reads them",
    "mcc": f"0{NBSP}% is chance, 100{NBSP}% is perfect",
    "f1": "the harmonic mean of precision and recall",
    "spearman": f"whether the order is right: 0{NBSP}% is chance, 100{NBSP}% is perfect",
    "pearson": f"whether distances are right, too: 0{NBSP}% is chance, 100{NBSP}% is perfect",
    "ece": "how far certainty and accuracy lie apart; lower is better",
}
STAGES = {"train": "Training", "predict": "Prediction", "total": "Whole run"}


def title(name: str) -> str:
    """A metric's, column's or baseline's name as a heading."""
    known = NAMES.get(name, name.replace("_", " "))
    return known[:1].upper() + known[1:]


def is_share(score: Score) -> bool:
    """Whether it reads as a percentage; metrics in a unit of their own leave [-1, 1]."""
    return all(abs(number) <= 1.0 for number in (score.value, score.low, score.high))


def _fixed(number: float, decimals: int, sign: str = "") -> str:
    if not math.isfinite(number):
        return DASH
    rounded = round(number, decimals) + 0.0  # no minus before a zero
    return f"{rounded:{sign},.{decimals}f}".replace("-", MINUS)


def percent(share: float) -> str:
    """0.7809 → "78.1 %"."""
    return f"{_fixed(100 * share, 1)}{NBSP}%"


def plain(number: float) -> str:
    """One to three decimals; two significant digits where those would leave nothing."""
    if 0 < abs(number) < 0.0005:
        return f"{number:.2g}".replace("-", MINUS, 1)
    text = _fixed(number, 3)
    return text[:-2] if text.endswith("00") else text.removesuffix("0") if "." in text else text


def value(score: Score) -> str:
    """The point estimate."""
    return percent(score.value) if is_share(score) else plain(score.value)


def interval(score: Score) -> str:
    """Such as [72.4, 83.3]."""
    return brackets(score.low, score.high, is_share(score))


def brackets(low: float, high: float, share: bool) -> str:
    """An interval in percent, or in a metric's own unit."""
    ends = [_fixed(100 * end, 1) if share else plain(end) for end in (low, high)]
    return f"[{ends[0]},{NBSP}{ends[1]}]"


def points(difference: float, share: bool, signed: bool = True) -> str:
    """Such as +12.4 points; without "points" in a metric's own unit."""
    if not share:
        return ("+" if signed and difference > 0 else "") + plain(difference)
    return f"{_fixed(100 * difference, 1, '+' if signed else '')}{NBSP}points"


def duration(seconds: float) -> str:
    """Such as 8.4 s, 2 min 13 s or 2 h 05 min."""
    if seconds < 120:
        return f"{seconds:.1f}{NBSP}s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 120:
        return f"{minutes}{NBSP}min {rest}{NBSP}s"
    return f"{minutes // 60}{NBSP}h {minutes % 60:02}{NBSP}min"


def timings(seconds: Mapping[str, float]) -> list[tuple[str, str]]:
    """Rates and durations; the key's ending tells which."""
    rows = []
    for key, number in seconds.items():
        unit = next(
            (u for u in ("texts", "windows", "tokens") if key.endswith(f"_{u}_per_s")), None
        )
        stage = key.removesuffix("_s") if unit is None else key.removesuffix(f"_{unit}_per_s")
        speed = f"{number:,.{0 if number >= 100 else 1}f}{NBSP}{unit}/s"
        rows.append((STAGES.get(stage, title(stage)), speed if unit else duration(number)))
    return rows


def facts(values: Mapping[str, Any], grouped: bool = False) -> list[tuple[str, str]]:
    """Keys and values in words, one level of nesting laid flat.

    Args:
        values: From the record.
        grouped: Write 12345 as 12,345; settings stay as they are typed.
    """
    rows: list[tuple[str, str]] = []
    for key, content in values.items():
        name = key.replace("_", " ")
        if isinstance(content, Mapping) and content:
            rows += [(f"{name}: {inner}", fact(v, grouped)) for inner, v in content.items()]
        else:
            rows.append((name, fact(content, grouped)))
    return rows


def fact(content: Any, grouped: bool = False) -> str:
    """One value in words."""
    if isinstance(content, bool):
        return "yes" if content else "no"
    if isinstance(content, int):
        return f"{content:,}" if grouped else str(content)
    if isinstance(content, float):
        return f"{content:g}"
    if isinstance(content, list | tuple):
        return ", ".join(fact(item, grouped) for item in content) or DASH
    return DASH if content is None or content == "" or content == {} else str(content)
