"""Quantiles of the absolute error, from a histogram whose bins grow by a constant factor.

The value lies within half a percent of the true quantile of the rows (`value_kinds.ACCURACY`). Its interval is
Woodruff's (1952): the share of rows at or below the quantile has a variance that is known, with the design effect of
blocks; the quantiles at both ends of that share's interval are the ends of this one. So no density is estimated.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.metrics.measure import Interval, LeaveOneOut, Undefined
from modelmonitor.evaluation.statistics import serial, student
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.statistics.serial import NONE, LongRun
from modelmonitor.evaluation.statistics.value_kinds import ABSOLUTE_ERRORS, MOST, errors_at

Histogram = NDArray[np.int64]
_ERRORS: Final = errors_at()


@dataclass(frozen=True, slots=True)
class ErrorQuantile:
    """The absolute error that a share of the rows does not exceed."""

    share: float
    greater_is_better: bool = False
    undefined: Undefined = Undefined.NO_NUMBER

    @property
    def needs(self) -> Sequence[Kind[Any]]:
        """The histogram of absolute errors."""
        return (ABSOLUTE_ERRORS,)

    def rows(self, tally: Tally) -> NDArray[np.int64]:
        """All rows, shape (blocks,)."""
        rows: NDArray[np.int64] = tally[ABSOLUTE_ERRORS].counts.sum(axis=1)
        return rows

    def leave_one_out(self, tally: Tally) -> LeaveOneOut:
        """The value, and the values without each block."""
        histograms = tally[ABSOLUTE_ERRORS].counts
        total = histograms.sum(axis=0)
        without = [quantile(total - block, self.share) for block in histograms]
        return LeaveOneOut(quantile(total, self.share), np.asarray(without))

    def interval(self, tally: Tally, alpha: float, known: LongRun = NONE) -> Interval:
        """Woodruff's interval, with Student's t and the larger of the two variances of the share."""
        histograms, rows = tally[ABSOLUTE_ERRORS].counts, self.rows(tally)
        total, used = histograms.sum(axis=0), rows > 0
        bin_of_value = int(np.searchsorted(np.cumsum(total), self.share * rows.sum()))
        below = histograms[:, : bin_of_value + 1].sum(axis=1)
        without = ((below.sum() - below) / (rows.sum() - rows))[used]
        spread = serial.spread(without, self.share * (1 - self.share) / float(rows.sum()), known)
        reach = student.quantile(1 - alpha, spread.degrees) * math.sqrt(spread.variance)
        low = quantile(total, self.share - reach) if self.share > reach else 0.0
        high = quantile(total, self.share + reach) if self.share + reach < 1 else MOST
        return Interval(low, high, spread)


def quantile(histogram: Histogram, share: float) -> float:
    """The quantile of the rows of a histogram, between two rows interpolated as NumPy does; NaN without rows."""
    rows = int(histogram.sum())
    if not rows:
        return math.nan
    rank = share * (rows - 1)
    ranks = np.asarray([math.floor(rank), math.ceil(rank)])
    below, above = _ERRORS[np.searchsorted(np.cumsum(histogram), ranks, side="right")]
    return float(below + (above - below) * (rank - ranks[0]))
