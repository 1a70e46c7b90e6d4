"""Named entities: spans of words with a label each; any set of labels."""

from nlpengine_ner.prediction import EntityPrediction, NamedEntity
from nlpengine_ner.task import NamedEntities, nlpengine_task

__all__ = ["EntityPrediction", "NamedEntities", "NamedEntity", "nlpengine_task"]
