"""The area under the ROC curve, from histograms of the scores by class.

Scores that share a bin count as ties, half won and half lost; with 65,536 bins of the logit that is far below the
statistical error. The variance of independent rows is DeLong's (1988), the variance by blocks the jackknife's; the
larger one is taken.
"""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.accumulate import Accumulator
from modelmonitor.evaluation.metrics.measure import Interval, LeaveOneOut
from modelmonitor.evaluation.statistics import jackknife, student


class RocAuc:
    """The chance that a positive row has a higher score than a negative one."""

    def rows(self, counts: Accumulator) -> NDArray[np.int64]:
        """All labelled rows, shape (blocks,)."""
        total: NDArray[np.int64] = counts.histogram.sum(axis=(1, 2))
        return total

    def leave_one_out(self, counts: Accumulator) -> LeaveOneOut:
        """The area, and the areas without each block."""
        total = counts.histogram.sum(axis=0)
        return LeaveOneOut(area(total), np.asarray([area(total - block) for block in counts.histogram]))

    def interval(self, counts: Accumulator, alpha: float) -> Interval:
        """Student's t interval of the area's logit, which is less skewed than the area (Pepe 2003)."""
        found = self.leave_one_out(counts)
        used = self.rows(counts) > 0
        independent = delong_variance(counts.histogram.sum(axis=0))
        by_block = jackknife.variance(found.without[used])
        reach = student.quantile(1 - alpha, int(used.sum()) - 1) * math.sqrt(max(independent, by_block))
        effect = by_block / independent if independent > 0 else 1.0
        value = found.value
        if not 0 < value < 1:
            return Interval(max(0.0, value - reach), min(1.0, value + reach), effect)
        # The logit's slope is 1 / (A (1 - A)): the delta method.
        centre, reach = math.log(value / (1 - value)), reach / (value * (1 - value))
        return Interval(_expit(centre - reach), _expit(centre + reach), effect)


def area(histogram: NDArray[np.int64]) -> float:
    """The area from counts of shape (2 labels, bins), bins in rising order of score; NaN without both classes."""
    negatives, positives = histogram
    if not negatives.any() or not positives.any():
        return math.nan
    return float((positives * _beaten(negatives)).sum() / (positives.sum() * negatives.sum()))


def delong_variance(histogram: NDArray[np.int64]) -> float:
    """The variance of the area for independent rows: DeLong, DeLong and Clarke-Pearson (1988), from shape (2, bins)."""
    negatives, positives = histogram
    value = area(histogram)
    total = 0.0
    for own, beaten in ((positives, _beaten(negatives)), (negatives, _beaten(positives[::-1])[::-1])):
        other = negatives.sum() if own is positives else positives.sum()
        if own.sum() > 1:
            total += float((own * np.square(beaten / other - value)).sum() / (own.sum() - 1) / own.sum())
    return total


def _expit(logit: float) -> float:
    return 1 / (1 + math.exp(-logit)) if logit > -700 else 0.0


def _beaten(others: NDArray[np.int64]) -> NDArray[np.float64]:
    """How many of the others a score in each bin beats, ties counting one half; shape (bins,)."""
    return np.cumsum(others) - others / 2


ROC_AUC: Final = RocAuc()
