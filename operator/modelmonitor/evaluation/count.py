"""Count: the one pass over the window's rows, through scan, score and accumulate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.evaluation.accumulate import Accumulator
from modelmonitor.evaluation.blocks import Blocks
from modelmonitor.evaluation.classes import MISSING
from modelmonitor.evaluation.plan import Plan
from modelmonitor.evaluation.scan import Rows, scan
from modelmonitor.evaluation.score import LabelReader, Predictions, Predictor

_SAY_EVERY = 1_000_000


@dataclass
class Counted:
    """What the pass found."""

    blocks: Blocks
    accumulators: tuple[Accumulator, ...]
    """One for each predictor; all hold the same rows: those with a label and a prediction of each."""
    rows_by_block: NDArray[np.int64]
    """All rows, shape (blocks,)."""
    labelled_by_block: NDArray[np.int64]
    """Rows whose label has arrived, shape (blocks,)."""
    unscored: int = field(default=0)
    """Labelled rows for which a predictor said nothing; they are left out."""

    @property
    def rows(self) -> int:
        """Rows of the window."""
        return int(self.rows_by_block.sum())

    @property
    def labelled(self) -> int:
        """Rows with a label."""
        return int(self.labelled_by_block.sum())

    @property
    def coverage(self) -> float | None:
        """The share of rows with a label; None without rows."""
        return self.labelled / self.rows if self.rows else None

    @property
    def scored(self) -> float:
        """The share of labelled rows that were predicted; 1 without any."""
        return 1 - self.unscored / self.labelled if self.labelled else 1.0


def count(
    plan: Plan,
    start: datetime,
    end: datetime,
    labels: LabelReader,
    predictors: Sequence[Predictor],
    progress: Callable[[str], None],
) -> Counted:
    """Count the rows of [start, end).

    Raises:
        DataError: when a file or a column cannot be used.
        ModelError: when a model cannot score the rows.
    """
    blocks = Blocks.of(start, end, plan.source.zone)
    needed = [*labels.needed, *(need for predictor in predictors for need in predictor.needed)]
    accumulators = tuple(Accumulator(len(blocks), with_scores=predictor.has_scores) for predictor in predictors)
    counted = Counted(blocks, accumulators, np.zeros(len(blocks), np.int64), np.zeros(len(blocks), np.int64))
    said = 0
    for rows in scan(plan, start, end, needed):
        block, truth = blocks.index(rows.times), labels.read(rows)
        counted.rows_by_block += np.bincount(block, minlength=len(blocks))
        # Rows without a label cannot be judged, so no model need score them.
        known = truth != MISSING
        counted.labelled_by_block += np.bincount(block[known], minlength=len(blocks))
        if known.any():
            _add(counted, block[known], truth[known], [one.predict(_only(rows, known)) for one in predictors])
        if counted.rows // _SAY_EVERY > said:
            said = counted.rows // _SAY_EVERY
            progress(f"{counted.rows:,} rows read")
    return counted


def _add(
    counted: Counted, block: NDArray[np.intp], truth: NDArray[np.int8], predictions: Sequence[Predictions]
) -> None:
    answered = np.logical_and.reduce([said.positive != MISSING for said in predictions])
    counted.unscored += int((~answered).sum())
    for accumulator, said in zip(counted.accumulators, predictions, strict=True):
        scores = None if said.scores is None else said.scores[answered]
        accumulator.add(block[answered], truth[answered], Predictions(said.positive[answered], scores))


def _only(rows: Rows, chosen: NDArray[np.bool_]) -> Rows:
    return rows if chosen.all() else Rows(rows.batch.filter(pa.array(chosen)), rows.times[chosen], rows.origin)
