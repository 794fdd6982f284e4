"""An evaluation's input without a cluster: from a manifest, a model and a window."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from modelmonitor.api.job import Contender, EvaluationInput, Role
from modelmonitor.api.monitor import Challenger, ModelMonitorSpec
from modelmonitor.api.result import Window
from modelmonitor.domain.windows import Grid, midnight, patience, slack
from modelmonitor.evaluation.contenders import UNKNOWN_MODEL
from modelmonitor.evaluation.errors import DataError, InputError
from modelmonitor.evaluation.evaluate import source_of
from modelmonitor.evaluation.plan import plan

_NAME: Final = "local"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A ModelMonitor as it stands in a file."""

    name: str
    namespace: str
    spec: ModelMonitorSpec


def window_starting(spec: ModelMonitorSpec, day: date) -> Window:
    """The window that starts on a civil day.

    Raises:
        InputError: when none does; the message names those that start before and after.
    """
    grid = Grid.of(spec.windows)
    index = grid.first_on_or_after(day)
    window = grid.window(index)
    if window.start.astimezone(grid.zone).date() != day:
        before, after = (one.start.astimezone(grid.zone).date() for one in (grid.window(index - 1), window))
        raise InputError(
            "WindowUnknown",
            f"no window starts on {day}: the grid has one on {before} and the next on {after} (windows.origin"
            f" {spec.windows.origin}, every {grid.every.days or grid.every} days)",
        )
    return window


def newest_closed_window(spec: ModelMonitorSpec, environ: Mapping[str, str], now: datetime) -> Window:
    """The newest window that the data have closed.

    Raises:
        DataError: when there is no data.
        StorageError: when the data cannot be reached.
    """
    grid = Grid.of(spec.windows)
    source = source_of(spec.data, spec.windows, environ)
    through = plan(source, now).data_through
    if through is None:
        raise DataError("SourceEmpty", f"data.current.files.uri: {source.folder.uri} holds no rows yet")
    return grid.window(grid.newest_closed(through, slack(spec.windows, spec.data.labels)))


def input_for(
    manifest: Manifest, window: Window, model: str | None = None, contender: Contender | None = None
) -> EvaluationInput:
    """What the operator would hand to a Job, with all rows taken for those of this model.

    Raises:
        InputError: when no model is given though the manifest wants it loaded.
    """
    spec = manifest.spec
    advice = "give its URI with --model (in the cluster it is read from the serving object)"
    return EvaluationInput(
        monitor=manifest.name,
        namespace=manifest.namespace,
        evaluation=_NAME,
        role=Role.CHAMPION if contender is None else Role.CANDIDATE,
        window=window,
        closes=window.end + slack(spec.windows, spec.data.labels),
        matures=window.end + patience(spec.windows, spec.data.labels),
        champion=model or nameless(spec, advice),
        contender=contender,
        model=spec.model,
        data=spec.data,
        windows=spec.windows,
        metrics=spec.metrics,
        rules=spec.business_rules,
        user_metrics=spec.user_metrics,
        drift=spec.drift,
        quality=spec.quality,
        verdict=spec.verdict,
        challenger=spec.challenger or Challenger(),
    )


def nameless(spec: ModelMonitorSpec, advice: str) -> str:
    """What is written for the URI of a serving model that nobody named.

    Args:
        spec: of the monitor.
        advice: how to name it.

    Raises:
        InputError: when it must be named, since it is loaded, or told from others.
    """
    if spec.data.predictions.model is not None:
        raise InputError(
            "ModelMissing", f"the manifest says data.predictions.model, so the model must be loaded: {advice}"
        )
    if spec.data.columns.model_version is not None:
        raise InputError(
            "ModelMissing", f"the manifest says data.columns.modelVersion, so the rows of one model count: {advice}"
        )
    endpoint = spec.data.predictions.endpoint
    return endpoint.url if endpoint is not None else UNKNOWN_MODEL


def start_of(day: date, spec: ModelMonitorSpec) -> datetime:
    """The first instant of a civil day of the manifest's time zone."""
    return midnight(day, Grid.of(spec.windows).zone)
