"""The rows that are trained on: read by the evaluation's own stages, then held in memory in order of time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.api.types import format_time
from modelmonitor.evaluation.classes import known
from modelmonitor.evaluation.errors import ResourceError, amount
from modelmonitor.evaluation.evaluate import source_of
from modelmonitor.evaluation.join import label_source
from modelmonitor.evaluation.limits import Limits, memory_in_use
from modelmonitor.evaluation.plan import plan
from modelmonitor.evaluation.reading import Reading, prepare
from modelmonitor.evaluation.scan import Needed
from modelmonitor.evaluation.score import Labels
from modelmonitor.training.contract import Order, TrainingError

# A row is there as it was read, while rows are put in order, as the frame that a pipeline is given, and as what the
# pipeline makes of it; measured with bench/training.py. What it needs beyond that only its author knows.
_COPIES: Final = 5.0
# Of a limit; the rest is for what the kernel counts and cannot take back.
_USABLE: Final = 0.9


@dataclass(frozen=True, slots=True)
class Sample:
    """Labelled rows in the order of their event times; everything has the rows on its first axis."""

    table: pa.Table
    """The model's columns, and those that a metric reads."""
    truth: NDArray[Any]
    """Labels as the evaluation reads them: numbers of classes, or values; shape (rows,)."""
    times: NDArray[np.int64]
    """Event times in microseconds since 1970, ascending; shape (rows,)."""

    def __len__(self) -> int:
        return len(self.times)

    def part(self, start: int, stop: int) -> Self:
        """The rows from number `start` on and before number `stop`."""
        return type(self)(self.table.slice(start, stop - start), self.truth[start:stop], self.times[start:stop])

    def start_of(self, place: int) -> int:
        """The first row that has the event time of row number `place`: cut there, no instant lies on both sides."""
        return int(np.searchsorted(self.times, self.times[place])) if place < len(self) else len(self)


@dataclass(frozen=True, slots=True)
class Collected:
    """What was read."""

    sample: Sample
    unlabelled: int
    """Rows of the training window without a label; they teach nothing, and are left out."""


def prepared(
    order: Order, needed: Sequence[Needed], environ: Mapping[str, str], now: datetime, limits: Limits
) -> Reading:
    """What will be read, by the footers of the files.

    Raises:
        EvaluationError: when a file or column is missing, when there are no rows, or when they are too many for the
            memory that there is.
    """
    source = source_of(order.spec.data, order.spec.windows, environ)
    apart = label_source(order.spec.data, source.zone, environ, now)
    reading = prepare(plan(source, now), order.start, order.end, needed, apart=apart, limits=limits, statistics=0)
    if not reading.rows.rows:
        raise _nothing("there is no row", reading)
    held = reading.rows.expected * reading.rows.row_bytes * _COPIES
    _check(limits, reading.cost.memory + held, reading)
    return reading


def collect(
    reading: Reading, labels: Labels, columns: Sequence[str], limits: Limits, progress: Callable[[str], None]
) -> Collected:
    """Read the rows that have a label.

    Raises:
        EvaluationError: when the rows cannot be read, none has a label, or memory does not hold them.
    """
    batches: list[pa.RecordBatch] = []
    truths: list[NDArray[Any]] = []
    times: list[NDArray[np.int64]] = []
    rows = held = 0
    for read in reading:
        truth = labels.read(read)
        there = known(truth)
        rows += len(there)
        if there.any():
            batches.append(read.batch.select(list(columns)).filter(pa.array(there)))
            truths.append(truth[there])
            times.append(read.times[there])
            held += batches[-1].nbytes
            # Footers say too little of text that repeats.
            _check(limits, memory_in_use() + held * (_COPIES - 1), reading)
    for remark in reading.remarks:
        progress(remark)
    if not batches:
        raise _nothing("there is no labelled row", reading)
    sample = _in_order(_together(batches), np.concatenate(truths), np.concatenate(times))
    return Collected(sample, rows - len(sample))


def _nothing(what: str, reading: Reading) -> TrainingError:
    return TrainingError(
        "NothingToTrainOn",
        f"{what} in {reading.source.folder.uri} from {format_time(reading.start)} to {format_time(reading.end)}; is it"
        " the right folder, and is retrain.trainingWindow long enough for rows that have their labels?",
    )


def _check(limits: Limits, peak: float, reading: Reading) -> None:
    if limits.memory is not None and peak > limits.memory * _USABLE:
        raise ResourceError(
            "MemoryTooSmall",
            f"to train on about {reading.rows.expected:,.0f} rows of {reading.rows.columns} columns takes about"
            f" {amount(peak)} of memory, before what the pipeline itself needs, and the limit is"
            f" {amount(limits.memory)}: set resources.limits.memory in spec.retrain.jobTemplate to"
            f" {-int(-peak / _USABLE // 2**20)}Mi or more, or shorten retrain.trainingWindow",
        )


def _together(batches: Sequence[pa.RecordBatch]) -> pa.Table:
    if any(batch.schema != batches[0].schema for batch in batches):
        # One file keeps a text as codes, another one as it is.
        batches = [_decoded(batch) for batch in batches]
    return pa.Table.from_batches(batches).unify_dictionaries()


def _decoded(batch: pa.RecordBatch) -> pa.RecordBatch:
    columns = [
        values.dictionary_decode() if pa.types.is_dictionary(values.type) else values for values in batch.columns
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _in_order(table: pa.Table, truth: NDArray[Any], times: NDArray[np.int64]) -> Sample:
    if not (times[1:] < times[:-1]).any():
        return Sample(table, truth, times)
    order = np.argsort(times, kind="stable")
    return Sample(table.take(pa.array(order)), truth[order], times[order])
