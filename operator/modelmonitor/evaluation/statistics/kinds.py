"""Which statistics are kept of labels and predictions. A metric names those that it needs; no others are kept."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.pairs import Pairs
from modelmonitor.evaluation.scan import Needed
from modelmonitor.evaluation.statistics.counts import Counts
from modelmonitor.evaluation.statistics.statistic import Statistic
from modelmonitor.evaluation.statistics.sums import Sums

S = TypeVar("S", bound=Statistic)

_MOST_BINS: Final = 65_536
MEMORY: Final = 64 * 1024 * 1024
"""What one statistic of all blocks and groups may take, in bytes, as far as cutting it can keep it there."""
FEW_BLOCKS: Final = 8
"""Blocks of a group that are kept apart at least, however large a statistic is."""
# The scores' logit beyond which they share a bin: 1e-7 and 1 - 1e-7.
_REACH: Final = 16.0


@dataclass(frozen=True, slots=True)
class Shape:
    """How large statistics are."""

    blocks: int
    groups: int = 1
    """All rows, and the segments beside them."""
    classes: int = 2

    @property
    def slots(self) -> int:
        """One for each block of each group."""
        return self.blocks * self.groups

    def folded(self, fold: int) -> "Shape":
        """With so many neighbouring blocks counted as one."""
        return Shape(-(-self.blocks // fold), self.groups, self.classes)


def _never(_: Shape) -> int:
    return 1


@dataclass(frozen=True, slots=True)
class Kind(Generic[S]):
    """A statistic of labels and predictions: how it begins, and how rows are added to it."""

    name: str
    empty: Callable[[Shape], S] = field(compare=False)
    add: Callable[[S, NDArray[np.intp], Pairs], None] = field(compare=False)
    """Given the statistic, the slot of each row, shape (rows,), and the rows."""
    of_scores: bool = False
    """Whether it needs scores; without them it is not kept, and metrics that need it cannot be judged."""
    columns: tuple[Needed, ...] = field(default=(), compare=False)
    """Columns of the data that it reads beside labels and predictions."""
    of_all_rows: bool = False
    """Whether it counts rows without a label or a prediction too; then it reads nothing but its columns."""
    fold: Callable[[Shape], int] = field(default=_never, compare=False)
    """How many neighbouring blocks are kept as one, where each for itself would take too much memory: the variance by
    blocks then rests on fewer and longer ones, which is on the safe side."""


def bins_for(slots: int) -> int:
    """Bins of the score histogram: 65,536 where the histograms of two classes fit 64 MiB, else fewer."""
    affordable = MEMORY // (2 * 8 * max(1, slots))
    return int(min(_MOST_BINS, 1 << (affordable.bit_length() - 1)))


def fold_into(memory: int, bytes_per_slot: int, shape: Shape) -> int:
    """The fold with which a statistic stays within so many bytes, but at least `FEW_BLOCKS` blocks stay apart."""
    affordable = max(FEW_BLOCKS, memory // (bytes_per_slot * shape.groups))
    return -(-shape.blocks // affordable)


def scores_at(bins: int) -> NDArray[np.float64]:
    """The score in the middle of each bin, shape (bins,); every score of a bin lies within `8 / bins` of it."""
    logit = (np.arange(bins) + 0.5) * (2 * _REACH / (bins - 1)) - _REACH
    scores: NDArray[np.float64] = 1 / (1 + np.exp(-logit))
    return scores


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


def scores_of(pairs: Pairs) -> NDArray[np.float64]:
    """The scores, of which there are some."""
    assert pairs.scores is not None  # noqa: S101 - kinds `of_scores` are kept only where there are scores
    return pairs.scores


def _add_histogram(histogram: Counts, slot: NDArray[np.intp], pairs: Pairs) -> None:
    histogram.add(slot, pairs.truth, bin_of(scores_of(pairs), histogram.counts.shape[2]))


def _add_losses(sums: Sums, slot: NDArray[np.intp], pairs: Pairs) -> None:
    scores = scores_of(pairs)
    # scikit-learn clips likewise: one row that was certain and wrong must not make the mean infinite.
    tiny = np.finfo(np.float64).eps
    right = np.clip(np.where(pairs.truth == 1, scores, 1 - scores), tiny, 1 - tiny)
    sums.add(slot, np.column_stack([np.ones_like(scores), -np.log(right), np.square(scores - pairs.truth)]))


ROWS: Final[Kind[Counts]] = Kind(
    "rows", lambda shape: Counts.empty(shape.slots), lambda counts, slot, _: counts.add(slot)
)
"""Rows; no cells. It is always kept."""

CONFUSION: Final[Kind[Counts]] = Kind(
    "confusion",
    lambda shape: Counts.empty(shape.slots, shape.classes, shape.classes),
    lambda counts, slot, pairs: counts.add(slot, pairs.truth, pairs.predicted),
)
"""Rows by label and predicted class; cells (classes, classes)."""

SCORES: Final[Kind[Counts]] = Kind(
    "scores", lambda shape: Counts.empty(shape.slots, 2, bins_for(shape.slots)), _add_histogram, of_scores=True
)
"""Rows of a binary task by label and bin of the score; cells (2, bins)."""

LOSSES: Final[Kind[Sums]] = Kind("losses", lambda shape: Sums.empty(shape.slots, 3), _add_losses, of_scores=True)
"""Rows, log loss and squared error of the score of a binary task; terms (3,)."""
