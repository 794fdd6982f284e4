"""`ModelMonitor.spec`: what a data scientist declares. The docstrings are what `kubectl explain` prints."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Final

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema

from modelmonitor.api.annotations import ListMap, ListSet, Preserved
from modelmonitor.api.drift import Drift
from modelmonitor.api.metric_names import (
    INCOMPARABLE,
    SCORED_METRICS,
    SHARES,
    TOLD_MORE,
    MetricName,
    Task,
    cel,
    fitting,
    listed,
)
from modelmonitor.api.objectives import BusinessRule, ClassText, Metric, Objective, UserMetric
from modelmonitor.api.quality import Quality
from modelmonitor.api.rules import OneOf, Rule, Ruled
from modelmonitor.api.serving import Serving
from modelmonitor.api.types import Column, Date, Duration, Model, Name, Share, Uri

DAY = timedelta(days=1)


class Partitioning(StrEnum):
    """How the files of a folder are laid out."""

    FLAT = "Flat"
    HIVE = "Hive"


class FileFormat(StrEnum):
    """The format of the data files."""

    PARQUET = "Parquet"


class Advance(StrEnum):
    """What moves the monitor on to the next window."""

    DATA = "Data"


class RolloutMode(StrEnum):
    """How a better model reaches what serves."""

    PATCH = "Patch"
    CONFIG_MAP = "ConfigMap"
    OBSERVE = "Observe"


class ModelSpec(Ruled):
    """The model that is monitored."""

    rules: ClassVar = (
        Rule(
            f"has(self.classes) == (self.task == '{Task.MULTICLASS_CLASSIFICATION}')",
            "model.classes belongs to MulticlassClassification and to nothing else: list the classes there as they are"
            " written in the data, and only there",
        ),
        Rule(
            f"self.task == '{Task.BINARY_CLASSIFICATION}' || (self.positiveClass == '1' && self.threshold == 0.5)",
            "model.positiveClass and model.threshold are for BinaryClassification: remove them, or change model.task",
        ),
    )

    task: Task = Task.BINARY_CLASSIFICATION
    """What the model predicts."""
    positive_class: ClassText = "1"
    """The positive class of a binary task as it is written in the label column, always in quotes: "1", "late"."""
    threshold: Share = 0.5
    """The score from which on a row of a binary task is predicted positive."""
    classes: Annotated[tuple[ClassText, ...], Field(min_length=2, max_length=100), ListSet()] | None = None
    """The classes of a multiclass task as they are written in the label column, always in quotes."""
    serving: Serving
    """What serves the model. Set exactly one."""
    secret_name: Name | None = None
    """The Secret with which evaluation Jobs load the model from its URI. Its keys (AWS_ACCESS_KEY_ID,
    AWS_SECRET_ACCESS_KEY, AWS_ENDPOINT_URL, …) become their environment; the operator itself never reads it."""


class Folder(Model):
    """A folder of files, local to the Job or in an object store."""

    uri: Uri
    """The folder: `s3://bucket/prefix/`, or a path that is there in the evaluation Job."""
    format: FileFormat = FileFormat.PARQUET
    """The format of the data files."""
    partitioning: Partitioning = Partitioning.FLAT
    """How the folder is laid out. Hive: a path segment such as `date=2013-02-01` says which civil day's rows are below
    it, and only the days that a window needs are opened. Flat: the statistics inside each file say it."""


class Files(Folder):
    """A folder of files, local to the Job or in an object store."""

    secret_name: Name | None = None
    """The Secret with which evaluation Jobs read the files. Its keys (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
    AWS_ENDPOINT_URL, …) become their environment; the operator itself never reads it."""


class Source(OneOf):
    """Where rows come from. Set exactly one."""

    files: Files | None = None
    """A folder of files, in an object store or on a path."""


class ReferenceWindow(Ruled):
    """Civil days of the current source, in the time zone of the windows."""

    rules: ClassVar = (
        Rule(
            "self.start < self.end",
            "reference.window.start must be before its end, which is the first day after: change one of them",
        ),
    )

    start: Date
    """The first day."""
    end: Date
    """The first day after. Choose days on which all was well, and whole weeks, since weekdays differ."""


class Reference(OneOf):
    """What the data were like when all was well. Set exactly one."""

    window: ReferenceWindow | None = None
    """Civil days of the current source, in the time zone of the windows."""
    files: Folder | None = None
    """A folder of its own with the same columns. It is read whole, with the Secret of `current`."""


class Labels(Ruled):
    """Where labels (the ground truth) come from, when, and how completely."""

    rules: ClassVar = (
        Rule(
            "has(self.files) == has(self.join)",
            "labels.files and labels.join go together: name the columns that both sides share, such as"
            " join: [flight_id], or leave both out where labels are in data.current",
        ),
        Rule(
            "!has(self.timestamp) || has(self.files)",
            "labels.timestamp is a column of labels.files: set files and join, or leave timestamp out",
        ),
        Rule(
            "!has(self.maximumDelay) || !has(self.delay) || self.maximumDelay >= self.delay",
            "labels.maximumDelay must not be shorter than labels.delay: raise maximumDelay, or leave it out",
        ),
    )

    files: Files | None = None
    """A folder of files with labels that arrive apart from the rows: `columns.label` is then read from these files and
    not from `current`. With Hive partitioning only the days from one before the window's start to now are opened.
    Without `secretName` they are read with the one of `current`."""
    join: Annotated[tuple[Column, ...], Field(min_length=1, max_length=8)] | None = None
    """The columns, of the same name in both, by which a label of `files` belongs to a row of `current`, such as
    [flight_id]. A row with a null in one of them has no label."""
    timestamp: Column | None = None
    """The column of `files` that says when a label became known: one that became known later than now is ignored, and
    of several for one key the newest wins. Without it, two different labels for one key are an Error."""
    delay: Duration | None = None
    """How long after its event a row usually has its label. A window is judged this long after its end. Default:
    labels are there with the rows."""
    minimum_coverage: Share = 0.9
    """The share of a window's rows that must have a label before the window is judged."""
    maximum_delay: Duration | None = None
    """When to stop waiting: a window that is still short of labels this long after its end is Insufficient for good.
    Default: twice the delay, at least 1d."""


