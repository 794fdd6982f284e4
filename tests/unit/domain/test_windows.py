from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelmonitor.api.monitor import Labels, Windows
from modelmonitor.domain.windows import Grid, midnight, patience, slack

NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def grid(length: str, every: str | None = None, zone: str = "UTC", origin: date = date(1970, 1, 5)) -> Grid:
    return Grid.of(Windows(length=length, every=every or length, time_zone=zone, origin=origin))


@pytest.mark.parametrize(
    ("grid", "index", "start", "end"),
    [
        pytest.param(
            grid("7d"), 0, "1970-01-05T00:00", "1970-01-12T00:00", id="window 0 begins at the origin, a Monday"
        ),
        pytest.param(grid("7d"), -1, "1969-12-29T00:00", "1970-01-05T00:00", id="windows go on before the origin"),
        pytest.param(grid("7d", "1d"), 3, "1970-01-08T00:00", "1970-01-15T00:00", id="windows may overlap"),
        pytest.param(
            grid("1d", zone="America/New_York", origin=date(2013, 3, 10)),
            0,
            "2013-03-10T05:00",
            "2013-03-11T04:00",
            id="the day on which clocks go forward has 23 hours",
        ),
        pytest.param(
            grid("1d", zone="America/New_York", origin=date(2013, 11, 3)),
            0,
            "2013-11-03T04:00",
            "2013-11-04T05:00",
            id="the day on which clocks go back has 25 hours",
        ),
        pytest.param(
            grid("28d", zone="America/New_York", origin=date(2013, 2, 1)),
            2,
            "2013-03-29T04:00",
            "2013-04-26T04:00",
            id="windows of days begin at midnight in summer too",
        ),
        pytest.param(
            grid("6h", zone="America/New_York", origin=date(2013, 3, 10)),
            1,
            "2013-03-10T11:00",
            "2013-03-10T17:00",
            id="windows of hours are exact durations over a change of clocks",
        ),
        pytest.param(
            grid("1d", zone="America/Sao_Paulo", origin=date(2018, 11, 4)),
            0,
            "2018-11-04T03:00",
            "2018-11-05T02:00",
            id="where midnight does not exist the day begins when the clock jumps",
        ),
        pytest.param(
            grid("1d", zone="America/Havana", origin=date(2013, 11, 3)),
            0,
            "2013-11-03T04:00",
            "2013-11-04T05:00",
            id="where midnight comes twice the day begins with the first",
        ),
    ],
)
def test_a_window_is(grid: Grid, index: int, start: str, end: str) -> None:
    window = grid.window(index)
    assert (window.index, window.start, window.end) == (index, at(start), at(end))


FEBRUARY = grid("28d", zone="America/New_York", origin=date(2013, 2, 1))


@pytest.mark.parametrize(
    ("moment", "index"),
    [
        pytest.param("2013-02-01T05:00", 0, id="the first instant is inside"),
        pytest.param("2013-02-01T04:59", -1, id="the minute before is the window before's"),
        pytest.param("2013-03-01T05:00", 1, id="the end belongs to the next window"),
        pytest.param("2013-03-29T03:59", 1, id="the last minute of a window that ends in summer time"),
    ],
)
def test_the_window_at_a_moment(moment: str, index: int) -> None:
    assert FEBRUARY.index_at(at(moment)) == index


def test_of_overlapping_windows_the_newest_that_has_begun_is_the_one_at_a_moment() -> None:
    assert grid("7d", "1d").index_at(at("1970-01-08T12:00")) == 3


@pytest.mark.parametrize(
    ("grid", "day", "index"),
    [
        pytest.param(FEBRUARY, date(2013, 2, 1), 0, id="a day on which a window starts is that window's"),
        pytest.param(FEBRUARY, date(2013, 2, 2), 1, id="any later day waits for the next"),
        pytest.param(FEBRUARY, date(2013, 1, 31), 0, id="the day before has the window as its first"),
        pytest.param(grid("6h", "6h"), date(1970, 1, 6), 4, id="windows of hours: the one at midnight"),
        pytest.param(grid("10h", "10h"), date(1970, 1, 6), 3, id="windows of hours that miss midnight: the next"),
    ],
)
def test_the_first_window_on_or_after_a_day(grid: Grid, day: date, index: int) -> None:
    assert grid.first_on_or_after(day) == index


