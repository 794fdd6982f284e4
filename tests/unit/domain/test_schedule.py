"""When to look: the schedule moves looks, never windows."""

from datetime import UTC, datetime, timedelta

import pytest

from modelmonitor.domain.observation import Problem
from modelmonitor.domain.schedule import next_look, problem
from tests.unit.domain.expectations import without
from tests.unit.domain.worlds import NOW, World, world

MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "zone", "now", "expected"),
    [
        pytest.param({"interval": "1h"}, "UTC", NOW, NOW + timedelta(hours=1), id="an hour from now"),
        pytest.param({"interval": "30s"}, "UTC", NOW, NOW + MINUTE / 2, id="half a minute from now"),
        pytest.param({"cron": "0 6 * * *"}, "UTC", NOW, at("2013-05-05T06:00"), id="six o'clock"),
        pytest.param(
            {"cron": "0 6 * * *"}, "UTC", at("2013-05-05T06:00"), at("2013-05-06T06:00"), id="at six: tomorrow"
        ),
        pytest.param(
            {"cron": "0 6 * * *"},
            "America/New_York",
            NOW,
            at("2013-05-05T10:00"),
            id="six o'clock where the windows are",
        ),
        pytest.param(
            {"cron": "30 2 * * *"},
            "America/New_York",
            at("2013-03-10T06:00"),
            at("2013-03-10T07:00"),
            id="half past two on the day that has none: at three",
        ),
    ],
)
def test_next_look(schedule: dict[str, str], zone: str, now: datetime, expected: datetime) -> None:
    body = {"interval": None, "cron": None, **schedule}
    seen = world().spec(schedule=body, windows={"length": "7d", "every": "7d", "timeZone": zone})
    found = next_look(seen.seen, now)
    assert expected <= found <= expected + MINUTE


def test_monitors_do_not_all_look_at_once_and_each_keeps_its_place() -> None:
    def offset(uid: str, seen: World) -> timedelta:
        return next_look(without(seen, uid=uid).seen, NOW) - NOW

    hourly = world()
    offsets = {offset(f"uid-{number}", hourly) for number in range(200)}
    assert len(offsets) > 40
    assert offset("uid-7", hourly) == offset("uid-7", hourly)
    assert max(offsets) - min(offsets) <= MINUTE


def test_the_jitter_of_a_short_interval_is_a_tenth_of_it() -> None:
    short = world().spec(schedule={"interval": "30s"})
    looks = [next_look(without(short, uid=f"uid-{number}").seen, NOW) for number in range(100)]
    assert max(looks) - NOW <= timedelta(seconds=33)


@pytest.mark.parametrize(
    ("schedule", "zone", "reason", "words"),
    [
        pytest.param({"cron": "every day"}, "UTC", "InvalidCron", "five fields", id="no cron expression"),
        pytest.param({"cron": "0 0 30 2 *"}, "UTC", "InvalidCron", "'0 0 30 2 *'", id="a day that never comes"),
        pytest.param({"cron": "0 6 * * *"}, "Europe/Bielefeld", "InvalidTimeZone", "IANA", id="no time zone"),
        pytest.param(
            {"cron": "0 6 * * *"}, "../etc/passwd", "InvalidTimeZone", "IANA", id="a time zone that is a path"
        ),
    ],
)
def test_what_the_api_server_cannot_see(schedule: dict[str, str], zone: str, reason: str, words: str) -> None:
    seen = world().spec(schedule={"interval": None, **schedule})
    found = problem(seen.seen.spec.schedule, zone)
    assert isinstance(found, Problem)
    assert found.reason == reason
    assert words in found.message


def test_a_good_schedule_has_no_problem() -> None:
    assert (
        problem(world().spec(schedule={"interval": None, "cron": "0 6 * * MON-FRI"}).seen.spec.schedule, "UTC") is None
    )
