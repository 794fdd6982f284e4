"""Accumulate: everything that the metrics need, as counts per block of time that can be added up.

Batches, files and (later) machines add up to the same counts in any order, and their size depends on the window and
not on its rows: a window of a billion rows is evaluated in the memory of a million.
"""

from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.score import Predictions

_MOST_BINS: Final = 65_536
_MEMORY: Final = 64 * 1024 * 1024
# The scores' logit beyond which they share a bin: 1e-7 and 1 - 1e-7.
_REACH: Final = 16.0


def bins_for(blocks: int) -> int:
    """Bins of the score histogram: 65,536 where `blocks` histograms of two classes fit 64 MiB, else fewer."""
    affordable = _MEMORY // (2 * 8 * max(1, blocks))
    return int(min(_MOST_BINS, 1 << (affordable.bit_length() - 1)))


def bin_of(scores: NDArray[np.float64], bins: int) -> NDArray[np.intp]:
    """The histogram bin of each score, shape (rows,).

    Bins are equally wide in the logit, so that scores are told apart near 0 and near 1 as well as in the middle: in
    a model of rare events most scores lie below 0.001, where equal bins of the score itself would be far too wide.
    """
    with np.errstate(divide="ignore"):
        logit = np.log(scores) - np.log1p(-scores)
    place = (np.clip(logit, -_REACH, _REACH) + _REACH) * ((bins - 1) / (2 * _REACH))
    bins_of_scores: NDArray[np.intp] = place.astype(np.intp)
    return bins_of_scores


class Accumulator:
    """Counts of labelled and predicted rows, per block."""

    def __init__(self, blocks: int, *, with_scores: bool) -> None:
        self.confusion: Final[NDArray[np.int64]] = np.zeros((blocks, 2, 2), np.int64)
        """Rows by block, label and predicted class."""
        bins = bins_for(blocks) if with_scores else 0
        self.histogram: Final[NDArray[np.int64]] = np.zeros((blocks, 2, bins), np.int64)
        """Rows by block, label and bin of the score; without bins where there are no scores."""

    @property
    def has_scores(self) -> bool:
        """Whether scores are counted."""
        return self.histogram.size > 0

    def add(self, block: NDArray[np.intp], labels: NDArray[np.int8], said: Predictions) -> None:
        """Count rows; all arrays have shape (rows,), and no label or prediction is missing."""
        np.add.at(self.confusion, (block, labels, said.positive), 1)
        if self.has_scores and said.scores is not None:
            np.add.at(self.histogram, (block, labels, bin_of(said.scores, self.histogram.shape[2])), 1)

    def __iadd__(self, other: Self) -> Self:
        self.confusion.__iadd__(other.confusion)
        self.histogram.__iadd__(other.histogram)
        return self
