"""Policies: what the monitor does, and what is done without one or without a part of it.

With a gate it is the monitor itself (`modelmonitor.backtest`), with or without confidence in its verdicts. Without a
gate a training's model serves at once, as where a pipeline deploys what it has trained.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from modelmonitor.api.job import EvaluationInput
from modelmonitor.api.result import Comparison, EvaluationResult, MetricResult, Verdict, Window
from modelmonitor.api.status import Attempt
from modelmonitor.backtest.arrivals import Arrivals, as_of
from modelmonitor.backtest.measuring import Evaluator
from modelmonitor.backtest.run import Order, backtest
from modelmonitor.backtest.story import Event, Happening
from modelmonitor.backtest.trainers import Trainer
from modelmonitor.domain.environment import spec_environment, training_environment
from modelmonitor.domain.windows import Grid, midnight
from modelmonitor.evaluation.evaluate import source_of
from modelmonitor.evaluation.local import Manifest, input_for

_JUDGED: Final = (Verdict.PASS, Verdict.WARN, Verdict.FAIL)


class Evidence(StrEnum):
    """What a verdict and a comparison rest on."""

    CONFIDENT = "confidence"
    """The whole interval lies beyond the objective, the lower bound of the gain above nothing."""
    POINT = "point values"
    """The value does."""


@dataclass(frozen=True, slots=True)
class Past:
    """What policies are tried on."""

    manifest: Manifest
    champion: str
    evaluator: Evaluator
    trainer: Trainer
    change: date | None
    scratch: Path
    now: datetime


@dataclass(frozen=True, slots=True)
class Lived:
    """What became of a past under a policy."""

    qualities: tuple[float, ...]
    """The headline metric of whatever served, by window in which it could be measured."""
    trips: tuple[Event, ...]
    trainings: int
    promotions: int
    rollbacks: int = 0

    @property
    def mean(self) -> float:
        """Mean quality."""
        return sum(self.qualities) / len(self.qualities)


@dataclass(frozen=True, slots=True)
class Policy:
    """By name."""

    name: str
    live: Callable[[Past], Lived]
    watches: bool = True
    """Whether it can trip at all."""


def at_its_value(evaluator: Evaluator) -> Evaluator:
    """An evaluator whose intervals are nothing but their middle."""

    def look(given: EvaluationInput, now: datetime) -> EvaluationResult:
        result = evaluator(given, now)
        metrics = tuple(map(_at_its_value, result.metrics))
        compared = result.comparison
        if compared is not None and compared.difference is not None:
            better = compared.difference > compared.minimum_gain
            compared = compared.model_copy(update={"verdict": Comparison.BETTER if better else Comparison.NOT_BETTER})
        failed = any(one.verdict is Verdict.FAIL for one in metrics)
        verdict = result.verdict
        if verdict in _JUDGED:
            verdict = Verdict.FAIL if failed else Verdict.PASS
        return result.model_copy(update={"metrics": metrics, "comparison": compared, "verdict": verdict})

    return look


def _at_its_value(metric: MetricResult) -> MetricResult:
    if metric.value is None or metric.verdict not in _JUDGED:
        return metric
    missed = (metric.min is not None and metric.value < metric.min) or (
        metric.max is not None and metric.value > metric.max
    )
    return metric.model_copy(update={"verdict": Verdict.FAIL if missed else Verdict.PASS})


def gated(evidence: Evidence) -> Callable[[Past], Lived]:
    """The monitor."""

    def live(past: Past) -> Lived:
        evaluator = past.evaluator if evidence is Evidence.CONFIDENT else at_its_value(past.evaluator)
        story = backtest(
            Order(past.manifest, past.champion, past.trainer),
            evaluator,
            environ={},
            now=past.now,
            scratch=past.scratch,
            say=lambda _: None,
        )
        assert story.stopped is None, story.stopped
        qualities = tuple(value for told in story.windows for value in _values([told.metric(story.metric)]))
        trips = tuple(event for event in story.events if event.what is Happening.TRIPPED)
        counts = story.counts
        return Lived(qualities, trips, counts.trainings, counts.promotions, counts.rollbacks)

    return live


def ungated(evidence: Evidence) -> Callable[[Past], Lived]:
    """Trips as the monitor's; what was trained serves at once."""

    def live(past: Past) -> Lived:
        evaluator = past.evaluator if evidence is Evidence.CONFIDENT else at_its_value(past.evaluator)
        needed = past.manifest.spec.verdict.failures_to_trip
        model, failing = past.champion, list[Window]()
        qualities, trips = list[float](), list[Event]()
        for window, now in _windows(past):
            result = evaluator(input_for(past.manifest, window, model), now)
            qualities += _values(result.metrics[:1])
            if result.verdict in _JUDGED:
                failing = [*failing, window] if result.verdict is Verdict.FAIL else []
            if len(failing) == needed:
                trips.append(Event(time=now, what=Happening.TRIPPED, trip=len(trips) + 1, because=tuple(failing)))
                model, failing = _trained(past, model, window, now), []
        return Lived(tuple(qualities), tuple(trips), len(trips), len(trips))

    return live