class ScoreColumn(Model):
    """The column of one class's score."""

    class_: Annotated[ClassText, Field(alias="class")]
    """The class, as in `model.classes`."""
    column: Column
    """The column of its logged score, between 0 and 1."""


class FeatureColumns(OneOf):
    """Which columns are features. Set exactly one."""

    include: Annotated[tuple[Column, ...], Field(min_length=1, max_length=1000)] | None = None
    """These columns and no others."""
    exclude: Annotated[tuple[Column, ...], Field(min_length=1, max_length=1000)] | None = None
    """All columns but these, the timestamp, label, scores, prediction and modelVersion."""


class Columns(Model):
    """Which column is what."""

    timestamp: Column
    """The event time of a row. A time without a zone is read as UTC, a date as its first instant in the time zone of
    the windows."""
    label: Column
    """The ground truth; null while it is not known yet. Where labels arrive apart, a column of `labels.files`."""
    score: Column | None = None
    """The logged score of the positive class of a binary task, between 0 and 1. Needed by `predictions.column`, where
    there is no `prediction`, and by roc_auc there."""
    scores: Annotated[tuple[ScoreColumn, ...], Field(min_length=2, max_length=100), ListMap("class")] | None = None
    """The logged scores of a multiclass task, a column for each class; those of a row add up to 1. Needed by
    `predictions.column`, where there is no `prediction`, and by the metrics of scores there."""
    prediction: Column | None = None
    """The logged predicted class, or the predicted value of a regression."""
    model_version: Column | None = None
    """Which model made the logged prediction, as text or a number; only with `predictions.column`. A row counts if this
    is the last part of the serving model's URI ("7" of s3://models/flights/7), more of its end ("flights/7"), the URI
    itself, or the model's digest (sha256:…, or 12 or more of its first digits). Other rows are left out, and told.
    Without it the rows count that are newer than the model's first in service."""
    features: FeatureColumns | None = None
    """Which columns are features: drift and quality look at them. Default: all that are nothing else here."""


