"""The clock: from one moment at which something can happen to the next.

Between the closing of two windows a look would find nothing, so nobody looks: simulated time goes on to the event that
closes the next window, or to whatever else the monitor waits for (the end of a cooldown, labels that are late).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from modelmonitor.api.monitor import (
    ApprovalPolicy,
    Challenger,
    ModelMonitorSpec,
    Reports,
    Retrain,
    Rollout,
    RolloutMode,
)
from modelmonitor.api.objectives import Severity
from modelmonitor.backtest.arrivals import Arrivals, as_of
from modelmonitor.backtest.measuring import Evaluator
from modelmonitor.backtest.recorder import Recorder
from modelmonitor.backtest.story import Stopped, Story, counts_of, detection_of, mean_of
from modelmonitor.backtest.trainers import Trainer
from modelmonitor.backtest.world import UnmeasurableError, World
from modelmonitor.domain.frontiers import held
from modelmonitor.domain.observation import Observation, Progress, ServingSeen
from modelmonitor.domain.windows import EPOCH, Grid, midnight, slack
from modelmonitor.evaluation.contenders import UNKNOWN_MODEL
from modelmonitor.evaluation.errors import DataError, InputError
from modelmonitor.evaluation.evaluate import source_of
from modelmonitor.evaluation.local import Manifest

_MOST_ATTEMPTS: Final = 100
_NO_JOB: Final[dict[str, Any]] = {"spec": {"template": {}}}


@dataclass(frozen=True, slots=True)
class Order:
    """What to run through."""

    manifest: Manifest
    champion: str = UNKNOWN_MODEL
    """The model that serves first."""
    trainer: Trainer | None = None
    """None: trips are counted, and the champion stays."""
    first: date | None = None
    """The first window is the first that starts on this day or later."""
    last: date | None = None
    """No window that ends after the first instant of this day."""
    drift_at: date | None = None
    """When the world changed."""


def backtest(
    order: Order,
    evaluator: Evaluator,
    *,
    environ: Mapping[str, str],
    now: datetime,
    scratch: Path,
    say: Callable[[str], None],
) -> Story:
    """Run through the past.

    Args:
        order: what to run through.
        evaluator: measures windows.
        environ: where the credentials of the stores are.
        now: the wall clock; later rows are taken for mistakes.
        scratch: a folder for models and profiles.
        say: told what happens, a line at a time.

    Raises:
        EvaluationError: when the past cannot be read, or not even the first window can be measured.
    """
    spec = order.manifest.spec
    arrivals = Arrivals(as_of(source_of(spec.data, spec.windows, environ), now))
    if arrivals.through is None:
        raise DataError("SourceEmpty", f"data.current.files.uri: {arrivals.plan.source.folder.uri} holds no rows yet")
    past = _Past.of(order, arrivals, arrivals.through)
    recorder = Recorder(trains=order.trainer is not None, zone=past.grid.zone, total=past.total(spec), say=say)
    world = World(
        name=order.manifest.name,
        namespace=order.manifest.namespace,
        spec=rehearsed(spec, past.first, scratch, trains=order.trainer is not None),
        evaluator=evaluator,
        trainer=order.trainer,
        witness=recorder,
        serving=ServingSeen("serving", 1, order.champion, 0, Progress.DONE),
    )
    stopped: Stopped | None = None
    try:
        past.live(world)
    except UnmeasurableError as error:
        if not recorder.windows:
            raise error.why from error
        stopped = Stopped(window=error.window, reason=error.why.reason, message=error.why.message)
    windows = tuple(recorder.windows)
    zone = past.grid.zone
    return Story(
        monitor=order.manifest.name,
        start=past.grid.window(past.grid.first_on_or_after(past.first)).start,
        end=past.end,
        data_through=arrivals.through,
        trainer=order.trainer.name if order.trainer is not None else None,
        metric=headline(spec),
        mean=mean_of(windows, headline(spec)),
        remarks=tuple(remarks(order)),
        windows=windows,
        stopped=stopped,
        counts=counts_of(windows),
        detection=None if order.drift_at is None else detection_of(windows, midnight(order.drift_at, zone)),
    )


def headline(spec: ModelMonitorSpec) -> str:
    """The metric that is shown: that of the challenger where it is an objective, else the first that can fail."""
    names = [one.full_name for one in spec.objectives if one.severity is Severity.FAIL]
    names = names or [one.full_name for one in spec.objectives]
    compared = (spec.challenger or Challenger()).metric
    return compared if compared in names else names[0]


def rehearsed(spec: ModelMonitorSpec, first: date, scratch: Path, *, trains: bool) -> ModelMonitorSpec:
    """The spec, but nothing that lasts is written where it says, and nobody has to be asked.

    Without training there is no attempt to rest from: each trip is one that the monitor would make.
    """
    retrain = spec.retrain or Retrain(job_template=_NO_JOB, training_window=timedelta(days=1), output_uri=str(scratch))
    untrained = {"every": None, "cooldown": timedelta(), "max_attempts": _MOST_ATTEMPTS}
    output = {"output_uri": str(scratch / "models")}
    rollout = spec.rollout or Rollout()
    mode = None if rollout.mode is RolloutMode.OBSERVE else rollout.mode
    return spec.model_copy(
        update={
            "suspend": False,
            "windows": spec.windows.model_copy(update={"start": first}),
            "retrain": retrain.model_copy(update=output if trains else output | untrained),
            "rollout": rollout.model_copy(update={"approval": ApprovalPolicy.AUTOMATIC, "mode": mode}),
            # The reference's profile is kept here, so that it is read once and not for each window.
            "reports": Reports(uri=str(scratch / "reports")),
        }
    )


def remarks(order: Order) -> list[str]:
    """What a reader must know to take the story as it is meant."""
    spec, said = order.manifest.spec, []
    if spec.data.predictions.column is not None and order.trainer is not None:
        said.append(
            "Logged scores are the first model's. A model that is promoted has logged none: it is loaded and scores the"
            " rows."
        )
    logged = spec.data.predictions.column is not None
    if logged and order.trainer is None and spec.data.columns.model_version is None:
        said.append("Logged scores are taken for those of one model throughout.")
    if spec.data.predictions.endpoint is not None:
        said.append(
            "What the endpoint serves now is taken for the model that served first. One that is promoted is served"
            " nowhere: it is loaded and scores the rows."
        )
    if spec.data.labels.files is not None and spec.data.labels.timestamp is None:
        said.append(
            "data.labels.timestamp is not set: each label is taken to have been there when its window was judged."
        )
    if spec.retrain is None:
        said.append("The manifest has no retrain: trips are counted, and nothing is trained.")
    elif order.trainer is not None and spec.rollout_mode is RolloutMode.OBSERVE:
        said.append("rollout.mode is Observe: here each better candidate is rolled out at once, as if by a person.")
    elif order.trainer is not None and spec.rollout is not None and spec.rollout.approval is ApprovalPolicy.MANUAL:
        said.append("rollout.approval is Manual: here each better candidate is approved at once.")
    return said


@dataclass(frozen=True, slots=True)
class _Past:
    """Which windows there are, and when they close."""

    arrivals: Arrivals
    grid: Grid
    first: date
    end: datetime
    """No window that ends later is judged."""
    through: datetime

    @classmethod
    def of(cls, order: Order, arrivals: Arrivals, through: datetime) -> "_Past":
        """Checked: the reference is no later than the first window."""
        spec = order.manifest.spec
        grid = Grid.of(spec.windows)
        reference = spec.data.reference.window if spec.data.reference is not None else None
        first = order.first or spec.windows.start
        if first is None:
            begins = (arrivals.first_from(EPOCH) or through).astimezone(grid.zone).date()
            first = begins if reference is None else max(begins, reference.end)
        window = grid.window(grid.first_on_or_after(first))
        if reference is not None and midnight(reference.end, grid.zone) > window.end:
            raise InputError(
                "ReferenceInTheFuture",
                f"data.reference.window ends on {reference.end}, after the first window ({window.start:%Y-%m-%d} to"
                f" {window.end:%Y-%m-%d}): begin later, with --from, or name earlier days as reference",
            )
        end = through if order.last is None else midnight(order.last, grid.zone)
        if window.end > end or window.end > through:
            raise InputError(
                "NoWindow",
                f"no window that begins on {first} or later is closed: the first is {window.start:%Y-%m-%d} to"
                f" {window.end:%Y-%m-%d}, and what is looked at ends on {min(end, through):%Y-%m-%d}; choose other"
                " days, or a shorter windows.length",
            )
        return cls(arrivals, grid, first, end, through)

    def total(self, spec: ModelMonitorSpec) -> int:
        """How many windows of the model's quality there are to judge."""
        closed = self.grid.newest_closed(self.through, slack(spec.windows, spec.data.labels))
        ended = self.grid.newest_closed(self.end, timedelta())
        return max(0, min(closed, ended) - self.grid.first_on_or_after(self.first) + 1)

    def live(self, world: World) -> None:
        """Let time pass until no window is left."""
        moment, now = self._next_closing(world.look(), EPOCH), EPOCH
        while moment is not None:
            now = moment
            world.settle(now)
            seen = world.look()
            late = any(held(seen.status.frontier(stage)) for stage in seen.stages)
            horizon = self._next_closing(seen, now) or (self.through if late else min(self.end, self.through))
            if horizon <= now:
                break
            _sleep(world, horizon)
            wake = world.settle(now).next_time
            moment = min(horizon, wake) if wake is not None and wake > now else horizon

    def _next_closing(self, seen: Observation, now: datetime) -> datetime | None:
        """The next event that closes a window, of whichever stage."""
        windows = ((stage, seen.next_window(stage)) for stage in seen.stages)
        known = [(stage, window) for stage, window in windows if window is not None and window.end <= self.end]
        closings = (self.arrivals.first_from(seen.closes(window, stage)) for stage, window in known)
        return min((one for one in closings if one is not None and one > now), default=None)


def _sleep(world: World, until: datetime) -> None:
    """No look before then, but at a window whose labels are late."""
    status = world.status
    for stage in world.look().stages:
        if not held(status.frontier(stage)):
            status = status.at_frontier(stage, next_look=until)
    world.status = status
