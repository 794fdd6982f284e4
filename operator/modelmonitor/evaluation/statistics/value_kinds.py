"""Which statistics are kept of labels and predictions that are values."""

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.pairs import Pairs
from modelmonitor.evaluation.statistics.counts import Counts
from modelmonitor.evaluation.statistics.kinds import MEMORY, Kind, fold_into
from modelmonitor.evaluation.statistics.sums import Sums

ROWS, ERROR, ABSOLUTE, SQUARE, PERCENTAGE, LABEL, LABEL_SQUARE = range(7)
"""The terms of `ERRORS`."""

ACCURACY: Final = 0.005
"""How far a value in a histogram of errors can be from the one that is told for it, as a share of it."""
LEAST: Final = 1e-12
"""Errors below this one are 0."""
MOST: Final = 1e12
"""Errors above this one are told as this one."""
_LOG_BASE: Final = math.log((1 + ACCURACY) / (1 - ACCURACY))
_FIRST: Final = math.ceil(math.log(LEAST) / _LOG_BASE)
_LAST: Final = math.ceil(math.log(MOST) / _LOG_BASE)
BINS: Final = _LAST - _FIRST + 2
"""One for zero, then one for each factor of (1 + 0.005) / (1 - 0.005)."""


def _add_errors(sums: Sums, slot: NDArray[np.intp], pairs: Pairs) -> None:
    error, label = pairs.predicted - pairs.truth, pairs.truth
    absolute = np.abs(error)
    # scikit-learn divides by as little: a label of 0 makes the mean absurd, but not infinite.
    percentage = absolute / np.maximum(np.abs(label), np.finfo(np.float64).eps)
    terms = [np.ones_like(error), error, absolute, np.square(error), percentage, label, np.square(label)]
    sums.add(slot, np.column_stack(terms))


def error_bin(absolute: NDArray[np.float64]) -> NDArray[np.intp]:
    """The bin of each absolute error, shape (rows,): DDSketch's mapping, Masson, Rim and Lee (2019).

    Bin i > 0 holds errors up to g^i' and above g^(i' - 1), where g = (1 + a) / (1 - a) with a = `ACCURACY`, so each
    lies within a of the value in `errors_at`. Bins are fixed beforehand: the histogram is the same in any order.
    """
    with np.errstate(divide="ignore"):
        place = np.ceil(np.log(np.clip(absolute, LEAST / 2, MOST)) / _LOG_BASE)
    bins: NDArray[np.intp] = np.maximum(place - _FIRST + 1, 0).astype(np.intp)
    return bins


def errors_at() -> NDArray[np.float64]:
    """The error that is told for each bin, shape (bins,): 2 g^i / (g + 1)."""
    powers = np.arange(_FIRST, _LAST + 1) * _LOG_BASE
    return np.concatenate([[0.0], np.exp(powers) * (1 - ACCURACY)])


def pinball(alpha: float) -> Kind[Sums]:
    """Rows and pinball losses at the quantile alpha; terms (2,)."""

    def add(sums: Sums, slot: NDArray[np.intp], pairs: Pairs) -> None:
        above = pairs.truth - pairs.predicted
        loss = np.where(above >= 0, alpha * above, (alpha - 1) * above)
        sums.add(slot, np.column_stack([np.ones_like(loss), loss]))

    return Kind(f"pinball {alpha}", lambda shape: Sums.empty(shape.slots, 2), add)


ERRORS: Final[Kind[Sums]] = Kind("errors", lambda shape: Sums.empty(shape.slots, 7), _add_errors)
"""Rows, error (prediction minus label), its absolute value and square, the absolute error as a share of the label, the
label and its square; terms (7,)."""

ABSOLUTE_ERRORS: Final[Kind[Counts]] = Kind(
    "absolute errors",
    lambda shape: Counts.empty(shape.slots, BINS),
    lambda counts, slot, pairs: counts.add(slot, error_bin(np.abs(pairs.predicted - pairs.truth))),
    fold=lambda shape: fold_into(MEMORY, 8 * BINS, shape),
)
"""Rows by bin of the absolute error; cells (bins,)."""