class FromColumn(Model):
    """Predictions were logged with the data, in `columns.score`, `columns.scores` or `columns.prediction`."""


class FromModel(Model):
    """The serving model is loaded in the evaluation Job and scores the rows there."""


class FromEndpoint(Ruled):
    """A running server is asked, by the Open Inference Protocol (V2, REST), which MLServer and Seldon speak."""

    rules: ClassVar = (
        Rule(
            "!has(self.secretName) || self.url.startsWith('https://')",
            "endpoint.secretName is a token, which must not travel unencrypted: use an https:// url, or leave it out",
        ),
        Rule(
            "self.timeout.getSeconds() <= 600",
            "endpoint.timeout is of one request: set at most 10m, and fewer batchRows where that is too short",
        ),
    )

    url: Annotated[str, StringConstraints(max_length=1024, pattern=r"^https?://[^/?#@\s]+(/[^?#@\s]*)?$")]
    """The server's address, without /v2: `http://flights-default.team:8000`, or a gateway's with a prefix."""
    model: Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    """The model's name there: of Seldon Core 1 the node of the graph."""
    classes: Annotated[tuple[ClassText, ...], Field(min_length=2, max_length=100), ListSet()] | None = None
    """The classes in the order of the server's probabilities. Default: sorted, as scikit-learn has them; held against
    the classes that it predicts."""
    batch_rows: Annotated[int, Field(ge=1, le=10_000)] = 1000
    """How many rows to ask for in one request. Up to four requests run at once."""
    timeout: Duration = timedelta(seconds=30)
    """How long one request may take, at most 10m."""
    secret_name: Name | None = None
    """The Secret whose key TOKEN is sent as bearer token; only over https."""


class Predictions(OneOf):
    """Where predictions come from. Set exactly one."""

    column: FromColumn | None = None
    """They were logged with the data, in `columns.score`, `columns.scores` or `columns.prediction`."""
    model: FromModel | None = None
    """The evaluation Job loads the serving model from its URI and scores the rows. The URI is a folder with one of
    `model.joblib` or `model.skops` (scikit-learn), `model.onnx`, `model.json` or `model.ubj` (XGBoost), `model.txt`
    (LightGBM) and `MLmodel` (MLflow)."""
    endpoint: FromEndpoint | None = None
    """The evaluation Job sends the rows to the server that runs the model. Its inputs are those that it names, else
    `columns.features`."""


class Data(Ruled):
    """The rows on which the model is judged."""

    rules: ClassVar = (
        Rule(
            "!has(self.predictions.column) || has(self.columns.score) || has(self.columns.scores)"
            " || has(self.columns.prediction)",
            "predictions.column needs columns.score (of a binary task), columns.scores (of many classes) or"
            " columns.prediction: name the column, or use predictions.model",
        ),
        Rule(
            "!has(self.columns.modelVersion) || has(self.predictions.column)",
            "columns.modelVersion says which model made a logged prediction: use it with predictions.column, or leave"
            " it out",
        ),
        Rule(
            "!has(self.labels.join) || !self.labels.join.exists(name, name == self.columns.label)",
            "labels.join must not name columns.label, which is only known from labels.files: name what identifies a"
            " row",
        ),
    )

    current: Source
    """Where the rows of production come from. Set exactly one."""
    labels: Labels = Labels()
    """Where labels (the ground truth) come from, when, and how completely."""
    reference: Reference | None = None
    """The rows with which drift and quality compare: what the data were like when all was well. Set exactly one."""
    columns: Columns
    """Which column of the data is what."""
    predictions: Predictions
    """Where the model's predictions come from. Set exactly one."""