def regularly(every: int | None) -> Callable[[Past], Lived]:
    """A new model after every so many windows, whatever they say; None never."""

    def live(past: Past) -> Lived:
        model, qualities, trainings = past.champion, list[float](), 0
        for number, (window, now) in enumerate(_windows(past), 1):
            qualities += _values(past.evaluator(input_for(past.manifest, window, model), now).metrics[:1])
            if every is not None and number % every == 0:
                model, trainings = _trained(past, model, window, now), trainings + 1
        return Lived(tuple(qualities), (), trainings, trainings)

    return live


def _windows(past: Past) -> Iterator[tuple[Window, datetime]]:
    """The closed windows, and the event that closes each."""
    spec = past.manifest.spec
    assert spec.windows.start is not None
    grid = Grid.of(spec.windows)
    arrivals = Arrivals(as_of(source_of(spec.data, spec.windows, {}), past.now))
    index = grid.first_on_or_after(spec.windows.start)
    while (closed := arrivals.first_from(grid.window(index).end)) is not None:
        yield grid.window(index), closed
        index += 1


def _trained(past: Past, champion: str, window: Window, now: datetime) -> str:
    retrain = past.manifest.spec.retrain
    assert retrain is not None
    attempt = Attempt(
        trip=1,
        because=(window,),
        champion=champion,
        train_start=window.end - retrain.training_window,
        train_end=window.end,
        output_uri=str(past.scratch),
        started_at=now,
    )
    environment = training_environment(past.manifest.name, attempt) | spec_environment(past.manifest.spec)
    made = json.loads(past.trainer.train(environment))
    return str(made["modelUri"])


def _values(metrics: Iterable[MetricResult | None]) -> list[float]:
    return [one.value for one in metrics if one is not None and one.value is not None]


def false_trips(lived: Lived, past: Past) -> int:
    """Trips in which no row after the change had a part."""
    if past.change is None:
        return len(lived.trips)
    moment = midnight(past.change, Grid.of(past.manifest.spec.windows).zone)
    return sum(all(window.end <= moment for window in trip.because) for trip in lived.trips)


def delay(lived: Lived, past: Past) -> timedelta | None:
    """From the change to the first trip in which a row after it had a part."""
    if past.change is None:
        return None
    moment = midnight(past.change, Grid.of(past.manifest.spec.windows).zone)
    found = (trip.time for trip in lived.trips if any(window.end > moment for window in trip.because))
    first = next(found, None)
    return None if first is None else first - moment


def policies(monthly: int) -> tuple[Policy, ...]:
    """All, where a month has so many windows."""
    return (
        Policy("never retrain", regularly(None), watches=False),
        Policy("retrain every 28 days, deploy at once", regularly(monthly), watches=False),
        Policy("point values, no gate", ungated(Evidence.POINT)),
        Policy("point values, gate", gated(Evidence.POINT)),
        Policy("confidence, no gate", ungated(Evidence.CONFIDENT)),
        Policy("confidence, gate (ModelMonitor)", gated(Evidence.CONFIDENT)),
    )
