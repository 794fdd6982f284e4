"""What happened in a backtest, window by window: frozen, and JSON as it is."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from modelmonitor.api.measuring import Counting, DriftSummary, QualitySummary
from modelmonitor.api.result import ComparisonResult, MetricResult, Verdict, Window
from modelmonitor.api.status import AttemptOutcome
from modelmonitor.api.types import Duration, Model, Time


class Happening(StrEnum):
    """What happened beside verdicts, and beside how an attempt ended."""

    TRIPPED = "Tripped"
    """The model failed: a new one is needed."""
    DUE = "Due"
    """It was time for a new one: retrain.every."""
    WOULD_TRIP = "WouldTrip"
    """An objective of severity DryRun would have tripped; the message is its name."""
    TRAINED = "Trained"
    """A candidate was made."""


class Event(Model):
    """Something that happened; it stands with the newest window that had a verdict by then."""

    time: Time
    """The simulated moment."""
    what: Happening | AttemptOutcome
    """What happened; of an attempt that ended, how."""
    trip: int
    """The number of the attempt."""
    because: tuple[Window, ...] = ()
    """Where an attempt begins: the failing windows, or the newest one."""
    train_start: Time | None = None
    """Where an attempt begins: what is trained on, from here."""
    train_end: Time | None = None
    """Where an attempt begins: and before this."""
    message: str = ""
    """The operator's own words."""
    comparison: ComparisonResult | None = None
    """Both models on the same rows."""


class DataTold(Model):
    """What was found about the data of a window."""

    verdict: Verdict
    """The worse of drift and quality."""
    message: str
    """Why."""
    drift: DriftSummary | None = None
    """How far the data have moved away from the reference."""
    quality: QualitySummary | None = None
    """What the data are like."""


class WindowTold(Model):
    """A window that had a verdict."""

    window: Window
    """The window."""
    time: Time
    """The simulated moment of the verdict."""
    model: int
    """Who served: 0 is the model that was given, n the candidate of trip n."""
    model_uri: str
    """Where that model was."""
    verdict: Verdict
    """The verdict."""
    reason: str = ""
    """Why."""
    message: str = ""
    """Why, as a sentence."""
    counting: Counting
    """What the verdict counts for."""
    failing: int
    """Separate windows in a row that have failed, with this one."""
    rows: int = 0
    """Rows of the window."""
    coverage: float | None = None
    """Share of them with a label."""
    metrics: tuple[MetricResult, ...] = ()
    """All metrics."""
    data: DataTold | None = None
    """What was found about the data, where that was looked at."""
    events: tuple[Event, ...] = ()
    """What followed, before the next window had a verdict."""

    def metric(self, name: str) -> MetricResult | None:
        """The metric of that name."""
        return next((one for one in self.metrics if one.name == name), None)


class Counts(Model):
    """How often."""

    windows: Mapping[Verdict, int]
    """Windows by verdict."""
    skipped: int
    """Windows that were passed over, since more waited than schedule.catchUp allows."""
    trips: int
    """Decisions that a new model is needed."""
    trainings: int
    """Trainings that made a candidate."""
    promotions: int
    """Candidates that came into service."""
    rollbacks: int
    """Promotions that were taken back."""


class Detection(Model):
    """How long a change stayed unnoticed."""

    drift_at: Time
    """When the world changed, as the caller says."""
    false_trips: int
    """Trips of which every window ended before."""
    tripped_at: Time | None = None
    """The first other trip; None when there was none."""
    delay: Duration | None = None
    """From the change to that trip."""
    windows: int | None = None
    """Windows with rows after the change that it took."""


class Stopped(Model):
    """Why a backtest ended before its time: the operator would hold this window until somebody has mended it."""

    window: Window
    """The window that could not be measured."""
    reason: str
    """CamelCase, for programs."""
    message: str
    """What is wrong and what to do."""


class Story(Model):
    """A backtest."""

    monitor: str
    """The monitor's name."""
    start: Time
    """The first window's start."""
    end: Time
    """No window that ends later was judged."""
    data_through: Time
    """The newest event that there is."""
    trainer: str | None
    """Who trained; None when nobody did."""
    metric: str
    """The metric that stands for the model's quality: the challenger's if it is an objective, else the first one."""
    mean: float | None = None
    """Its mean over the windows, of whichever model served; None where it could not be measured."""
    remarks: tuple[str, ...] = ()
    """What a reader must know to take it as it is meant."""
    windows: tuple[WindowTold, ...]
    """Window by window."""
    counts: Counts
    """How often what happened."""
    stopped: Stopped | None = None
    """Why it ended before its time, if it did."""
    detection: Detection | None = None
    """How long the change stayed unnoticed, where it was said when that was."""

    @property
    def events(self) -> Iterator[Event]:
        """Everything that happened, in its order."""
        return (event for told in self.windows for event in told.events)


def mean_of(windows: tuple[WindowTold, ...], name: str) -> float | None:
    """The mean of a metric over the windows in which it has a value, each window once."""
    found = (told.metric(name) for told in windows)
    values = [one.value for one in found if one is not None and one.value is not None]
    return sum(values) / len(values) if values else None


def counts_of(windows: tuple[WindowTold, ...]) -> Counts:
    """Count."""
    happened = Counter(event.what for told in windows for event in told.events)
    indices = [told.window.index for told in windows]
    return Counts(
        windows={
            verdict: number for verdict in Verdict if (number := sum(told.verdict is verdict for told in windows))
        },
        skipped=max(indices) - min(indices) + 1 - len(set(indices)) if indices else 0,
        trips=happened[Happening.TRIPPED],
        trainings=happened[Happening.TRAINED],
        promotions=happened[AttemptOutcome.PROMOTED],
        rollbacks=happened[AttemptOutcome.ROLLED_BACK],
    )


def detection_of(windows: tuple[WindowTold, ...], drift_at: datetime) -> Detection:
    """How long a change stayed unnoticed: a trip that no row after it had a part in is a false one."""
    trips = [event for told in windows for event in told.events if event.what is Happening.TRIPPED]
    false = [event for event in trips if all(window.end <= drift_at for window in event.because)]
    true = next((event for event in trips if event not in false), None)
    if true is None:
        return Detection(drift_at=drift_at, false_trips=len(false))
    took = [told for told in windows if told.window.end > drift_at and told.time <= true.time]
    delay = true.time - drift_at
    return Detection(
        drift_at=drift_at,
        false_trips=len(false),
        tripped_at=true.time,
        delay=timedelta(seconds=round(delay.total_seconds())),
        windows=len(took),
    )