class Windows(Ruled):
    """The windows of event time on which the model is judged: number k is [origin + k·every, + length)."""

    rules: ClassVar = (
        Rule(
            "self.every <= self.length",
            "windows.every must not be longer than windows.length, or rows between two windows are never judged:"
            " lower every, or raise length",
        ),
        Rule(
            "self.length == oldSelf.length && self.every == oldSelf.every && self.timeZone == oldSelf.timeZone"
            " && self.origin == oldSelf.origin",
            "windows.length, every, timeZone and origin cannot be changed, since windows already judged would no"
            " longer be windows: create a monitor with another name",
        ),
        Rule(
            "(self.length.getSeconds() % 86400 == 0) == (self.every.getSeconds() % 86400 == 0)",
            "windows.length and windows.every must both be whole days (such as 7d and 1d) or both not (such as 6h and"
            " 1h), since a civil day has 23 to 25 hours: change one of them",
        ),
    )

    length: Duration
    """How long a window is: a whole number and s, m, h or d. Days are civil days in the time zone."""
    every: Duration
    """How far apart the starts of windows are; at most `length`, so that no row falls between two. With less than
    `length` windows overlap, and only separate ones count towards retraining."""
    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=64)] = "UTC"
    """The IANA time zone of civil days, such as America/New_York."""
    origin: Date = date(1970, 1, 5)
    """A day on which a window starts: it fixes the grid in both directions. The default is a Monday. Where the monitor
    begins is said by `start`, not here."""
    start: Date | None = None
    """The monitor begins with the first window that starts on or after this day. Default: with the newest window that
    is closed when the monitor first sees data."""
    grace: Duration | None = None
    """How long after a window's end its rows may still arrive. Default: not at all."""


class Schedule(Ruled):
    """When to look, and how to go on."""

    rules: ClassVar = (
        Rule(
            "has(self.interval) != has(self.cron)",
            "set exactly one of schedule.interval (such as 1h) and schedule.cron (such as 0 6 * * *)",
        ),
        Rule(
            r"!has(self.cron) || self.cron.matches('^[0-9A-Za-z*/,#-]+( +[0-9A-Za-z*/,#-]+){4}$')",
            "schedule.cron needs five fields, minute, hour, day, month and weekday: write it as in 0 6 * * *",
        ),
    )

    interval: Duration | None = None
    """How often to look for new data, such as 1h. Set this or `cron`."""
    cron: Annotated[str, StringConstraints(max_length=128)] | None = None
    """When to look for new data, such as `0 6 * * *`: minute, hour, day, month, weekday, in the time zone of the
    windows. Set this or `interval`."""
    advance: Advance = Advance.DATA
    """What closes a window. Data: rows have arrived that are newer than its end plus grace and the labels' delay."""
    catch_up: Annotated[int, Field(ge=1, le=100)] = 1
    """How many windows to make up for after a pause: when more are waiting, the oldest are skipped."""


class VerdictPolicy(Model):
    """From windows to a decision."""

    failures_to_trip: Annotated[int, Field(ge=1, le=10)] = 2
    """How many separate windows in a row must fail before a retraining starts. Windows that overlap are not
    separate."""
    successes_to_clear: Annotated[int, Field(ge=1, le=10)] = 1
    """How many separate windows in a row must be healthy before failing windows before them no longer count. With 2, a
    single good week among bad ones does not begin the count anew."""
    false_alarms_per_year: Annotated[float, Field(ge=0.001, le=50)] = 0.5
    """How many needless retrainings a year you tolerate, for a model that meets every objective exactly at its
    boundary. From it follows how sure a verdict must be before it is a Fail."""


