"""The measuring chain, as a table of sentences."""

from datetime import date, timedelta

import pytest

from modelmonitor.api.result import Look, Verdict
from modelmonitor.domain.actions import DeleteEvaluation, DeleteJob, Explain, FinishEvaluation, StartEvaluation
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import JobState
from tests.unit.domain.expectations import (
    Expectation,
    acts,
    case,
    check,
    condition,
    does,
    finishes,
    idle_until,
    looks_at,
    nothing,
    says,
    tells,
    wakes,
)
from tests.unit.domain.worlds import DAY, HOUR, NEXT, NOW, STALE, A, B, C, World, model, newborn, week, world

MINUTE = timedelta(minutes=1)


def running() -> World:
    return world().measuring().job(JobState.RUNNING)


def looked(look: Look, verdict: Verdict | None = None, **fields: object) -> World:
    return world().measuring().found(look, verdict, **fields)


DUE = [
    case("a newborn monitor first takes down who serves", newborn(), says(serving_model__uri=A)),
    case(
        "the first look without a start is at the window of now: it only finds how far the data reach",
        newborn(),
        looks_at(week(16)) & says(looks=1),
    ),
    case(
        "the first look with a start is at the first window that starts on or after it",
        newborn().spec(windows={"start": date(2013, 1, 8)}),
        looks_at(week(1)),
    ),
    case("between two looks it waits", world(), idle_until(NEXT)),
    case("when the time has come it looks at the next window", world().due(), looks_at(week(16)) & says(looks=41)),
    case("a person may ask for a look now", world().asked("now"), looks_at(week(16))),
    case(
        "what a person asked for is done once",
        world().asked("now").knowing(last_handled_reconcile_at="now"),
        idle_until(NEXT),
    ),
    case(
        "what a person asked for in a very long word is done once",
        world().asked("now" * 100).knowing(last_handled_reconcile_at=("now" * 100)[:128]),
        idle_until(NEXT),
    ),
    case("a suspended monitor does not look", world().due().suspended(), idle_until(STALE)),
    case("a suspended monitor does not look for a person either", world().suspended().asked("now"), idle_until(STALE)),
    case("without a serving object it does not look", world().due().out_of_sight(), idle_until(STALE)),
    case("with a spec that cannot be used it does not look", world().due().invalid(), idle_until(STALE)),
    case("under an operator that only observes it looks", world().due().observing_only(), looks_at(week(16))),
    case("a monitor whose target is another's looks", world().due().taken(), looks_at(week(16))),
    case(
        "four windows waiting with catchUp 4: none is skipped",
        world().due().next(week(12)),
        looks_at(week(12)),
    ),
    case(
        "six windows waiting with catchUp 4: two are skipped and told",
        world().due().next(week(10)),
        says(measurement__window=week(12)) & tells("Skipped", "2 windows before 2013-04-01"),
    ),
    case(
        "a window short of labels is not skipped: it is held until they come or are too late",
        world().due().next(week(10)).at(immature_looks=2),
        looks_at(week(10)),
    ),
    case(
        "a window that could not be measured is not skipped",
        world().due().next(week(10)).troubled(2),
        looks_at(week(10)),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), DUE)
def test_when_to_look(seen: World, expected: Expectation) -> None:
    check(seen, expected)


RUNNING = [
    case(
        "a look that is wanted is started",
        world().measuring(),
        does(StartEvaluation) & acts(StartEvaluation, record__window=week(16), job_input__champion=A),
    ),
    case("a suspended monitor does not start the look that was wanted", world().measuring().suspended(), nothing()),
    case("a running Job is waited for", world().measuring().job(JobState.RUNNING), nothing()),
    case(
        "a suspended monitor waits for the Job that runs",
        world().suspended().measuring().job(JobState.RUNNING),
        nothing(),
    ),
    case(
        "a suspended monitor records what its last Job found",
        world().suspended().measuring().found_verdict(Verdict.PASS),
        finishes() & says(last_evaluation__verdict=Verdict.PASS),
    ),
    case(
        "a Job that waits is given twenty seconds before its Events are asked for",
        world().measuring().job(JobState.WAITING),
        nothing() & wakes(NOW + timedelta(seconds=15)),
    ),
    case(
        "a Job that waits and says nothing: its Events are asked for",
        world().measuring().job(JobState.WAITING).later(MINUTE),
        does(Explain),
    ),
    case(
        "a Job that waits and says why is shown as it is",
        world().measuring().job(JobState.WAITING, reason="ImagePullBackOff", message="no such image").later(MINUTE),
        nothing() & condition("Ready", "False", "ImagePullBackOff", "no such image"),
    ),
    case(
        "the reason of a waiting Job may be any text",
        world().measuring().job(JobState.WAITING, reason="exceeded quota: pods", message="10 of 10"),
        condition("Ready", "False", "ExceededQuotaPods", "10 of 10"),
    ),
    case(
        "the model changed under the evaluation: it is dropped and the window is looked at again at once",
        world().measuring(model=B).found_verdict(Verdict.FAIL),
        says(measurement=None, failing_windows=(), last_evaluation__verdict=Verdict.PASS, next_evaluation_time=NOW),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), RUNNING)
