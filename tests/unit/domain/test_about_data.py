"""What drift and invalid data count for and how they are told, as a table of sentences."""

from datetime import timedelta

import pytest

from modelmonitor.api.drift import DriftSeverity
from modelmonitor.api.job import Stage
from modelmonitor.api.measuring import Counting
from modelmonitor.api.result import DriftResult, Look, QualityResult, Verdict
from modelmonitor.api.status import MOST_INVALID
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import JobState
from tests.unit.domain.expectations import (
    Expectation,
    case,
    check,
    condition,
    finishes,
    idle_until,
    says,
    tells,
    trains,
)
from tests.unit.domain.worlds import DAY, HOUR, NOW, World, data_are, drifted, week, world

DATA, QUALITY = Stage.DATA, Stage.QUALITY
TRIP, FAIL, WARN = DriftSeverity.TRIP, DriftSeverity.FAIL, DriftSeverity.WARN
TRIPS = drifted(Verdict.FAIL, trips=True)


def data_found(
    severity: DriftSeverity,
    drift: DriftResult | None,
    quality: QualityResult | None = None,
    *,
    seen: World | None = None,
    verdict: Verdict = Verdict.PASS,
) -> World:
    """Stage Data has found this at week 16; labels come nine days late."""
    looked = (seen or world()).with_late_labels(severity).measuring(stage=DATA)
    return looked.found(
        Look.JUDGED, verdict, drift=drift, quality=quality or data_are(Verdict.PASS), data_through=week(17).start + HOUR
    )


def model_found(verdict: Verdict, *, seen: World, window: int = 15) -> World:
    """Stage Quality has found this."""
    looked = seen.knowing(data_through=week(window + 1).start + 10 * DAY).measuring(week(window))
    return looked.found_verdict(verdict, data_through=week(window + 1).start + 10 * DAY)


def both_found(verdict: Verdict, drift: DriftResult, quality: QualityResult, severity: DriftSeverity = TRIP) -> World:
    """One evaluation about both has found this at week 16."""
    return world().looking_at_data(severity).measuring().found_verdict(verdict, drift=drift, quality=quality)


GOOD, INVALID = data_are(Verdict.PASS), data_are(Verdict.FAIL)