class Retrain(Model):
    """How a new model is trained. Without it the monitor only measures."""

    job_template: Annotated[dict[str, Any], Preserved("spec.template", of="batch/v1 JobTemplateSpec")]
    """The training Job, as a batch/v1 JobTemplateSpec. Its containers get MODELMONITOR_MONITOR, and MODELMONITOR_
    with WINDOW_START, WINDOW_END, TRAIN_START, TRAIN_END, CHAMPION_URI, OUTPUT_URI, REASON and SPEC, as environment.
    The container `trainer` (or the only one) writes {"modelUri": …, "trainedThrough": …} to its termination log."""
    training_window: Duration
    """How much event time to train on, such as 60d. It ends where the window of the comparison starts."""
    output_uri: Uri
    """The folder in which each attempt gets a folder of its own for its model: `s3://bucket/prefix/`."""
    every: Duration | None = None
    """Train a candidate anyway when so much event time has passed since the end of the last training, such as 30d. It
    must beat the serving model like any other."""
    cooldown: Duration = timedelta(hours=24)
    """How long to wait after an attempt that did not end with a better model in service. With each further such attempt
    in a row twice as long, up to eight times."""
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 3
    """After so many attempts in a row without a healthy window nothing is trained any more, until a window passes or a
    person sets the annotation modelmonitor.dev/resume to a new value."""


class GuardMetric(Ruled):
    """A metric in which a candidate must not be worse."""

    rules: ClassVar = (
        Rule(
            f"!(self.metric in {cel(SHARES)}) || self.margin < 1.0",
            "this metric lies between 0 and 1: write margin as a share, such as 0.02 for two points",
        ),
    )

    metric: MetricName
    """The metric, one that fits `model.task`."""
    margin: Annotated[float, Field(ge=0, le=1e12)]
    """By how much it may be worse, in the metric's own unit. That it is not worse by more must be shown, so with 0 it
    must be better."""
    confidence: Annotated[float, Field(ge=0.5, le=0.9999)] | None = None
    """How sure that must be, one-sided. Default: `challenger.confidence`."""
    segments: Annotated[tuple[Column, ...], Field(max_length=4)] = ()
    """Columns whose values are segments: it must not be worse on any of them either, where that can be judged."""
    minimum_rows: Annotated[int, Field(ge=1, le=1_000_000_000)] = 100
    """With fewer rows (of the metric's denominator, of either model) it is not judged."""


class ComparisonWindow(StrEnum):
    """On whose rows a candidate is compared."""

    NEXT = "Next"
    TRIPPING = "Tripping"


class Challenger(Model):
    """When a candidate is better than the serving model: measured on the same rows, after both were trained."""

    metric: MetricName = MetricName.F1
    """The metric in which the candidate must be better, one that fits `model.task`."""
    minimum_gain: Annotated[float, Field(ge=0, le=1e12)] = 0.0
    """By how much more than nothing it must be better, in the metric's own unit."""
    confidence: Annotated[float, Field(ge=0.5, le=0.9999)] = 0.95
    """How sure that must be: the one-sided confidence of the lower bound of the gain."""
    guards: Annotated[tuple[GuardMetric, ...], Field(max_length=8), ListMap("metric")] = ()
    """Metrics in which the candidate must not be worse."""
    window: ComparisonWindow = ComparisonWindow.NEXT
    """On whose rows. Next: on the first window after those that failed. Tripping: on the last one that failed, at once,
    with training ending before it: it was selected for being bad, and on such a window an equal model looks better far
    more often than `confidence` says. A candidate that no failing window asked for is always compared on the next."""


class Replace(Model):
    """All traffic moves at once, by the rolling update of the serving object."""


class Strategy(OneOf):
    """How traffic moves to the candidate. Set exactly one."""

    replace: Replace | None = None
    """All traffic moves at once, by the rolling update of the serving object."""


class ApprovalPolicy(StrEnum):
    """Who decides that a better candidate is rolled out."""

    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


