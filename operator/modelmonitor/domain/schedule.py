"""When to look again. The schedule moves looks, never windows."""

import hashlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from modelmonitor.api.monitor import Schedule
from modelmonitor.domain.observation import Observation, Problem

_SHARE = 0.1
_MOST = timedelta(minutes=1)


def problem(schedule: Schedule, zone: str) -> Problem | None:
    """What CEL cannot see: a cron expression or a time zone that does not exist."""
    try:
        ZoneInfo(zone)
    except (KeyError, OSError, ValueError):
        return Problem(
            "InvalidTimeZone",
            f"spec.windows.timeZone: there is no time zone {zone!r}. Write an IANA name such as Europe/Berlin.",
        )
    if schedule.cron is not None:
        try:
            CronSim(schedule.cron, datetime(2013, 1, 1, tzinfo=UTC))
        except CronSimError as error:
            return Problem(
                "InvalidCron",
                f"spec.schedule.cron: {schedule.cron!r} is not a cron expression ({error}). "
                "Write five fields: minute, hour, day, month, weekday, such as 0 6 * * *.",
            )
    return None


def next_look(seen: Observation, now: datetime) -> datetime:
    """The next look after `now`, a little later for each monitor so that not all of them look at once."""
    schedule = seen.spec.schedule
    if schedule.cron is not None:
        local = now.astimezone(ZoneInfo(seen.spec.windows.time_zone))
        following: datetime = next(CronSim(schedule.cron, local))
        return following.astimezone(UTC) + _jitter(seen.uid, _MOST / _SHARE)
    interval = schedule.interval or timedelta(hours=1)
    return now + interval + _jitter(seen.uid, interval)


def _jitter(uid: str, interval: timedelta) -> timedelta:
    share = int.from_bytes(hashlib.sha256(uid.encode()).digest()[:4]) / 2**32
    return timedelta(seconds=round(min(interval * _SHARE, _MOST).total_seconds() * share))