COUNTING = [
    case("drift of severity Trip counts like a Fail", data_found(TRIP, TRIPS), says(failing_windows=(week(16),))),
    case(
        "... and makes a trip with a Fail on the window before",
        data_found(TRIP, TRIPS, seen=world().failing(1)),
        trains(trip=1) & says(attempt__because=(week(15), week(16))) & tells("Tripped", "2 separate windows failed"),
    ),
    case("drift of severity Warn never does", data_found(WARN, drifted(Verdict.WARN)), says(failing_windows=())),
    case("drift of severity Fail never does", data_found(FAIL, drifted(Verdict.FAIL)), says(failing_windows=())),
    case(
        "a severity that somebody lowered while the Job ran: its drift does not count",
        data_found(WARN, TRIPS),
        says(failing_windows=()),
    ),
    case(
        "drift on data that are invalid does not count",
        data_found(TRIP, TRIPS, INVALID),
        says(failing_windows=(), invalid_windows=(week(16).index,)),
    ),
    case(
        "no drift says nothing of the model: an earlier Fail stays counted",
        data_found(TRIP, drifted(Verdict.PASS), seen=world().failing(1)),
        says(failing_windows=(week(15),), attempts=0),
    ),
    case(
        "no drift closes no breaker",
        data_found(TRIP, drifted(Verdict.PASS), seen=world().knowing(attempts=2)),
        says(attempts=2),
    ),
    case(
        "that the data are invalid is found only after the Fail: it does not count any more",
        data_found(WARN, drifted(Verdict.PASS), INVALID)
        .next(week(17))
        .knowing(failing_windows=(week(15), week(16)), trips=1, last_trip_window=week(16).index),
        says(failing_windows=(week(15),), invalid_windows=()),
    ),
    case(
        "a Fail on a window whose data are invalid does not count, and the history says so",
        model_found(Verdict.FAIL, seen=world().with_late_labels().knowing(invalid_windows=(week(15).index,))),
        says(
            failing_windows=(),
            invalid_windows=(),
            last_evaluation__verdict=Verdict.FAIL,
            last_evaluation__counting=Counting.DATA_INVALID,
        )
        & tells("Fail", "The window's data are invalid: it does not count.")
        & condition("ModelHealthy", "False", "Fail"),
    ),
    case(
        "a Pass on a window whose data are invalid clears nothing and closes no breaker",
        model_found(
            Verdict.PASS,
            seen=world()
            .with_late_labels()
            .knowing(invalid_windows=(week(15).index,), failing_windows=(week(14),), attempts=2),
        ),
        says(failing_windows=(week(14),), attempts=2),
    ),
    case(
        "a Fail beside invalid data of a later window counts",
        model_found(Verdict.FAIL, seen=world().with_late_labels().knowing(invalid_windows=(week(16).index,))),
        says(failing_windows=(week(15),), invalid_windows=(week(16).index,))
        & says(last_evaluation__counting=Counting.COUNTED),
    ),
    case(
        "so many windows are invalid that not all are remembered: earlier ones are not trusted",
        model_found(
            Verdict.FAIL,
            seen=world()
            .with_late_labels()
            .knowing(invalid_windows=tuple(week(20 + number).index for number in range(MOST_INVALID))),
        ),
        says(failing_windows=(), last_evaluation__counting=Counting.DATA_INVALID),
    ),
    case(
        "a window of which the drift trips has failed, however good its metrics are",
        model_found(Verdict.PASS, seen=world().with_late_labels(TRIP).knowing(failing_windows=(week(15),), attempts=1)),
        says(failing_windows=(week(15),), attempts=1),
    ),
    case(
        "a healthy window clears up to itself, and no later drift",
        model_found(Verdict.PASS, seen=world().with_late_labels(TRIP).knowing(failing_windows=(week(13), week(17)))),
        says(failing_windows=(week(17),)),
    ),
    case(
        "drift that is found only after a later window was healthy begins no row",
        data_found(TRIP, TRIPS, seen=world().knowing(cleared_window=week(17).index)),
        says(failing_windows=(), cleared_window=week(17).index),
    ),
    case(
        "a window that is found to be healthy only later leaves the newest healthy one as it was",
        model_found(Verdict.PASS, seen=world().with_late_labels(TRIP).knowing(cleared_window=week(17).index)),
        says(cleared_window=week(17).index),
    ),
    case(
        "a Fail that comes after later drift is put in its place",
        model_found(
            Verdict.FAIL,
            seen=world().with_late_labels(TRIP).knowing(failing_windows=(week(16),), last_trip_window=week(16).index),
        ),
        says(failing_windows=(week(15), week(16)), attempt=None),
    ),
    case(
        "one evaluation: the metrics pass and drift trips: the window has failed",
        both_found(Verdict.PASS, TRIPS, GOOD),
        says(failing_windows=(week(16),), last_evaluation__verdict=Verdict.PASS),
    ),
    case(
        "one evaluation: both fail: the window counts once",
        both_found(Verdict.FAIL, TRIPS, GOOD),
        says(failing_windows=(week(16),)),
    ),
    case(
        "one evaluation: the metrics fail on invalid data: nothing counts",
        both_found(Verdict.FAIL, TRIPS, INVALID),
        says(failing_windows=(), last_evaluation__counting=Counting.DATA_INVALID, invalid_windows=()),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), COUNTING)
def test_what_drift_and_invalid_data_count_for(seen: World, expected: Expectation) -> None:
    check(seen, expected & finishes())


def row(*numbers: int) -> World:
    """These weeks have failed; stage Quality is at week 15."""
    return world().with_late_labels(TRIP).knowing(failing_windows=tuple(week(number) for number in numbers))


IN_A_ROW = [
    case("two weeks of drift, one after the other, though labels of neither have come", row(15, 16), trains(trip=1)),
    case("between them a week waits for its labels: it may be healthy", row(14, 16), says(attempt=None)),
    case("... and when it was judged and was not healthy", row(14, 16).next(week(16)), trains(trip=1)),
]


