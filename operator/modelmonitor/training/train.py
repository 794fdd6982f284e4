"""Training by the contract of `spec.retrain`: champion and rows in, a model and `result.json` out."""

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from modelmonitor.api.monitor import Partitioning
from modelmonitor.api.types import format_time
from modelmonitor.evaluation.classes import class_text
from modelmonitor.evaluation.errors import DataError, EvaluationError, InputError, ModelError, one_line
from modelmonitor.evaluation.models import ATTEMPT_FILE, MODEL_FILE, RESULT_FILE, ScikitLearnModel, load_model
from modelmonitor.evaluation.plan import Source, plan
from modelmonitor.evaluation.scan import Needed, scan
from modelmonitor.evaluation.storage import Folder, Purpose, open_folder
from modelmonitor.evaluation.times import instant


class TrainingError(EvaluationError):
    """What keeps a model from being trained, beside what keeps data and models from being read."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to train."""

    champion_uri: str
    """The folder of the serving model, of which the pipeline is taken."""
    output_uri: str
    """The new folder for the new model."""
    start: datetime
    """Train on events from here."""
    end: datetime
    """Train on events before this."""
    data_uri: str
    """The folder of the data."""
    timestamp: str
    """The column of the event time."""
    label: str
    """The column of the ground truth."""
    partitioning: Partitioning = Partitioning.FLAT
    """How the files are laid out."""

    def attempt(self, champion: ScikitLearnModel) -> dict[str, str]:
        """What makes two attempts the same: the same order, from the same champion."""
        words = {name: format_time(v) if isinstance(v, datetime) else str(v) for name, v in asdict(self).items()}
        return words | {"champion_digest": champion.digest}


@dataclass(frozen=True, slots=True)
class Trained:
    """What is handed back: the contract's three fields."""

    model_uri: str
    trained_through: str
    """The newest event time that was trained on, RFC 3339."""
    metrics: Mapping[str, float]

    def document(self) -> dict[str, Any]:
        """The JSON form of the contract."""
        return {
            "modelUri": self.model_uri,
            "trainedThrough": self.trained_through,
            "metrics": dict(self.metrics),
        }


def train(order: Order, *, environ: Mapping[str, str], now: datetime, progress: Callable[[str], None]) -> Trained:
    """Refit the champion's pipeline on labelled rows of [start, end), and write it to a folder of its own.

    A Job's pod that died is run again with the same order. So the attempt says who it is before it writes a model: half
    an attempt of its own is written anew, a finished one is only told again, and any other model in the folder is never
    touched, since something may be serving it.

    Raises:
        EvaluationError: whatever keeps it from training, as a sentence.
    """
    if order.start >= order.end:
        raise TrainingError(
            "NothingToTrainOn", f"the training window ends ({order.end}) before it starts ({order.start})"
        )
    output = open_folder(order.output_uri, Purpose.MODEL, environ)
    champion = _pipeline(order.champion_uri, environ)
    attempt = order.attempt(champion)
    if (before := _finished(output, attempt)) is not None:
        progress(f"{output.uri} already holds the result of this very attempt")
        return before
    progress(f"reading {order.data_uri} from {format_time(order.start)} to {format_time(order.end)}")
    features, labels, newest = _rows(order, champion, environ, now)
    progress(f"fitting {type(champion.estimator).__name__} on {len(labels):,} labelled rows")
    content = _fitted(champion, features, labels)
    _, counts = np.unique(labels, return_counts=True)
    trained = Trained(
        model_uri=order.output_uri,
        trained_through=format_time(instant(newest)),
        metrics={"rows": float(len(labels)), "smallerClassShare": float(counts.min() / counts.sum())},
    )
    output.write(ATTEMPT_FILE, json.dumps(attempt).encode())
    output.write(MODEL_FILE, content)
    # Last, and only when the model is whole: this file says that the attempt is finished.
    output.write(RESULT_FILE, json.dumps(trained.document()).encode())
    progress(f"wrote {output.uri}{MODEL_FILE}, {len(content):,} bytes")
    return trained


def _pipeline(uri: str, environ: Mapping[str, str]) -> ScikitLearnModel:
    """The champion, which must be something that can be fitted anew."""
    champion = load_model(uri, environ)
    if not isinstance(champion, ScikitLearnModel):
        raise TrainingError(
            "TrainerUnsuitable",
            f"the model in {uri} is {champion.kind}: it can score but not be fitted again; this trainer refits"
            " scikit-learn estimators, so name a trainer of your own in retrain.jobTemplate",
        )
    return champion


def _finished(output: Folder, attempt: Mapping[str, str]) -> Trained | None:
    """The result of this very attempt, if it is done; None if it is not done or has not begun."""
    begun, done = (_json(output.read(name)) for name in (ATTEMPT_FILE, RESULT_FILE))
    if begun == attempt and done is None:
        return None
    if begun == attempt and done is not None:
        return Trained(str(done["modelUri"]), str(done["trainedThrough"]), dict(done["metrics"]))
    if begun is None and done is None and output.read(MODEL_FILE) is None:
        return None
    raise TrainingError(
        "OutputTaken",
        f"{output.uri} already holds a model that is not of this attempt, and something may serve it; each attempt"
        " needs a new folder (MODELMONITOR_OUTPUT_URI)",
    )


