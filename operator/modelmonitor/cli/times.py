"""Moments as people read them."""

from datetime import datetime
from zoneinfo import ZoneInfo


def local(moment: datetime, zone: ZoneInfo) -> str:
    """The moment by the clocks of a time zone; of a day's first instant the day alone."""
    there = moment.astimezone(zone)
    return f"{there:%Y-%m-%d}" if (there.hour, there.minute) == (0, 0) else f"{there:%Y-%m-%d %H:%M}"
