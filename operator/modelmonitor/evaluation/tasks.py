"""What a task is to the stages: how its labels and predictions are read, and by what its objectives are measured."""

from collections.abc import Sequence

from modelmonitor.api.metric_names import TOLD_MORE, MetricName, Task
from modelmonitor.api.monitor import Columns, ModelSpec
from modelmonitor.api.objectives import BusinessRule, Metric, Objective, UserMetric
from modelmonitor.evaluation.business_rules import rule_measure
from modelmonitor.evaluation.errors import DataError, InputError
from modelmonitor.evaluation.metrics import CATALOGUE, Measure, measure_of
from modelmonitor.evaluation.models import Model
from modelmonitor.evaluation.score import LabelReader, Labels, Predictor, Rescored, logged
from modelmonitor.evaluation.score_classes import ClassLabels, LoggedManyClasses, RescoredClasses
from modelmonitor.evaluation.score_values import LoggedValues, RescoredValues, ValueLabels
from modelmonitor.evaluation.user_metrics import user_measure


def labels_of(columns: Columns, spec: ModelSpec) -> Labels:
    """The ground truth."""
    match spec.task:
        case Task.BINARY_CLASSIFICATION:
            return LabelReader(columns, spec)
        case Task.MULTICLASS_CLASSIFICATION:
            return ClassLabels(columns, spec.classes or ())
        case Task.REGRESSION:
            return ValueLabels(columns)


def logged_predictions(columns: Columns, spec: ModelSpec) -> Predictor:
    """The predictions that were logged with the data.

    Raises:
        DataError: when the spec names no column that the task can be judged by.
    """
    match spec.task:
        case Task.MULTICLASS_CLASSIFICATION if columns.scores or columns.prediction:
            return LoggedManyClasses(columns, spec.classes or ())
        case Task.REGRESSION if columns.prediction:
            return LoggedValues(columns.prediction)
        case Task.BINARY_CLASSIFICATION:
            return logged(columns, spec)
        case _:
            raise DataError(
                "PredictionColumnMissing",
                "predictions.column needs data.columns.prediction, or data.columns.scores of many classes: name the"
                " column, or use predictions.model",
            )


def rescored(model: Model, spec: ModelSpec) -> Predictor:
    """The predictions of a model that is loaded here.

    Raises:
        ModelError: when it is a model of something else.
    """
    match spec.task:
        case Task.BINARY_CLASSIFICATION:
            return Rescored(model, spec)
        case Task.MULTICLASS_CLASSIFICATION:
            return RescoredClasses(model, spec.classes or ())
        case Task.REGRESSION:
            return RescoredValues(model)


def measure_for(objective: Objective, spec: ModelSpec) -> Measure:
    """By what an objective is measured.

    Raises:
        EvaluationError: when what it names cannot be used; the message says why.
    """
    match objective:
        case Metric():
            return measure_of(objective, spec)
        case BusinessRule():
            return rule_measure(objective)
        case UserMetric():
            return user_measure(objective)
        case _:
            raise TypeError(f"{type(objective).__name__} is no objective that can be measured")


def measure_by_name(name: MetricName, metrics: Sequence[Metric], spec: ModelSpec) -> Measure:
    """By what two models are compared: a metric of `challenger`, with the fields of its entry in `metrics`.

    Raises:
        InputError: when it is no metric of the task, or its entry is missing.
    """
    entry = next((metric for metric in metrics if metric.name is name), None)
    if entry is not None:
        return measure_of(entry, spec)
    if name in TOLD_MORE:
        raise InputError("ChallengerMetric", f"challenger: {name} needs its entry in metrics, with its fields")
    if (measure := CATALOGUE[spec.task].get(name)) is None:
        raise InputError(
            "ChallengerMetric",
            f"challenger: {name} is no metric of a {spec.task}; name one of {', '.join(CATALOGUE[spec.task])}",
        )
    return measure
