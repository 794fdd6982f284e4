"""One Parquet file: its footer's statistics and its rows, with errors that name the file."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from modelmonitor.evaluation.errors import DataError, EvaluationError, ResourceError, one_line
from modelmonitor.evaluation.footer import Footer
from modelmonitor.evaluation.storage import Folder, StoredFile
from modelmonitor.evaluation.times import first_instant, in_microseconds

BATCH_ROWS: Final = 128 * 1024
# Writers cut the values of a column into pages of this size.
PAGE: Final = 1024 * 1024
# Columns that are read at once when each is one page. Measured on 20,000 rows of 5,000 columns: 1.0 GB instead of 2.6.
_AT_ONCE: Final = 64
# What went wrong inside pyarrow with a file that is damaged, by fuzzing: also what it makes of impossible numbers.
_DAMAGE: Final = (pa.ArrowException, OSError, ValueError, IndexError, KeyError, OverflowError, TypeError)
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

    def share(self, start: int, end: int) -> float:
        """The share of its events in [start, end), if they are evenly spread."""
        if self.low is None or self.high is None:
            return 1.0
        inside = min(end, self.high + 1) - max(start, self.low)
        return max(0.0, inside / (self.high + 1 - self.low))


@dataclass(frozen=True, slots=True)
class Sizes:
    """Bytes of a column in a row group, by the footer."""

    compressed: int
    uncompressed: int
    """Decompressed, and still encoded: text that repeats takes more in memory."""


class ParquetFile:
    """An open file. Raises DataError where it cannot be read as Parquet."""

    def __init__(
        self, folder: Folder, file: StoredFile, *, buffer: int | None = None, coded: Sequence[str] = ()
    ) -> None:
        """Open a file and read its footer.

        Args:
            folder: where it is.
            file: which one.
            buffer: read each column in pieces of so many bytes. None fetches a row group's columns ahead and at once,
                which asks a store far less often, and holds the whole row group in memory.
            coded: columns whose text is left as it is in the file, each value once and a code for each row: to count
                codes takes a tenth of the time.
        """
        self.uri: Final = folder.uri + file.path
        with self._readable():
            content, how = folder.open(file), {"pre_buffer": buffer is None, "buffer_size": buffer or 0}
            opened = pq.ParquetFile(content, **how)
            # A file need not have all of them as text, and pyarrow refuses to hear of one that is not there.
            texts = {field.name for field in opened.schema_arrow if pa.types.is_string(field.type)}
            if there := [name for name in coded if name in texts]:
                opened = pq.ParquetFile(content, metadata=opened.metadata, read_dictionary=there, **how)
            self._file: Final = opened
            self._metadata: Final = opened.metadata
            self._footer: Final = Footer(opened.metadata, file.size)
            self._schema: Final = opened.schema_arrow
            self.columns: Final[list[str]] = list(self._schema.names)
            self.occurrences: Final = Counter(self.columns)
            self._pieces: Final = buffer is not None

    @property
    def types(self) -> dict[str, str]:
        """The Arrow types of its columns by name."""
        return {field.name: str(field.type) for field in self._schema}

    def require(self, columns: Sequence[tuple[str, str]]) -> None:
        """Check that columns are there, given as (field of the spec that names it, column).

        Raises:
            DataError: that names column, field, file, and what there is.
        """
        for field, name in columns:
            if (found := self.occurrences[name]) == 0:
                raise DataError(
                    "ColumnMissing",
                    f'{field}: column "{name}" is not in {self.uri} (it has: {_listed(self.columns)}); name the'
                    " column that is meant, or have it written",
                )
            if found > 1:
                raise DataError(
                    "ColumnAmbiguous",
                    f'{field}: {self.uri} has {found} columns named "{name}", and nobody can say which is meant; give'
                    " each column a name of its own",
                )

    def type_of(self, column: str) -> pa.DataType:
        """The type of a column."""
        return self._schema.field(column).type

    def row_groups(self, timestamp: str, zone: ZoneInfo) -> list[RowGroup]:
        """Its row groups with the range of their event times; a date is its first instant in the zone."""
        with self._readable():
            schema = self._metadata.schema
            paths = [schema.column(number).path for number in range(self._metadata.num_columns)]
            column = paths.index(timestamp) if timestamp in paths else None
            groups = []
            for number in range(self._metadata.num_row_groups):
                group = self._footer.row_group(number)
                low, high = _range(group, column, schema, zone) if column is not None else (None, None)
                groups.append(RowGroup(number, group.num_rows, low, high))
            return groups

    def nulls(self, row_group: int, column: str) -> int | None:
        """How many values of a column are null in a row group, by the footer; None where it does not say."""
        statistics = self._statistics(row_group, column)
        return statistics.null_count if statistics is not None and statistics.has_null_count else None

    def only_value(self, row_group: int, column: str) -> int | str | None:
        """The one whole number or text that a column holds in a row group beside nulls, by the footer, if it says so.

        Not of other types: a column of floats may hold NaN beside it, of which a footer says nothing.
        """
        statistics = self._statistics(row_group, column)
        if statistics is None or not statistics.has_min_max or statistics.min_raw != statistics.max_raw:
            return None
        with self._readable():
            value = statistics.min
        return value if isinstance(value, int | str) and not isinstance(value, bool) else None

    def _statistics(self, row_group: int, column: str) -> Any:
        with self._readable():
            group = self._footer.row_group(row_group)
            paths = [group.column(number).path_in_schema for number in range(group.num_columns)]
            return group.column(paths.index(column)).statistics if column in paths else None

    def sizes(self, row_group: int, columns: Sequence[str]) -> dict[str, Sizes]:
        """How large columns are in a row group; of a nested column all its leaves together."""
        with self._readable():
            group = self._footer.row_group(row_group)
            wanted = dict.fromkeys(columns, Sizes(0, 0))
            for number in range(group.num_columns):
                chunk = group.column(number)
                path = chunk.path_in_schema
                name = path if path in wanted else path.partition(".")[0]
                if name in wanted:
                    known = wanted[name]
                    wanted[name] = Sizes(
                        known.compressed + chunk.total_compressed_size,
                        known.uncompressed + chunk.total_uncompressed_size,
                    )
            return wanted

    def batches(
        self, columns: Sequence[str], row_groups: Sequence[int], rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """The rows of some row groups, at most `rows` at a time."""
        wanted = list(dict.fromkeys(columns))
        for number in row_groups:
            read = self._whole if self._narrow(wanted, number) else self._in_pieces
            yield from read(wanted, number, rows)

    def _narrow(self, columns: Sequence[str], row_group: int) -> bool:
        """Whether a row group that should be read in pieces has columns so short that each is one page."""
        sizes = self.sizes(row_group, columns).values() if self._pieces else ()
        return bool(sizes) and sum(size.uncompressed for size in sizes) < len(columns) * PAGE

    def _whole(self, columns: Sequence[str], row_group: int, rows: int) -> Iterator[pa.RecordBatch]:
        """Some columns after the other: in pieces the pages of all of them would be held beside what they hold."""
        with self._readable():
            tables = [
                self._file.read_row_group(row_group, columns=list(columns[first : first + _AT_ONCE]))
                for first in range(0, len(columns), _AT_ONCE)
            ]
            arrays = [table.column(name) for table in tables for name in table.column_names]
            names = [name for table in tables for name in table.column_names]
            table = pa.Table.from_arrays(arrays, names=names).select(columns)
        yield from table.to_batches(max_chunksize=rows)

    def _in_pieces(self, columns: Sequence[str], row_group: int, rows: int) -> Iterator[pa.RecordBatch]:
        # One group after the other: what is fetched ahead is kept until the iteration ends, and of all groups
        # together that would be the file.
        with self._readable():
            read = self._file.iter_batches(batch_size=rows, columns=list(columns), row_groups=[row_group])
        while True:
            with self._readable():
                batch = next(read, None)
                if batch is None:
                    return
                chosen = batch.select(columns)
            yield chosen

    @contextmanager
    def _readable(self) -> Iterator[None]:
        # `_DAMAGE` holds ValueError and OSError, which are wide: only pyarrow's own work is done in here.
        try:
            yield
        except EvaluationError:
            raise
        except MemoryError as error:
            raise ResourceError(
                "MemoryTooSmall",
                f"{self.uri}: there is not enough memory to read it ({one_line(error, 160)}): raise"
                " spec.jobs.resources.limits.memory, write smaller row groups and values; where the number is absurd,"
                " the file is damaged",
            ) from error
        except _DAMAGE as error:
            raise DataError(
                "FileUnreadable",
                f"{self.uri} cannot be read as Parquet ({one_line(error, 160)}); it is cut, damaged or still being"
                " written: write files under another name and rename them, or remove it",
            ) from error


def event_times(batch: pa.RecordBatch, timestamp: str, zone: ZoneInfo, field: str, uri: str) -> pa.Array:
    """Times of a column as int64 microseconds since 1970 in UTC, null where there is none.

    Raises:
        DataError: when the column, which `field` of the spec names, does not hold times.
    """
    values = batch.column(timestamp)
    try:
        times = in_microseconds(values, zone)
    except (pa.ArrowException, ValueError) as error:
        raise DataError(
            "TimestampOutOfRange",
            f'{field}: column "{timestamp}" of {uri} holds times that no calendar has ({one_line(error, 120)}); is its'
            " unit the one that the file says?",
        ) from error
    if times is None:
        raise DataError(
            "TimestampUnreadable",
            f'{field}: column "{timestamp}" of {uri} is {values.type}, not a timestamp; write it as a Parquet timestamp'
            " or date (a time without a zone is read as UTC)",
        )
    return times


def _range(group: Any, column: int, schema: Any, zone: ZoneInfo) -> tuple[int | None, int | None]:
    """The footer's range of a timestamp column in microseconds.

    From the raw integers, since pyarrow's own conversion needs pandas for nanoseconds. Files without such statistics
    (Spark's INT96) are simply read.
    """
    statistics = group.column(column).statistics
    if statistics is None or not statistics.has_min_max:
        return None, None
    kind = json.loads(schema.column(column).logical_type.to_json())
    low, high = statistics.min_raw, statistics.max_raw
    if not isinstance(low, int) or not isinstance(high, int) or low > high:
        return None, None
    if kind.get("Type") == "Date":
        return first_instant(low, zone), first_instant(high, zone)
    if kind.get("Type") != "Timestamp" or kind.get("timeUnit") not in _PER_UNIT:
        return None, None
    times, per = _PER_UNIT[kind["timeUnit"]]
    return low * times // per, high * times // per


def _listed(names: Sequence[str], most: int = 12) -> str:
    shown = ", ".join(sorted(names)[:most])
    return shown + ", …" if len(names) > most else shown
