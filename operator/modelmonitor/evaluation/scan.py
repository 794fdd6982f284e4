"""Scan: the rows of a window, a batch at a time, with the columns that are needed and no others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.evaluation.parquet import BATCH_ROWS, ParquetFile, microseconds, within
from modelmonitor.evaluation.plan import Plan


@dataclass(frozen=True, slots=True)
class Needed:
    """A column that is needed, and the field of the spec that names it, for the error when it is missing."""

    field: str
    column: str
    optional: bool = False
    """Whether files without it are read all the same; their rows then come without it."""


@dataclass(frozen=True, slots=True)
class Rows:
    """At most `parquet.BATCH_ROWS` rows of the window."""

    batch: pa.RecordBatch
    times: NDArray[np.int64]
    """Event times in microseconds since 1970, shape (rows,)."""
    origin: str
    """The file or files, for messages."""


def scan(plan: Plan, start: datetime, end: datetime, needed: Sequence[Needed]) -> Iterator[Rows]:
    """The rows with start <= event time < end; a row without an event time belongs to no window.

    Raises:
        DataError: when a column is missing or a file cannot be read.
    """
    held: list[Rows] = []
    for rows in _by_file(plan, start, end, needed):
        # Small files go together: each call of a model costs several milliseconds however few the rows, and a month of
        # hourly files has 700 of them.
        fits = sum(len(one.times) for one in held) + len(rows.times) <= BATCH_ROWS
        if held and not (fits and rows.batch.schema.equals(held[0].batch.schema)):
            yield _together(held)
            held = []
        held.append(rows)
    if held:
        yield _together(held)


def _by_file(plan: Plan, start: datetime, end: datetime, needed: Sequence[Needed]) -> Iterator[Rows]:
    source = plan.source
    low, high = microseconds(start), microseconds(end)
    wanted = [Needed("data.columns.timestamp", source.timestamp), *needed]
    for file in plan.files_for(start, end):
        opened = ParquetFile(source.folder, file)
        groups = [group.number for group in opened.row_groups(source.timestamp) if group.overlaps(low, high)]
        if not groups:
            continue
        # Not before: a file beside the window, of a day before a column was added, is none of its business.
        opened.require([(need.field, need.column) for need in wanted if not need.optional])
        there = set(opened.columns)
        for batch in opened.batches([need.column for need in wanted if need.column in there], groups):
            times = opened.event_times(batch, source.timestamp)
            inside = within(times, low, high)
            if inside.true_count < len(inside):
                batch, times = batch.filter(inside), times.filter(inside)  # noqa: PLW2901
            if len(times):
                yield Rows(batch, times.to_numpy(zero_copy_only=False), opened.uri)


def _together(held: Sequence[Rows]) -> Rows:
    if len(held) == 1:
        return held[0]
    (batch,) = pa.Table.from_batches([rows.batch for rows in held]).combine_chunks().to_batches()
    first, last = held[0].origin, held[-1].origin
    times = np.concatenate([rows.times for rows in held])
    return Rows(batch, times, first if first == last else f"{first} to {last}")
