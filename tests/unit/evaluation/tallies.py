"""Statistics of labels and predictions, without files."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelmonitor.api.metric_names import MetricName, Task
from modelmonitor.evaluation.accumulate import Accumulator, Tally
from modelmonitor.evaluation.metrics import CATALOGUE
from modelmonitor.evaluation.paired import Both, Yardstick
from modelmonitor.evaluation.pairs import Pairs
from modelmonitor.evaluation.segments import WHOLE, Group
from modelmonitor.evaluation.statistics.counts import Counts
from modelmonitor.evaluation.statistics.kinds import CONFUSION, ROWS, SCORES

BINARY = CATALOGUE[Task.BINARY_CLASSIFICATION]
KINDS = {kind for measure in BINARY.values() for kind in measure.needs}
CONFUSION_ONLY = {CONFUSION}


def pairs(labels: NDArray[Any], scores: NDArray[np.float64]) -> Pairs:
    return Pairs(labels.astype(np.intp), (scores >= 0.5).astype(np.intp), scores)


def accumulated(
    blocks: NDArray[np.intp], labels: NDArray[Any], scores: NDArray[np.float64], kinds: set[Any] = KINDS
) -> Accumulator:
    accumulator = Accumulator(kinds, int(blocks.max()) + 1)
    accumulator.add(blocks, [], pairs(labels, scores))
    return accumulator


def of_confusion(confusion: NDArray[np.int64]) -> Tally:
    """Of counts by block, label and prediction; there are no scores."""
    return Tally({ROWS: Counts(confusion.sum(axis=(1, 2))), CONFUSION: Counts(confusion)})


def yardstick(name: MetricName, minimum_rows: int = 100, confidence: float = 0.95) -> Yardstick:
    """A metric of a binary task, by which two models are compared."""
    return Yardstick(name, BINARY[name], minimum_rows, confidence)


def both(champion: Tally, candidate: Tally, **segments: tuple[Tally, Tally]) -> Both:
    """Two models on the same rows; of segments of the column carrier by value."""
    known = {WHOLE: (champion, candidate)} | {Group("carrier", value): pair for value, pair in segments.items()}
    return Both(lambda group: known[group][0], lambda group: known[group][1], tuple(known))


def of_histogram(histogram: NDArray[np.int64]) -> Tally:
    """Of counts by block, label and bin of the score."""
    return Tally({ROWS: Counts(histogram.sum(axis=(1, 2))), SCORES: Counts(histogram)})
