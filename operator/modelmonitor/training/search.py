"""A search of parameters within a budget, on ever later rows, that ends with the champion's own where none is better.

Candidates and folds are scikit-learn's (ParameterSampler, TimeSeriesSplit). The loop is not RandomizedSearchCV's, which
cannot be stopped between two fits: a budget would be kept only by killing the Job, and with it all that was found.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from modelmonitor.evaluation.errors import EvaluationError, one_line
from modelmonitor.training.contract import Budget, TrainingError
from modelmonitor.training.data import Sample
from modelmonitor.training.facts import SearchFacts
from modelmonitor.training.grading import Grader
from modelmonitor.training.recipe import Recipe
from modelmonitor.training.space import Parameters

_MOST_TROUBLE: Final = 10


@dataclass(frozen=True, slots=True)
class Tried:
    """One set of parameters, fitted and measured on every fold."""

    parameters: Parameters
    """Others than the champion's; empty for its own."""
    score: float
    """Mean of the metric over the folds, greater is better; NaN where it could not be fitted or measured."""


@dataclass
class Found:
    """What a search came to."""

    wanted: int
    """How many sets were drawn, the champion's own among them."""
    folds: int
    """On how many folds each is fitted and measured."""
    tried: list[Tried] = field(default_factory=list)
    """Those that were fitted on every fold, in the order in which they were drawn."""
    trouble: dict[str, str] = field(default_factory=dict)
    """Why some could not be fitted or measured, by their parameters."""

    seconds: float = 0.0
    """How long it took."""

    @property
    def best(self) -> Tried | None:
        """The best one, the earliest of equals; None where none could be measured."""
        scored = [one for one in self.tried if math.isfinite(one.score)]
        return max(scored, key=lambda one: one.score, default=None)

    @property
    def parameters(self) -> Parameters:
        """Those to train with: the champion's own where nothing better was found."""
        return self.best.parameters if self.best is not None else {}

    def facts(self, grader: Grader) -> SearchFacts:
        """What is kept of it."""
        sign = 1 if grader.measures[grader.deciding].greater_is_better else -1
        own, best = self.tried[0] if self.tried else None, self.best
        return SearchFacts(
            metric=grader.deciding,
            folds=self.folds,
            drawn=self.wanted,
            tried=len(self.tried),
            stopped=len(self.tried) < self.wanted,
            seconds=round(self.seconds, 1),
            own=sign * own.score if own is not None and math.isfinite(own.score) else None,
            best=sign * best.score if best is not None else None,
            parameters={name: repr(value) for name, value in self.parameters.items()},
            trouble=dict(list(self.trouble.items())[:_MOST_TROUBLE]),
        )


def folds(sample: Sample, number: int) -> list[tuple[Sample, Sample]]:
    """Rows to fit on, and the later ones to measure on, so many times; no instant is on both sides.

    Raises:
        TrainingError: when there are too few different event times.
    """
    from sklearn.model_selection import TimeSeriesSplit  # noqa: PLC0415 - a second, and only for a search

    found = []
    if len(sample) > number:
        for before, after in TimeSeriesSplit(number).split(sample.times):
            cut, end = sample.start_of(len(before)), sample.start_of(int(after[-1]) + 1)
            if 0 < cut < end:
                found.append((sample.part(0, cut), sample.part(cut, end)))
    if not found:
        raise TrainingError(
            "SearchTooFewTimes",
            f"{len(sample):,} rows of {len(np.unique(sample.times))} different event times cannot be split into"
            f" {number} folds by time; lengthen retrain.trainingWindow, or search nothing",
        )
    return found


def search(
    drawn: Sequence[Parameters],
    sample: Sample,
    budget: Budget,
    recipe: Recipe,
    grader: Grader,
    progress: Callable[[str], None],
    clock: Callable[[], float],
) -> Found:
    """Fit and measure each set of parameters on every fold, until all are tried or time is up.

    No fit is begun that at the pace of the slowest one so far would end too late; a set that was not measured on every
    fold does not count, since later folds are others.

    Args:
        drawn: sets of parameters, the champion's own first.
        sample: the rows.
        budget: how long, and on how many folds.
        recipe: the pipeline.
        grader: by what it is measured.
        progress: told of each.
        clock: seconds.

    Raises:
        TrainingError: when there are too few different event times for the folds.
    """
    splits = folds(sample, budget.folds)
    found = Found(len(drawn), len(splits))
    began = clock()
    watch = _Watch(clock, began + budget.time.total_seconds())
    for parameters in drawn:
        scores: list[float] = []
        for earlier, later in splits:
            if not watch.allows_another():
                break
            with watch:
                scores.append(_score(parameters, earlier, later, recipe, grader, found))
            if math.isnan(scores[-1]):
                # What cannot be fitted on one fold has no mean.
                scores = [math.nan] * len(splits)
                break
        if len(scores) < len(splits):
            break
        found.tried.append(Tried(parameters, float(np.mean(scores))))
        progress(f"search: {len(found.tried)} of {len(drawn)}: {_said(found.tried[-1], grader)}")
    found.seconds = clock() - began
    return found


class _Watch:
    """Says whether another fit would likely end in time; entered while one is going on."""

    def __init__(self, clock: Callable[[], float], ends: float) -> None:
        self._clock: Final = clock
        self._ends: Final = ends
        self._slowest = 0.0
        self._began = 0.0

    def allows_another(self) -> bool:
        """Whether a fit as slow as the slowest so far would end in time."""
        return self._clock() + self._slowest <= self._ends

    def __enter__(self) -> None:
        self._began = self._clock()

    def __exit__(self, *_: object) -> None:
        self._slowest = max(self._slowest, self._clock() - self._began)


def _score(
    parameters: Parameters, earlier: Sample, later: Sample, recipe: Recipe, grader: Grader, found: Found
) -> float:
    try:
        score = grader.score(recipe.fit(earlier, parameters), later)
    except EvaluationError as error:
        found.trouble[named(parameters)] = one_line(error)
        return math.nan
    if math.isnan(score):
        found.trouble[named(parameters)] = f"{grader.deciding} is not defined on one of the folds"
    return score


def named(parameters: Parameters) -> str:
    """Parameters for people."""
    return ", ".join(f"{name}={value!r}" for name, value in parameters.items()) or "the champion's own parameters"


def _said(tried: Tried, grader: Grader) -> str:
    if math.isnan(tried.score):
        return f"{named(tried.parameters)}: not measured"
    value = tried.score if grader.measures[grader.deciding].greater_is_better else -tried.score
    return f"{named(tried.parameters)}: {grader.deciding} {value:.4f}"
