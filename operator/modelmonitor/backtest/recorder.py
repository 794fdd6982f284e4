"""Writes the story down: what changed from one status to the next.

It reads what the decisions wrote down for themselves, and not the words with which they told it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from modelmonitor.api.job import EvaluationInput, Stage
from modelmonitor.api.result import EvaluationResult, MetricResult
from modelmonitor.api.status import Attempt, AttemptOutcome, LastAttempt, ModelMonitorStatus, Trigger
from modelmonitor.backtest.story import DataTold, Event, Happening, WindowTold
from modelmonitor.domain.decision import Decision


@dataclass
class Recorder:
    """What has happened so far."""

    trains: bool
    """Whether candidates are trained: without them only trips are told."""
    zone: ZoneInfo
    total: int
    """How many windows there are to judge."""
    say: Callable[[str], None]
    windows: list[WindowTold] = field(default_factory=list)
    _metrics: dict[str, tuple[MetricResult, ...]] = field(default_factory=dict)
    _data: dict[int, DataTold] = field(default_factory=dict)
    _models: dict[str, int] = field(default_factory=dict)
    _early: list[Event] = field(default_factory=list)

    def evaluated(self, given: EvaluationInput, result: EvaluationResult) -> None:
        """Keep the metrics of an evaluation: a status has only some."""
        if given.contender is None and given.stage is Stage.QUALITY:
            self._metrics[given.evaluation] = result.metrics

    def decided(self, before: ModelMonitorStatus, decision: Decision, now: datetime) -> None:
        """Write down what a decision has changed."""
        after = decision.status
        if (found := after.last_data_evaluation) is not None and found != before.last_data_evaluation:
            self._data[found.window.index] = DataTold(
                verdict=found.verdict, message=found.message, drift=found.drift, quality=found.quality
            )
        if after.last_evaluation is not None and after.last_evaluation != before.last_evaluation:
            self._judged(after, now)
        for row in after.own_rows:
            if row.told_window is not None and row.told_window != before.own_row(row.objective).told_window:
                self._happened(Event(time=now, what=Happening.WOULD_TRIP, trip=after.trips, message=row.objective))
        if after.trips > before.trips and after.attempt is not None:
            self._happened(_begun(after.attempt, now))
        if not self.trains:
            return
        if after.candidate is not None and after.candidate != before.candidate:
            self._models[after.candidate.uri] = after.candidate.trip
            self._happened(Event(time=now, what=Happening.TRAINED, trip=after.candidate.trip))
        if after.last_attempt is not None and after.last_attempt != before.last_attempt:
            self._ended(after.last_attempt, now)

    def _judged(self, after: ModelMonitorStatus, now: datetime) -> None:
        latest = after.last_evaluation
        assert latest is not None  # noqa: S101 - asked before
        told = WindowTold(
            window=latest.window,
            time=now,
            model=self._models.get(latest.model_uri, 0),
            model_uri=latest.model_uri,
            verdict=latest.verdict,
            reason=latest.reason,
            message=latest.message,
            counting=latest.counting,
            failing=len(after.failing_windows),
            rows=latest.rows,
            coverage=latest.coverage,
            metrics=self._metrics.pop(latest.name, latest.metrics),
            data=self._data.pop(latest.window.index, None),
            events=tuple(self._early),
        )
        self._early.clear()
        self.windows.append(told)
        first = told.window.start.astimezone(self.zone)
        self.say(f"{len(self.windows)} of {self.total}: {first:%Y-%m-%d} {told.verdict}: {told.message}")

    def _ended(self, attempt: LastAttempt, now: datetime) -> None:
        # A rollout that is turned back is told twice: when it is decided, and when it is done.
        if attempt.outcome is AttemptOutcome.ROLLOUT_FAILED:
            return
        self._happened(
            Event(
                time=now,
                what=attempt.outcome,
                trip=attempt.trip,
                message=attempt.message,
                comparison=attempt.comparison,
            )
        )

    def _happened(self, event: Event) -> None:
        """It stands with the newest window; drift may trip before any window has a verdict."""
        self.say(f"{event.what}: {event.message}" if event.message else event.what)
        if self.windows:
            newest = self.windows[-1]
            self.windows[-1] = newest.model_copy(update={"events": (*newest.events, event)})
        else:
            self._early.append(event)


def _begun(attempt: Attempt, now: datetime) -> Event:
    return Event(
        time=now,
        what=Happening.TRIPPED if attempt.trigger is Trigger.FAILING else Happening.DUE,
        trip=attempt.trip,
        because=attempt.because,
        train_start=attempt.train_start,
        train_end=attempt.train_end,
        message=attempt.reason,
    )