class Rollout(Ruled):
    """How a better candidate is brought into service."""

    rules: ClassVar = (
        Rule(
            f"!has(self.mode) || self.mode != '{RolloutMode.OBSERVE}' || self.approval == '{ApprovalPolicy.AUTOMATIC}'",
            "nothing waits for an approval in mode Observe: remove rollout.approval, or choose another rollout.mode",
        ),
    )

    mode: RolloutMode | None = None
    """How the new model gets to what serves. Patch: the model's URI is changed in place in the serving object, and
    nothing else. ConfigMap: it is written into the ConfigMap of `model.serving.batch`. Observe: nothing is changed; the
    status says which candidate is better, and what to do. Default: ConfigMap with `batch`, Patch with the others."""
    strategy: Strategy = Strategy(replace=Replace())
    """How traffic moves to the candidate. Set exactly one. Default: replace."""
    approval: ApprovalPolicy = ApprovalPolicy.AUTOMATIC
    """Who decides that a better candidate is rolled out. Manual: a person, with the annotation modelmonitor.dev/approve
    and the candidate's digest, which status.approval shows."""
    approval_deadline: Duration = timedelta(days=7)
    """With approval Manual: a candidate that nobody has approved after this time is given up."""
    progress_deadline: Duration = timedelta(minutes=15)
    """A rollout that has not finished after this time is rolled back."""


_QUANTITY: Final = r"^[0-9]+(\.[0-9]+)?(m|[kKMGTPE]i?)?$"
Quantity = Annotated[
    str,
    StringConstraints(max_length=32, pattern=_QUANTITY),
    # As everywhere in Kubernetes `cpu: 2` is a quantity too, without quotes.
    BeforeValidator(lambda value: str(value) if type(value) is int else value),
    WithJsonSchema({"x-kubernetes-int-or-string": True, "maxLength": 32, "pattern": _QUANTITY}),
]


class ResourceList(Model):
    """Amounts of resources."""

    cpu: Quantity | None = None
    """A quantity of CPU, such as 500m or 2."""
    memory: Quantity | None = None
    """A quantity of memory, such as 2Gi."""
    ephemeral_storage: Annotated[Quantity | None, Field(alias="ephemeral-storage")] = None
    """A quantity of the node's disk, such as 20Gi. Large joins with labels (`data.labels.files`) need it."""


class Resources(Model):
    """Resources of the evaluator container."""

    requests: ResourceList = ResourceList(cpu="100m", memory="512Mi")
    """What the scheduler sets aside for it. Default: cpu 100m, memory 512Mi."""
    limits: ResourceList = ResourceList(memory="2Gi")
    """What it may not exceed. Default: memory 2Gi."""


class Jobs(Model):
    """What evaluation pods run as."""

    service_account_name: Name = "default"
    """The pods' ServiceAccount. Its token is never mounted."""
    resources: Resources = Resources()
    """Resources of the evaluator container."""
    deadline: Duration = timedelta(hours=1)
    """An evaluation that takes longer ends as an Error, and is tried again."""


class Reports(Model):
    """Where full results are kept."""

    uri: Uri
    """The folder for full results: `s3://bucket/prefix/`."""
    secret_name: Name | None = None
    """The Secret with which evaluation Jobs write there. Its keys (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
    AWS_ENDPOINT_URL, …) become their environment; the operator itself never reads it."""


class History(Model):
    """How much of the past the cluster keeps."""

    evaluations: Annotated[int, Field(ge=1, le=30)] = 3
    """How many finished ModelEvaluations to keep."""
    decisions: Annotated[int, Field(ge=1, le=20)] = 10
    """How many entries of status.history to keep."""


MOST_BASELINES: Final = 4
"""So many metrics may be compared with what they were."""

MOST_APART: Final = 16
"""So many objectives may have a count of their own, or be a dry run."""

_APART: Final = "has(m.failuresToTrip) || m.severity == 'DryRun'"


