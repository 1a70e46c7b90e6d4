"""gold + predictions → Scores with 95 % intervals. No torch here."""

from nlpengine.metrics.answers import answer_scores, exact_match, normalise_answer, token_f1
from nlpengine.metrics.bootstrap import bootstrap_cells, bootstrap_mean, paired_difference
from nlpengine.metrics.calibration import expected_calibration_error, fit_temperature, softmax
from nlpengine.metrics.classification import classification_scores
from nlpengine.metrics.entities import entity_scores
from nlpengine.metrics.hits import Hits
from nlpengine.metrics.no_answer import best_threshold
from nlpengine.metrics.paired import paired_scores
from nlpengine.metrics.regression import regression_scores
from nlpengine.metrics.scores import Resampled, Score, Scores, Table
from nlpengine.metrics.tags import Entity, entity_tags, lenient_entities, strict_entities

__all__ = [
    "Entity",
    "Hits",
    "Resampled",
    "Score",
    "Scores",
    "Table",
    "answer_scores",
    "best_threshold",
    "bootstrap_cells",
    "bootstrap_mean",
    "classification_scores",
    "entity_scores",
    "entity_tags",
    "exact_match",
    "expected_calibration_error",
    "fit_temperature",
    "lenient_entities",
    "normalise_answer",
    "paired_difference",
    "paired_scores",
    "regression_scores",
    "softmax",
    "strict_entities",
    "token_f1",
]
