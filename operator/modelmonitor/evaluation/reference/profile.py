"""What is known of the reference."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from modelmonitor.evaluation.accumulate import Tally
from modelmonitor.evaluation.columns.counts import ColumnCounts
from modelmonitor.evaluation.columns.layout import Layout
from modelmonitor.evaluation.reference.watched import PREDICTION, TARGET
from modelmonitor.evaluation.segments import WHOLE, Group, Segments


@dataclass(frozen=True, slots=True)
class Profile:
    """The reference, without its rows."""

    schema: Mapping[str, str]
    """All its columns, and their types as Arrow writes them."""
    layouts: Mapping[str, Layout]
    """The cells of each feature, and of predictions and labels where the reference has them."""
    counts: Mapping[str, ColumnCounts]
    """Its rows in these cells, by block of time; the same names."""
    rows: int
    by_day: bool
    """Whether a block is one or more civil days."""
    blocks: int
    days: float
    """Over how many days it reaches; at least 1."""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The most frequent values of each column of segments."""
    tallies: Mapping[Group, Tally] = field(default_factory=dict)
    """Statistics of labels and predictions, where the reference has both; the slots are its blocks."""
    calibration: NDArray[np.int64] | None = None
    """Rows by label (0, 1) and cell of the score, where the reference has both; shape (2, cells)."""

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features."""
        return tuple(name for name in self.layouts if name not in {PREDICTION, TARGET})

    def segments(self) -> Segments:
        """The segments that the reference has."""
        return Segments(self.values)

    def tally(self, group: Group = WHOLE) -> Tally | None:
        """Statistics of labels and predictions of all rows, or of a segment; None where the reference has none."""
        return self.tallies.get(group)
