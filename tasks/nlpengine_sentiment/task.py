"""The sentiment task: one text, one label; the labels come from the data."""

from __future__ import annotations

from pathlib import Path

from nlpengine.data import Column, Record, TextExample
from nlpengine.plugin import Classification, hookimpl, label_of, slices_of

TEXT = ("sentence", "review", "review_text", "tweet", "content", "comment", "body")
LABEL = ("sentiment", "polarity", "class", "category", "rating", "stars")
"""What published sets call the two columns."""


class Sentiment(Classification[TextExample]):
    """Classify a text by its polarity."""

    name = "sentiment"
    summary = "the polarity of a text: any number of classes, taken from the data"
    columns = (
        Column("text", TEXT),
        Column("label", LABEL, required=False, role="gold"),
        Column("slice", required=False, role="about"),
    )
    demo = Path(__file__).parent / "demo"

    def adapt(self, record: Record) -> TextExample:
        """A record's text, label and slices; anything but a string as text is refused."""
        return TextExample(record.text("text"), label_of(record), record.origin, slices_of(record))


@hookimpl
def nlpengine_task() -> Sentiment:
    """The sentiment task."""
    return Sentiment()
