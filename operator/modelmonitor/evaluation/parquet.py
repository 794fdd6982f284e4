"""One Parquet file: its footer's statistics and its rows, with errors that name the file."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from modelmonitor.evaluation.errors import DataError, one_line
from modelmonitor.evaluation.storage import Folder, StoredFile

BATCH_ROWS: Final = 128 * 1024
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PER_UNIT: Final = {"milliseconds": (1000, 1), "microseconds": (1, 1), "nanoseconds": (1, 1000)}


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A part of a file; `low` and `high` are its event times by the footer, in microseconds, None where it has none."""

    number: int
    rows: int
    low: int | None
    high: int | None

    def overlaps(self, start: int, end: int) -> bool:
        """Whether it may hold an event in [start, end)."""
        return self.rows > 0 and (self.low is None or self.high is None or (self.low < end and self.high >= start))


class ParquetFile:
    """An open file. Raises DataError where it cannot be read as Parquet."""

    def __init__(self, folder: Folder, file: StoredFile) -> None:
        self.uri: Final = folder.uri + file.path
        with self._readable():
            self._file: Final = pq.ParquetFile(folder.open(file), pre_buffer=True)

    @property
    def columns(self) -> list[str]:
        """The names of its columns."""
        return list(self._file.schema_arrow.names)

    @property
    def types(self) -> dict[str, str]:
        """The Arrow types of its columns by name."""
        return {field.name: str(field.type) for field in self._file.schema_arrow}

    def require(self, columns: Sequence[tuple[str, str]]) -> None:
        """Check that columns are there, given as (field of the spec that names it, column).

        Raises:
            DataError: that names column, field, file, and what there is.
        """
        for field, name in columns:
            if name not in self.columns:
                raise DataError(
                    "ColumnMissing",
                    f'{field}: column "{name}" is not in {self.uri} (it has: {_listed(self.columns)}); name the'
                    " column that is meant, or have it written",
                )

    def row_groups(self, timestamp: str) -> list[RowGroup]:
        """Its row groups with the range of their event times."""
        metadata = self._file.metadata
        paths = [metadata.schema.column(number).path for number in range(metadata.num_columns)]
        column = paths.index(timestamp) if timestamp in paths else None
        groups = []
        for number in range(metadata.num_row_groups):
            group = metadata.row_group(number)
            low, high = _range(group, column, metadata.schema) if column is not None else (None, None)
            groups.append(RowGroup(number, group.num_rows, low, high))
        return groups

    def batches(self, columns: Sequence[str], row_groups: Sequence[int]) -> Iterator[pa.RecordBatch]:
        """The rows of some row groups, at most `BATCH_ROWS` at a time."""
        wanted = list(dict.fromkeys(columns))
        with self._readable():
            # One group after the other: what is fetched ahead is kept until the iteration ends, and of all groups
            # together that would be the file.
            for number in row_groups:
                yield from self._file.iter_batches(batch_size=BATCH_ROWS, columns=wanted, row_groups=[number])

    def event_times(self, batch: pa.RecordBatch, timestamp: str) -> pa.Array:
        """Event times as int64 microseconds since 1970 in UTC, null where there is none.

        Raises:
            DataError: when the column does not hold times.
        """
        values = batch.column(timestamp)
        if not pa.types.is_timestamp(values.type):
            raise DataError(
                "TimestampUnreadable",
                f'data.columns.timestamp: column "{timestamp}" of {self.uri} is {values.type}, not a timestamp;'
                " write it as a Parquet timestamp (a time without a zone is read as UTC)",
            )
        zone = values.type.tz
        return values.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError, ValueError) as error:
            raise DataError(
                "FileUnreadable",
                f"{self.uri} cannot be read as Parquet ({one_line(error, 160)}); it is cut, damaged or still being"
                " written: write files under another name and rename them, or remove it",
            ) from error


def microseconds(moment: datetime) -> int:
    """An instant as microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def instant(value: int) -> datetime:
    """Microseconds since 1970 as an instant in UTC."""
    return _EPOCH + timedelta(microseconds=value)


def newest(times: pa.Array, at_most: int) -> int | None:
    """The newest of some event times that is not later than `at_most`."""
    early: NDArray[np.int64] = times.drop_null().to_numpy(zero_copy_only=False)
    early = early[early <= at_most]
    return int(early.max()) if early.size else None


def within(times: pa.Array, start: int, end: int) -> pa.Array:
    """Which event times lie in [start, end); a row without one does not."""
    inside = pc.and_(pc.greater_equal(times, start), pc.less(times, end))
    return pc.fill_null(inside, False)


def _range(group: Any, column: int, schema: Any) -> tuple[int | None, int | None]:
    """The footer's range of a timestamp column in microseconds.

    From the raw integers, since pyarrow's own conversion needs pandas for nanoseconds. Files without such statistics
    (Spark's INT96) are simply read.
    """
    statistics = group.column(column).statistics
    kind = json.loads(schema.column(column).logical_type.to_json())
    if statistics is None or not statistics.has_min_max or kind.get("Type") != "Timestamp":
        return None, None
    times, per = _PER_UNIT[kind["timeUnit"]]
    return statistics.min_raw * times // per, statistics.max_raw * times // per


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(sorted(names)[:most])
    return shown + ", …" if len(names) > most else shown
