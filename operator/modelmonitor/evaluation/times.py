"""Event times as whole microseconds since 1970 in UTC, whatever a file writes them as."""

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from modelmonitor.domain.windows import midnight

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_DAY: Final = date(1970, 1, 1).toordinal()
# A day from either end of the calendar: midnight of the last one may lie in the year after in UTC.
_DAYS: Final = range(date.min.toordinal() - _FIRST_DAY + 1, date.max.toordinal() - _FIRST_DAY)
EARLIEST: Final = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)
"""The first instant of the year 1."""


def microseconds(moment: datetime) -> int:
    """An instant as microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def instant(value: int) -> datetime:
    """Microseconds since 1970 as an instant in UTC."""
    return _EPOCH + timedelta(microseconds=value)


def first_instant(day: int, zone: ZoneInfo) -> int | None:
    """The first instant of a civil day, given as days since 1970; None for a day that no calendar has."""
    return microseconds(midnight(date.fromordinal(day + _FIRST_DAY), zone)) if day in _DAYS else None


def in_microseconds(values: pa.Array, zone: ZoneInfo) -> pa.Array | None:
    """Times or dates as int64, null where there is none; None when the type is neither.

    A time without a zone is UTC; a date is its first instant in `zone`, for the windows are made of that zone's days.

    Raises:
        ArrowInvalid: when a time does not fit 64 bits of microseconds.
    """
    if pa.types.is_date(values.type):
        days = values.cast(pa.date32()).cast(pa.int32()).dictionary_encode()
        instants = pa.array([first_instant(day.as_py(), zone) for day in days.dictionary], pa.int64())
        return instants.take(days.indices)
    if not pa.types.is_timestamp(values.type):
        return None
    # Not `safe=False`: seconds that overflow would come out anywhere, for instance inside the window.
    options = pc.CastOptions(pa.timestamp("us", values.type.tz), allow_time_truncate=True)
    return pc.cast(values, options=options).cast(pa.int64())


def newest(times: pa.Array, at_most: int) -> int | None:
    """The newest of some event times that is not later than `at_most`."""
    known: NDArray[np.int64] = times.drop_null().to_numpy(zero_copy_only=False)
    early = known[(known <= at_most) & (known >= EARLIEST)]
    return int(early.max()) if early.size else None


def within(times: pa.Array, start: int, end: int) -> pa.Array:
    """Which event times lie in [start, end); a row without one does not."""
    inside = pc.and_(pc.greater_equal(times, start), pc.less(times, end))
    return pc.fill_null(inside, False)
