"""Which verdicts count towards a trip and towards the breaker, as a table of sentences."""

import pytest

from modelmonitor.api.job import Stage
from modelmonitor.api.measuring import OwnRow
from modelmonitor.api.result import MetricResult, QualityResult, Verdict
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


TWO_TO_CLEAR = [
    pytest.param([14, 15], [], Verdict.PASS, (14, 15), (16,), None, id="one healthy window is not enough"),
    pytest.param([13, 14], [15], Verdict.PASS, (), (), 16, id="the second in a row is"),
    pytest.param([13, 15], [14], Verdict.PASS, (13, 15), (14, 16), None, id="a failing one between them begins anew"),
    pytest.param(
        [14], [15], Verdict.FAIL, (14, 16), (15,), None, id="a Fail after one healthy window goes on counting"
    ),
]


@pytest.mark.parametrize(("failed", "healthy", "verdict", "failing", "since", "cleared"), TWO_TO_CLEAR)
def test_with_successes_to_clear_so_many_healthy_windows_in_a_row_are_needed(
    failed: list[int],
    healthy: list[int],
    verdict: Verdict,
    failing: tuple[int, ...],
    since: tuple[int, ...],
    cleared: int | None,
) -> None:
    seen = (
        world()
        .spec(verdict={"successesToClear": 2, "failuresToTrip": 5})
        .knowing(
            failing_windows=tuple(week(number) for number in failed),
            healthy_windows=tuple(week(number).index for number in healthy),
        )
    )
    status = decide(seen.measuring().found_verdict(verdict).seen, NOW).status
    assert status.failing_windows == tuple(week(number) for number in failing)
    assert status.healthy_windows == tuple(week(number).index for number in since)
    assert status.cleared_window == (None if cleared is None else week(cleared).index)


F1, RECALL = {"name": "f1", "min": 0.2}, {"name": "recall", "min": 0.5, "failuresToTrip": 1}


def results(**verdicts: Verdict) -> tuple[MetricResult, ...]:
    return tuple(
        MetricResult(name=name.replace("_in_UA", "{carrier=UA}"), verdict=one) for name, one in verdicts.items()
    )


def two_metrics(recall: dict[str, object] = RECALL) -> World:
    return world().spec(metrics=[F1, recall])


_P, _F, _I = Verdict.PASS, Verdict.FAIL, Verdict.INSUFFICIENT
APART = [
    pytest.param(results(f1=_P, recall=_F), _F, (), (16,), True, id="it fails: it alone is a trip"),
    pytest.param(results(f1=_P, recall=_P, recall_in_UA=_F), _F, (), (16,), True, id="on a segment"),
    pytest.param(results(f1=_F, recall=_P), _F, (16,), (), False, id="the other one fails: that is not its count"),
    pytest.param(results(f1=_F, recall=_F), _F, (16,), (16,), True, id="both fail"),
    pytest.param(results(f1=_P, recall=_I), _P, (), (), False, id="it could not be judged"),
    pytest.param(results(f1=_F), _F, (16,), (), False, id="nothing is known of it"),
]


@pytest.mark.parametrize(("metrics", "verdict", "together", "own", "trips"), APART)
def test_an_objective_with_a_count_of_its_own(
    metrics: tuple[MetricResult, ...], verdict: Verdict, together: tuple[int, ...], own: tuple[int, ...], trips: bool
) -> None:
    seen = two_metrics().measuring().found_verdict(verdict, metrics=metrics)
    status = decide(seen.seen, NOW).status
    assert status.failing_windows == tuple(week(number) for number in together)
    assert status.own_row("recall").windows == tuple(week(number).index for number in own)
    assert (status.attempt is not None) is trips
    if status.attempt is not None:
        assert "missed recall" in status.attempt.reason


def test_a_window_that_only_it_has_failed_is_healthy_for_the_others() -> None:
    seen = two_metrics().failing(1).measuring().found_verdict(_F, metrics=results(f1=_P, recall=_F))
    assert decide(seen.seen, NOW).status.failing_windows == ()


def test_a_dry_run_tells_once_for_each_window_when_it_would_have_tripped_and_trips_nothing() -> None:
    dry = {"name": "recall", "min": 0.5, "severity": "DryRun"}
    before = two_metrics(dry).knowing(own_rows=(OwnRow(objective="recall", windows=(week(15).index,)),))
    judged = before.measuring().found_verdict(_P, metrics=results(f1=_P, recall=_F))

    decision = decide(judged.seen, NOW)

    assert [one.reason for one in decision.status.history if one.reason == "WouldTrip"] == ["WouldTrip"]
    assert decision.status.own_row("recall").told_window == week(16).index
    assert decision.status.attempt is None
    assert decision.status.failing_windows == ()


def test_what_failed_on_data_that_are_found_invalid_later_is_taken_back_from_every_count() -> None:
    invalid = QualityResult(verdict=Verdict.FAIL)
    seen = two_metrics().with_late_labels()
    seen = seen.knowing(own_rows=(OwnRow(objective="recall", windows=(week(16).index,)),), failing_windows=(week(16),))
    found = seen.measuring(stage=Stage.DATA).found_verdict(Verdict.FAIL, quality=invalid)
    status = decide(found.seen, NOW).status
    assert status.failing_windows == ()
    assert status.own_row("recall").windows == ()