@pytest.mark.parametrize(("seen", "expected"), IN_A_ROW)
def test_windows_in_a_row(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def told(severity: DriftSeverity, drift: DriftResult | None, quality: QualityResult | None = None) -> World:
    """What stage Data found is recorded."""
    seen = data_found(severity, drift, quality)
    return seen.recording(decide(seen.seen, NOW).status).without_finished_jobs()


SAID = [
    case("without spec.drift nobody looks for it", world(), condition("DriftDetected", "Unknown", "NotConfigured")),
    case(
        "not yet measured",
        world().with_late_labels(),
        condition("DriftDetected", "Unknown", "NotYetMeasured"),
    ),
    case(
        "no drift",
        told(WARN, drifted(Verdict.PASS)),
        condition("DriftDetected", "False", "NoDrift", "2013-04-29", "0 of 20 features"),
    ),
    case(
        "drift",
        told(WARN, drifted(Verdict.WARN)),
        condition("DriftDetected", "True", "Drifted", "1 of 20 features drifted: carrier (psi 0.31, limit 0.2)")
        & condition("ModelHealthy", "True", "Pass"),
    ),
    case("drift that counts", told(TRIP, TRIPS), condition("DriftDetected", "True", "DriftTrips")),
    case(
        "too few rows to tell",
        told(WARN, drifted(Verdict.INSUFFICIENT)),
        condition("DriftDetected", "Unknown", "Insufficient"),
    ),
    case("the data are good", told(WARN, drifted(Verdict.PASS)), condition("DataAvailable", "True", "Arriving")),
    case(
        "the data are invalid",
        told(WARN, drifted(Verdict.PASS), INVALID),
        condition("DataAvailable", "False", "DataInvalid", "40 % of distance is missing", "does not count"),
    ),
    case(
        "the data are not as they should be, and valid",
        told(WARN, drifted(Verdict.PASS), data_are(Verdict.WARN)),
        condition("DataAvailable", "True", "Arriving"),
    ),
    case(
        "nothing newer for long, after invalid data: that is what matters",
        told(WARN, drifted(Verdict.PASS), INVALID).later(timedelta(days=14)).suspended(),
        condition("DataAvailable", "False", "NoNewData"),
    ),
    case(
        "spec.quality was removed: what it found does not matter any more",
        told(WARN, drifted(Verdict.PASS), INVALID).spec(quality=None),
        condition("DataAvailable", "True", "Arriving"),
    ),
    case(
        "stage Data could not measure: not Ready, and nothing is said of drift",
        world()
        .with_late_labels()
        .measuring(stage=DATA)
        .job(JobState.FAILED, reason="Evicted", message="Low on memory."),
        condition("Ready", "False", "Evicted", "Low on memory")
        & condition("DriftDetected", "Unknown", "NotYetMeasured"),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), SAID)
def test_conditions_of_the_data(seen: World, expected: Expectation) -> None:
    check(seen, expected)


HISTORY = [
    case(
        "the first that is well is told and makes no history",
        data_found(WARN, drifted(Verdict.PASS)),
        tells("DataPass") & says(history=()),
    ),
    case("drift makes history", data_found(WARN, drifted(Verdict.WARN)), tells("Drifted", "2013-04-29", "carrier")),
    case("drift that trips", data_found(TRIP, TRIPS), tells("DriftTrips", "carrier")),
    case("invalid data", data_found(WARN, drifted(Verdict.WARN), INVALID), tells("DataInvalid", "distance")),
    case(
        "a window without a row",
        data_found(WARN, None, QualityResult(verdict=Verdict.INSUFFICIENT), verdict=Verdict.NO_DATA),
        tells("DataNoData"),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), HISTORY)
def test_what_is_told_of_the_data(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def test_what_is_told_once_of_drift_makes_no_history_a_second_time() -> None:
    seen = told(WARN, drifted(Verdict.WARN))
    known = seen.status.history
    again = seen.measuring(week(17), stage=DATA).found(Look.JUDGED, Verdict.WARN, drift=drifted(Verdict.WARN))
    check(again, tells("Drifted") & says(history=known))


def test_a_monitor_at_rest_between_two_stages_says_nothing() -> None:
    seen = told(WARN, drifted(Verdict.WARN))
    status = decide(seen.seen, NOW).status
    check(seen.recording(status), idle_until(status.next_evaluation_time))
