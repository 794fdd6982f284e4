"""The metrics that there are: to which tasks each belongs, where it lies, and what else it must be told."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Task(StrEnum):
    """What the model predicts."""

    BINARY_CLASSIFICATION = "BinaryClassification"
    MULTICLASS_CLASSIFICATION = "MulticlassClassification"
    REGRESSION = "Regression"


class MetricName(StrEnum):
    """Metrics by the names that scikit-learn gives them."""

    ACCURACY = "accuracy"
    BALANCED_ACCURACY = "balanced_accuracy"
    PRECISION = "precision"
    RECALL = "recall"
    SPECIFICITY = "specificity"
    F1 = "f1"
    FBETA = "fbeta"
    MATTHEWS_CORRCOEF = "matthews_corrcoef"
    COHEN_KAPPA = "cohen_kappa"
    ROC_AUC = "roc_auc"
    AVERAGE_PRECISION = "average_precision"
    LOG_LOSS = "log_loss"
    BRIER_SCORE = "brier_score"
    EXPECTED_CALIBRATION_ERROR = "expected_calibration_error"
    MEAN_COST = "mean_cost"
    SELECTION_RATE_DIFFERENCE = "selection_rate_difference"
    SELECTION_RATE_RATIO = "selection_rate_ratio"
    RECALL_DIFFERENCE = "recall_difference"
    RECALL_RATIO = "recall_ratio"
    FALSE_POSITIVE_RATE_DIFFERENCE = "false_positive_rate_difference"
    FALSE_POSITIVE_RATE_RATIO = "false_positive_rate_ratio"
    PRECISION_MACRO = "precision_macro"
    PRECISION_MICRO = "precision_micro"
    PRECISION_WEIGHTED = "precision_weighted"
    RECALL_MACRO = "recall_macro"
    RECALL_MICRO = "recall_micro"
    RECALL_WEIGHTED = "recall_weighted"
    F1_MACRO = "f1_macro"
    F1_MICRO = "f1_micro"
    F1_WEIGHTED = "f1_weighted"
    ROC_AUC_OVR = "roc_auc_ovr"
    ROC_AUC_OVR_WEIGHTED = "roc_auc_ovr_weighted"
    MEAN_ABSOLUTE_ERROR = "mean_absolute_error"
    MEAN_SQUARED_ERROR = "mean_squared_error"
    ROOT_MEAN_SQUARED_ERROR = "root_mean_squared_error"
    MEAN_ABSOLUTE_PERCENTAGE_ERROR = "mean_absolute_percentage_error"
    R2 = "r2"
    EXPLAINED_VARIANCE = "explained_variance"
    MEDIAN_ABSOLUTE_ERROR = "median_absolute_error"
    ABSOLUTE_ERROR_QUANTILE = "absolute_error_quantile"
    MEAN_PINBALL_LOSS = "mean_pinball_loss"
    MEAN_ERROR = "mean_error"


class Lies(StrEnum):
    """Where the values of a metric lie."""

    SHARE = "from 0 to 1"
    CORRELATION = "from -1 to 1"
    POSITIVE = "from 0 up"
    BELOW_ONE = "up to 1"
    ANYWHERE = "anywhere"


@dataclass(frozen=True, slots=True)
class About:
    """What is to be known of a metric before it is measured."""

    tasks: tuple[Task, ...]
    lies: Lies = Lies.SHARE
    scored: bool = False
    """Whether it needs scores; the predicted class is not enough."""
    parameter: str | None = None
    """The field of the objective that it needs, and that no other metric has."""
    compares: bool = True
    """Whether two models can be compared by it: not where neither more nor less is better."""


_BINARY: Final = (Task.BINARY_CLASSIFICATION,)
_MANY: Final = (Task.MULTICLASS_CLASSIFICATION,)
_CLASSES: Final = (*_BINARY, *_MANY)
_VALUES: Final = (Task.REGRESSION,)

ABOUT: Final[Mapping[MetricName, About]] = MappingProxyType(
    {
        MetricName.ACCURACY: About(_CLASSES),
        MetricName.BALANCED_ACCURACY: About(_CLASSES),
        MetricName.PRECISION: About(_BINARY),
        MetricName.RECALL: About(_BINARY),
        MetricName.SPECIFICITY: About(_BINARY),
        MetricName.F1: About(_BINARY),
        MetricName.FBETA: About(_BINARY, parameter="beta"),
        MetricName.MATTHEWS_CORRCOEF: About(_CLASSES, Lies.CORRELATION),
        MetricName.COHEN_KAPPA: About(_CLASSES, Lies.CORRELATION),
        MetricName.ROC_AUC: About(_BINARY, scored=True),
        MetricName.AVERAGE_PRECISION: About(_BINARY, scored=True),
        MetricName.LOG_LOSS: About(_CLASSES, Lies.POSITIVE, scored=True),
        MetricName.BRIER_SCORE: About(_CLASSES, scored=True),
        MetricName.EXPECTED_CALIBRATION_ERROR: About(_CLASSES, scored=True),
        MetricName.MEAN_COST: About(_CLASSES, Lies.ANYWHERE, parameter="costs"),
        MetricName.SELECTION_RATE_DIFFERENCE: About(_BINARY, parameter="between"),
        MetricName.SELECTION_RATE_RATIO: About(_BINARY, parameter="between"),
        MetricName.RECALL_DIFFERENCE: About(_BINARY, parameter="between"),
        MetricName.RECALL_RATIO: About(_BINARY, parameter="between"),
        MetricName.FALSE_POSITIVE_RATE_DIFFERENCE: About(_BINARY, parameter="between"),
        MetricName.FALSE_POSITIVE_RATE_RATIO: About(_BINARY, parameter="between"),
        MetricName.PRECISION_MACRO: About(_MANY),
        MetricName.PRECISION_MICRO: About(_MANY),
        MetricName.PRECISION_WEIGHTED: About(_MANY),
        MetricName.RECALL_MACRO: About(_MANY),
        MetricName.RECALL_MICRO: About(_MANY),
        MetricName.RECALL_WEIGHTED: About(_MANY),
        MetricName.F1_MACRO: About(_MANY),
        MetricName.F1_MICRO: About(_MANY),
        MetricName.F1_WEIGHTED: About(_MANY),
        MetricName.ROC_AUC_OVR: About(_MANY, scored=True),
        MetricName.ROC_AUC_OVR_WEIGHTED: About(_MANY, scored=True),
        MetricName.MEAN_ABSOLUTE_ERROR: About(_VALUES, Lies.POSITIVE),
        MetricName.MEAN_SQUARED_ERROR: About(_VALUES, Lies.POSITIVE),
        MetricName.ROOT_MEAN_SQUARED_ERROR: About(_VALUES, Lies.POSITIVE),
        MetricName.MEAN_ABSOLUTE_PERCENTAGE_ERROR: About(_VALUES, Lies.POSITIVE),
        MetricName.R2: About(_VALUES, Lies.BELOW_ONE),
        MetricName.EXPLAINED_VARIANCE: About(_VALUES, Lies.BELOW_ONE),
        MetricName.MEDIAN_ABSOLUTE_ERROR: About(_VALUES, Lies.POSITIVE),
        MetricName.ABSOLUTE_ERROR_QUANTILE: About(_VALUES, Lies.POSITIVE, parameter="quantile"),
        MetricName.MEAN_PINBALL_LOSS: About(_VALUES, Lies.POSITIVE, parameter="alpha"),
        MetricName.MEAN_ERROR: About(_VALUES, Lies.ANYWHERE, compares=False),
    }
)

SCORED_METRICS: Final = tuple(name for name, about in ABOUT.items() if about.scored)
"""Metrics that need scores."""
SHARES: Final = tuple(name for name, about in ABOUT.items() if about.lies is Lies.SHARE)
"""Metrics that lie between 0 and 1."""
TOLD_MORE: Final = tuple(name for name, about in ABOUT.items() if about.parameter)
"""Metrics that need a field of their own."""
INCOMPARABLE: Final = tuple(name for name, about in ABOUT.items() if not about.compares)
"""Metrics by which two models cannot be compared."""
PARAMETERS: Final[Mapping[str, tuple[MetricName, ...]]] = MappingProxyType(
    {
        field: tuple(name for name in TOLD_MORE if ABOUT[name].parameter == field)
        for field in ("beta", "alpha", "quantile", "costs", "between")
    }
)
"""The metrics to which each such field belongs."""


def fitting(task: Task) -> tuple[MetricName, ...]:
    """The metrics of a task."""
    return tuple(name for name, about in ABOUT.items() if task in about.tasks)


def cel(names: Iterable[str]) -> str:
    """Names as a list in CEL."""
    return "[" + ", ".join(f"'{name}'" for name in names) + "]"


def listed(names: Iterable[str]) -> str:
    """Names as a list in a sentence."""
    return ", ".join(names)
