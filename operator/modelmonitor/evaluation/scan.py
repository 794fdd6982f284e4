"""Scan: the rows of a window, a batch at a time, with the columns that are needed and no others."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from modelmonitor.evaluation.cost import BATCH_BYTES
from modelmonitor.evaluation.errors import DataError, one_line
from modelmonitor.evaluation.parquet import BATCH_ROWS, ParquetFile, event_times
from modelmonitor.evaluation.plan import TIMESTAMP_FIELD, Plan, Source
from modelmonitor.evaluation.survey import Needed, Survey, survey
from modelmonitor.evaluation.times import microseconds, within
from modelmonitor.evaluation.types import Family, family
from modelmonitor.evaluation.versions import VERSION_FIELD, VersionFilter

__all__ = ["Needed", "Rows", "read", "scan", "survey_window"]


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
    found = survey_window(plan, start, end, needed)
    return read(found, plan.source, start, end, found.batch_rows(BATCH_BYTES))


def survey_window(plan: Plan, start: datetime, end: datetime, needed: Sequence[Needed]) -> Survey:
    """What a scan of [start, end) will read."""
    source = plan.source
    low, high = microseconds(start), microseconds(end)
    wanted = [Needed(TIMESTAMP_FIELD, source.timestamp), *needed]
    return survey(
        source.folder,
        plan.files_for(start, end),
        wanted,
        lambda file: [
            (group, group.share(low, high))
            for group in file.row_groups(source.timestamp, source.zone)
            if group.overlaps(low, high)
        ],
    )


def read(
    found: Survey,
    source: Source,
    start: datetime,
    end: datetime,
    batch_rows: int = BATCH_ROWS,
    versions: VersionFilter | None = None,
) -> Iterator[Rows]:
    """The rows of [start, end) in what was surveyed, at most `batch_rows` at a time; with `versions` only its own."""
    held: list[Rows] = []
    for rows in _by_file(found, source, microseconds(start), microseconds(end), batch_rows, versions):
        # Small files go together: each call of a model costs several milliseconds however few the rows, and a month of
        # hourly files has 700 of them.
        alike = not held or held[-1].batch.schema.equals(rows.batch.schema)
        if held and (not alike or sum(len(one.times) for one in held) + len(rows.times) > batch_rows):
            yield _together(held)
            held = []
        held.append(rows)
    if held:
        yield _together(held)


def _by_file(
    found: Survey, source: Source, low: int, high: int, batch_rows: int, versions: VersionFilter | None
) -> Iterator[Rows]:
    for portion in found.portions:
        opened = ParquetFile(found.folder, portion.file, buffer=found.buffer, coded=found.only_counted)
        row_groups = portion.row_groups
        if versions is not None:
            opened.require([(VERSION_FIELD, versions.column)])
            row_groups = _of_version(versions, opened, source, low, high, row_groups)
        for batch in opened.batches(found.names_in(opened), row_groups, batch_rows):
            times = event_times(batch, source.timestamp, source.zone, TIMESTAMP_FIELD, opened.uri)
            batch, times = _only(within(times, low, high), batch, times)  # noqa: PLW2901
            if versions is not None:
                _validate(versions.column, batch.column(versions.column), opened.uri)
                batch, times = _only(versions.own(batch, opened.uri), batch, times)  # noqa: PLW2901
                if not found.needs_beside(versions.needed, versions.column):
                    batch = batch.drop_columns([versions.column])  # noqa: PLW2901
            if len(times):
                yield Rows(widened(batch, found.types, opened.uri), times.to_numpy(zero_copy_only=False), opened.uri)


def _of_version(
    versions: VersionFilter, opened: ParquetFile, source: Source, low: int, high: int, row_groups: tuple[int, ...]
) -> tuple[int, ...]:
    """The row groups that may hold rows of the version."""
    known = {group.number: group for group in opened.row_groups(source.timestamp, source.zone)}
    return tuple(
        number for number in row_groups if not versions.skips(opened, known[number], low, high, source.timestamp)
    )


def _only(chosen: pa.BooleanArray, batch: pa.RecordBatch, times: pa.Array) -> tuple[pa.RecordBatch, pa.Array]:
    return (batch, times) if chosen.true_count == len(chosen) else (batch.filter(chosen), times.filter(chosen))


def widened(batch: pa.RecordBatch, types: pa.Schema, uri: str) -> pa.RecordBatch:
    """The batch with the types that all files share.

    Raises:
        DataError: when a value has no place in them, such as a whole number of 64 bits in a column of floats, or text
            is no text.
    """
    for name, values in zip(batch.schema.names, batch.columns, strict=True):
        _validate(name, values, uri)
    wide = dict(zip(types.names, types.types, strict=True))
    columns = []
    for name, values in zip(batch.schema.names, batch.columns, strict=True):
        # Of a column that is only looked at, files may hold different things: they come as they are.
        type_ = wide.get(name, values.type)
        if pa.types.is_dictionary(values.type) and values.type.value_type == type_:
            type_ = values.type
        try:
            columns.append(values if values.type == type_ else values.cast(type_))
        except pa.ArrowException as error:
            raise DataError(
                "ColumnTypesDiffer",
                f'column "{name}" of {uri} is {values.type}, in other files it makes it {type_}, and they cannot be'
                f" read as one ({one_line(error, 120)}); write it as the same type in all files",
            ) from error
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _validate(name: str, values: pa.Array, uri: str) -> None:
    """Make sure that text is UTF-8: pyarrow reads any bytes, and whoever looks at them later falls over."""
    if family(values.type) is not Family.TEXT:
        return
    try:
        (values.dictionary if pa.types.is_dictionary(values.type) else values).validate(full=True)
    except pa.ArrowInvalid as error:
        raise DataError(
            "TextUnreadable",
            f'column "{name}" of {uri} is text that is not UTF-8 ({one_line(error, 120)}); write it as UTF-8, or the'
            " file is damaged",
        ) from error


def _together(held: Sequence[Rows]) -> Rows:
    if len(held) == 1:
        return held[0]
    (batch,) = pa.Table.from_batches([rows.batch for rows in held]).combine_chunks().to_batches()
    first, last = held[0].origin, held[-1].origin
    times = np.concatenate([rows.times for rows in held])
    return Rows(batch, times, first if first == last else f"{first} to {last}")
