"""Metrics: from statistics by block to values with intervals. A new metric is one more entry of the catalogue."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from modelmonitor.api.monitor import Metric, MetricName
from modelmonitor.evaluation.metrics import classification
from modelmonitor.evaluation.metrics.measure import Interval, LeaveOneOut, Measure
from modelmonitor.evaluation.metrics.ranking import AVERAGE_PRECISION, EXPECTED_CALIBRATION_ERROR, ROC_AUC
from modelmonitor.evaluation.metrics.ratios import ACCURACY, F1, PRECISION, RECALL, SPECIFICITY

__all__ = ["CATALOGUE", "Interval", "LeaveOneOut", "Measure", "measure_of"]

CATALOGUE: Final[Mapping[MetricName, Measure]] = MappingProxyType(
    {
        MetricName.ACCURACY: ACCURACY,
        MetricName.BALANCED_ACCURACY: classification.BALANCED_ACCURACY,
        MetricName.PRECISION: PRECISION,
        MetricName.RECALL: RECALL,
        MetricName.SPECIFICITY: SPECIFICITY,
        MetricName.F1: F1,
        MetricName.MATTHEWS_CORRCOEF: classification.MATTHEWS_CORRCOEF,
        MetricName.COHEN_KAPPA: classification.COHEN_KAPPA,
        MetricName.ROC_AUC: ROC_AUC,
        MetricName.AVERAGE_PRECISION: AVERAGE_PRECISION,
        MetricName.LOG_LOSS: classification.LOG_LOSS,
        MetricName.BRIER_SCORE: classification.BRIER_SCORE,
        MetricName.EXPECTED_CALIBRATION_ERROR: EXPECTED_CALIBRATION_ERROR,
    }
)


def measure_of(metric: Metric) -> Measure:
    """The measure of an objective."""
    return CATALOGUE[metric.name]