def test_while_an_evaluation_is_wanted(seen: World, expected: Expectation) -> None:
    check(seen, expected)


FOUND = [
    case(
        "Open: no verdict, nothing kept, the next look by the schedule",
        looked(Look.OPEN, data_through=NOW - HOUR),
        does() & says(measurement=None, data_through=NOW - HOUR, data_moved_at=NOW, quality__next_window=week(16)),
    ),
    case(
        "Open with nothing newer: when the data last moved stays known",
        looked(Look.OPEN, data_through=week(16).start),
        says(data_moved_at=NOW - 2 * HOUR, data_through=week(16).start + 2 * DAY),
    ),
    case(
        "Open without any row: the data are empty",
        newborn().knowing(serving_model=world().status.serving_model).measuring().found(Look.OPEN),
        says(data_through=None, data_moved_at=NOW) & condition("DataAvailable", "False", "Empty"),
    ),
    case(
        "the very first look finds data: the newest closed window comes first, at once",
        newborn()
        .knowing(serving_model=world().status.serving_model)
        .measuring()
        .found(Look.OPEN, data_through=week(15).start + DAY),
        says(first_window=week(14), quality__next_window=week(14), next_evaluation_time=NOW),
    ),
    case(
        "Immature: the same window again after the usual pause",
        looked(Look.IMMATURE),
        does() & says(quality__immature_looks=1, quality__next_window=week(16), measurement=None),
    ),
    case(
        "Pass: the window after it is next",
        world().measuring().found_verdict(Verdict.PASS),
        does(FinishEvaluation)
        & says(quality__next_window=week(17), quality__immature_looks=0, last_evaluation__window=week(16)),
    ),
    case(
        "a judged window with later ones already closed: on at once",
        world().measuring(week(12)).found(Look.JUDGED, Verdict.PASS, data_through=week(16).start),
        says(quality__next_window=week(13), next_evaluation_time=NOW),
    ),
    case(
        "a verdict takes down the digest of the model that was loaded",
        world().measuring().found_verdict(Verdict.PASS, model=model("sha256:1")),
        says(serving_model__digest="sha256:1"),
    ),
    case(
        "the same verdict as before is told but makes no history",
        world().measuring().found_verdict(Verdict.PASS),
        tells("Pass") & says(history=()),
    ),
    case("a Fail makes history each time", world().failing(1).measuring().found_verdict(Verdict.FAIL), tells("Fail")),
    case(
        "labels that were late are forgotten when the window is judged",
        world().at(immature_looks=5).measuring().found_verdict(Verdict.PASS),
        says(quality__immature_looks=0),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), FOUND)
def test_what_a_look_found(seen: World, expected: Expectation) -> None:
    check(seen, expected)


ERRORS = [
    case(
        "a Job that failed without a word",
        world().measuring().job(JobState.FAILED),
        says(quality__trouble__reason="JobFailed"),
    ),
    case(
        "an evicted Job",
        world().measuring().job(JobState.FAILED, reason="Evicted", message="The node was low on memory."),
        says(
            quality__trouble__reason="Evicted",
            quality__trouble__message="The node was low on memory.",
            quality__trouble__count=1,
        ),
    ),
    case(
        "a Job that ended well but lost its Pod",
        world().measuring().job(JobState.SUCCEEDED),
        says(quality__trouble__reason="ResultLost"),
    ),
    case(
        "a message that is no result",
        world().measuring().job(JobState.SUCCEEDED, output="Segmentation fault"),
        says(quality__trouble__reason="ResultUnreadable"),
    ),
    case(
        "a reason that is a sentence is made a word, since a status with it would be refused",
        looked(Look.JUDGED, Verdict.ERROR, reason="out of memory!", message="It needed 3 GiB."),
        says(quality__trouble__reason="OutOfMemory") & condition("Ready", "False", "OutOfMemory", "3 GiB"),
    ),
    case(
        "a reason without a letter",
        looked(Look.JUDGED, Verdict.ERROR, reason="137"),
        says(quality__trouble__reason="Error"),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), ERRORS)
