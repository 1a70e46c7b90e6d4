"""What intervals resample: documents, or sentences where too few documents are marked."""

import pytest
from nlpengine_ner import NamedEntities
from nlpengine_ner.documents import FEWEST_DOCUMENTS
from nlpengine_ner.prediction import prediction_of
from nlpengine_ner.task import NerOptions

from nlpengine.data import Origin, Record
from nlpengine.metrics import entity_scores, paired_scores, strict_entities
from nlpengine.plugin import Labels

TASK = NamedEntities()
LABELS = Labels(("O", "B-A", "I-A"))
TAGS = ("B-A", "O")
NOTE = (
    "documents in test: {}, too few to resample (5 are needed). The intervals resample sentences, "
    "as if those of one document were independent, and may be too narrow."
)


def sentences(count, documents):
    """Sentences of one entity; as many documents, 0 for none."""
    rows = [
        Record(
            {"words": ["a", "b"], "tags": list(TAGS)}
            | ({"document": number * documents // count} if documents else {}),
            Origin("a", number + 1),
        )
        for number in range(count)
    ]
    return TASK.review({"test": [TASK.adapt(row) for row in rows]}, NerOptions("viterbi", "marks"))


def scores(gold, right):
    """Of a system that finds the entities of the first ``right`` sentences."""
    found = [
        prediction_of(one.text, one.words, TAGS if number < right else ("O", "O"), (1.0, 1.0))
        for number, one in enumerate(gold)
    ]
    return TASK.score(gold, found, LABELS)


@pytest.mark.parametrize("documents", [1, FEWEST_DOCUMENTS - 1])
def test_of_few_documents_the_sentences_are_resampled_and_it_is_said(documents):
    made, notes = sentences(40, documents)
    found = scores(made["test"], 30)
    assert found.resampled.units == 40
    assert found.metrics["f1"].high - found.metrics["f1"].low > 0.1
    assert NOTE.format(documents) in notes
    unmarked = scores(sentences(40, 0)[0]["test"], 30)
    assert found.metrics == unmarked.metrics


def test_one_document_proves_nothing_of_two_systems():
    gold = sentences(40, 1)[0]["test"]
    difference = paired_scores(scores(gold, 31), scores(gold, 30))
    assert difference.low <= 0 < difference.value < difference.high


def test_control_one_document_as_a_unit_would():
    gold = [strict_entities(TAGS)] * 40
    found = [
        entity_scores(gold, gold[:right] + [[]] * (40 - right), [2] * 40, documents=["d"] * 40)
        for right in (31, 30)
    ]
    # 40 sentences that say nothing, as they are one unit.
    assert found[0].metrics["f1"].high - found[0].metrics["f1"].low > 0.5
    difference = paired_scores(*found)
    assert difference.high - difference.low > 1


@pytest.mark.parametrize(("count", "documents"), [(40, FEWEST_DOCUMENTS), (3, 3), (40, 0)])
def test_enough_documents_or_none_are_left_alone(count, documents):
    made, notes = sentences(count, documents)
    assert scores(made["test"], 2).resampled.units == (documents or count)
    assert not any("too few to resample" in note for note in notes)
