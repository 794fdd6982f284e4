"""Metrics of a binary task that are a function of its confusion counts, but no share of rows, or of its scores' losses.

Cells are [label, prediction]; 1 is the positive class.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.metrics.scale import Scale
from modelmonitor.evaluation.metrics.smooth import OfCounts, OfSums
from modelmonitor.evaluation.statistics.kinds import CONFUSION, LOSSES

Totals = NDArray[np.float64]


def all_rows(confusion: NDArray[np.int64]) -> NDArray[np.int64]:
    """Every labelled row."""
    rows: NDArray[np.int64] = confusion.sum(axis=(-2, -1))
    return rows


def balanced_accuracy(confusion: Totals) -> Totals:
    """The mean of the classes' recalls; NaN where a class has no row."""
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    mean: Totals = (right / confusion.sum(axis=-1)).mean(axis=-1)
    return mean


def matthews_corrcoef(confusion: Totals) -> Totals:
    """Matthews (1975), for many classes Gorodkin (2004): the correlation of label and prediction."""
    labels, predictions = confusion.sum(axis=-1), confusion.sum(axis=-2)
    rows = labels.sum(axis=-1)
    right = np.trace(confusion, axis1=-2, axis2=-1)
    covariance = right * rows - (labels * predictions).sum(axis=-1)
    spread = (np.square(rows) - np.square(labels).sum(axis=-1)) * (
        np.square(rows) - np.square(predictions).sum(axis=-1)
    )
    correlation: Totals = covariance / np.sqrt(spread)
    return correlation


def cohen_kappa(confusion: Totals) -> Totals:
    """Cohen (1960): agreement beyond that of independent labels and predictions with the same shares."""
    labels, predictions = confusion.sum(axis=-1), confusion.sum(axis=-2)
    rows = labels.sum(axis=-1)
    by_chance = (labels * predictions).sum(axis=-1) / np.square(rows)
    kappa: Totals = (np.trace(confusion, axis1=-2, axis2=-1) / rows - by_chance) / (1 - by_chance)
    return kappa


def fbeta(beta: float) -> OfCounts:
    """F-beta: the harmonic mean of precision and recall, recall weighing beta squared times as much."""
    square = beta * beta

    def value(confusion: Totals) -> Totals:
        hits, misses, false_alarms = confusion[..., 1, 1], confusion[..., 1, 0], confusion[..., 0, 1]
        score: Totals = (1 + square) * hits / ((1 + square) * hits + square * misses + false_alarms)
        return score

    return OfCounts(CONFUSION, value, trials=lambda confusion: all_rows(confusion) - confusion[..., 0, 0])


BALANCED_ACCURACY: Final = OfCounts(CONFUSION, balanced_accuracy, all_rows)
MATTHEWS_CORRCOEF: Final = OfCounts(CONFUSION, matthews_corrcoef, all_rows, Scale.SIGNED)
COHEN_KAPPA: Final = OfCounts(CONFUSION, cohen_kappa, all_rows, Scale.SIGNED)
LOG_LOSS: Final = OfSums(LOSSES, lambda sums: sums[..., 1] / sums[..., 0], Scale.POSITIVE)
BRIER_SCORE: Final = OfSums(LOSSES, lambda sums: sums[..., 2] / sums[..., 0], Scale.UNIT)
