"""Blocks of time: the unit that is taken as independent when the uncertainty of a metric is estimated.

Rows of one day share the weather, the campaign, the outage. Flights by day: the true standard error of F1 is 5 to 8
times the one of independent rows. So statistics are kept by civil day and a day is left out at a time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from modelmonitor.domain.windows import midnight
from modelmonitor.evaluation.times import microseconds

_SHORT: Final = timedelta(days=5)
_PARTS: Final = 20


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks that adjoin each other and together are a window."""

    starts: tuple[datetime, ...]
    """The first instant of each, in order of time."""
    by_day: bool
    """Whether a block is a civil day. Otherwise variance between days cannot be known from this window."""

    @classmethod
    def of(cls, start: datetime, end: datetime, zone: ZoneInfo) -> Self:
        """Civil days in the zone; a window under five days is cut in twenty, for want of days."""
        if end - start < _SHORT:
            return cls(tuple(start + part * (end - start) / _PARTS for part in range(_PARTS)), by_day=False)
        starts = [start]
        day = start.astimezone(zone).date()
        while (following := midnight(day + timedelta(days=len(starts)), zone)) < end:
            starts.append(following)
        return cls(tuple(dict.fromkeys(starts)), by_day=True)

    def __len__(self) -> int:
        return len(self.starts)

    def index(self, times: NDArray[np.int64]) -> NDArray[np.intp]:
        """The block of each event time (microseconds, inside the window); shape (rows,)."""
        edges = np.asarray([microseconds(start) for start in self.starts], np.int64)
        return np.searchsorted(edges, times, side="right") - 1
