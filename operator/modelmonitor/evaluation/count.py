"""Count: the one pass over the window's rows, through scan, score and accumulate."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.evaluation.accumulate import Accumulator
from modelmonitor.evaluation.blocks import Blocks
from modelmonitor.evaluation.classes import known
from modelmonitor.evaluation.columns.counter import ColumnCounter
from modelmonitor.evaluation.columns.counts import ColumnCounts
from modelmonitor.evaluation.columns.layout import Layout
from modelmonitor.evaluation.join import LabelSource
from modelmonitor.evaluation.limits import UNLIMITED, Limits
from modelmonitor.evaluation.pairs import Pairs
from modelmonitor.evaluation.plan import Plan
from modelmonitor.evaluation.reading import Reading, prepare
from modelmonitor.evaluation.reference.watched import NOTHING_WATCHED, Watched
from modelmonitor.evaluation.scan import Needed, Rows
from modelmonitor.evaluation.score import Labels, Predictions, Predictor
from modelmonitor.evaluation.segments import ALL_ROWS, Segments
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.versions import VersionFilter

_SAY_EVERY = 1_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is counted of each row."""

    labels: Labels | None
    """None where labels are not looked at."""
    predictors: Sequence[Predictor]
    kinds: Collection[Kind[Any]]
    """The statistics that the metrics need."""
    segments: Segments = ALL_ROWS
    classes: int = 2
    watched: Watched = NOTHING_WATCHED
    """The columns of which drift and quality are measured."""
    layouts: Sequence[Layout] = ()
    """The cells at which these are counted."""
    apart: LabelSource | None = None
    """Where labels are that arrive apart from the rows."""
    limits: Limits = UNLIMITED
    versions: VersionFilter | None = None
    """By which rows are told apart whose predictions different models made."""

    @property
    def needed(self) -> Sequence[Needed]:
        """The columns that it takes."""
        of_models = (need for predictor in self.predictors for need in predictor.needed)
        of_kinds = (need for kind in self.kinds for need in kind.columns)
        of_labels = self.labels.needed if self.labels is not None else ()
        return (*of_labels, *of_models, *self.segments.needed, *of_kinds, *self.watched.needed)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that statistics read beside labels and predictions."""
        return tuple(dict.fromkeys(need.column for kind in self.kinds for need in kind.columns))


@dataclass
class Counted:
    """What the pass found."""

    blocks: Blocks
    reading: Reading
    """What was read."""
    accumulators: tuple[Accumulator, ...]
    """One for each predictor; all hold the same rows: those with a label and a prediction of each."""
    everything: Accumulator
    """Of all rows, with a label or without."""
    rows_by_block: NDArray[np.int64]
    """All rows, shape (blocks,)."""
    labelled_by_block: NDArray[np.int64]
    """Rows whose label has arrived, shape (blocks,)."""
    unscored: int = field(default=0)
    """Labelled rows for which a predictor said nothing; they are left out."""
    columns: Mapping[str, ColumnCounts] = field(default_factory=dict)
    """All rows, by the columns that were watched."""

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
    wanted: Wanted,
    progress: Callable[[str], None],
) -> Counted:
    """Count the rows of [start, end).

    Raises:
        DataError: when a file or a column cannot be used.
        ModelError: when a model cannot score the rows.
        ResourceError: when memory or disk are too small.
    """
    blocks = Blocks.of(start, end, plan.source.zone)
    paired = [kind for kind in wanted.kinds if not kind.of_all_rows]
    accumulators = tuple(
        Accumulator(
            paired,
            len(blocks),
            groups=wanted.segments.groups,
            classes=wanted.classes,
            with_scores=predictor.has_scores,
        )
        for predictor in wanted.predictors
    )
    everything = Accumulator(
        [kind for kind in wanted.kinds if kind.of_all_rows], len(blocks), groups=wanted.segments.groups
    )
    none = np.zeros(len(blocks), np.int64)
    statistics = sum(one.size for one in (*accumulators, everything))
    reading = prepare(
        plan,
        start,
        end,
        wanted.needed,
        apart=wanted.apart,
        limits=wanted.limits,
        statistics=statistics,
        versions=wanted.versions,
    )
    progress(str(reading.cost))
    counter = ColumnCounter(wanted.layouts, len(blocks))
    counted = Counted(blocks, reading, accumulators, everything, none, none.copy())
    said = 0
    for rows in reading:
        block = blocks.index(rows.times)
        truth = np.full(len(block), np.nan) if wanted.labels is None else wanted.labels.read(rows)
        counted.rows_by_block += np.bincount(block, minlength=len(blocks))
        there = known(truth)
        counted.labelled_by_block += np.bincount(block[there], minlength=len(blocks))
        if any(kind.of_all_rows for kind in wanted.kinds):
            everything.add(block, wanted.segments.of(rows), Pairs(truth, truth, columns=_columns(wanted, rows)))
        # Rows without a label cannot be judged, so no model need score them, unless its predictions are watched.
        scored = np.ones_like(there) if wanted.watched.predictions else there
        of_scored = _only(rows, scored)
        predictions = [one.predict(of_scored) for one in wanted.predictors] if scored.any() else []
        if wanted.layouts:
            first = predictions[0] if wanted.watched.predictions else None
            counter.add(block, wanted.watched.columns(rows, truth, first))
        if there.any() and predictions:
            of_there = [one if len(one.predicted) == there.sum() else one.only(there) for one in predictions]
            _add(counted, wanted, block[there], truth[there], _only(rows, there), of_there)
        if counted.rows // _SAY_EVERY > said:
            said = counted.rows // _SAY_EVERY
            progress(f"{counted.rows:,} rows read")
    for remark in reading.remarks:
        progress(remark)
    counted.columns = counter.counts
    return counted


def _add(
    counted: Counted,
    wanted: Wanted,
    block: NDArray[np.intp],
    truth: NDArray[Any],
    rows: Rows,
    predictions: Sequence[Predictions],
) -> None:
    answered = np.logical_and.reduce([said.answered for said in predictions])
    counted.unscored += int((~answered).sum())
    groups = [group[answered] for group in wanted.segments.of(rows)]
    columns = _columns(wanted, rows)
    for accumulator, said in zip(counted.accumulators, predictions, strict=True):
        pairs = Pairs(truth, said.predicted, said.scores, columns)
        accumulator.add(block[answered], groups, pairs if answered.all() else pairs.only(answered))


def _columns(wanted: Wanted, rows: Rows) -> dict[str, pa.Array]:
    return {name: rows.batch.column(name) for name in wanted.columns}


def _only(rows: Rows, chosen: NDArray[np.bool_]) -> Rows:
    return rows if chosen.all() else Rows(rows.batch.filter(pa.array(chosen)), rows.times[chosen], rows.origin)
