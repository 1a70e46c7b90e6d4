"""Logits of all windows of a context → its most probable spans."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlpengine.plugin import WindowLogits, merged_logits, merged_offsets

Floats = npt.NDArray[np.float64]

_LEAST = 1e-200
"""Below it a sum of float64 products begins to lose digits."""


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
        done, wanted = 0, 1
        while done < flat.size:
            # A few at a time: all spans of a long text are many, and few of them are asked for.
            if wanted == 1:
                order = np.array([flat.argmax()])
            else:
                least = np.partition(flat, -wanted)[-wanted]
                order = np.flatnonzero(flat >= least)
                order = order[np.argsort(-flat[order], kind="stable")]
            for place in order[done:].tolist():
                score = float(flat[place])
                if score == -np.inf:
                    return
                row, more = divmod(place, self.scores.shape[1])
                yield score, int(self.offsets[row, 0]), int(self.offsets[row + more, 1])
            done, wanted = len(order), min(32 * len(order), flat.size)


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
    scores = starts[:, None] + _band(padded, width)
    best = float(scores.max())
    return Spans(scores, offsets, null, _log_total(starts, padded, scores, best), best)


def _band(padded: Floats, width: int) -> Floats:
    """The ends of each start [tokens, width], a view."""
    tokens, step = len(padded) - width + 1, padded.strides[0]
    return np.lib.stride_tricks.as_strided(padded, (tokens, width), (step, step), writeable=False)


def _log_total(starts: Floats, padded: Floats, scores: Floats, best: float) -> float:
    """Log of the summed exp of all scores: a product of sums, without an exp for each span."""
    if not np.isfinite(best):
        return best
    start, end = float(starts.max()), float(padded.max())
    sums = _band(np.exp(padded - end), len(padded) - len(starts) + 1).sum(axis=1)
    total = float(np.exp(starts - start) @ sums)
    if total > _LEAST:
        return start + end + float(np.log(total))
    # The best start stands behind the best end, and what may go together is far below both.
    return best + float(np.log(np.exp(scores - best).sum()))