def _json(content: bytes | None) -> dict[str, Any] | None:
    try:
        return None if content is None else dict(json.loads(content))
    except (ValueError, TypeError):
        return {}


def _rows(
    order: Order, champion: ScikitLearnModel, environ: Mapping[str, str], now: datetime
) -> tuple[Any, np.ndarray[Any, Any], int]:
    """Features as a DataFrame, labels as the champion's own classes, and the newest event time in microseconds."""
    source = Source(
        open_folder(order.data_uri, Purpose.DATA, environ), order.partitioning, order.timestamp, ZoneInfo("UTC")
    )
    known = {class_text(value): value for value in getattr(champion.estimator, "classes_", ())}
    if len(known) < 2:
        raise ModelError(
            "ModelUnloadable", f"the model in {champion.uri} is no fitted classifier (classes_ is missing or has one)"
        )
    needed = [Needed("--label", order.label)]
    needed += [Needed(f"the model in {champion.uri}", column) for column in champion.columns]
    batches: list[pa.RecordBatch] = []
    labels: list[Any] = []
    newest = 0
    for rows in scan(plan(source, now), order.start, order.end, needed):
        texts = [class_text(value) for value in rows.batch.column(order.label).to_pylist()]
        if unknown := {text for text in texts if text is not None} - known.keys():
            raise DataError(
                "LabelUnknown",
                f'--label: column "{order.label}" of {rows.origin} holds {_few(unknown)}, but the classes of the model'
                f" in {champion.uri} are {_few(known)}",
            )
        chosen = np.asarray([text is not None for text in texts], np.bool_)
        if chosen.any():
            batches.append(rows.batch.select(list(champion.columns)).filter(pa.array(chosen)))
            labels += [known[text] for text in texts if text is not None]
            newest = max(newest, int(rows.times[chosen].max()))
    where = f"{source.folder.uri} from {format_time(order.start)} to {format_time(order.end)}"
    if not labels:
        raise TrainingError("NothingToTrainOn", f"there is no labelled row in {where}")
    if len(set(labels)) < 2:
        raise TrainingError("OneClassOnly", f"all {len(labels):,} labelled rows in {where} are of class {labels[0]}")
    features = pa.concat_tables((pa.Table.from_batches([b]) for b in batches), promote_options="permissive")
    return features.to_pandas(), np.asarray(labels, np.asarray(champion.estimator.classes_).dtype), newest


def _fitted(champion: ScikitLearnModel, features: Any, labels: np.ndarray[Any, Any]) -> bytes:
    import joblib  # noqa: PLC0415 - with scikit-learn it takes a second, which --help and errors need not wait for
    from sklearn.base import clone  # noqa: PLC0415

    content = io.BytesIO()
    # The pipeline is the user's code and may raise anything.
    try:
        joblib.dump(clone(champion.estimator).fit(features, labels), content)
    except Exception as error:
        raise TrainingError(
            "FitFailed",
            f"the pipeline of {champion.uri} could not be fitted on {len(labels):,} rows: {one_line(error)}",
        ) from error
    return content.getvalue()


def _few(values: Any) -> str:
    shown = sorted(repr(str(value)) for value in values)
    return ", ".join(shown[:4]) + (", …" if len(shown) > 4 else "")


REQUIRED: Final = {
    "champion_uri": ("--champion", "MODELMONITOR_CHAMPION_URI"),
    "output_uri": ("--output", "MODELMONITOR_OUTPUT_URI"),
    "start": ("--train-start", "MODELMONITOR_TRAIN_START"),
    "end": ("--train-end", "MODELMONITOR_TRAIN_END"),
    "data_uri": ("--data", "MODELMONITOR_DATA_URI"),
    "timestamp": ("--timestamp", "MODELMONITOR_DATA_TIMESTAMP"),
    "label": ("--label", "MODELMONITOR_DATA_LABEL"),
}
"""Each field of an order, the option that sets it, and the environment variable that does so without the option."""


def order_from(options: Mapping[str, str | None], environ: Mapping[str, str]) -> Order:
    """The order in options (by field name) and environment; an option comes before the environment.

    Raises:
        InputError: when something is missing, or is not what it should be.
    """
    given: dict[str, Any] = {}
    for name, (option, variable) in REQUIRED.items():
        value = options.get(name) or environ.get(variable)
        if not value:
            raise InputError("SettingMissing", f"{option} is missing; give it, or set {variable}")
        given[name] = _moment(option, value) if name in {"start", "end"} else value
    layout = options.get("partitioning") or environ.get("MODELMONITOR_DATA_PARTITIONING") or Partitioning.FLAT
    try:
        return Order(**given, partitioning=Partitioning(layout))
    except ValueError as error:
        raise InputError("SettingInvalid", f"--partitioning: {layout!r} is neither Flat nor Hive") from error


def _moment(option: str, text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError("SettingInvalid", f"{option}: {text!r} is not a time such as 2013-02-01T00:00:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("UTC"))
