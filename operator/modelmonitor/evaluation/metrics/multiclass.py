"""Metrics of many classes, from the margins of the confusion matrix.

These are how often each class is the label, is predicted, and is predicted rightly.

As in scikit-learn, an average over classes is over those that occur as a label or as a prediction, and a share of
nothing among them is 0: a class that is never predicted has no precision, and the model gets none for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.metrics.measure import Interval, LeaveOneOut, Undefined
from modelmonitor.evaluation.metrics.ratios import Ratio
from modelmonitor.evaluation.metrics.scale import Scale
from modelmonitor.evaluation.metrics.smooth import OfSums, gradient, interval, leave_one_out
from modelmonitor.evaluation.statistics.class_kinds import CLASS_LOSSES, LABELLED, MARGINS, PREDICTED, RIGHT, TABLE
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.statistics.serial import NONE, LongRun

Margins = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class OfMargins:
    """A function of the margins: shape (..., 3, classes) gives shape (...), NaN where it is not defined.

    Variance for independent rows is the delta method's. A row of label i and prediction j is one more in LABELLED[i],
    in PREDICTED[j] and, where i is j, in RIGHT[i]: its influence is the sum of those slopes, and the variance is that
    of the influence over the whole confusion matrix.
    """

    function: Callable[[Margins], Margins]
    scale: Scale = Scale.UNIT
    greater_is_better: bool = True
    undefined: Undefined = Undefined.ONE_CLASS

    @property
    def needs(self) -> Sequence[Kind[Any]]:
        """The margins by block, and the matrix of all of them."""
        return (MARGINS, TABLE)

    def rows(self, tally: Tally) -> NDArray[np.int64]:
        """All labelled rows, shape (blocks,)."""
        return _rows(tally[MARGINS].counts)

    def leave_one_out(self, tally: Tally) -> LeaveOneOut:
        """The value, and the values without each block."""
        return leave_one_out(tally[MARGINS].counts.astype(np.float64), self.function)

    def interval(self, tally: Tally, alpha: float, known: LongRun = NONE) -> Interval:
        """Student's t interval on the metric's scale."""
        margins = tally[MARGINS].counts.sum(axis=0).astype(np.float64)
        flat = margins.reshape(-1)
        slopes = gradient(lambda totals: self.function(totals.reshape(-1, *margins.shape)), flat, np.sqrt(flat))
        labelled, predicted, right = slopes.reshape(margins.shape)
        influence = labelled[:, None] + predicted[None, :] + np.diag(right)
        table = tally[TABLE].counts.sum(axis=0)
        independent = float((table * np.square(influence)).sum() - (table * influence).sum() ** 2 / table.sum())
        return interval(self.scale, self.leave_one_out(tally), self.rows(tally), independent, alpha, known)


class Average(Enum):
    """How the values of the classes become one."""

    MACRO = auto()
    """The mean over the classes that occur."""
    WEIGHTED = auto()
    """The mean over rows, each with the value of its label's class."""


def _rows(margins: NDArray[Any]) -> NDArray[Any]:
    rows: NDArray[Any] = margins[..., LABELLED, :].sum(axis=-1)
    return rows


def _right(margins: NDArray[Any]) -> NDArray[Any]:
    right: NDArray[Any] = margins[..., RIGHT, :].sum(axis=-1)
    return right


def _averaged(values: Margins, margins: Margins, average: Average) -> Margins:
    labelled = margins[..., LABELLED, :]
    occurs = (labelled > 0) | (margins[..., PREDICTED, :] > 0)
    weights = labelled if average is Average.WEIGHTED else occurs.astype(np.float64)
    mean: Margins = (np.nan_to_num(values) * weights).sum(axis=-1) / weights.sum(axis=-1)
    return mean


def precision(average: Average) -> OfMargins:
    """TP / (TP + FP) of each class, averaged."""
    return OfMargins(lambda m: _averaged(m[..., RIGHT, :] / m[..., PREDICTED, :], m, average))


def recall(average: Average) -> OfMargins:
    """TP / (TP + FN) of each class, averaged."""
    return OfMargins(lambda m: _averaged(m[..., RIGHT, :] / m[..., LABELLED, :], m, average))


def f1(average: Average) -> OfMargins:
    """2 TP / (2 TP + FP + FN) of each class, averaged."""
    return OfMargins(
        lambda m: _averaged(2 * m[..., RIGHT, :] / (m[..., LABELLED, :] + m[..., PREDICTED, :]), m, average)
    )


def balanced_accuracy(margins: Margins) -> Margins:
    """The mean recall of the classes that occur as a label."""
    labelled = margins[..., LABELLED, :]
    recalls = np.nan_to_num(margins[..., RIGHT, :] / labelled)
    mean: Margins = recalls.sum(axis=-1) / (labelled > 0).sum(axis=-1)
    return mean


def matthews_corrcoef(margins: Margins) -> Margins:
    """Gorodkin (2004): the correlation of label and prediction."""
    labels, predictions, rows = margins[..., LABELLED, :], margins[..., PREDICTED, :], _rows(margins)
    covariance = _right(margins) * rows - (labels * predictions).sum(axis=-1)
    spread = (np.square(rows) - np.square(labels).sum(axis=-1)) * (
        np.square(rows) - np.square(predictions).sum(axis=-1)
    )
    correlation: Margins = covariance / np.sqrt(np.maximum(spread, 0))
    return correlation


def cohen_kappa(margins: Margins) -> Margins:
    """Cohen (1960): agreement beyond that of independent labels and predictions with the same shares."""
    rows = _rows(margins)
    by_chance = (margins[..., LABELLED, :] * margins[..., PREDICTED, :]).sum(axis=-1) / np.square(rows)
    kappa: Margins = (_right(margins) / rows - by_chance) / (1 - by_chance)
    return kappa


ACCURACY: Final = Ratio(_right, _rows, of=MARGINS)
"""The share of rows whose class is predicted; of one class a row, micro-averages are the same."""
BALANCED_ACCURACY: Final = OfMargins(balanced_accuracy)
MATTHEWS_CORRCOEF: Final = OfMargins(matthews_corrcoef, Scale.SIGNED)
COHEN_KAPPA: Final = OfMargins(cohen_kappa, Scale.SIGNED)
LOG_LOSS: Final = OfSums(CLASS_LOSSES, lambda sums: sums[..., 1] / sums[..., 0], Scale.POSITIVE)
BRIER_SCORE: Final = OfSums(CLASS_LOSSES, lambda sums: sums[..., 2] / sums[..., 0], Scale.UNIT)