def test_an_error_holds_the_window_and_counts_for_nothing(seen: World, expected: Expectation) -> None:
    held = says(quality__next_window=week(16), failing_windows=(), last_evaluation__window=week(15), measurement=None)
    check(seen, expected & held & finishes() & condition("ModelHealthy", "True", "Pass"))


@pytest.mark.parametrize(
    ("interval", "before", "pause"),
    [("1d", 0, MINUTE), ("1d", 1, 2 * MINUTE), ("1d", 5, 32 * MINUTE), ("1d", 30, 6 * HOUR), ("5s", 5, MINUTE)],
    ids=[
        "the first error: a minute",
        "the second: two",
        "the sixth: 32",
        "the thirty-first: six hours, no more",
        "where looks are more frequent: a minute each time",
    ],
)
def test_errors_in_a_row_double_the_pause(interval: str, before: int, pause: timedelta) -> None:
    seen = world().spec(schedule={"interval": interval})
    seen = seen.troubled(before) if before else seen
    decision = decide(seen.measuring().job(JobState.FAILED).seen, NOW)
    assert decision.status.next_evaluation_time == NOW + pause


def test_errors_do_not_pause_for_longer_than_looks_that_go_well() -> None:
    again = decide(world().troubled(30).measuring().job(JobState.FAILED).seen, NOW).status.next_evaluation_time
    assert again is not None
    assert HOUR <= again - NOW <= 1.1 * HOUR


EDITED = [
    case("after an error it looks at once", world().troubled(3).edited(), looks_at(week(16))),
    case(
        "an error whose spec nobody edited waits for the end of its pause",
        world().troubled(3),
        idle_until(NEXT),
    ),
    case(
        "a Job that cannot start is given up, and the next look is made under the new spec",
        world().measuring().job(JobState.WAITING, reason="CreateContainerConfigError").edited(),
        says(measurement=None, next_evaluation_time=NOW, quality__trouble=None),
    ),
    case(
        "... but not while the monitor is as it was when that Job was made",
        world().measuring().job(JobState.WAITING, reason="CreateContainerConfigError"),
        nothing(),
    ),
    case(
        "a Job that waits and says nothing may start in a second: it stays",
        world().measuring().job(JobState.WAITING).edited(),
        nothing(),
    ),
    case("a Job that runs goes on under the spec that it began with", running().edited(), nothing()),
    case(
        "an error of a Job that began under the old spec: the next look is not made to wait",
        world().measuring().job(JobState.FAILED).edited(),
        says(quality__trouble__generation=1) & finishes(),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), EDITED)
def test_somebody_edits_the_spec(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def test_the_spec_that_failed_is_remembered_through_a_look_under_another_one() -> None:
    old = decide(world().measuring().job(JobState.FAILED).edited().seen, NOW).status
    new = decide(world().edited().recording(old).seen, NOW).status
    assert new.measurement is not None
    assert new.measurement.generation == 2


@pytest.mark.parametrize(
    ("before", "pause"),
    [(0, HOUR), (1, 2 * HOUR), (3, 8 * HOUR), (20, timedelta(days=7))],
    ids=["first too early: an hour", "again: two hours", "the fourth: eight", "never more than a week"],
)
def test_late_labels_double_the_pause(before: int, pause: timedelta) -> None:
    decision = decide(world().at(immature_looks=before).measuring().found(Look.IMMATURE).seen, NOW)
    again = decision.status.next_evaluation_time
    assert again is not None
    assert pause <= again - NOW <= pause * 1.02


def test_a_first_look_that_could_not_measure_does_not_say_that_there_are_no_data() -> None:
    seen = newborn().knowing(serving_model=world().status.serving_model).measuring().job(JobState.FAILED)
    check(seen, says(data_moved_at=None) & condition("DataAvailable", "Unknown", "NotYetLooked"))


def test_an_error_heals_with_the_next_look() -> None:
    check(
        world().troubled(3).measuring().found_verdict(Verdict.PASS),
        says(quality__trouble=None) & condition("Ready", "True", "Watching"),
    )


def test_a_restored_window_of_another_model_is_not_judged() -> None:
    check(world().measuring(model=C).job(JobState.RUNNING), says(measurement=None) & does())


def test_the_job_and_record_of_a_look_without_verdict_go_when_that_is_recorded() -> None:
    seen = world().measuring().found(Look.OPEN)
    first = decide(seen.seen, NOW)
    assert first.actions == ()
    then = decide(seen.recording(first.status).seen, NOW)
    assert [type(action) for action in then.actions] == [DeleteJob, DeleteEvaluation]
