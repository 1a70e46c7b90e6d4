"""What the emotion task answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EmotionPrediction:
    """The labels of a text.

    Attributes:
        labels: Those whose probability reaches its threshold, the most probable first.
        scores: Label → probability in [0, 1]; they don't sum to 1.
        windows: How many windows of the encoder the text filled.
    """

    labels: tuple[str, ...]
    scores: Mapping[str, float]
    windows: int = 1

    def to_json(self) -> dict[str, object]:
        """``labels``, ``scores``; ``windows`` only where a text needed several."""
        row: dict[str, object] = {"labels": list(self.labels), "scores": dict(self.scores)}
        return row if self.windows == 1 else row | {"windows": self.windows}

    def to_text(self) -> str:
        """The labels, then every label's probability, those predicted marked."""
        lines = [", ".join(self.labels) or "none"]
        for label, score in sorted(self.scores.items(), key=lambda item: (-item[1], item[0])):
            mark = "*" if label in self.labels else " "
            lines.append(f"{mark} {label:<12} {100 * score:5.1f} %")
        if self.windows > 1:
            lines.append(f"  ({self.windows} windows: all of the text counts)")
        return "\n".join(lines)