@pytest.mark.parametrize(
    ("grid", "data_through", "slack", "index"),
    [
        pytest.param(FEBRUARY, "2013-03-01T05:00", timedelta(), 0, id="an event at the end closes a window"),
        pytest.param(FEBRUARY, "2013-03-01T04:59", timedelta(), -1, id="an event just before the end does not"),
        pytest.param(FEBRUARY, "2013-03-02T23:00", timedelta(days=2), -1, id="slack is waited for"),
        pytest.param(FEBRUARY, "2013-03-03T05:00", timedelta(days=2), 0, id="after the slack it is closed"),
        pytest.param(FEBRUARY, "2013-03-29T03:59", timedelta(), 0, id="summer time: closed an hour earlier in UTC"),
        pytest.param(FEBRUARY, "2013-03-29T04:00", timedelta(), 1, id="summer time: not before"),
        pytest.param(grid("7d", "1d"), "1970-01-14T00:00", timedelta(), 2, id="overlapping windows close one a day"),
        pytest.param(grid("6h"), "1970-01-05T13:00", timedelta(hours=1), 1, id="windows of hours"),
    ],
)
def test_the_newest_closed_window(grid: Grid, data_through: str, slack: timedelta, index: int) -> None:
    assert grid.newest_closed(at(data_through), slack) == index


@pytest.mark.parametrize(
    ("length", "every", "stride"),
    [
        pytest.param("7d", "7d", 1, id="adjoining windows all count"),
        pytest.param("7d", "1d", 7, id="of daily looks at a week every seventh counts"),
        pytest.param("7d", "2d", 4, id="rounded up, so that two counting windows share no row"),
    ],
)
def test_the_counting_stride(length: str, every: str, stride: int) -> None:
    assert grid(length, every).counting_stride == stride


@given(
    civil=st.booleans(),
    length=st.integers(1, 40),
    every=st.integers(1, 40),
    zone=st.sampled_from(["UTC", "America/New_York", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kolkata"]),
    moment=st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),
    slack=st.timedeltas(timedelta(), timedelta(days=3)),
)
def test_every_answer_agrees_with_the_windows_themselves(
    civil: bool, length: int, every: int, zone: str, moment: datetime, slack: timedelta
) -> None:
    unit = "d" if civil else "h"
    one = grid(f"{length}{unit}", f"{every}{unit}", zone)
    index = one.index_at(moment)
    assert one.window(index).start <= moment
    assert one.window(index + 1).start > moment
    closed = one.newest_closed(moment, slack)
    assert one.window(closed).end + slack <= moment
    assert one.window(closed + 1).end + slack > moment
    day = moment.date()
    on_or_after = one.first_on_or_after(day)
    assert one.window(on_or_after).start >= midnight(day, one.zone)


@pytest.mark.parametrize(
    ("windows", "labels", "closes_after", "matures_after"),
    [
        pytest.param(
            {}, {}, timedelta(), timedelta(days=1), id="nothing set: closed at the end, labels final a day on"
        ),
        pytest.param({}, {"delay": "2d"}, timedelta(days=2), timedelta(days=4), id="labels are final after two delays"),
        pytest.param({}, {"delay": "1h"}, timedelta(hours=1), timedelta(days=1), id="but never sooner than a day"),
        pytest.param(
            {"grace": "6h"},
            {"delay": "2d", "maximumDelay": "3d"},
            timedelta(days=2, hours=6),
            timedelta(days=3, hours=6),
            id="grace is added to both",
        ),
    ],
)
def test_slack_and_patience(
    windows: dict[str, str], labels: dict[str, str], closes_after: timedelta, matures_after: timedelta
) -> None:
    spec = Windows.model_validate({"length": "7d", "every": "7d", **windows})
    assert slack(spec, Labels.model_validate(labels)) == closes_after
    assert patience(spec, Labels.model_validate(labels)) == matures_after
