"""The demo's loop over the flights of 2013 in one process: windows, verdicts, training, comparison.

It is the loop alone, told once more and shorter than the operator tells it: no Jobs, no rollouts, nothing that goes
wrong with them. `backtest` prints what it finds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, Self

import numpy as np
import polars as pl
from sklearn.pipeline import Pipeline

from e2e.demo.flights.data import flights_of
from e2e.demo.flights.f1_by_day import Counts, Estimate, counts_by_day, f1, gain, jackknife
from e2e.demo.flights.model import FEATURES, LABEL, train

ORIGIN: Final = date(1970, 1, 5)
LENGTH: Final = timedelta(days=28)
WINDOWS_A_YEAR: Final = 365.25 / LENGTH.days
JANUARY: Final = (date(2013, 1, 1), date(2013, 2, 1))
START: Final = date(2013, 2, 4)  # of the first window that January's model has not seen
DATA_END: Final = date(2014, 1, 1)


class Verdict(StrEnum):
    """Of one window: Fail when its whole interval is under the objective, Warn when only the middle of it is."""

    PASS = "Pass"  # noqa: S105 (not a password)
    WARN = "Warn"
    FAIL = "Fail"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the demo's manifest says, in its words."""

    min_f1: float = 0.2
    failures_to_trip: int = 1
    training_days: int = 60
    false_alarms_per_year: float = 0.5
    confidence: float = 0.95

    @property
    def level(self) -> float:
        """Of each window's test, so that a model exactly at its objective trips `false_alarms_per_year` times."""
        return float(min(0.5, (self.false_alarms_per_year / WINDOWS_A_YEAR) ** (1 / self.failures_to_trip)))


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted model, and the days [first, end) that it was fitted on."""

    fitted: Pipeline
    first: date
    end: date

    @classmethod
    def trained(cls, frame: pl.DataFrame, first: date, end: date) -> Self:
        """Trains on the flights of those days."""
        return cls(train(flights_of(frame, first, end)), first, end)


@dataclass(frozen=True, slots=True)
class Window:
    """The days [start, end), and their flights; `labelled` are those that arrived."""

    start: date
    end: date
    rows: pl.DataFrame
    labelled: pl.DataFrame

    def counts(self, model: Model) -> Counts:
        """What the model calls right and wrong, day by day: shape (days, 3)."""
        called = model.fitted.predict(self.labelled.select(FEATURES).to_pandas()) == 1
        day = (self.labelled["date"].rank("dense") - 1).to_numpy()
        return counts_by_day(self.labelled[LABEL].to_numpy(), called, day)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The F1 of champion and candidate on the same flights, and the candidate's gain."""

    champion: float
    candidate: float
    gain: Estimate
    won: bool


@dataclass(frozen=True, slots=True)
class Step:
    """What one window showed, and what it led to."""

    window: Window
    champion: Model
    f1: Estimate
    verdict: Verdict
    comparison: Comparison | None
    trained: Model | None


def windows(frame: pl.DataFrame) -> Iterator[Window]:
    """The grid's closed windows from `START`; the last one of 2013 reaches into January 2014 and never closes."""
    start = ORIGIN + (START - ORIGIN) // LENGTH * LENGTH
    while (end := start + LENGTH) < DATA_END:
        rows = flights_of(frame, start, end)
        yield Window(start, end, rows, rows.filter(pl.col(LABEL).is_not_null()))
        start = end


def live(frame: pl.DataFrame, settings: Settings) -> Iterator[Step]:
    """January's model through the year, with the loop around it."""
    champion = Model.trained(frame, *JANUARY)
    candidate: Model | None = None
    failing = 0
    for window in windows(frame):
        counts = window.counts(champion)
        score = jackknife(f1, counts, settings.level)
        verdict = judge(score, settings.min_f1)
        failing = failing + 1 if verdict is Verdict.FAIL else 0
        if candidate is not None:
            # This window had no part in the trip. On the one that tripped the champion was picked for being at its
            # worst, and an equal candidate would look better there.
            comparison = compare(counts, window.counts(candidate), settings)
            yield Step(window, champion, score, verdict, comparison, None)
            champion = candidate if comparison.won else champion
            candidate, failing = None, 0  # won or lost, the old failures are settled; only later windows count
            continue
        if failing >= settings.failures_to_trip:
            candidate = Model.trained(frame, window.end - timedelta(days=settings.training_days), window.end)
        yield Step(window, champion, score, verdict, None, candidate)


def judge(score: Estimate, minimum: float) -> Verdict:
    """The verdict on an objective `min`."""
    if score.high < minimum:
        return Verdict.FAIL
    return Verdict.WARN if score.value < minimum else Verdict.PASS


def compare(champion: Counts, candidate: Counts, settings: Settings) -> Comparison:
    """Both models on one window, in pairs day by day; the candidate wins with a gain that is surely above nothing."""
    gained = jackknife(gain, np.stack([champion, candidate]), 1 - settings.confidence)
    return Comparison(float(f1(champion.sum(axis=0))), float(f1(candidate.sum(axis=0))), gained, gained.low > 0)
