"""What question answering answers."""

from __future__ import annotations

from dataclasses import dataclass

NO_ANSWER = "(no answer)"
"""The empty answer, in words."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One possible answer.

    Attributes:
        answer: A piece of the context as it stands there; "" for no answer.
        score: Its probability, in [0, 1].
        start: Its first character in the context; 0 for no answer.
        end: One past its last; 0 for no answer.
    """

    answer: str
    score: float
    start: int
    end: int

    def to_json(self) -> dict[str, object]:
        """All four."""
        return {"answer": self.answer, "score": self.score, "start": self.start, "end": self.end}

    def to_text(self) -> str:
        """One line."""
        return f"{self.answer or NO_ANSWER}  {100 * self.score:.1f} %"


NONE = Candidate("", 1.0, 0, 0)


@dataclass(frozen=True, slots=True)
class AnswerPrediction:
    """The answer to one question.

    Attributes:
        candidates: The most probable answers, the one that is given first, no text twice; at least
            one.
        no_answer_probability: That the context holds no answer, in [0, 1].
        windows: How many windows of the encoder the context filled.
    """

    candidates: tuple[Candidate, ...]
    no_answer_probability: float
    windows: int = 1

    @property
    def answer(self) -> str:
        """The answer; "" for none."""
        return self.candidates[0].answer

    @property
    def score(self) -> float:
        """Its probability, in [0, 1]."""
        return self.candidates[0].score

    @property
    def start(self) -> int:
        """Its first character in the context."""
        return self.candidates[0].start

    @property
    def end(self) -> int:
        """One past its last: ``context[start:end] == answer``."""
        return self.candidates[0].end

    def to_json(self) -> dict[str, object]:
        """The answer with ``no_answer_probability``; more candidates and windows where there are.

        A row of SQuAD has ``answers``, the gold; a prediction has ``answer``.
        """
        row: dict[str, object] = {
            **self.candidates[0].to_json(),
            "no_answer_probability": self.no_answer_probability,
        }
        if len(self.candidates) > 1:
            row["candidates"] = [candidate.to_json() for candidate in self.candidates]
        return row if self.windows == 1 else row | {"windows": self.windows}

    def to_text(self) -> str:
        """The answer and where it stands, then the other candidates."""
        lines = [self.candidates[0].to_text()]
        if self.answer:
            lines.append(f"  characters {self.start} to {self.end} of the context")
        lines += [f"  or: {candidate.to_text()}" for candidate in self.candidates[1:]]
        lines.append(f"  {100 * self.no_answer_probability:.1f} % that there is no answer")
        if self.windows > 1:
            lines.append(f"  ({self.windows} windows: all of the context counts)")
        return "\n".join(lines)
