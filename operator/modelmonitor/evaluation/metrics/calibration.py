"""The expected calibration error: how far scores are from the shares of positives that they announce."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.metrics.measure import Interval
from modelmonitor.evaluation.metrics.ranking import Histogram, OfScores
from modelmonitor.evaluation.statistics import serial, student
from modelmonitor.evaluation.statistics.class_kinds import CONFIDENCES
from modelmonitor.evaluation.statistics.kinds import scores_at
from modelmonitor.evaluation.statistics.serial import NONE, LongRun

CALIBRATION_BINS: Final = 15


@dataclass(frozen=True, slots=True)
class CalibrationError(OfScores):
    """The expected calibration error, which noise alone makes larger than it is.

    Of a model that is calibrated perfectly each bin has a gap by chance, and gaps without their sign do not cancel. The
    mean of |g + e| is at most √(2 / π) σ more than |g| for normal noise e, so that much of every bin is taken off the
    lower end. The value is the usual one, which is not corrected.
    """

    def interval(self, tally: Tally, alpha: float, known: LongRun = NONE) -> Interval:
        """Student's t interval, its lower end without what chance adds."""
        histograms = tally[self.of].counts
        total = histograms.sum(axis=0)
        rows = self.rows(tally)
        found = self.leave_one_out(tally)
        spread = serial.spread(found.without[rows > 0], self.variance(total), known)
        reach = student.quantile(1 - alpha, spread.degrees) * math.sqrt(spread.variance)
        low = found.value - reach - math.sqrt(2 / math.pi) * float(_gap_errors(histograms).sum()) / float(rows.sum())
        return Interval(max(0.0, low), min(1.0, found.value + reach), spread)


def calibration_error(histogram: Histogram) -> float:
    """The expected calibration error with 15 bins of equal width (Naeini et al. 2015); NaN without rows.

    The score of a row is taken for that of the middle of its bin of the histogram, which with 65,536 of them moves it
    by at most 0.00013. Where no score comes to lie in another of the 15 bins by that, the error moves by no more.
    """
    rows = histogram.sum()
    return float(np.abs(_calibration_gaps(histogram)).sum() / rows) if rows else math.nan


def calibration_error_variance(histogram: Histogram) -> float:
    """The variance for independent rows, by the influence of one row on the gap of its own bin."""
    rows = histogram.sum()
    scores, group = _scores_and_groups(histogram)
    signs = np.sign(_calibration_gaps(histogram))[group]
    value = calibration_error(histogram)
    influence = np.stack([signs * scores - value, signs * (scores - 1) - value])
    return float((histogram * np.square(influence)).sum() / (float(rows) * float(rows)))


def _calibration_gaps(histogram: Histogram) -> NDArray[np.float64]:
    """Σ score - Σ label in each bin of calibration, shape (CALIBRATION_BINS,)."""
    scores, group = _scores_and_groups(histogram)
    gaps = histogram.sum(axis=0) * scores - histogram[1]
    sums: NDArray[np.float64] = np.bincount(group, weights=gaps, minlength=CALIBRATION_BINS).astype(np.float64)
    return sums


def _gap_errors(histograms: NDArray[np.int64]) -> NDArray[np.float64]:
    """The standard error of each bin's gap, the larger of rows' and blocks', shape (CALIBRATION_BINS,)."""
    scores, group = _scores_and_groups(histograms[0])
    negatives, positives = histograms.sum(axis=0)
    squares = negatives * np.square(scores) + positives * np.square(scores - 1)
    gaps = _calibration_gaps(histograms.sum(axis=0))
    rows = np.bincount(group, weights=negatives + positives, minlength=CALIBRATION_BINS)
    of_rows = np.bincount(group, weights=squares, minlength=CALIBRATION_BINS) - np.square(gaps) / np.maximum(rows, 1)
    used = histograms[histograms.sum(axis=(1, 2)) > 0]
    by_block = np.asarray([_calibration_gaps(one) for one in used])
    of_blocks = len(used) / (len(used) - 1) * np.square(by_block - by_block.mean(axis=0)).sum(axis=0)
    errors: NDArray[np.float64] = np.sqrt(np.maximum(np.maximum(of_rows, of_blocks), 0))
    return errors


def _scores_and_groups(histogram: Histogram) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    scores = scores_at(histogram.shape[1])
    return scores, np.minimum((scores * CALIBRATION_BINS).astype(np.intp), CALIBRATION_BINS - 1)


EXPECTED_CALIBRATION_ERROR: Final = CalibrationError(
    calibration_error, calibration_error_variance, greater_is_better=False
)
TOP_CALIBRATION_ERROR: Final = CalibrationError(
    calibration_error, calibration_error_variance, greater_is_better=False, of=CONFIDENCES
)
"""Of many classes: of the score of the class that has the highest one."""
