"""The reference of a monitor: from what its spec says to its profile."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.metric_names import Task
from modelmonitor.api.monitor import Reference
from modelmonitor.domain.windows import midnight
from modelmonitor.evaluation.contenders import Contender
from modelmonitor.evaluation.plan import Plan, plan
from modelmonitor.evaluation.reference.build import ALWAYS, Rereading, build
from modelmonitor.evaluation.reference.profile import Profile
from modelmonitor.evaluation.reference.store import ProfileStore, key_of
from modelmonitor.evaluation.reference.watched import Watched, features_of, schema_of
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.storage import Purpose, open_folder
from modelmonitor.evaluation.tasks import labels_of


def profile_of(
    given: EvaluationInput,
    reference: Reference,
    current: Plan,
    champion: Contender | None,
    *,
    environ: Mapping[str, str],
    now: datetime,
    progress: Callable[[str], None],
    kinds: Collection[Kind[Any]] = (),
    segments: Sequence[str] = (),
) -> Profile:
    """The profile of the reference, found or built.

    Args:
        given: what to measure.
        reference: `spec.data.reference`.
        current: the source of the window.
        champion: the serving model, where its predictions are watched.
        environ: where the credentials of the stores are.
        now: the wall clock.
        progress: told what is happening.
        kinds: the statistics that are kept of labels and predictions.
        segments: the columns whose values are segments.

    Raises:
        EvaluationError: when the reference cannot be read.
    """
    found, start, end = _source(given, reference, current, environ, now)
    files = found.files_for(start, end)
    schema = schema_of(found, start, end)
    drift, columns = given.drift, given.data.columns
    watches_predictions = drift is not None and drift.prediction is not None
    predictor = champion.predictor if champion is not None and (watches_predictions or kinds) else None
    if predictor is not None and not {need.column for need in predictor.needed} <= schema.keys():
        progress("the reference has no predictions: it says nothing of how they drift, nor of how days go together")
        predictor = None
    binary = given.model.task is Task.BINARY_CLASSIFICATION
    labelled = columns.label in schema and (predictor is not None or (drift is not None and drift.target is not None))
    looks_at_features = given.quality is not None or (drift is not None and drift.features is not None)
    scored = watches_predictions and predictor is not None and predictor.has_scores
    watched = Watched(
        features_of(schema, columns) if looks_at_features else (),
        predictions=predictor is not None and watches_predictions,
        labels=labelled and drift is not None and drift.target is not None,
    )
    reading = Rereading(
        plan=found,
        start=start,
        end=end,
        schema=schema,
        watched=watched,
        predictor=predictor,
        labels=labels_of(columns, given.model) if labelled else None,
        threshold=given.model.threshold if scored and binary else None,
        classes=len(given.model.classes or (0, 1)),
        kinds=kinds,
        segments=segments,
    )
    asked = {
        "reference": reference.document(),
        "folder": found.source.folder.uri,
        "zone": found.source.zone.key,
        "columns": columns.document(),
        "watched": [watched.features, watched.predictions, watched.labels, labelled, predictor is not None],
        "task": [given.model.task, given.model.positive_class, given.model.classes, given.model.threshold],
        "model": _asked_of(champion) if champion is not None and predictor and not champion.logged else None,
        "kinds": sorted(kind.name for kind in kinds),
        "segments": list(segments),
    }
    folder = None if given.reports is None else open_folder(given.reports.uri, Purpose.REPORTS, environ)
    key = key_of(asked, files)
    return ProfileStore(folder).find_or_build(key, kinds, lambda: build(reading, progress), progress)


def _asked_of(champion: Contender) -> list[str | None]:
    """What says which model scored the reference. What it remarked while it was loaded is no part of that."""
    return [champion.identity.uri, champion.identity.digest, champion.identity.kind]


def _source(
    given: EvaluationInput, reference: Reference, current: Plan, environ: Mapping[str, str], now: datetime
) -> tuple[Plan, datetime, datetime]:
    """The plan of the reference, its first instant, and the first after it."""
    zone = current.source.zone
    if reference.window is not None:
        return current, midnight(reference.window.start, zone), midnight(reference.window.end, zone)
    assert reference.files is not None  # noqa: S101 - exactly one is set
    folder = open_folder(reference.files.uri, Purpose.DATA, environ)
    source = replace(current.source, folder=folder, partitioning=reference.files.partitioning)
    return plan(source, now), *ALWAYS
