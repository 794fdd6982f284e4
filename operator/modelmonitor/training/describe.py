"""From what a training came to, to the facts that are kept of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from modelmonitor.api.metric_names import Task
from modelmonitor.api.types import format_time
from modelmonitor.evaluation.classes import class_text
from modelmonitor.evaluation.models import TRAINING_FILE, Model, ScikitLearnModel
from modelmonitor.evaluation.models.scikit_learn import kind_of
from modelmonitor.evaluation.storage import Purpose, open_folder
from modelmonitor.evaluation.times import instant
from modelmonitor.training.changes import changes, parameters_of
from modelmonitor.training.contract import Order
from modelmonitor.training.data import Collected
from modelmonitor.training.facts import (
    ColumnFacts,
    DataFacts,
    HeldOutFacts,
    Identity,
    Made,
    SearchFacts,
    TrainingFacts,
    ValueFacts,
)


@dataclass(frozen=True, slots=True)
class Result:
    """What a training came to."""

    champion: ScikitLearnModel
    model: ScikitLearnModel
    """The new one, as it was read back."""
    names: tuple[str, ...]
    """Of the classes of the task, by their numbers."""
    collected: Collected
    held_out: HeldOutFacts
    search: SearchFacts | None
    history: TrainingFacts | None
    """How the champion was made, where this trainer made it."""


def facts_before(uri: str, environ: Mapping[str, str]) -> TrainingFacts | None:
    """What is known of how the model in a folder was made; None where this trainer did not make it."""
    content = open_folder(uri, Purpose.MODEL, environ).read(TRAINING_FILE)
    try:
        return None if content is None else TrainingFacts.model_validate_json(content)
    except ValidationError:
        return None


def facts_of(order: Order, result: Result, made: Made) -> TrainingFacts:
    """All that is kept of a training."""
    data = _data(order, result)
    return TrainingFacts(
        monitor=order.monitor,
        reason=order.reason,
        window=order.window,
        model=_identity(result.model, kind_of(result.model.estimator)),
        champion=_identity(result.champion, result.champion.kind),
        parameters=parameters_of(result.model.estimator),
        data=data,
        held_out=result.held_out.model_copy(
            update={"remarks": (*result.held_out.remarks, *_fairness(result.held_out, result.history))}
        ),
        search=result.search,
        changes=changes(result.champion, result.model, result.history, data, made.versions),
        made=made,
    )


def _identity(model: Model, kind: str) -> Identity:
    return Identity(uri=model.uri, kind=kind, digest=model.digest)


def _fairness(held_out: HeldOutFacts, history: TrainingFacts | None) -> Iterable[str]:
    """Whether the champion knew some of the rows that were held out."""
    if held_out.start is None:
        return
    if history is None:
        yield "Whether the champion was trained on some of these rows is not known; then its numbers flatter it."
    elif history.data.last >= held_out.start:
        yield (
            f"The champion was trained through {format_time(history.data.last)}, so on some of these rows: its numbers"
            " flatter it."
        )


def _data(order: Order, result: Result) -> DataFacts:
    spec, sample = order.spec, result.collected.sample
    current, labels = spec.data.current.files, spec.data.labels.files
    binary = spec.model.task is Task.BINARY_CLASSIFICATION
    return DataFacts(
        uri=current.uri if current else "",
        labels_uri=labels.uri if labels else None,
        start=order.start,
        end=order.end,
        first=instant(int(sample.times[0])),
        last=instant(int(sample.times[-1])),
        rows=len(sample),
        unlabelled=result.collected.unlabelled,
        label=spec.data.columns.label,
        classes=_classes(result),
        positive=class_text(spec.model.positive_class) if binary else None,
        values=_values(sample.truth) if spec.model.task is Task.REGRESSION else None,
        columns=tuple(_column(name, sample.table.column(name)) for name in result.model.columns),
    )


def _classes(result: Result) -> dict[str, int]:
    if not result.names:
        return {}
    counts = np.bincount(result.collected.sample.truth, minlength=len(result.names))
    return dict(zip(result.names, counts.tolist(), strict=True))


def _values(truth: Any) -> ValueFacts:
    return ValueFacts(
        mean=float(truth.mean()), deviation=float(truth.std()), low=float(truth.min()), high=float(truth.max())
    )


def _column(name: str, values: pa.ChunkedArray) -> ColumnFacts:
    missing = pc.sum(pc.is_null(values, nan_is_null=True)).as_py() or 0
    return ColumnFacts(name=name, type=str(values.type), missing=missing / max(1, len(values)))
