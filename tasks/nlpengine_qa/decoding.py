"""Logits of all windows of a context → its most probable spans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlpengine.plugin import WindowLogits, merged_logits, merged_offsets

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spans:
    """All spans that may be an answer, scored.

    Attributes:
        scores: Start logit plus end logit of the span of ``row`` and its ``column`` next tokens
            [tokens, longest]; -inf for what is no span.
        offsets: Characters of each token of the context [tokens, 2].
        null: Logit of no answer.
        total: Log of the summed exp of all spans; -inf where there is none.
        best: The best span's score; -inf where there is none.
    """

    scores: Floats
    offsets: npt.NDArray[np.int32]
    null: float
    total: float
    best: float

    @property
    def doubt(self) -> float:
        """By how much no answer is likelier than the best span, in logits (Devlin et al. 2019)."""
        return self.null - self.best

    def ranked(self) -> Iterator[tuple[float, int, int]]:
        """(score, first character, one past the last) of spans, best first.

        Among equals the earlier and then the shorter span comes first.
        """
        flat = self.scores.ravel()
        wanted = min(32, flat.size)
        done = 0
        while done < flat.size:
            # A few at a time: all spans of a long text are many, and few of them are asked for.
            best = np.argpartition(-flat, wanted - 1)[:wanted] if wanted < flat.size else None
            if best is None:
                best = np.arange(flat.size)
            else:
                best = np.flatnonzero(flat >= flat[best].min())
            order = best[np.argsort(-flat[best], kind="stable")]
            for place in order[done:].tolist():
                score = float(flat[place])
                if score == -np.inf:
                    return
                row, more = divmod(place, self.scores.shape[1])
                yield score, int(self.offsets[row, 0]), int(self.offsets[row + more, 1])
            done, wanted = len(order), min(8 * len(order), flat.size)


def find_spans(windows: Sequence[WindowLogits], longest: int) -> Spans:
    """Score all spans of a context jointly.

    Start and end logits of each token are those of the window that sees most around it, so that
    every span of at most ``longest`` tokens is counted once, also one that runs from window to
    window.

    Args:
        windows: The windows of one context, of a head with two logits a token.
        longest: Most tokens of an answer.
    """
    null = min(float(window.logits[0].sum()) for window in windows)
    logits, offsets = merged_logits(windows), merged_offsets(windows)
    stands = offsets[:, 0] < offsets[:, 1]
    if not stands.any():
        return Spans(np.empty((0, 1)), offsets, null, -np.inf, -np.inf)
    starts, ends = np.where(stands[:, None], logits, -np.inf).T  # what is no text is no border
    width = min(longest, len(starts))
    padded = np.concatenate([ends, np.full(width - 1, -np.inf)])
    band = np.lib.stride_tricks.sliding_window_view(padded, width)  # ends of each start
    scores = starts[:, None] + band
    best = float(scores.max())
    total = best + float(np.log(np.exp(scores - best).sum()))
    return Spans(scores, offsets, null, total, best)
