"""The ROC AUC of many classes: of each class against the others, averaged.

A class counts where it has rows and others have rows. The variance is that of the block jackknife; its floor for
independent rows is DeLong's (1988) of each class, taken as uncorrelated: histograms by class do not tell how the
scores of two classes go together, and the jackknife does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.metrics.measure import Interval, LeaveOneOut, Undefined
from modelmonitor.evaluation.metrics.multiclass import Average
from modelmonitor.evaluation.metrics.ranking import delong_variance
from modelmonitor.evaluation.metrics.scale import Scale
from modelmonitor.evaluation.metrics.smooth import interval
from modelmonitor.evaluation.statistics.class_kinds import CLASS_SCORES
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.statistics.serial import NONE, LongRun

Histograms = NDArray[np.int64]
"""Rows by class, by whether they are of it, and by bin of its score: shape (classes, 2, bins)."""


@dataclass(frozen=True, slots=True)
class OneVsRest:
    """The average of the classes' areas."""

    average: Average
    greater_is_better: bool = True
    undefined: Undefined = Undefined.ONE_CLASS

    @property
    def needs(self) -> Sequence[Kind[Any]]:
        """Scores by class."""
        return (CLASS_SCORES,)

    def rows(self, tally: Tally) -> NDArray[np.int64]:
        """All labelled rows, shape (blocks,): every class has a score for each."""
        rows: NDArray[np.int64] = tally[CLASS_SCORES].counts[:, 0].sum(axis=(1, 2))
        return rows

    def leave_one_out(self, tally: Tally) -> LeaveOneOut:
        """The value, and the values without each block."""
        histograms = tally[CLASS_SCORES].counts
        total = histograms.sum(axis=0)
        return LeaveOneOut(self._value(total), np.asarray([self._value(total - block) for block in histograms]))

    def interval(self, tally: Tally, alpha: float, known: LongRun = NONE) -> Interval:
        """Student's t interval of the logit."""
        total = tally[CLASS_SCORES].counts.sum(axis=0)
        weights = self._weights(total)
        variances = [delong_variance(one) if weight else 0.0 for one, weight in zip(total, weights, strict=True)]
        independent = float(np.square(weights) @ np.asarray(variances))
        return interval(Scale.UNIT, self.leave_one_out(tally), self.rows(tally), independent, alpha, known)

    def _value(self, histograms: Histograms) -> float:
        weights = self._weights(histograms)
        return float(weights @ np.nan_to_num(areas(histograms))) if weights.any() else float("nan")

    def _weights(self, histograms: Histograms) -> NDArray[np.float64]:
        """The weight of each class, shape (classes,); they add up to 1, or are all 0."""
        others, own = histograms.sum(axis=2).T
        known = ((own > 0) & (others > 0)).astype(np.float64)
        weights: NDArray[np.float64] = known * own if self.average is Average.WEIGHTED else known
        return weights / weights.sum() if weights.any() else weights


def areas(histograms: Histograms) -> NDArray[np.float64]:
    """The area of each class, ties counting one half, shape (classes,); NaN where it has rows of one kind only."""
    others, own = histograms[:, 0], histograms[:, 1]
    beaten = np.cumsum(others, axis=1) - others / 2
    with np.errstate(invalid="ignore", divide="ignore"):
        area: NDArray[np.float64] = (own * beaten).sum(axis=1) / (own.sum(axis=1) * others.sum(axis=1))
    return area


ROC_AUC_OVR: Final = OneVsRest(Average.MACRO)
ROC_AUC_OVR_WEIGHTED: Final = OneVsRest(Average.WEIGHTED)
