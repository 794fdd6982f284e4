"""Metrics of a regression that are a function of sums of errors. An error is prediction minus label."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.metrics.measure import Undefined
from modelmonitor.evaluation.metrics.scale import Scale
from modelmonitor.evaluation.metrics.smooth import OfSums
from modelmonitor.evaluation.statistics.value_kinds import (
    ABSOLUTE,
    ERROR,
    ERRORS,
    LABEL,
    LABEL_SQUARE,
    PERCENTAGE,
    ROWS,
    SQUARE,
    pinball,
)

Sums = NDArray[np.float64]
# Labels that differ by less than a millionth of their size are constant: below that a sum of squares in float64 holds
# nothing but rounding.
_CONSTANT: Final = 1e-12


def _mean(term: int) -> Callable[[Sums], Sums]:
    return lambda sums: sums[..., term] / sums[..., ROWS]


def _squares_of_labels(sums: Sums) -> Sums:
    """Σ (y - mean y)², NaN where the labels are constant."""
    squares = sums[..., LABEL_SQUARE] - np.square(sums[..., LABEL]) / sums[..., ROWS]
    return np.where(squares > _CONSTANT * sums[..., LABEL_SQUARE], squares, np.nan)


def r2(sums: Sums) -> Sums:
    """1 - Σ e² / Σ (y - mean y)²."""
    share: Sums = 1 - sums[..., SQUARE] / _squares_of_labels(sums)
    return share


def explained_variance(sums: Sums) -> Sums:
    """1 - Σ (e - mean e)² / Σ (y - mean y)²: R² that forgives a bias."""
    squares = sums[..., SQUARE] - np.square(sums[..., ERROR]) / sums[..., ROWS]
    share: Sums = 1 - squares / _squares_of_labels(sums)
    return share


def mean_pinball_loss(alpha: float) -> OfSums:
    """The mean of alpha (y - p) where y is above the prediction p, of (1 - alpha) (p - y) where it is below."""
    return OfSums(pinball(alpha), lambda sums: sums[..., 1] / sums[..., 0], Scale.POSITIVE)


MEAN_ABSOLUTE_ERROR: Final = OfSums(ERRORS, _mean(ABSOLUTE), Scale.POSITIVE)
MEAN_SQUARED_ERROR: Final = OfSums(ERRORS, _mean(SQUARE), Scale.POSITIVE)
ROOT_MEAN_SQUARED_ERROR: Final = OfSums(ERRORS, lambda sums: np.sqrt(_mean(SQUARE)(sums)), Scale.POSITIVE)
MEAN_ABSOLUTE_PERCENTAGE_ERROR: Final = OfSums(ERRORS, _mean(PERCENTAGE), Scale.POSITIVE)
MEAN_ERROR: Final = OfSums(ERRORS, _mean(ERROR), Scale.REAL)
R2: Final = OfSums(ERRORS, r2, Scale.BELOW_ONE, greater_is_better=True, undefined=Undefined.LABELS_CONSTANT)
EXPLAINED_VARIANCE: Final = OfSums(
    ERRORS, explained_variance, Scale.BELOW_ONE, greater_is_better=True, undefined=Undefined.LABELS_CONSTANT
)
