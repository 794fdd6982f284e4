"""Metrics: from counts by block to values with intervals. A new metric is one more entry of the catalogue."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from modelmonitor.api.monitor import MetricName
from modelmonitor.evaluation.metrics.measure import Interval, LeaveOneOut, Measure
from modelmonitor.evaluation.metrics.ratios import ACCURACY, F1, PRECISION, RECALL
from modelmonitor.evaluation.metrics.roc_auc import ROC_AUC

__all__ = ["CATALOGUE", "NEED_SCORES", "Interval", "LeaveOneOut", "Measure"]

CATALOGUE: Final[Mapping[MetricName, Measure]] = MappingProxyType(
    {
        MetricName.ACCURACY: ACCURACY,
        MetricName.PRECISION: PRECISION,
        MetricName.RECALL: RECALL,
        MetricName.F1: F1,
        MetricName.ROC_AUC: ROC_AUC,
    }
)
NEED_SCORES: Final = frozenset({MetricName.ROC_AUC})
