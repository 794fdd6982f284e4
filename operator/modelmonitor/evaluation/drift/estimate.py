"""Performance without labels: what the metrics would be if scores meant in the window what they did in the reference.

Confidence-based performance estimation: the reference says how many rows of each score were positive (made monotone by
isotonic regression, which is what calibrates the scores); each row of the window then counts as that share of a
positive one, and the expected confusion matrix follows. It sees a change of the features that shows in the scores. It
does not see that labels mean something else than before, and so it is an estimate, judged by nothing.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.columns.layout import Layout


def estimate(
    calibration: NDArray[np.int64], window: NDArray[np.int64], layout: Layout, threshold: float
) -> Mapping[str, float]:
    """Estimates of accuracy, precision, recall, f1 and roc_auc, without those that are not defined.

    Args:
        calibration: labelled rows of the reference by label and cell of the score, shape (2, cells).
        window: predicted rows of the window by cell, shape (cells,).
        layout: the cells; the threshold is one of its edges.
        threshold: the score from which on a row is predicted positive.
    """
    chance = calibrated(calibration)
    positive, negative = window * chance, window * (1 - chance)
    called = np.arange(layout.cells) > layout.edges.searchsorted(threshold)
    hits, false_alarms = positive[called].sum(), negative[called].sum()
    misses, rest = positive[~called].sum(), negative[~called].sum()
    beaten = np.cumsum(negative) - negative / 2
    found = {
        "accuracy": _ratio(hits + rest, window.sum()),
        "precision": _ratio(hits, hits + false_alarms),
        "recall": _ratio(hits, hits + misses),
        "f1": _ratio(2 * hits, 2 * hits + false_alarms + misses),
        "roc_auc": _ratio((positive * beaten).sum(), positive.sum() * negative.sum()),
    }
    return {name: value for name, value in found.items() if value is not None}


def calibrated(calibration: NDArray[np.int64]) -> NDArray[np.float64]:
    """The chance of a positive label by cell, rising; shape (cells,). Cells without rows are interpolated.

    Isotonic regression by pooling adjacent violators: Ayer et al. (1955).
    """
    rows = calibration.sum(axis=0)
    used = np.flatnonzero(rows)
    means: list[float] = []
    weights: list[int] = []
    lengths: list[int] = []
    for cell in used:
        means.append(float(calibration[1, cell] / rows[cell]))
        weights.append(int(rows[cell]))
        lengths.append(1)
        while len(means) > 1 and means[-2] >= means[-1]:
            weight = weights[-2] + weights[-1]
            means[-2:] = [(means[-2] * weights[-2] + means[-1] * weights[-1]) / weight]
            weights[-2:] = [weight]
            lengths[-2:] = [lengths[-2] + lengths[-1]]
    chances: NDArray[np.float64] = np.interp(np.arange(rows.size), used, np.repeat(means, lengths))
    return chances


def _ratio(hits: float, trials: float) -> float | None:
    return float(hits / trials) if trials > 0 else None
