"""Metrics of scores, from histograms of the scores by class: ROC AUC, average precision.

Scores that share a bin count as ties; with 65,536 bins of the logit that is far below the statistical error. It moves
the area by at most half the share of pairs of both classes that share a bin. It moves the average precision by at most
Σ over bins of the share of positives in it times (rows in it - 1) / (rows at or above it): a threshold between two rows
of a bin calls at most so many fewer rows positive, and precision is a share of these.

Each is given by its value and by its influence: what one more row of each label and bin would change, times the number
of rows. The variance for independent rows is that of the influence (for the ROC AUC it is DeLong's, 1988), the variance
by blocks the jackknife's; the larger one is taken.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.metrics.measure import Interval, LeaveOneOut, Undefined
from modelmonitor.evaluation.metrics.scale import Scale
from modelmonitor.evaluation.metrics.smooth import interval
from modelmonitor.evaluation.statistics.counts import Counts
from modelmonitor.evaluation.statistics.kinds import SCORES, Kind
from modelmonitor.evaluation.statistics.serial import NONE, LongRun

Histogram = NDArray[np.int64]
"""Rows by label and bin, shape (2, bins), bins in rising order of score."""


@dataclass(frozen=True, slots=True)
class OfScores:
    """A metric by its value and its variance for independent rows, both of a histogram of shape (2, bins)."""

    value: Callable[[Histogram], float]
    variance: Callable[[Histogram], float]
    greater_is_better: bool = True
    of: Kind[Counts] = SCORES
    undefined: Undefined = Undefined.ONE_CLASS

    @property
    def needs(self) -> Sequence[Kind[Any]]:
        """The histogram."""
        return (self.of,)

    def rows(self, tally: Tally) -> NDArray[np.int64]:
        """All labelled rows, shape (blocks,)."""
        total: NDArray[np.int64] = tally[self.of].counts.sum(axis=(1, 2))
        return total

    def leave_one_out(self, tally: Tally) -> LeaveOneOut:
        """The value, and the values without each block."""
        histograms = tally[self.of].counts
        total = histograms.sum(axis=0)
        return LeaveOneOut(self.value(total), np.asarray([self.value(total - block) for block in histograms]))

    def interval(self, tally: Tally, alpha: float, known: LongRun = NONE) -> Interval:
        """Student's t interval of the logit, which is less skewed than the value (for the area: Pepe 2003)."""
        independent = self.variance(tally[self.of].counts.sum(axis=0))
        return interval(Scale.UNIT, self.leave_one_out(tally), self.rows(tally), independent, alpha, known)


def area(histogram: Histogram) -> float:
    """The chance that a positive row has a higher score than a negative one; NaN without both classes."""
    negatives, positives = histogram
    if not negatives.any() or not positives.any():
        return math.nan
    return float((positives * _beaten(negatives)).sum() / (positives.sum() * negatives.sum()))


def delong_variance(histogram: Histogram) -> float:
    """The variance of the area for independent rows: DeLong, DeLong and Clarke-Pearson (1988)."""
    negatives, positives = histogram
    value = area(histogram)
    total = 0.0
    for own, beaten in ((positives, _beaten(negatives)), (negatives, _beaten(positives[::-1])[::-1])):
        other = negatives.sum() if own is positives else positives.sum()
        if own.sum() > 1:
            total += float((own * np.square(beaten / other - value)).sum() / (own.sum() - 1) / own.sum())
    return total


def average_precision(histogram: Histogram) -> float:
    """Σ (recall step) × precision over falling thresholds, as scikit-learn sums it; NaN without a positive row."""
    positives, found, called = _by_threshold(histogram)
    if not found[-1]:
        return math.nan
    return float((positives * found / np.maximum(called, 1)).sum() / found[-1])


def average_precision_variance(histogram: Histogram) -> float:
    """The variance for independent rows, by the influence of one row on every precision at or below its score."""
    positives, found, called = _by_threshold(histogram)
    negatives = histogram[0][::-1]
    all_found, value = found[-1], average_precision(histogram)
    weight = positives / all_found / np.square(np.maximum(called, 1))
    # A row changes the precision at its own threshold and at all lower ones, which come after it.
    one_more_negative = -_from_here_on(weight * found)
    one_more_positive = (found / np.maximum(called, 1) - value) / all_found + _from_here_on(weight * (called - found))
    return float((positives * np.square(one_more_positive) + negatives * np.square(one_more_negative)).sum())


def _beaten(others: NDArray[np.int64]) -> NDArray[np.float64]:
    """How many of the others a score in each bin beats, ties counting one half; shape (bins,)."""
    return np.cumsum(others) - others / 2


def _by_threshold(histogram: Histogram) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """With falling thresholds: positives at each, positives found so far, rows called positive so far."""
    falling = histogram[:, ::-1]
    return falling[1], np.cumsum(falling[1]), np.cumsum(falling.sum(axis=0))


def _from_here_on(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.cumsum(values[::-1])[::-1]


ROC_AUC: Final = OfScores(area, delong_variance)
AVERAGE_PRECISION: Final = OfScores(average_precision, average_precision_variance)
