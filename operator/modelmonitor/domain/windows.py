"""The grid of windows: which interval of event time window number k is, and which windows are closed.

Windows are fixed by event time alone. When the operator looks, how often, and after what outage never changes what a
window is, so the same window judged twice is the same window.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Self
from zoneinfo import ZoneInfo

from modelmonitor.api.job import Stage
from modelmonitor.api.monitor import DAY, Labels, Windows
from modelmonitor.api.result import Window

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a civil day, in UTC.

    Where clocks jump over midnight, `fold=0` reads the missing 00:00 with the offset of before the jump, and that is
    the instant of the jump: the day's first. Where midnight comes twice, it is the first of the two.
    """
    return datetime.combine(day, time(), zone).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Grid:
    """Windows [origin + k·every, + length) for every integer k.

    When `length` and `every` are whole days they are civil days in `zone` (23 to 25 hours where clocks change);
    else they are exact durations counted from the origin's midnight.
    """

    length: timedelta
    every: timedelta
    zone: ZoneInfo
    origin: date

    @classmethod
    def of(cls, windows: Windows) -> Self:
        """The grid of `spec.windows`.

        Raises:
            ZoneInfoNotFoundError: when the time zone is unknown; ValueError when its name is malformed.
        """
        return cls(windows.length, windows.every, ZoneInfo(windows.time_zone), windows.origin)

    @property
    def counting_stride(self) -> int:
        """Every how-manieth window counts towards tripping, so that no two of them share a row."""
        return -(-self.length // self.every)

    def window(self, index: int) -> Window:
        """Window number `index`."""
        return Window(index=index, start=self._at(index * self.every), end=self._at(index * self.every + self.length))

    def index_at(self, moment: datetime) -> int:
        """The newest window that starts at or before `moment`."""
        return self._since_origin(moment) // self.every

    def first_on_or_after(self, day: date) -> int:
        """The first window that starts on or after the civil day `day`."""
        return -(-self._since_origin(midnight(day, self.zone)) // self.every)

    def newest_closed(self, data_through: datetime, slack: timedelta) -> int:
        """The newest window of which the end plus `slack` is not after `data_through`."""
        return (self._since_origin(data_through - slack) - self.length) // self.every

    @property
    def _civil(self) -> bool:
        return self.length % DAY == timedelta() and self.every % DAY == timedelta()

    def _at(self, offset: timedelta) -> datetime:
        return midnight(self.origin + offset, self.zone) if self._civil else midnight(self.origin, self.zone) + offset

    def _since_origin(self, moment: datetime) -> timedelta:
        if self._civil:
            return moment.astimezone(self.zone).date() - self.origin
        return moment - midnight(self.origin, self.zone)


def slack(windows: Windows, labels: Labels, stage: Stage = Stage.QUALITY) -> timedelta:
    """How long after its end a window is closed, in event time: rows' grace, in stage Quality the labels' delay too."""
    delay = (labels.delay or timedelta()) if stage is Stage.QUALITY else timedelta()
    return (windows.grace or timedelta()) + delay


def patience(windows: Windows, labels: Labels) -> timedelta:
    """How long after a window's end missing labels are missing for good, in event time.

    `labels.maximumDelay`, by default twice the delay and at least a day; after the rows' grace.
    """
    longest = labels.maximum_delay if labels.maximum_delay is not None else max(2 * (labels.delay or timedelta()), DAY)
    return (windows.grace or timedelta()) + longest
