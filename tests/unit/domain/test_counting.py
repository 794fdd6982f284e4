"""Which verdicts count towards a trip and towards the breaker, as a table of sentences."""

import pytest

from modelmonitor.api.result import Verdict
from modelmonitor.domain.decision import decide
from tests.unit.domain.expectations import case
from tests.unit.domain.worlds import NOW, World, day, week, world

COUNTING = [
    case("a Fail counts", world(), Verdict.FAIL, (week(16),)),
    case("a second Fail counts", world().failing(1), Verdict.FAIL, (week(15), week(16))),
    case("Pass clears", world().failing(1), Verdict.PASS, ()),
    case("Warn clears", world().failing(1), Verdict.WARN, ()),
    case("Insufficient neither adds nor clears", world().failing(1), Verdict.INSUFFICIENT, (week(15),)),
    case("NoData neither adds nor clears", world().failing(1), Verdict.NO_DATA, (week(15),)),
    case(
        "the same window judged twice counts once",
        world().knowing(failing_windows=(week(16),)),
        Verdict.FAIL,
        (week(16),),
    ),
    case(
        "a count of eight windows ago still holds",
        world().knowing(failing_windows=(week(8),)),
        Verdict.NO_DATA,
        (week(8),),
    ),
    case("a count of nine windows ago has expired", world().knowing(failing_windows=(week(7),)), Verdict.NO_DATA, ()),
    case(
        "after an expired count a Fail is the first",
        world().knowing(failing_windows=(week(7),)),
        Verdict.FAIL,
        (week(16),),
    ),
]


@pytest.mark.parametrize(("seen", "verdict", "failing"), COUNTING)
def test_what_counts_towards_a_trip(seen: World, verdict: Verdict, failing: object) -> None:
    # With a trip the count stays, so that nobody has to wonder why.
    decision = decide(seen.measuring().found_verdict(verdict).seen, NOW)
    assert decision.status.failing_windows == failing


OVERLAPPING = [
    pytest.param(111, Verdict.FAIL, (day(108),), id="an overlapping window that fails does not count"),
    pytest.param(111, Verdict.PASS, (day(108),), id="an overlapping window that passes does not clear"),
    pytest.param(112, Verdict.FAIL, (day(108), day(112)), id="every second window counts"),
    pytest.param(112, Verdict.PASS, (), id="every second window clears"),
]


@pytest.mark.parametrize(("number", "verdict", "failing"), OVERLAPPING)
def test_windows_that_share_rows_count_once(number: int, verdict: Verdict, failing: object) -> None:
    seen = world().overlapping().knowing(failing_windows=(day(108),)).measuring(day(number)).found_verdict(verdict)
    assert decide(seen.seen, NOW).status.failing_windows == failing


@pytest.mark.parametrize(
    ("number", "verdict", "attempts"),
    [
        pytest.param(112, Verdict.PASS, 0, id="a Pass on a window that counts closes the breaker"),
        pytest.param(111, Verdict.PASS, 2, id="a Pass on a window that only overlaps does not"),
        pytest.param(112, Verdict.WARN, 2, id="a Warn does not"),
        pytest.param(112, Verdict.INSUFFICIENT, 2, id="Insufficient does not"),
    ],
)
def test_a_healthy_window_closes_the_breaker(number: int, verdict: Verdict, attempts: int) -> None:
    seen = world().overlapping().knowing(attempts=2).measuring(day(number)).found_verdict(verdict)
    assert decide(seen.seen, NOW).status.attempts == attempts
