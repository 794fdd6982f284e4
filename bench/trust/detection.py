"""How long it takes until a monitor sees that a model has become worse."""

from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import Final

import numpy as np

from bench.ours import Cadence, judged, long_run, tally_of_days, value
from bench.trust.lives import by_day
from bench.trust.streams import Synthetic
from modelmonitor.api.metric_names import MetricName
from modelmonitor.api.result import Verdict
from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.statistics.serial import LongRun

FALLS: Final = (0.02, 0.05, 0.10)
ROWS: Final = (1_000, 10_000)
"""Rows of a window of seven days."""
WINDOWS: Final = 20
_WEEK: Final = 7
_REFERENCE: Final = 60


@dataclass(frozen=True, slots=True)
class Detected:
    """What became of a fall of F1 in all lives."""

    rows: int
    fall: float
    measured: float
    """By how much F1 did fall, on average."""
    first: float
    """The median number of windows until the first Fail; infinite when more than half of the lives see none."""
    tripped: float
    """The median number of windows until two in a row."""


def detect(lives: int) -> list[Detected]:
    """Independent rows, windows of seven days, and the objective that F1 is what it was.

    That is the hardest objective there is: at the boundary the false alarms of a year are what was tolerated.
    """
    return [_detect(rows, fall, lives) for rows in ROWS for fall in FALLS]


def _detect(rows: int, fall: float, lives: int) -> Detected:
    good = Synthetic("good", rows=rows // _WEEK)
    bad = replace(good, fallen=_flips(fall))
    level, measured, firsts, trips = Cadence(_WEEK).level(1), [], [], []
    for seed in range(lives):
        reference = by_day(list(islice(good.days(seed), _REFERENCE)))
        known = long_run(MetricName.F1, reference)
        days = by_day(list(islice(bad.days(1000 + seed), WINDOWS * _WEEK)))
        failing = [_fails(days, start, level, known) for start in range(0, WINDOWS * _WEEK, _WEEK)]
        firsts.append(next((k + 1 for k, fails in enumerate(failing) if fails), np.inf))
        trips.append(next((k + 2 for k in range(WINDOWS - 1) if failing[k] and failing[k + 1]), np.inf))
        measured.append(_truth() - value(MetricName.F1, days))
    return Detected(rows, fall, float(np.mean(measured)), float(np.median(firsts)), float(np.median(trips)))


def _fails(days: Tally, start: int, level: float, known: LongRun) -> bool:
    window = tally_of_days(days, start, _WEEK)
    return judged(MetricName.F1, _truth(), window, level, known, by_day=True).verdict is Verdict.FAIL


@cache
def _f1(fallen: float) -> float:
    """F1 on so many rows that its own error is 0.0005."""
    days = by_day(list(islice(Synthetic("many", rows=20_000, fallen=fallen).days(7), 100)))
    return value(MetricName.F1, days)


def _truth() -> float:
    return _f1(0.0)


def _flips(fall: float) -> float:
    """The share of labels that must be turned around for F1 to fall by so much, by bisection."""
    low, high = 0.0, 0.5
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if _truth() - _f1(middle) < fall else (low, middle)
    return (low + high) / 2
