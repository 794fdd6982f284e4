"""Metrics that are a smooth function of counts or sums: kappa, Matthews' coefficient, log loss, R², ….

Variance for independent rows is the delta method's: with S = Σ z over the n rows and g(S) the metric, it is
∇gᵀ (Σ z zᵀ - S Sᵀ / n) ∇g, the gradient by central differences. Of counts z is 1 in the row's cell and 0 elsewhere.
Variance by blocks is the jackknife's of g; the larger one is taken.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.metrics.measure import Interval, LeaveOneOut, Undefined
from modelmonitor.evaluation.metrics.scale import Scale
from modelmonitor.evaluation.statistics import serial
from modelmonitor.evaluation.statistics.counts import Counts
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.statistics.serial import NONE, LongRun
from modelmonitor.evaluation.statistics.sums import Sums

Totals = NDArray[np.float64]
# A step of a thousandth of the total's own standard deviation: far above rounding, far below any curvature.
_STEP: Final = 1e-3
# So many perturbed totals at once: a hundred classes have ten thousand cells, and all of them squared would be 1 GB.
_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True)
class OfCounts:
    """A function of a confusion matrix or another table of counts.

    `function` takes totals of shape (..., *cells) and gives shape (...), NaN where it is not defined; `trials` gives
    the rows of its denominator, shape (...).
    """

    of: Kind[Counts]
    function: Callable[[Totals], Totals]
    trials: Callable[[NDArray[np.int64]], NDArray[np.int64]]
    scale: Scale = Scale.UNIT
    greater_is_better: bool = True
    undefined: Undefined = Undefined.ONE_CLASS

    @property
    def needs(self) -> Sequence[Kind[Any]]:
        """The table."""
        return (self.of,)

    def rows(self, tally: Tally) -> NDArray[np.int64]:
        """Rows of the denominator, shape (blocks,)."""
        return self.trials(tally[self.of].counts)

    def leave_one_out(self, tally: Tally) -> LeaveOneOut:
        """The value, and the values without each block."""
        return leave_one_out(tally[self.of].counts.astype(np.float64), self.function)

    def interval(self, tally: Tally, alpha: float, known: LongRun = NONE) -> Interval:
        """Student's t interval on the metric's scale."""
        counts = tally[self.of].counts
        total = counts.sum(axis=0).astype(np.float64)
        cells, rows = total.reshape(-1), total.sum()
        slopes = gradient(lambda flat: self.function(flat.reshape(-1, *total.shape)), cells, np.sqrt(cells))
        independent = float((cells * np.square(slopes)).sum() - np.square(cells @ slopes) / rows)
        found = self.leave_one_out(tally)
        return interval(self.scale, found, self.rows(tally), independent, alpha, known)


@dataclass(frozen=True, slots=True)
class OfSums:
    """A function of sums whose first term counts the rows; shapes as for `OfCounts`, with cells (terms,)."""

    of: Kind[Sums]
    function: Callable[[Totals], Totals]
    scale: Scale
    greater_is_better: bool = False
    undefined: Undefined = Undefined.NO_NUMBER

    @property
    def needs(self) -> Sequence[Kind[Any]]:
        """The sums."""
        return (self.of,)

    def rows(self, tally: Tally) -> NDArray[np.int64]:
        """All rows, shape (blocks,)."""
        counted: NDArray[np.int64] = np.rint(tally[self.of].first[:, 0]).astype(np.int64)
        return counted

    def leave_one_out(self, tally: Tally) -> LeaveOneOut:
        """The value, and the values without each block."""
        return leave_one_out(tally[self.of].first, self.function)

    def interval(self, tally: Tally, alpha: float, known: LongRun = NONE) -> Interval:
        """Student's t interval on the metric's scale."""
        sums = tally[self.of]
        total, second = sums.first.sum(axis=0), sums.second.sum(axis=0)
        spread = second - np.outer(total, total) / total[0]
        slopes = gradient(self.function, total, np.sqrt(np.maximum(np.diag(spread), 0)))
        independent = float(slopes @ spread @ slopes)
        return interval(self.scale, self.leave_one_out(tally), self.rows(tally), independent, alpha, known)


def leave_one_out(by_block: Totals, function: Callable[[Totals], Totals]) -> LeaveOneOut:
    """A function of the sum over all blocks, and of the sums without each."""
    total = by_block.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return LeaveOneOut(float(function(total)), np.asarray(function(total - by_block), np.float64))


def gradient(function: Callable[[Totals], Totals], total: Totals, spread: Totals) -> Totals:
    """The slope of a function at `total`, shape (terms,); 0 in a direction in which the total does not vary."""
    slopes = np.zeros_like(total)
    moving = np.flatnonzero(spread > 0)
    for chosen in np.array_split(moving, -(-moving.size // _AT_ONCE) or 1):
        steps = np.zeros((chosen.size, total.size))
        steps[np.arange(chosen.size), chosen] = _STEP * spread[chosen]
        with np.errstate(invalid="ignore", divide="ignore"):
            rise = function(total + steps) - function(total - steps)
        slopes[chosen] = rise / (2 * _STEP * spread[chosen])
    return slopes


def interval(
    scale: Scale, found: LeaveOneOut, rows: NDArray[np.int64], independent: float, alpha: float, known: LongRun
) -> Interval:
    """Student's t interval on a scale, with the larger of two variances.

    Args:
        scale: the metric's scale.
        found: its value, and those without each block.
        rows: of its denominator, shape (blocks,).
        independent: the variance if rows were independent.
        alpha: the one-sided level.
        known: what a longer time shows of the blocks.
    """
    spread = serial.spread(found.without[rows > 0], independent, known)
    return scale.interval(found.value, spread, alpha, int(rows.sum()))
