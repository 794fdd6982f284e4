"""Which statistics are kept of labels and predictions of many classes.

A confusion matrix of a hundred classes has ten thousand cells. By block only its margins and its diagonal are kept, of
which all values are functions; the whole matrix is kept once, for the variance if rows were independent.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.pairs import Pairs
from modelmonitor.evaluation.statistics.counts import Counts
from modelmonitor.evaluation.statistics.kinds import Kind, Shape, bin_of, bins_for, fold_into, scores_of
from modelmonitor.evaluation.statistics.sums import Sums

LABELLED, PREDICTED, RIGHT = 0, 1, 2
"""The rows of the margins."""

_FEWEST_BINS: Final = 256
_MEMORY: Final = 128 * 1024 * 1024


def _add_margins(margins: Counts, slot: NDArray[np.intp], pairs: Pairs) -> None:
    right = pairs.truth == pairs.predicted
    for place, classes, chosen in (
        (LABELLED, pairs.truth, slice(None)),
        (PREDICTED, pairs.predicted, slice(None)),
        (RIGHT, pairs.truth, right),
    ):
        margins.add(slot[chosen], np.full(len(slot[chosen]), place, np.intp), classes[chosen])


def _bins_of(shape: Shape) -> int:
    per_bin = 2 * 8 * shape.classes * shape.slots
    return int(max(_FEWEST_BINS, min(4096, 1 << ((_MEMORY // per_bin).bit_length() - 1)))) if per_bin else _FEWEST_BINS


def _add_scores(histograms: Counts, slot: NDArray[np.intp], pairs: Pairs) -> None:
    scores, bins = scores_of(pairs), histograms.counts.shape[3]
    for number in range(histograms.counts.shape[1]):
        of_class = np.full(len(slot), number, np.intp)
        is_class = (pairs.truth == number).astype(np.intp)
        histograms.add(slot, of_class, is_class, bin_of(scores[:, number], bins))


def _add_confidences(histogram: Counts, slot: NDArray[np.intp], pairs: Pairs) -> None:
    scores = scores_of(pairs)
    right = (scores.argmax(axis=1) == pairs.truth).astype(np.intp)
    histogram.add(slot, right, bin_of(np.minimum(scores.max(axis=1), 1), histogram.counts.shape[2]))


def _add_losses(sums: Sums, slot: NDArray[np.intp], pairs: Pairs) -> None:
    scores, rows = scores_of(pairs), np.arange(len(pairs))
    tiny = np.finfo(np.float64).eps
    of_truth = scores[rows, pairs.truth]
    # Σ (p - y)² over the classes, without a matrix of y; half of it lies between 0 and 1.
    brier = (np.square(scores).sum(axis=1) - 2 * of_truth + 1) / 2
    sums.add(slot, np.column_stack([np.ones(len(pairs)), -np.log(np.clip(of_truth, tiny, 1 - tiny)), brier]))


def costs(matrix: NDArray[np.float64]) -> Kind[Sums]:
    """Rows and costs, given the cost of each [label, prediction]; terms (2,)."""

    def add(sums: Sums, slot: NDArray[np.intp], pairs: Pairs) -> None:
        sums.add(slot, np.column_stack([np.ones(len(pairs)), matrix[pairs.truth, pairs.predicted]]))

    return Kind(f"costs {_written(matrix)}", lambda shape: Sums.empty(shape.slots, 2), add)


def _written(matrix: NDArray[np.float64]) -> Sequence[tuple[int, int, float]]:
    return [(int(i), int(j), float(matrix[i, j])) for i, j in zip(*np.nonzero(matrix), strict=True)]


MARGINS: Final[Kind[Counts]] = Kind("margins", lambda shape: Counts.empty(shape.slots, 3, shape.classes), _add_margins)
"""Rows labelled as, predicted as, and rightly predicted as each class; cells (3, classes)."""

TABLE: Final[Kind[Counts]] = Kind(
    "table",
    lambda shape: Counts.empty(shape.slots, shape.classes, shape.classes),
    lambda counts, slot, pairs: counts.add(slot, pairs.truth, pairs.predicted),
    fold=lambda shape: shape.blocks,
)
"""Rows by label and predicted class, not by block; cells (classes, classes)."""

CLASS_SCORES: Final[Kind[Counts]] = Kind(
    "class scores",
    lambda shape: Counts.empty(shape.slots, shape.classes, 2, _bins_of(shape)),
    _add_scores,
    of_scores=True,
    fold=lambda shape: fold_into(_MEMORY, 2 * 8 * shape.classes * _FEWEST_BINS, shape),
)
"""For each class: rows of the others and of the class itself by bin of its score; cells (classes, 2, bins). Between
256 and 4,096 bins, and blocks folded, for 128 MiB."""

CONFIDENCES: Final[Kind[Counts]] = Kind(
    "confidences", lambda shape: Counts.empty(shape.slots, 2, bins_for(shape.slots)), _add_confidences, of_scores=True
)
"""Rows by whether the class of the highest score is right, and by bin of that score; cells (2, bins)."""

CLASS_LOSSES: Final[Kind[Sums]] = Kind(
    "class losses", lambda shape: Sums.empty(shape.slots, 3), _add_losses, of_scores=True
)
"""Rows, log loss, and half the squared distance of the scores from the label; terms (3,)."""
