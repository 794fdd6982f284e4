"""Metrics that are a share of rows: accuracy, precision, recall, specificity, and F1 by way of Jaccard's index.

The interval is Wilson's (1927) for a proportion, with Student's t for the normal quantile and the effective number of
rows n / deff for n, where deff = max(1, block jackknife variance / variance of independent rows): Korn and Graubard
(1998) take it so for surveys. So the variance is the larger of the two, bounds stay within 0 and 1, and a share of
exactly 0 or 1 still has a width.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.metrics.measure import Interval, LeaveOneOut, Undefined
from modelmonitor.evaluation.statistics import serial, student
from modelmonitor.evaluation.statistics.counts import Counts
from modelmonitor.evaluation.statistics.kinds import CONFUSION, Kind
from modelmonitor.evaluation.statistics.serial import NONE, LongRun

Table = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A share hits / trials, and the increasing function of it that is the metric.

    `hits` and `trials` take counts of shape (..., *cells), of the confusion of labels and predictions if nothing else
    is said, and give shape (...).
    """

    hits: Callable[[Table], Table]
    trials: Callable[[Table], Table]
    of_share: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda share: share
    greater_is_better: bool = True
    of: Kind[Counts] = CONFUSION
    undefined: Undefined = Undefined.ONE_CLASS

    @property
    def needs(self) -> Sequence[Kind[Any]]:
        """The counts."""
        return (self.of,)

    def rows(self, tally: Tally) -> NDArray[np.int64]:
        """Rows of the denominator, shape (blocks,)."""
        return self.trials(tally[self.of].counts)

    def leave_one_out(self, tally: Tally) -> LeaveOneOut:
        """The value, and the values without each block."""
        share, without = self._shares(tally)
        return LeaveOneOut(float(self.of_share(np.asarray(share))), self.of_share(without))

    def interval(self, tally: Tally, alpha: float, known: LongRun = NONE) -> Interval:
        """Wilson's interval with the effective number of rows."""
        share, without = self._shares(tally)
        rows = self.rows(tally)
        independent = share * (1 - share) / rows.sum()
        spread = serial.spread(without[rows > 0], independent, known)
        effective = float(rows.sum()) / max(1.0, spread.design_effect)
        quantile = student.quantile(1 - alpha, spread.degrees)
        square = quantile * quantile / effective
        centre = (share + square / 2) / (1 + square)
        reach = math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
        low, high = self.of_share(np.clip([centre - reach, centre + reach], 0, 1))
        return Interval(float(low), float(high), spread)

    def _shares(self, tally: Tally) -> tuple[float, NDArray[np.float64]]:
        counts = tally[self.of].counts
        hits, trials = self.hits(counts), self.trials(counts)
        with np.errstate(invalid="ignore", divide="ignore"):
            return float(np.divide(hits.sum(), trials.sum())), (hits.sum() - hits) / (trials.sum() - trials)


def _f1_of_jaccard(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """F1 = 2 J / (1 + J), where Jaccard's index J is a plain share of rows: TP / (TP + FP + FN)."""
    return 2 * share / (1 + share)


def _true_positives(confusion: Table) -> Table:
    return confusion[..., 1, 1]


ACCURACY: Final = Ratio(
    hits=lambda confusion: confusion[..., 0, 0] + confusion[..., 1, 1],
    trials=lambda confusion: confusion.sum(axis=(-2, -1)),
)
SPECIFICITY: Final = Ratio(
    lambda confusion: confusion[..., 0, 0], trials=lambda confusion: confusion[..., 0, :].sum(axis=-1)
)
PRECISION: Final = Ratio(_true_positives, trials=lambda confusion: confusion[..., :, 1].sum(axis=-1))
RECALL: Final = Ratio(_true_positives, trials=lambda confusion: confusion[..., 1, :].sum(axis=-1))
F1: Final = Ratio(
    _true_positives,
    trials=lambda confusion: confusion.sum(axis=(-2, -1)) - confusion[..., 0, 0],
    of_share=_f1_of_jaccard,
)
