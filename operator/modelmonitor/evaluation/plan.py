"""Plan: which files can hold a window, and how far the data go, without reading more than footers."""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pyarrow as pa

from modelmonitor.api.monitor import Partitioning
from modelmonitor.domain.windows import midnight
from modelmonitor.evaluation.errors import DataError
from modelmonitor.evaluation.parquet import ParquetFile, event_times
from modelmonitor.evaluation.storage import Folder, StoredFile
from modelmonitor.evaluation.times import EARLIEST, instant, microseconds, newest

TIMESTAMP_FIELD: Final = "data.columns.timestamp"
_DAY_SEGMENT: Final = re.compile(r"(?:^|/)[^/=]+=(\d{4}-\d{2}-\d{2})(?=/)")
# A writer may cut its days in another time zone than the monitor's: a folder may hold rows of the days beside it.
_SLACK: Final = timedelta(days=1)
_DAY: Final = timedelta(days=1)
_AT_ONCE: Final = 8


@dataclass(frozen=True, slots=True)
class Source:
    """A folder of Parquet files, and how it is laid out."""

    folder: Folder
    partitioning: Partitioning
    timestamp: str
    """The column of the event time."""
    zone: ZoneInfo
    """Of the civil days in the names of folders, and of event times that are dates."""


@dataclass(frozen=True, slots=True)
class DayFile:
    """A file with the civil day that its path names; None where it names none, or the layout is flat."""

    file: StoredFile
    day: date | None

    def may_hold(self, start: datetime, end: datetime, zone: ZoneInfo) -> bool:
        """Whether its day, or one beside it, overlaps [start, end)."""
        return self.day is None or (_earliest(self.day, zone) < end and _latest(self.day, zone) > start)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of a source before its rows are read."""

    source: Source
    files: tuple[DayFile, ...]
    data_through: datetime | None
    """The newest event time that is not later than the wall clock; None when there is none."""
    spans: Mapping[str, tuple[int, int]]
    """First and last event time, in microseconds, of the files whose footers were asked and told it."""

    def files_for(self, start: datetime, end: datetime) -> list[StoredFile]:
        """The files that may hold rows of [start, end), in order of path."""
        return [file.file for file in self.files if self._may_hold(file, start, end)]

    def _may_hold(self, file: DayFile, start: datetime, end: datetime) -> bool:
        if (span := self.spans.get(file.file.path)) is not None:
            return span[0] < microseconds(end) and span[1] >= microseconds(start)
        return file.may_hold(start, end, self.source.zone)


Planner = Callable[[Source, datetime], Plan]
"""Finds out what is known of a source at a moment."""


def plan(source: Source, now: datetime) -> Plan:
    """List the source and find out how far it goes.

    A row from the future (a wrong clock, a test) must not close windows, so it never moves `data_through`. Folders of
    days are asked from the newest back, until no older one can hold a newer row; of a flat layout every file is asked.

    Raises:
        DataError: when there are files, but none that can be used, or one cannot be read.
        StorageError: when the folder cannot be listed.
    """
    files = listed("data.current.files", source.folder, source.partitioning)
    limit = microseconds(now)
    best: int | None = None
    spans: dict[str, tuple[int, int]] = {}
    by_day: dict[date | None, list[StoredFile]] = {}
    for file in files:
        if file.day is None or _earliest(file.day, source.zone) <= now:
            by_day.setdefault(file.day, []).append(file.file)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for day in sorted(by_day, key=lambda day: day or date.max, reverse=True):
            if day is not None and best is not None and microseconds(_latest(day, source.zone)) <= best:
                break
            for found, span, path in pool.map(lambda file: _ask(source, file, limit), by_day[day]):
                best = _later(best, found)
                if span is not None:
                    spans[path] = span
    return Plan(source, files, None if best is None else instant(best), spans)


def listed(field: str, folder: Folder, partitioning: Partitioning) -> tuple[DayFile, ...]:
    """The Parquet files of a folder, which `field` of the spec names, with the days that their paths name.

    Raises:
        DataError: when there are files, but none that can be used.
        StorageError: when the folder cannot be listed.
    """
    files = list(folder.files())
    parquet = [file for file in files if file.path.endswith((".parquet", ".parq", ".pq"))]
    if files and not parquet:
        raise DataError(
            "NoParquetFiles",
            f"{field}.uri: {folder.uri} holds {len(files)} files, such as {files[0].path}, but none whose name ends in"
            " .parquet",
        )
    if partitioning is Partitioning.FLAT:
        return tuple(DayFile(file, None) for file in parquet)
    found = tuple(DayFile(file, _day_of(file.path)) for file in parquet)
    if found and all(file.day is None for file in found):
        raise DataError(
            "PartitioningUnreadable",
            f"{field}.partitioning is Hive, but no path in {folder.uri} has a segment such as date=2013-02-01 (the"
            f" first is {parquet[0].path}); lay the files out so, or set partitioning: Flat",
        )
    return found


def _ask(source: Source, file: StoredFile, limit: int) -> tuple[int | None, tuple[int, int] | None, str]:
    """The newest event time not later than `limit`, the span of the footer where it tells one, and the path."""
    opened = ParquetFile(source.folder, file)
    opened.require([(TIMESTAMP_FIELD, source.timestamp)])
    groups = [group for group in opened.row_groups(source.timestamp, source.zone) if group.rows > 0]
    best: int | None = None
    for group in groups:
        if group.low is not None and group.low > limit:
            continue
        if group.high is not None and EARLIEST <= group.high <= limit:
            best = _later(best, group.high)
            continue
        for batch in opened.batches([source.timestamp], [group.number]):
            best = _later(best, newest(_times(opened, batch, source), limit))
    lows = [group.low for group in groups if group.low is not None]
    highs = [group.high for group in groups if group.high is not None]
    known = len(lows) == len(highs) == len(groups) > 0
    return best, (min(lows), max(highs)) if known else None, file.path


def _times(opened: ParquetFile, batch: pa.RecordBatch, source: Source) -> pa.Array:
    return event_times(batch, source.timestamp, source.zone, TIMESTAMP_FIELD, opened.uri)


def _later(one: int | None, other: int | None) -> int | None:
    return max((value for value in (one, other) if value is not None), default=None)


def _earliest(day: date, zone: ZoneInfo) -> datetime:
    return midnight(day - _SLACK, zone)


def _latest(day: date, zone: ZoneInfo) -> datetime:
    """The first instant after what a day's folder may hold."""
    return midnight(day + _DAY + _SLACK, zone)


def _day_of(path: str) -> date | None:
    found = _DAY_SEGMENT.search(path)
    try:
        day = date.fromisoformat(found.group(1)) if found else None
    except ValueError:
        return None
    # Days beside it are asked for, in any time zone: the first and the last of the calendar have none.
    return day if day is None or 2 <= day.year < date.max.year else None
