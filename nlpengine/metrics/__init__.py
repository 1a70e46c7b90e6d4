"""gold + predictions → Scores with 95 % intervals. No torch here."""

from nlpengine.metrics.bootstrap import bootstrap_cells, bootstrap_mean, paired_difference
from nlpengine.metrics.calibration import expected_calibration_error, fit_temperature, softmax
from nlpengine.metrics.classification import classification_scores
from nlpengine.metrics.scores import Score, Scores, Table

__all__ = [
    "Score",
    "Scores",
    "Table",
    "bootstrap_cells",
    "bootstrap_mean",
    "classification_scores",
    "expected_calibration_error",
    "fit_temperature",
    "paired_difference",
    "softmax",
]
