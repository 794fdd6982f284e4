"""Metrics: from statistics by block to values with intervals. A new metric is one more entry of the catalogue."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from modelmonitor.api.metric_names import MetricName, Task
from modelmonitor.api.monitor import ModelSpec
from modelmonitor.api.objectives import Metric
from modelmonitor.evaluation.metrics import classification, multiclass, one_vs_rest, regression
from modelmonitor.evaluation.metrics.calibration import EXPECTED_CALIBRATION_ERROR, TOP_CALIBRATION_ERROR
from modelmonitor.evaluation.metrics.costs import mean_cost
from modelmonitor.evaluation.metrics.fairness import RATES, Between
from modelmonitor.evaluation.metrics.measure import Interval, LeaveOneOut, Measure, Undefined
from modelmonitor.evaluation.metrics.multiclass import Average
from modelmonitor.evaluation.metrics.quantile import ErrorQuantile
from modelmonitor.evaluation.metrics.ranking import AVERAGE_PRECISION, ROC_AUC
from modelmonitor.evaluation.metrics.ratios import ACCURACY, F1, PRECISION, RECALL, SPECIFICITY

__all__ = ["CATALOGUE", "Interval", "LeaveOneOut", "Measure", "Undefined", "measure_of"]

_BINARY: Final[Mapping[MetricName, Measure]] = {
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
_MANY: Final[Mapping[MetricName, Measure]] = {
    MetricName.ACCURACY: multiclass.ACCURACY,
    MetricName.BALANCED_ACCURACY: multiclass.BALANCED_ACCURACY,
    MetricName.PRECISION_MACRO: multiclass.precision(Average.MACRO),
    MetricName.PRECISION_MICRO: multiclass.ACCURACY,
    MetricName.PRECISION_WEIGHTED: multiclass.precision(Average.WEIGHTED),
    MetricName.RECALL_MACRO: multiclass.recall(Average.MACRO),
    MetricName.RECALL_MICRO: multiclass.ACCURACY,
    MetricName.RECALL_WEIGHTED: multiclass.recall(Average.WEIGHTED),
    MetricName.F1_MACRO: multiclass.f1(Average.MACRO),
    MetricName.F1_MICRO: multiclass.ACCURACY,
    MetricName.F1_WEIGHTED: multiclass.f1(Average.WEIGHTED),
    MetricName.MATTHEWS_CORRCOEF: multiclass.MATTHEWS_CORRCOEF,
    MetricName.COHEN_KAPPA: multiclass.COHEN_KAPPA,
    MetricName.ROC_AUC_OVR: one_vs_rest.ROC_AUC_OVR,
    MetricName.ROC_AUC_OVR_WEIGHTED: one_vs_rest.ROC_AUC_OVR_WEIGHTED,
    MetricName.LOG_LOSS: multiclass.LOG_LOSS,
    MetricName.BRIER_SCORE: multiclass.BRIER_SCORE,
    MetricName.EXPECTED_CALIBRATION_ERROR: TOP_CALIBRATION_ERROR,
}
_VALUES: Final[Mapping[MetricName, Measure]] = {
    MetricName.MEAN_ABSOLUTE_ERROR: regression.MEAN_ABSOLUTE_ERROR,
    MetricName.MEAN_SQUARED_ERROR: regression.MEAN_SQUARED_ERROR,
    MetricName.ROOT_MEAN_SQUARED_ERROR: regression.ROOT_MEAN_SQUARED_ERROR,
    MetricName.MEAN_ABSOLUTE_PERCENTAGE_ERROR: regression.MEAN_ABSOLUTE_PERCENTAGE_ERROR,
    MetricName.R2: regression.R2,
    MetricName.EXPLAINED_VARIANCE: regression.EXPLAINED_VARIANCE,
    MetricName.MEDIAN_ABSOLUTE_ERROR: ErrorQuantile(0.5),
    MetricName.MEAN_ERROR: regression.MEAN_ERROR,
}

CATALOGUE: Final[Mapping[Task, Mapping[MetricName, Measure]]] = MappingProxyType(
    {
        Task.BINARY_CLASSIFICATION: MappingProxyType(_BINARY),
        Task.MULTICLASS_CLASSIFICATION: MappingProxyType(_MANY),
        Task.REGRESSION: MappingProxyType(_VALUES),
    }
)
"""The metrics of each task that need nothing but a name."""


def measure_of(metric: Metric, model: ModelSpec) -> Measure:
    """The measure of an objective.

    Raises:
        InputError: when its fields do not go with the task's classes.
    """
    match metric:
        case Metric(name=MetricName.FBETA, beta=float(beta)):
            return classification.fbeta(beta)
        case Metric(name=MetricName.MEAN_PINBALL_LOSS, alpha=float(alpha)):
            return regression.mean_pinball_loss(alpha)
        case Metric(name=MetricName.ABSOLUTE_ERROR_QUANTILE, quantile=float(share)):
            return ErrorQuantile(share)
        case Metric(name=MetricName.MEAN_COST, costs=tuple(costs)):
            return mean_cost(costs, model)
        case Metric(name=name, between=str(column)):
            rate, ratio = RATES[name]
            return Between(column, rate, metric.minimum_rows, ratio)
        case _:
            return CATALOGUE[model.task][metric.name]
