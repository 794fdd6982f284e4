"""Every CEL rule of the CRDs against the real API server: what it lets through, what it refuses, and its words."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, get_args

import pytest
from pydantic import BaseModel

from modelmonitor.api.kinds import KINDS
from modelmonitor.api.metric_names import PARAMETERS, SCORED_METRICS, Task, fitting, listed
from modelmonitor.api.rules import Rule, Ruled
from tests.api.custom_objects import CustomObjects, Json, manifest, merged

JOB: Final[Json] = {"spec": {"template": {"spec": {}}}}
REFERENCE: Final[Json] = {"window": {"start": "2013-01-01", "end": "2013-01-29"}}
PSI: Final[Json] = {"method": "psi", "max": 0.2}
RETRAIN: Final[Json] = {"jobTemplate": JOB, "trainingWindow": "60d", "outputUri": "s3://models/"}
LOGGED_SCORE: Final[Json] = {"predictions": {"model": None, "column": {}}, "columns": {"score": "p_late"}}
LOGGED_CLASS: Final[Json] = {"predictions": {"model": None, "column": {}}, "columns": {"prediction": "is_late"}}
FIELDS: Final[Json] = {
    "beta": 2,
    "alpha": 0.9,
    "quantile": 0.9,
    "costs": [{"label": "1", "predicted": "0", "cost": 5}],
    "between": "carrier",
}


def asked(**fields: Any) -> Json:
    """`spec.data` with predictions of an endpoint."""
    return {"predictions": {"model": None, "endpoint": {"url": "http://flights:8000", "model": "classifier", **fields}}}


ASKED: Final = asked()
NOT_LOGGED: Final[Json] = {"columns": {"modelVersion": None}, "predictions": {"column": None}}
APART: Final[Json] = {"files": {"uri": "s3://lake/arrivals/"}, "join": ["flight_id"]}


def than(metric: str, **choices: Any) -> Json:
    return {"name": metric, "min": 0.2, "noWorseThan": choices}


def guarded_by(metric: str, **fields: Any) -> Json:
    return {"metric": "f1", "guards": [{"metric": metric, "margin": 0.1, **fields}]}


@dataclass(frozen=True)
class Case:
    """What a rule lets through and what it refuses: changes of the spec of a manifest that is accepted."""

    field: str
    """What the API server complains about."""
    message: str
    accepts: tuple[Json, ...]
    rejects: tuple[Json, ...]
    of: str = "minimal"
    """The manifest in tests/data/manifests."""


MANY: Final = [{"name": f"rule-{number}", "expression": "x > 0", "min": 0.9} for number in range(16)]
COUNTED: Final = [one | {"failuresToTrip": 2} for one in MANY]

SELDON_2: Final[Json] = {"seldonDeployment": None, "seldonModel": {"name": "flights"}}
BATCH: Final[Json] = {"seldonDeployment": None, "batch": {"uri": "s3://models/1"}}

CREATING: Final = (
    Case(
        "spec.model.serving",
        "set exactly one of seldonDeployment, seldonModel, batch",
        accepts=({}, {"model": {"serving": SELDON_2}}, {"model": {"serving": BATCH}}),
        rejects=(
            {"model": {"serving": {"seldonDeployment": None}}},
            {"model": {"serving": SELDON_2 | {"batch": {"uri": "s3://models/1"}}}},
        ),
    ),
    Case(
        "spec",
        "rollout.mode ConfigMap belongs to model.serving.batch, Patch to what else serves: remove rollout.mode, or"
        " write the one that fits",
        accepts=(
            {"retrain": RETRAIN, "rollout": {"mode": "Patch"}},
            {"retrain": RETRAIN, "rollout": {"mode": "Patch"}, "model": {"serving": SELDON_2}},
            {"retrain": RETRAIN, "rollout": {"mode": "ConfigMap"}, "model": {"serving": BATCH}},
            {"retrain": RETRAIN, "rollout": {}, "model": {"serving": BATCH}},
            {"retrain": RETRAIN, "rollout": {"mode": "Observe"}},
            {"retrain": RETRAIN, "rollout": {"mode": "Observe"}, "model": {"serving": BATCH}},
        ),
        rejects=(
            {"retrain": RETRAIN, "rollout": {"mode": "ConfigMap"}},
            {"retrain": RETRAIN, "rollout": {"mode": "ConfigMap"}, "model": {"serving": SELDON_2}},
            {"retrain": RETRAIN, "rollout": {"mode": "Patch"}, "model": {"serving": BATCH}},
        ),
    ),
    Case(
        "spec.rollout",
        "nothing waits for an approval in mode Observe: remove rollout.approval, or choose another rollout.mode",
        accepts=(
            {"retrain": RETRAIN, "rollout": {"mode": "Observe"}},
            {"retrain": RETRAIN, "rollout": {"mode": "Patch", "approval": "Manual"}},
            {"retrain": RETRAIN, "rollout": {"approval": "Manual"}},
        ),
        rejects=({"retrain": RETRAIN, "rollout": {"mode": "Observe", "approval": "Manual"}},),
    ),
    Case(
        "spec.data.current",
        "set files",
        accepts=({},),
        rejects=({"data": {"current": {"files": None}}},),
    ),
    Case(
        "spec.data.predictions",
        "set exactly one of column, model, endpoint",
        accepts=(
            {"data": {"predictions": {"model": {}}}},
            {"data": ASKED},
            {"data": {"predictions": {"model": None, "column": {}}, "columns": {"score": "p_late"}}},
        ),
        rejects=(
            {"data": {"predictions": {"model": None}}},
            {"data": {"predictions": {"column": {}}, "columns": {"score": "p_late"}}},
        ),
    ),
    Case(
        "spec.metrics[0]",
        "severity Warn never trips: remove failuresToTrip, or set severity to Fail or DryRun",
        accepts=(
            {"metrics": [{"name": "f1", "min": 0.2, "failuresToTrip": 3}]},
            {"metrics": [{"name": "f1", "min": 0.2, "failuresToTrip": 3, "severity": "DryRun"}]},
            {"metrics": [{"name": "f1", "min": 0.2, "severity": "Warn"}]},
        ),
        rejects=({"metrics": [{"name": "f1", "min": 0.2, "failuresToTrip": 3, "severity": "Warn"}]},),
    ),
    Case(
        "spec",
        "noWorseThan.reference compares with data.reference: set it, or use noWorseThan.promotion",
        accepts=(
            {"metrics": [than("f1", promotion={"by": 0.05})]},
            {
                "metrics": [than("f1", reference={"by": 0.05})],
                "data": {"reference": {"window": {"start": "2013-01-01", "end": "2013-02-01"}}},
            },
        ),
        rejects=({"metrics": [than("f1", reference={"by": 0.05})]},),
    ),
    Case(
        "spec",
        "at most 4 metrics may have noWorseThan: what each was is kept in the status",
        accepts=({"metrics": [than(name, promotion={"by": 0}) for name in ("f1", "recall", "precision", "accuracy")]},),
        rejects=(
            {
                "metrics": [
                    than(name, promotion={"by": 0})
                    for name in ("f1", "recall", "precision", "accuracy", "balanced_accuracy")
                ]
            },
        ),
    ),
    Case(
        "spec.metrics[0].noWorseThan",
        "set exactly one of promotion, reference",
        accepts=({"metrics": [than("f1", promotion={"by": 0.05})]},),
        rejects=(
            {"metrics": [than("f1")]},
            {"metrics": [than("f1", promotion={"by": 0.05}, reference={"by": 0.05})], "data": {"reference": REFERENCE}},
        ),
    ),
    Case(
        "spec.metrics[0]",
        "this metric lies between 0 and 1: write by as a share, such as 0.05 for five points",
        accepts=(
            {"metrics": [than("f1", promotion={"by": 0.99})]},
            {"metrics": [{"name": "log_loss", "max": 3, "noWorseThan": {"promotion": {"by": 2}}}]},
        ),
        rejects=(
            {"metrics": [than("f1", promotion={"by": 5})]},
            {"metrics": [than("f1", reference={"by": 1})], "data": {"reference": REFERENCE}},
        ),
    ),
    Case(
        "spec.challenger.guards[0]",
        "this metric lies between 0 and 1: write margin as a share, such as 0.02 for two points",
        accepts=(
            {"retrain": RETRAIN, "challenger": guarded_by("recall", margin=0.99)},
            {"retrain": RETRAIN, "challenger": guarded_by("log_loss", margin=2)},
        ),
        rejects=({"retrain": RETRAIN, "challenger": guarded_by("recall", margin=2)},),
    ),
    Case(
        "spec.metrics[0]",
        "mean_error is not worse for being greater or less: remove noWorseThan",
        accepts=({"metrics": [than("r2", promotion={"by": 0.05})]},),
        rejects=({"metrics": [than("mean_error", promotion={"by": 0.05})]},),
        of="regression",
    ),
    Case(
        "spec",
        "at most 16 objectives may have failuresToTrip or severity DryRun: they are counted one by one",
        accepts=({"rules": COUNTED}, {"rules": MANY, "metrics": [{"name": "f1", "min": 0.2, "failuresToTrip": 3}]}),
        rejects=({"rules": COUNTED, "metrics": [{"name": "f1", "min": 0.2, "severity": "DryRun"}]},),
    ),
    Case(
        "spec.rollout.strategy",
        "set replace",
        accepts=({"retrain": RETRAIN, "rollout": {}}, {"retrain": RETRAIN, "rollout": {"strategy": {"replace": {}}}}),
        rejects=({"retrain": RETRAIN, "rollout": {"strategy": {}}},),
    ),
    Case(
        "spec.data.labels",
        "labels.maximumDelay must not be shorter than labels.delay: raise maximumDelay, or leave it out",
        accepts=(
            {"data": {"labels": {"delay": "2d"}}},
            {"data": {"labels": {"maximumDelay": "2d"}}},
            {"data": {"labels": {"delay": "2d", "maximumDelay": "48h"}}},
        ),
        rejects=({"data": {"labels": {"delay": "2d", "maximumDelay": "47h"}}},),
    ),
    Case(
        "spec.data.labels",
        "labels.files and labels.join go together: name the columns that both sides share, such as join: [flight_id],"
        " or leave both out where labels are in data.current",
        accepts=({"data": {"labels": APART}}, {"data": {"labels": {"delay": "2d"}}}),
        rejects=(
            {"data": {"labels": {"files": APART["files"]}}},
            {"data": {"labels": {"join": ["flight_id"]}}},
        ),
    ),
    Case(
        "spec.data.labels",
        "labels.timestamp is a column of labels.files: set files and join, or leave timestamp out",
        accepts=({"data": {"labels": APART | {"timestamp": "landed"}}},),
        rejects=({"data": {"labels": {"timestamp": "landed"}}},),
    ),
    Case(
        "spec.data",
        "labels.join must not name columns.label, which is only known from labels.files: name what identifies a row",
        accepts=({"data": {"labels": APART, "columns": {"label": "late"}}},),
        rejects=({"data": {"labels": APART | {"join": ["flight_id", "late"]}, "columns": {"label": "late"}}},),
    ),
    Case(
        "spec.data",
        "predictions.column needs columns.score (of a binary task), columns.scores (of many classes) or"
        " columns.prediction: name the column, or use predictions.model",
        accepts=(
            {"data": {"predictions": {"model": None, "column": {}}, "columns": {"score": "p_late"}}},
            {"data": {"predictions": {"model": None, "column": {}}, "columns": {"prediction": "is_late"}}},
        ),
        rejects=({"data": {"predictions": {"model": None, "column": {}}}},),
    ),
    Case(
        "spec.data.predictions.endpoint",
        "endpoint.secretName is a token, which must not travel unencrypted: use an https:// url, or leave it out",
        accepts=({"data": asked(url="https://gateway/seldon/team/flights", secretName="token")},),
        rejects=({"data": asked(url="http://flights-default.team:8000", secretName="token")},),
    ),
    Case(
        "spec.data.predictions.endpoint",
        "endpoint.timeout is of one request: set at most 10m, and fewer batchRows where that is too short",
        accepts=({"data": asked(timeout="10m")}, {"data": asked(timeout="1s")}),
        rejects=({"data": asked(timeout="601s")}, {"data": asked(timeout="1d")}),
    ),
    Case(
        "spec",
        "data.predictions.endpoint.classes says which class each probability is of, which no Regression has: leave it"
        " out",
        accepts=({"data": merged(NOT_LOGGED, ASKED)},),
        rejects=({"data": merged(NOT_LOGGED, asked(classes=["0", "1"]))},),
        of="regression",
    ),
    Case(
        "spec.data",
        "columns.modelVersion says which model made a logged prediction: use it with predictions.column, or leave it"
        " out",
        accepts=({"data": merged(LOGGED_SCORE, {"columns": {"modelVersion": "model"}})}, {"data": LOGGED_SCORE}),
        rejects=(
            {"data": {"columns": {"modelVersion": "model"}}},
            {"data": merged(ASKED, {"columns": {"modelVersion": "model"}})},
        ),
    ),
    Case(
        "spec.windows",
        "windows.every must not be longer than windows.length, or rows between two windows are never judged: lower"
        " every, or raise length",
        accepts=({"windows": {"length": "28d", "every": "1d"}}, {"windows": {"length": "6h", "every": "360m"}}),
        rejects=({"windows": {"length": "7d", "every": "8d"}}, {"windows": {"length": "59m", "every": "1h"}}),
    ),
    Case(
        "spec.windows",
        "windows.length and windows.every must both be whole days (such as 7d and 1d) or both not (such as 6h and 1h),"
        " since a civil day has 23 to 25 hours: change one of them",
        accepts=({"windows": {"length": "48h", "every": "1d"}}, {"windows": {"length": "36h", "every": "90s"}}),
        rejects=({"windows": {"length": "7d", "every": "6h"}}, {"windows": {"length": "1441m", "every": "1d"}}),
    ),
    Case(
        "spec.schedule",
        "set exactly one of schedule.interval (such as 1h) and schedule.cron (such as 0 6 * * *)",
        accepts=({"schedule": {"interval": "90s"}}, {"schedule": {"interval": None, "cron": "0 6 * * *"}}),
        rejects=({"schedule": {"interval": None}}, {"schedule": {"cron": "0 6 * * *"}}),
    ),
    Case(
        "spec.schedule",
        "schedule.cron needs five fields, minute, hour, day, month and weekday: write it as in 0 6 * * *",
        accepts=(
            {"schedule": {"interval": None, "cron": "*/15 6-22 1,15 JAN-DEC MON#1"}},
            {"schedule": {"interval": None, "cron": "0  6 * * L"}},
        ),
        rejects=(
            {"schedule": {"interval": None, "cron": "0 6 * *"}},
            {"schedule": {"interval": None, "cron": "0 0 6 * * *"}},
            {"schedule": {"interval": None, "cron": "@daily"}},
            {"schedule": {"interval": None, "cron": ""}},
        ),
    ),
    Case(
        "spec.metrics[0]",
        "it needs an objective: set min (the least good value) or max",
        accepts=({"metrics": [{"name": "f1", "min": 0}]}, {"metrics": [{"name": "f1", "max": 1}]}),
        rejects=(
            {"metrics": [{"name": "f1"}]},
            {"metrics": [{"name": "f1", "noWorseThan": {"promotion": {"by": 0.05}}}]},
        ),
    ),
    Case(
        "spec.metrics[0]",
        "min is above max: no value meets both, lower min or raise max",
        accepts=({"metrics": [{"name": "f1", "min": 0.2, "max": 0.2}]},),
        rejects=({"metrics": [{"name": "f1", "min": 0.3, "max": 0.2}]},),
    ),
    Case(
        "spec.metrics[0]",
        "this metric lies between 0 and 1: write min and max as shares, such as 0.2 for 20 %",
        accepts=(
            {"metrics": [{"name": "log_loss", "max": 3}]},
            {"metrics": [{"name": "matthews_corrcoef", "min": -0.5}]},
        ),
        rejects=({"metrics": [{"name": "f1", "min": 20}]}, {"metrics": [{"name": "brier_score", "max": -0.1}]}),
    ),
    *(
        Case(
            "spec.metrics[0]",
            f"{field} belongs to {listed(names)} and to nothing else: set it there, and only there",
            accepts=({"metrics": [{"name": names[0], field: value, "max": 1}]},),
            rejects=(
                {"metrics": [{"name": names[0], "max": 1}]},
                {"metrics": [{"name": "accuracy" if of == "minimal" else "r2", field: value, "max": 1}]},
            ),
            of=of,
        )
        for field, names, value, of in (
            (field, names, FIELDS[field], "regression" if field in {"alpha", "quantile"} else "minimal")
            for field, names in PARAMETERS.items()
        )
    ),
    *(
        Case(
            "spec",
            f"this is no metric of a {task}; it has: {listed(fitting(task))}",
            accepts=({"metrics": [{"name": good, "max": 1}]},),
            rejects=(
                {"metrics": [{"name": bad, "max": 1}]},
                {"retrain": RETRAIN, "challenger": {"metric": bad}},
                {"retrain": RETRAIN, "challenger": {"metric": good, "guards": [{"metric": bad, "margin": 0.1}]}},
            ),
            of=of,
        )
        for task, of, good, bad in (
            (Task.BINARY_CLASSIFICATION, "minimal", "accuracy", "f1_macro"),
            (Task.MULTICLASS_CLASSIFICATION, "multiclass", "roc_auc_ovr", "f1"),
            (Task.REGRESSION, "regression", "r2", "accuracy"),
        )
    ),
    Case(
        "spec",
        f"{listed(SCORED_METRICS)} need scores, also as challenger.metric: name data.columns.score (or scores, of many"
        " classes), or use data.predictions.model",
        accepts=(
            {"metrics": [{"name": "roc_auc", "min": 0.6}]},
            {"metrics": [{"name": "roc_auc", "min": 0.6}], "data": LOGGED_SCORE},
            {"metrics": [{"name": "roc_auc", "min": 0.6}], "data": ASKED},
            {"retrain": RETRAIN, "challenger": {"metric": "roc_auc"}},
        ),
        rejects=(
            {"metrics": [{"name": "f1", "min": 0.2}, {"name": "roc_auc", "min": 0.6}], "data": LOGGED_CLASS},
            {"retrain": RETRAIN, "challenger": {"metric": "roc_auc"}, "data": LOGGED_CLASS},
            {"retrain": RETRAIN, "challenger": guarded_by("roc_auc"), "data": LOGGED_CLASS},
        ),
    ),
    Case(
        "spec",
        "data.columns.score is the one score of a BinaryClassification: name data.columns.scores for many classes,"
        " data.columns.prediction for the value of a Regression",
        accepts=({},),
        rejects=({"data": {"columns": {"score": "p_late"}}},),
        of="regression",
    ),
    Case(
        "spec",
        "data.columns.scores needs one column for each of model.classes, and no other: name them all",
        accepts=({}, {"data": {"columns": {"scores": None, "prediction": "said"}}}),
        rejects=(
            {"model": {"classes": ["early", "on time", "late", "never"]}},
            {"model": {"classes": ["early", "on time", "Late"]}},
            {"model": {"classes": ["early", "late"]}},
        ),
        of="multiclass",
    ),
    Case(
        "spec.model",
        "model.classes belongs to MulticlassClassification and to nothing else: list the classes there as they are"
        " written in the data, and only there",
        accepts=({},),
        rejects=({"model": {"classes": ["0", "1"]}},),
    ),
    Case(
        "spec.model",
        "model.positiveClass and model.threshold are for BinaryClassification: remove them, or change model.task",
        accepts=({},),
        rejects=({"model": {"positiveClass": "late"}}, {"model": {"threshold": 0.4}}),
        of="regression",
    ),
    Case(
        "spec",
        "name the metric in which a candidate must be better in challenger.metric: the default, f1, is for"
        " BinaryClassification",
        accepts=({"retrain": RETRAIN, "challenger": {"metric": "mean_absolute_error"}}, {}),
        rejects=({"retrain": RETRAIN},),
        of="regression",
    ),
    Case(
        "spec",
        "mean_error is not better for being greater or less: choose another metric in challenger",
        accepts=({"retrain": RETRAIN, "challenger": {"metric": "r2"}},),
        rejects=(
            {"retrain": RETRAIN, "challenger": {"metric": "mean_error"}},
            {"retrain": RETRAIN, "challenger": {"metric": "r2", "guards": [{"metric": "mean_error", "margin": 1}]}},
        ),
        of="regression",
    ),
    Case(
        "spec",
        "a metric of challenger takes its fields (such as beta) from the entry of metrics with the same name: add it"
        " there",
        accepts=(
            {
                "retrain": RETRAIN,
                "challenger": {"metric": "fbeta"},
                "metrics": [{"name": "fbeta", "beta": 2, "min": 0.2}],
            },
        ),
        rejects=(
            {"retrain": RETRAIN, "challenger": {"metric": "fbeta"}},
            {"retrain": RETRAIN, "challenger": guarded_by("fbeta")},
        ),
    ),
    Case(
        "spec",
        "the segments that are judged are those of a reference: set data.reference, or remove segments",
        accepts=(
            {"metrics": [{"name": "f1", "min": 0.2, "segments": []}]},
            {
                "metrics": [{"name": "f1", "min": 0.2, "segments": ["carrier"]}],
                "data": {"reference": {"window": {"start": "2013-01-01", "end": "2013-02-01"}}},
            },
        ),
        rejects=(
            {"metrics": [{"name": "f1", "min": 0.2, "segments": ["carrier"]}]},
            {"rules": [{"name": "known", "expression": "carrier IS NOT NULL", "min": 0.9, "segments": ["carrier"]}]},
            {"userMetrics": [{"name": "profit", "min": 0.9, "segments": ["carrier"]}]},
            {"retrain": RETRAIN, "challenger": guarded_by("recall", segments=["carrier"])},
        ),
    ),
    Case(
        "spec",
        "challenger has no meaning without retrain: add retrain, or remove challenger",
        accepts=({"retrain": RETRAIN, "challenger": {}}, {"retrain": RETRAIN}),
        rejects=({"challenger": {}},),
    ),
    Case(
        "spec",
        "rollout has no meaning without retrain: add retrain, or remove rollout",
        accepts=({"retrain": RETRAIN, "rollout": {}}, {"retrain": RETRAIN}),
        rejects=({"rollout": {}},),
    ),
    Case(
        "spec.data.reference",
        "set exactly one of window, files",
        accepts=(
            {"data": {"reference": {"window": {"start": "2013-01-01", "end": "2013-01-29"}}}},
            {"data": {"reference": {"files": {"uri": "s3://lake/training/"}}}},
        ),
        rejects=(
            {"data": {"reference": {}}},
            {
                "data": {
                    "reference": {
                        "window": {"start": "2013-01-01", "end": "2013-01-29"},
                        "files": {"uri": "s3://lake/training/"},
                    }
                }
            },
        ),
    ),
    Case(
        "spec.data.reference.window",
        "reference.window.start must be before its end, which is the first day after: change one of them",
        accepts=({"data": {"reference": {"window": {"start": "2013-01-01", "end": "2013-01-02"}}}},),
        rejects=(
            {"data": {"reference": {"window": {"start": "2013-01-01", "end": "2013-01-01"}}}},
            {"data": {"reference": {"window": {"start": "2013-02-01", "end": "2013-01-01"}}}},
        ),
    ),
    Case(
        "spec.data.columns.features",
        "set exactly one of include, exclude",
        accepts=(
            {"data": {"columns": {"features": {"include": ["distance", "carrier"]}}}},
            {"data": {"columns": {"features": {"exclude": ["tailnum"]}}}},
        ),
        rejects=(
            {"data": {"columns": {"features": {}}}},
            {"data": {"columns": {"features": {"include": ["distance"], "exclude": ["tailnum"]}}}},
        ),
    ),
    Case(
        "spec",
        "drift is measured against a reference: set data.reference, or remove drift",
        accepts=({"data": {"reference": REFERENCE}, "drift": {"features": PSI}},),
        rejects=({"drift": {"features": PSI}},),
    ),
    Case(
        "spec.drift.prediction",
        "set exactly one of max (a distance, such as 0.2 for psi) and alpha (the level of a test, such as 0.01)",
        accepts=(
            {"data": {"reference": REFERENCE}, "drift": {"prediction": {"method": "ks", "alpha": 0.01}}},
            {"data": {"reference": REFERENCE}, "drift": {"prediction": {"method": "ks", "max": 0.1}}},
        ),
        rejects=(
            {"data": {"reference": REFERENCE}, "drift": {"prediction": {"method": "ks"}}},
            {"data": {"reference": REFERENCE}, "drift": {"prediction": {"method": "ks", "max": 0.1, "alpha": 0.01}}},
        ),
    ),
    Case(
        "spec.drift.target",
        "only ks and chi2 are tests with a level alpha: set max for this method, or choose ks or chi2",
        accepts=({"data": {"reference": REFERENCE}, "drift": {"target": {"method": "chi2", "alpha": 0.01}}},),
        rejects=({"data": {"reference": REFERENCE}, "drift": {"target": {"method": "psi", "alpha": 0.01}}},),
    ),
    Case(
        "spec",
        "quality.unseenCategories, outOfRange and changedSchema compare with a reference: set data.reference, or set"
        " these three to Ignore",
        accepts=(
            {"data": {"reference": REFERENCE}, "quality": {"missing": {"max": 0.05}}},
            {"quality": {"unseenCategories": "Ignore", "outOfRange": "Ignore", "changedSchema": "Ignore"}},
        ),
        rejects=(
            {"quality": {}},
            {"quality": {"unseenCategories": "Ignore", "outOfRange": "Ignore"}},
        ),
    ),
    Case(
        "spec",
        "candidateUri belongs to role Candidate and only to it: set both, or neither",
        accepts=({}, {"role": "Champion", "candidateUri": None}),
        rejects=({"role": "Champion"}, {"candidateUri": None}),
        of="evaluation",
    ),
)

# Rules that compare with what is stored already.
CHANGING: Final = (
    Case(
        "spec.windows",
        "windows.length, every, timeZone and origin cannot be changed, since windows already judged would no longer be"
        " windows: create a monitor with another name",
        accepts=(
            {"windows": {"length": "168h", "start": "2013-03-01", "grace": "1h"}},
            {"suspend": True, "metrics": [{"name": "accuracy", "min": 0.5}], "schedule": {"interval": "2h"}},
        ),
        rejects=(
            {"windows": {"length": "14d"}},
            {"windows": {"every": "1d"}},
            {"windows": {"timeZone": "America/New_York"}},
            {"windows": {"origin": "2013-01-01"}},
        ),
    ),
    Case(
        "spec",
        "a ModelEvaluation is a record and cannot be changed: delete it, the monitor measures anew",
        accepts=({},),
        rejects=({"look": 2}, {"modelUri": "s3://models/flights/3"}, {"window": {"index": 1}}),
        of="evaluation",
    ),
)


def each(cases: tuple[Case, ...], side: str) -> list[Any]:
    return [
        pytest.param(case, change, id=f"{case.message} [{number}]")
        for case in cases
        for number, change in enumerate(getattr(case, side))
    ]


@pytest.mark.parametrize(("case", "change"), each(CREATING, "accepts"))
def test_a_rule_lets_through(dry_run: CustomObjects, case: Case, change: Json) -> None:
    assert dry_run.try_create(merged(manifest(case.of), {"spec": change})).message == ""


@pytest.mark.parametrize(("case", "change"), each(CREATING, "rejects"))
def test_a_rule_refuses_and_says_what_to_change(dry_run: CustomObjects, case: Case, change: Json) -> None:
    answer = dry_run.try_create(merged(manifest(case.of), {"spec": change}))

    assert answer.causes == ((case.field, case.message),)


@pytest.mark.parametrize(("case", "change"), each(CHANGING, "accepts"))
def test_a_change_is_let_through(objects: CustomObjects, case: Case, change: Json) -> None:
    stored = objects.create(manifest(case.of)).stored

    assert objects.try_change(stored, {"spec": change}).message == ""


@pytest.mark.parametrize(("case", "change"), each(CHANGING, "rejects"))
def test_a_change_is_refused_and_says_what_to_do(objects: CustomObjects, case: Case, change: Json) -> None:
    stored = objects.create(manifest(case.of)).stored

    assert objects.try_change(stored, {"spec": change}).causes == ((case.field, case.message),)


def test_every_rule_of_every_kind_has_a_case_that_is_accepted_and_one_that_is_refused() -> None:
    rules = {rule.message for kind in KINDS for model in (kind.spec, kind.status) for rule in rules_below(model)}

    assert {case.message for case in CREATING + CHANGING if case.accepts and case.rejects} == rules


def rules_below(model: type[BaseModel]) -> Iterator[Rule]:
    """The rules of a model and of every model that its fields name, however deep inside Optional or tuple."""
    if issubclass(model, Ruled):
        yield from model.rules
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            yield from rules_below(inner)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)
