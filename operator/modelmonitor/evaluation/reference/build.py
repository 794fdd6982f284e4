"""Two passes over the reference: the first finds the cells of each column, the second counts all rows in them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.api.monitor import DAY
from modelmonitor.evaluation.accumulate import Accumulator
from modelmonitor.evaluation.blocks import Blocks
from modelmonitor.evaluation.classes import class_text, known
from modelmonitor.evaluation.columns.counter import ColumnCounter
from modelmonitor.evaluation.columns.counts import ColumnCounts
from modelmonitor.evaluation.columns.frequent import HeavyHitters
from modelmonitor.evaluation.columns.layout import Layout
from modelmonitor.evaluation.columns.reading import frequencies, texts
from modelmonitor.evaluation.errors import DataError
from modelmonitor.evaluation.pairs import Pairs
from modelmonitor.evaluation.plan import Plan
from modelmonitor.evaluation.reference.profile import Profile
from modelmonitor.evaluation.reference.sample import Sample
from modelmonitor.evaluation.reference.watched import PREDICTION, TARGET, Watched
from modelmonitor.evaluation.scan import Needed, Rows, scan
from modelmonitor.evaluation.score import Labels, Predictions, Predictor
from modelmonitor.evaluation.segments import Segments
from modelmonitor.evaluation.statistics.kinds import Kind
from modelmonitor.evaluation.times import instant

MOST_SEGMENTS: Final = 50
# A reference of years is cut into so many blocks, each of several days: what is kept by block stays small.
MOST_BLOCKS: Final = 64
ALWAYS: Final = (datetime(1, 1, 3, tzinfo=UTC), datetime(9999, 12, 28, tzinfo=UTC))
"""A window that holds every row."""


@dataclass(frozen=True, slots=True)
class Rereading:
    """How the reference is read."""

    plan: Plan
    start: datetime
    end: datetime
    schema: Mapping[str, str]
    """Its columns and their types."""
    watched: Watched
    predictor: Predictor | None
    """Where predictions come from; None where the reference has none."""
    labels: Labels | None
    """None where the reference has none."""
    threshold: float | None = None
    """The score from which on a row is positive; None where there are no scores of one class."""
    classes: int = 2
    kinds: Collection[Kind[Any]] = ()
    """The statistics that are kept of labels and predictions."""
    segments: Sequence[str] = ()
    """The columns whose values are segments."""

    @property
    def needed(self) -> Sequence[Needed]:
        """The columns that it takes."""
        of_pairs = [*(self.predictor.needed if self.predictor else ()), *(self.labels.needed if self.labels else ())]
        of_kinds = (need for kind in self.kinds for need in kind.columns)
        of_segments = (Needed("metrics.segments", column) for column in self.segments)
        return [*of_pairs, *self.watched.needed, *of_kinds, *of_segments]


@dataclass
class _First:
    """What the first pass finds."""

    sample: Sample
    values: dict[str, HeavyHitters]
    rows: int = 0
    first: int | None = None
    last: int | None = None


def build(reading: Rereading, progress: Callable[[str], None]) -> Profile:
    """Read the reference.

    Raises:
        DataError: when it holds no rows, or cannot be read.
    """
    first = _first_pass(reading)
    if first.first is None or first.last is None:
        raise DataError(
            "ReferenceEmpty",
            f"data.reference: there is not one row of it in {reading.plan.source.folder.uri}; name days, or a folder,"
            " that hold rows",
        )
    progress(f"{first.rows:,} rows of the reference read for their values, now they are counted")
    start, end = reading.start, reading.end
    if (start, end) == ALWAYS:
        start, end = instant(first.first), instant(first.last + 1)
    also = {} if reading.threshold is None else {PREDICTION: reading.threshold}
    values = {column: tuple(seen.most(MOST_SEGMENTS)) for column, seen in first.values.items()}
    second = _Second(
        reading, first.sample.layouts(also), coarse(Blocks.of(start, end, reading.plan.source.zone)), values
    )
    for rows in scan(reading.plan, start, end, reading.needed):
        second.add(rows)
    return second.profile(first.rows, max(1.0, (end - start) / DAY))


def coarse(blocks: Blocks) -> Blocks:
    """At most `MOST_BLOCKS` blocks, each of as many as it takes."""
    together = -(-len(blocks) // MOST_BLOCKS)
    return Blocks(blocks.starts[::together], blocks.by_day)


def _first_pass(reading: Rereading) -> _First:
    names = [*reading.watched.features]
    names += [PREDICTION] if reading.watched.predictions else []
    names += [TARGET] if reading.watched.labels else []
    found = _First(Sample(names), {column: HeavyHitters() for column in reading.segments})
    for rows in scan(reading.plan, reading.start, reading.end, reading.needed):
        truth, said = _pairs(reading, rows)
        found.sample.add(len(rows.times), reading.watched.columns(rows, truth, said))
        for column, seen in found.values.items():
            counted = frequencies(texts(rows.batch.column(column)))
            seen.add({class_text(value) or "": number for value, number in counted.items()})
        found.rows += len(rows.times)
        least, most = int(rows.times.min()), int(rows.times.max())
        found.first = least if found.first is None else min(found.first, least)
        found.last = most if found.last is None else max(found.last, most)
    return found


def _pairs(reading: Rereading, rows: Rows) -> tuple[NDArray[Any] | None, Predictions | None]:
    truth = None if reading.labels is None else reading.labels.read(rows)
    return truth, None if reading.predictor is None else reading.predictor.predict(rows)


class _Second:
    """The second pass: all rows, in the cells that the first one found."""

    def __init__(
        self, reading: Rereading, layouts: Sequence[Layout], blocks: Blocks, values: Mapping[str, tuple[str, ...]]
    ) -> None:
        self._reading: Final = reading
        self._blocks: Final = blocks
        self._values: Final = values
        self._segments: Final = Segments(values)
        self._counter: Final = ColumnCounter(layouts, len(blocks))
        self._accumulator: Final = Accumulator(
            reading.kinds,
            len(blocks),
            groups=self._segments.groups,
            classes=reading.classes,
            with_scores=reading.predictor is not None and reading.predictor.has_scores,
        )
        self._columns: Final = tuple(dict.fromkeys(need.column for kind in reading.kinds for need in kind.columns))
        layout = self._counter.layouts.get(PREDICTION)
        scored = reading.threshold is not None and layout is not None and layout.ordered
        self._calibration: Final = np.zeros((2, layout.cells), np.int64) if scored and layout is not None else None
        self._paired = 0

    def add(self, rows: Rows) -> None:
        """Count rows."""
        block = self._blocks.index(rows.times)
        truth, said = _pairs(self._reading, rows)
        self._counter.add(block, self._reading.watched.columns(rows, truth, said))
        if truth is not None and said is not None:
            self._add_pairs(block, rows, truth, said)

    def _add_pairs(self, block: NDArray[np.intp], rows: Rows, truth: NDArray[Any], said: Predictions) -> None:
        both = known(truth) & said.answered
        answered = said.only(both)
        batch = rows.batch.filter(pa.array(both)) if self._columns else rows.batch
        columns = {name: batch.column(name) for name in self._columns}
        groups = [group[both] for group in self._segments.of(rows)]
        self._accumulator.add(block[both], groups, Pairs(truth[both], answered.predicted, answered.scores, columns))
        self._paired += int(both.sum())
        if self._calibration is not None and answered.scores is not None:
            layout = self._counter.layouts[PREDICTION]
            cell = layout.edges.searchsorted(answered.scores, side="right")
            np.add.at(self._calibration, (truth[both], cell), 1)

    def profile(self, rows: int, days: float) -> Profile:
        """What was counted."""
        counts = self._counter.counts
        layouts = {name: _ranged(layout, counts[name]) for name, layout in self._counter.layouts.items()}
        return Profile(
            schema=self._reading.schema,
            layouts=layouts,
            counts=counts,
            rows=rows,
            by_day=self._blocks.by_day,
            blocks=len(self._blocks),
            days=days,
            values=self._values,
            tallies={group: self._accumulator.tally(group) for group in self._segments.groups} if self._paired else {},
            calibration=self._calibration if self._paired else None,
        )


def _ranged(layout: Layout, counted: ColumnCounts) -> Layout:
    ranged = layout.ordered and counted.least <= counted.most
    return replace(layout, least=counted.least, most=counted.most) if ranged else layout