class ModelMonitorSpec(Ruled):
    """The desired behaviour of a monitor."""

    rules: ClassVar = (
        *(
            Rule(
                f"self.model.task != '{task}' || (self.metrics.all(m, m.name in {cel(fitting(task))})"
                f" && (!has(self.challenger) || (self.challenger.metric in {cel(fitting(task))}"
                f" && self.challenger.guards.all(g, g.metric in {cel(fitting(task))}))))",
                f"this is no metric of a {task}; it has: {listed(fitting(task))}",
            )
            for task in Task
        ),
        Rule(
            f"!(self.metrics.exists(m, m.name in {cel(SCORED_METRICS)})"
            f" || (has(self.challenger) && (self.challenger.metric in {cel(SCORED_METRICS)}"
            f" || self.challenger.guards.exists(g, g.metric in {cel(SCORED_METRICS)}))))"
            " || !has(self.data.predictions.column) || has(self.data.columns.score) || has(self.data.columns.scores)",
            f"{listed(SCORED_METRICS)} need scores, also as challenger.metric: name data.columns.score (or scores, of"
            " many classes), or use data.predictions.model",
        ),
        Rule(
            f"!has(self.data.columns.score) || self.model.task == '{Task.BINARY_CLASSIFICATION}'",
            "data.columns.score is the one score of a BinaryClassification: name data.columns.scores for many classes,"
            " data.columns.prediction for the value of a Regression",
        ),
        Rule(
            "!has(self.data.columns.scores) || (has(self.model.classes)"
            " && self.model.classes.size() == self.data.columns.scores.size()"
            " && self.model.classes.all(c, self.data.columns.scores.exists(s, s.class == c)))",
            "data.columns.scores needs one column for each of model.classes, and no other: name them all",
        ),
        Rule(
            f"self.model.task != '{Task.REGRESSION}' || !has(self.data.predictions.endpoint)"
            " || !has(self.data.predictions.endpoint.classes)",
            "data.predictions.endpoint.classes says which class each probability is of, which no Regression has: leave"
            " it out",
        ),
        Rule(
            f"self.model.task == '{Task.BINARY_CLASSIFICATION}' || !has(self.retrain) || has(self.challenger)",
            "name the metric in which a candidate must be better in challenger.metric: the default, f1, is for"
            " BinaryClassification",
        ),
        Rule(
            f"!has(self.challenger) || (!(self.challenger.metric in {cel(INCOMPARABLE)})"
            f" && !self.challenger.guards.exists(g, g.metric in {cel(INCOMPARABLE)}))",
            f"{listed(INCOMPARABLE)} is not better for being greater or less: choose another metric in challenger",
        ),
        Rule(
            f"!has(self.challenger) || ((!(self.challenger.metric in {cel(TOLD_MORE)})"
            " || self.metrics.exists(m, m.name == self.challenger.metric))"
            f" && self.challenger.guards.all(g, !(g.metric in {cel(TOLD_MORE)})"
            " || self.metrics.exists(m, m.name == g.metric)))",
            "a metric of challenger takes its fields (such as beta) from the entry of metrics with the same name: add"
            " it there",
        ),
        Rule(
            "!has(self.challenger) || has(self.retrain)",
            "challenger has no meaning without retrain: add retrain, or remove challenger",
        ),
        Rule(
            "!has(self.rollout) || has(self.retrain)",
            "rollout has no meaning without retrain: add retrain, or remove rollout",
        ),
        Rule(
            f"!has(self.rollout) || !has(self.rollout.mode) || self.rollout.mode == '{RolloutMode.OBSERVE}'"
            f" || has(self.model.serving.batch) == (self.rollout.mode == '{RolloutMode.CONFIG_MAP}')",
            "rollout.mode ConfigMap belongs to model.serving.batch, Patch to what else serves: remove rollout.mode, or"
            " write the one that fits",
        ),
        Rule(
            "has(self.data.reference) || [self.metrics.exists(m, m.segments.size() > 0), self.rules.exists(m,"
            " m.segments.size() > 0), self.userMetrics.exists(m, m.segments.size() > 0), has(self.challenger) &&"
            " self.challenger.guards.exists(g, g.segments.size() > 0)].all(asked, !asked)",
            "the segments that are judged are those of a reference: set data.reference, or remove segments",
        ),
        Rule(
            "has(self.data.reference) || !self.metrics.exists(m, has(m.noWorseThan) && has(m.noWorseThan.reference))",
            "noWorseThan.reference compares with data.reference: set it, or use noWorseThan.promotion",
        ),
        Rule(
            f"self.metrics.filter(m, has(m.noWorseThan)).size() <= {MOST_BASELINES}",
            f"at most {MOST_BASELINES} metrics may have noWorseThan: what each was is kept in the status",
        ),
        Rule(
            f"[self.metrics.filter(m, {_APART}).size(), self.rules.filter(m, {_APART}).size(),"
            f" self.userMetrics.filter(m, {_APART}).size()].sum() <= {MOST_APART}",
            f"at most {MOST_APART} objectives may have failuresToTrip or severity DryRun: they are counted one by one",
        ),
        Rule(
            "!has(self.drift) || has(self.data.reference)",
            "drift is measured against a reference: set data.reference, or remove drift",
        ),
        Rule(
            "!has(self.quality) || has(self.data.reference) || [self.quality.unseenCategories, self.quality.outOfRange,"
            " self.quality.changedSchema].all(finding, finding == 'Ignore')",
            "quality.unseenCategories, outOfRange and changedSchema compare with a reference: set data.reference, or"
            " set these three to Ignore",
        ),
    )

    suspend: bool = False
    """True: no new Job and no new rollout is begun. A rollout that has begun is still watched and, if need be, rolled
    back."""
    service_account_name: Name = "default"
    """The ServiceAccount in whose name Jobs are created and the serving object is changed: what it may not do, the
    monitor may not do."""
    model: ModelSpec
    """The model that is monitored, and what serves it."""
    data: Data
    """The rows on which the model is judged: where they are and what their columns mean."""
    windows: Windows
    """The windows of event time on which the model is judged, one after the other. Window k starts k times `every`
    after `origin`, and has `length`; its end does not belong to it."""
    schedule: Schedule
    """When to look for new data. It never changes what a window holds."""
    metrics: Annotated[tuple[Metric, ...], Field(min_length=1, max_length=16), ListMap("name")]
    """What is measured on every window, and the value from which on it is good enough."""
    business_rules: Annotated[tuple[BusinessRule, ...], Field(max_length=16, alias="rules"), ListMap("name")] = ()
    """Conditions that the rows of every window should satisfy, and the share of rows that must."""
    user_metrics: Annotated[tuple[UserMetric, ...], Field(max_length=16), ListMap("name")] = ()
    """Metrics of installed Python packages, judged like the others."""
    drift: Drift | None = None
    """How far the data may move away from `data.reference`. It never changes what the metrics say."""
    quality: Quality | None = None
    """What the data must be like, whatever the model makes of them."""
    verdict: VerdictPolicy = VerdictPolicy()
    """When failing windows are a reason to train a new model."""
    retrain: Retrain | None = None
    """How a new model is trained. Without it the monitor only measures."""
    challenger: Challenger | None = None
    """When the new model, the candidate, is better than the serving one: both are measured on the same rows, after both
    were trained. Only with `retrain`. Default of a binary task: better in f1, with confidence 0.95."""
    rollout: Rollout | None = None
    """How a better candidate is brought into service. Only with `retrain`. Default: strategy replace, within
    15m."""
    jobs: Jobs = Jobs()
    """What the pods of evaluation Jobs run as, and with how much."""
    reports: Reports | None = None
    """Where full results are kept. Without it there is only the summary in the status."""
    history: History = History()
    """How much of the past is kept in the cluster."""

    @property
    def rollout_mode(self) -> RolloutMode:
        """How a better model reaches what serves: what is said, else what fits."""
        if self.rollout is not None and self.rollout.mode is not None:
            return self.rollout.mode
        return RolloutMode.PATCH if self.model.serving.batch is None else RolloutMode.CONFIG_MAP

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """Everything that a window is judged by."""
        return (*self.metrics, *self.business_rules, *self.user_metrics)
