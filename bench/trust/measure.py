"""What is measured of one stream: how often each bound misses the truth, and how often a monitor trips for nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from bench.ours import METRICS, Cadence, judged, long_run
from bench.trust.lives import DAYS, lives, truths
from bench.trust.streams import Stream
from modelmonitor.api.metric_names import MetricName
from modelmonitor.api.result import Verdict
from modelmonitor.domain.levels import YEAR
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.statistics.serial import LongRun

LENGTHS: Final = (28, 7, 1)
JUDGED: Final = (MetricName.ACCURACY, MetricName.PRECISION, MetricName.RECALL, MetricName.F1, MetricName.ROC_AUC)
"""The objectives of the monitor whose false alarms are counted, each exactly at its boundary."""
YEARS: Final = DAYS / YEAR.days


@dataclass
class Misses:
    """How often a metric's bounds lay on the wrong side of the truth, of the windows in which it could be judged."""

    windows: int = 0
    low: int = 0
    high: int = 0


@dataclass
class Found:
    """What was found of one stream with windows of one length."""

    stream: str
    length: int
    level_kept: float
    """The one-sided confidence of each bound."""
    misses: dict[MetricName, Misses] = field(default_factory=dict)
    trips: list[int] = field(default_factory=list)
    """False trips in each life, which is `YEARS` long."""


def measure(stream: Stream, number: int) -> list[Found]:
    """Measure a stream over so many lives, each with a reference of its own."""
    whole = list(lives(stream, number))
    true = truths(whole)
    found = []
    for length in LENGTHS:
        cadence = Cadence(length)
        level = cadence.level(len(JUDGED))
        one = Found(stream.name, length, 1 - level, {name: Misses() for name in METRICS})
        for life in whole:
            known = {name: long_run(name, life.reference) for name in METRICS}
            failing = [_window(one, life_window, known, true, level) for life_window in life.windows(length)]
            if length > 1:
                one.trips.append(_trips(failing, cadence.failures_to_trip))
        found.append(one)
    return found


def _window(
    found: Found, window: Tally, known: Mapping[MetricName, LongRun], true: Mapping[MetricName, float], level: float
) -> bool:
    """Count its misses; whether any of the judged objectives fails."""
    fails = False
    for name in METRICS:
        result = judged(name, true[name], window, level, known[name], by_day=found.length > 1)
        if result.low is None or result.high is None:
            continue
        misses = found.misses[name]
        misses.windows += 1
        misses.low += result.low > true[name]
        misses.high += result.high < true[name]
        fails = fails or (name in JUDGED and result.verdict is Verdict.FAIL)
    return fails


def _trips(failing: list[bool], failures_to_trip: int) -> int:
    """Trips of a monitor that begins anew after each."""
    trips = in_a_row = 0
    for fails in failing:
        in_a_row = in_a_row + 1 if fails else 0
        if in_a_row == failures_to_trip:
            trips, in_a_row = trips + 1, 0
    return trips
