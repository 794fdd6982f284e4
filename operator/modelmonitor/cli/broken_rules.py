"""The CEL rules of the API server that decide what an evaluation means, for a manifest that no API server has seen.

The others are the operator's matter.
"""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from modelmonitor.api.metric_names import ABOUT, INCOMPARABLE, PARAMETERS, SCORED_METRICS, SHARES, Task, fitting, listed
from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.api.objectives import Metric, Objective


def broken_rules(spec: ModelMonitorSpec) -> Iterator[str]:
    """What is wrong, each with its field and what to do."""
    yield from _columns(spec)
    yield from _model(spec)
    for field, objectives in (
        ("metrics", spec.metrics),
        ("rules", spec.business_rules),
        ("userMetrics", spec.user_metrics),
    ):
        for number, objective in enumerate(objectives):
            yield from _objective(f"spec.{field}[{number}]", objective)
    for number, metric in enumerate(spec.metrics):
        yield from _metric(spec, f"spec.metrics[{number}]", metric)
        yield from _than_before(spec, f"spec.metrics[{number}].noWorseThan", metric)
    for number, guard in enumerate(spec.challenger.guards if spec.challenger is not None else ()):
        if guard.metric in SHARES and guard.margin >= 1:
            yield (
                f"spec.challenger.guards[{number}].margin: {guard.margin:g} is not below 1, where {guard.metric} lies;"
                " write it as a share, such as 0.02"
            )
    if spec.windows.every > spec.windows.length:
        yield "spec.windows.every: is longer than windows.length, so rows between two windows are never judged"
    try:
        ZoneInfo(spec.windows.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f"spec.windows.timeZone: {spec.windows.time_zone!r} is not a time zone; write one such as Europe/Vienna"


def _columns(spec: ModelMonitorSpec) -> Iterator[str]:
    columns, task = spec.data.columns, spec.model.task
    if spec.data.predictions.column is not None and not (columns.score or columns.scores or columns.prediction):
        yield (
            "spec.data.predictions.column: name data.columns.score (of a binary task), .scores (of many classes) or"
            " .prediction, or use predictions.model"
        )
    endpoint = spec.data.predictions.endpoint
    if endpoint is not None and endpoint.secret_name is not None and not endpoint.url.startswith("https://"):
        yield (
            "spec.data.predictions.endpoint.secretName: is a token, which must not travel unencrypted; use an https://"
            " url, or leave it out"
        )
    if endpoint is not None and endpoint.timeout > timedelta(minutes=10):
        yield (
            "spec.data.predictions.endpoint.timeout: is of one request; set at most 10m, and fewer batchRows where that"
            " is too short"
        )
    if endpoint is not None and endpoint.classes is not None and task is Task.REGRESSION:
        yield (
            "spec.data.predictions.endpoint.classes: says which class each probability is of, which no Regression has;"
            " leave it out"
        )
    if columns.model_version is not None and spec.data.predictions.column is None:
        yield (
            "spec.data.columns.modelVersion: says which model made a logged prediction; use it with"
            " data.predictions.column, or leave it out"
        )
    if columns.score is not None and task is not Task.BINARY_CLASSIFICATION:
        yield (
            "spec.data.columns.score: is the one score of a BinaryClassification; name data.columns.scores for many"
            " classes, data.columns.prediction for the value of a Regression"
        )
    if columns.scores is not None and {one.class_ for one in columns.scores} != set(spec.model.classes or ()):
        yield "spec.data.columns.scores: needs one column for each of model.classes, and no other; name them all"


def _model(spec: ModelMonitorSpec) -> Iterator[str]:
    model = spec.model
    if (model.classes is not None) != (model.task is Task.MULTICLASS_CLASSIFICATION):
        yield (
            "spec.model.classes: belongs to MulticlassClassification and to nothing else; list the classes there as"
            " they are written in the data, and only there"
        )
    if model.task is not Task.BINARY_CLASSIFICATION and (model.positive_class, model.threshold) != ("1", 0.5):
        yield "spec.model: positiveClass and threshold are for BinaryClassification; remove them, or change task"


def _objective(where: str, objective: Objective) -> Iterator[str]:
    where = f"{where} ({objective.full_name})"
    if objective.min is None and objective.max is None:
        yield f"{where}: needs an objective; set min (the least good value) or max"
    elif objective.min is not None and objective.max is not None and objective.min > objective.max:
        yield f"{where}: min is above max, so no value meets both"


def _than_before(spec: ModelMonitorSpec, where: str, metric: Metric) -> Iterator[str]:
    held = metric.no_worse_than
    if held is None:
        return
    if metric.name in INCOMPARABLE:
        yield f"{where}: {metric.name} is not worse for being greater or less; remove it"
    if held.reference is not None and spec.data.reference is None:
        yield f"{where}.reference: compares with data.reference; set it, or use promotion"
    for field, slack in (("promotion", held.promotion), ("reference", held.reference)):
        if slack is not None and metric.name in SHARES and slack.by >= 1:
            yield f"{where}.{field}.by: {slack.by:g} is not below 1; write it as a share, such as 0.05"


def _metric(spec: ModelMonitorSpec, where: str, metric: Metric) -> Iterator[str]:
    name, task, columns = metric.name, spec.model.task, spec.data.columns
    for field, bound in (("min", metric.min), ("max", metric.max)):
        if bound is not None and name in SHARES and not 0 <= bound <= 1:
            yield f"{where}.{field}: {bound:g} is not between 0 and 1, where {name} lies"
    if task not in ABOUT[name].tasks:
        yield (
            f"{where}.name: {name} is for {listed(ABOUT[name].tasks)}; a {task} (model.task) has"
            f" {listed(fitting(task))}"
        )
    for field, names in PARAMETERS.items():
        if (getattr(metric, field) is not None) != (name in names):
            yield f"{where}.{field}: belongs to {listed(names)} and to nothing else; set it there, and only there"
    if name in SCORED_METRICS and spec.data.predictions.column is not None and not (columns.score or columns.scores):
        yield (
            f"{where} ({name}): needs scores; name data.columns.score (or scores, of many classes), or use"
            " data.predictions.model"
        )
