"""When rows arrive: what was known of the source at a moment, and when a window closes.

A row is taken to have arrived at its event time. What a source says beyond the moment is hidden: files that begin
later are not there, and none reaches further than the moment.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

from modelmonitor.domain.windows import EPOCH
from modelmonitor.evaluation.parquet import ParquetFile, RowGroup, event_times
from modelmonitor.evaluation.plan import TIMESTAMP_FIELD, DayFile, Plan, Source, plan
from modelmonitor.evaluation.times import instant, microseconds

_NEVER: Final = np.iinfo(np.int64).max


def as_of(source: Source, now: datetime) -> Plan:
    """The plan of a source as it was then.

    Raises:
        DataError, StorageError: as `plan` does.
    """
    found, limit = plan(source, now), microseconds(now)
    later = {path for path, (low, _) in found.spans.items() if low > limit}
    return replace(
        found,
        files=tuple(file for file in found.files if file.file.path not in later),
        spans={path: (low, min(high, limit)) for path, (low, high) in found.spans.items() if path not in later},
    )


@dataclass(frozen=True, slots=True)
class Arrivals:
    """The event times of a source, of which only those are read that are asked for."""

    plan: Plan
    """All that there is."""
    _groups: dict[str, list[RowGroup]] = field(default_factory=dict)
    _times: dict[tuple[str, int], NDArray[np.int64]] = field(default_factory=dict)

    @property
    def through(self) -> datetime | None:
        """The newest event."""
        return self.plan.data_through

    def first_from(self, moment: datetime) -> datetime | None:
        """The first event of `moment` or later; None when there is none.

        Raises:
            DataError, StorageError: when a file cannot be read.
        """
        through = self.plan.data_through
        if through is None or through < moment:
            return None
        earliest, best = microseconds(moment), microseconds(through)
        # Folders of days in their order: once an event is found no later day is opened.
        for file in sorted(self.plan.files, key=lambda one: (one.day is not None, one.day or EPOCH.date())):
            if file.may_hold(moment, instant(best), self.plan.source.zone) and not self._passed(file, earliest, best):
                best = min(best, self._first_in(file, earliest))
        return instant(best)

    def _passed(self, file: DayFile, earliest: int, best: int) -> bool:
        """Whether the file's span alone says that it has nothing to add."""
        low, high = self.plan.spans.get(file.file.path, (earliest, best))
        return high < earliest or low > best

    def _first_in(self, file: DayFile, earliest: int) -> int:
        source = self.plan.source
        if file.file.path not in self._groups:
            opened = ParquetFile(source.folder, file.file)
            opened.require([(TIMESTAMP_FIELD, source.timestamp)])
            self._groups[file.file.path] = opened.row_groups(source.timestamp, source.zone)
        return min((self._first_of(file, group, earliest) for group in self._groups[file.file.path]), default=_NEVER)

    def _first_of(self, file: DayFile, group: RowGroup, earliest: int) -> int:
        if group.rows == 0 or (group.high is not None and group.high < earliest):
            return _NEVER
        if group.low is not None and group.low >= earliest:
            return group.low
        key = file.file.path, group.number
        if key not in self._times:
            self._times[key] = self._read(file, group)
        times = self._times[key]
        place = int(np.searchsorted(times, earliest))
        return int(times[place]) if place < len(times) else _NEVER

    def _read(self, file: DayFile, group: RowGroup) -> NDArray[np.int64]:
        """The distinct event times of a row group, in order."""
        source = self.plan.source
        opened = ParquetFile(source.folder, file.file)
        batches = opened.batches([source.timestamp], [group.number])
        times = [
            event_times(batch, source.timestamp, source.zone, TIMESTAMP_FIELD, opened.uri).drop_null().unique()
            for batch in batches
        ]
        return np.unique(np.concatenate([one.to_numpy(zero_copy_only=False) for one in times] or [np.empty(0, int)]))
