"""Two stages of a window, each at its own pace, as a table of sentences."""

from datetime import date, timedelta

import pytest

from modelmonitor.api.job import EvaluationInput, Stage
from modelmonitor.api.measuring import Waiting
from modelmonitor.api.result import Look, Verdict
from modelmonitor.api.status import MOST_PENDING
from modelmonitor.domain.actions import StartEvaluation
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import JobState
from tests.unit.domain.expectations import Expectation, acts, case, check, does, finishes, idle_until, says, settled
from tests.unit.domain.worlds import (
    DAY,
    HOUR,
    NEXT,
    NOW,
    A,
    World,
    data_are,
    drifted,
    newborn,
    week,
    world,
)

DATA, QUALITY = Stage.DATA, Stage.QUALITY


def looks(stage: Stage, number: int) -> Expectation:
    """A look of this stage at this week is written down."""
    return says(measurement__stage=stage, measurement__window=week(number)) & does()


def late() -> World:
    """Data reach two days into week 16: stage Data waits for it to close, stage Quality for labels of week 15."""
    return world().with_late_labels()


def immature() -> World:
    """Labels of week 15 have had their time and are not there; it is looked at again in eight hours."""
    seen = late().knowing(data_through=week(17).start + 3 * DAY).at(QUALITY, immature_looks=3, coverage=0.4)
    return seen.at(QUALITY, next_look=NOW + 8 * HOUR)


WHEN = [
    case("between two looks it waits", late(), idle_until(NEXT)),
    case("stage Data looks when its time has come", late().at(DATA, next_look=NOW), looks(DATA, 16)),
    case(
        "stage Quality does not look before its window can be closed: stage Data finds out",
        late().at(QUALITY, next_look=NOW),
        idle_until(NEXT),
    ),
    case(
        "stage Quality looks when labels have had their time",
        late().knowing(data_through=week(16).start + 9 * DAY).at(QUALITY, next_look=NOW),
        looks(QUALITY, 15),
    ),
    case(
        "of two that are due stage Data is first",
        late().knowing(data_through=week(19).start).due().at(DATA, next_look=NOW),
        looks(DATA, 16),
    ),
    case(
        "a window short of labels holds back later ones of stage Quality",
        immature().at(QUALITY, next_look=NOW).at(DATA, next_look=NEXT),
        looks(QUALITY, 15),
    ),
    case("... but not stage Data", immature().at(DATA, next_look=NOW), looks(DATA, 16)),
    case(
        "stage Data cannot look: stage Quality does not wait for what it would find out",
        late().troubled(3, DATA).at(QUALITY, next_look=NOW),
        looks(QUALITY, 15),
    ),
    case(
        "stage Quality cannot look: stage Data goes on",
        late().knowing(data_through=week(19).start).troubled(3).at(QUALITY, next_look=NEXT).at(DATA, next_look=NOW),
        looks(DATA, 16),
    ),
    case("suspended: neither looks", late().at(DATA, next_look=NOW).due().suspended(), says(measurement=None)),
    case(
        "a person asks: stage Data looks, stage Quality has nothing to look at",
        late().asked("now"),
        looks(DATA, 16),
    ),
    case(
        "a person asks in the middle of a pause for labels: both look",
        immature().asked("now"),
        looks(DATA, 16) & says(quality__next_look=NOW),
    ),
    case(
        "drift is added to a monitor that has gone on without: stage Data begins where stage Quality is",
        world().spec(data={"labels": {"delay": "9d"}}, quality={}).due(),
        looks(DATA, 16),
    ),
    case(
        "a first look with a start is of stage Data",
        newborn().spec(data={"labels": {"delay": "9d"}}, quality={}, windows={"start": date(2013, 1, 8)}),
        looks(DATA, 1),
    ),
    case(
        "without drift and quality there is one stage, when labels are there",
        late().spec(drift=None, quality=None).due(),
        looks(QUALITY, 15),
    ),
    case("while labels come with the rows there is one stage", world().looking_at_data().due(), looks(QUALITY, 16)),
    case(
        "labels are late after all: the data are not made to wait for them",
        world().looking_at_data().at(QUALITY, immature_looks=1, next_look=NEXT),
        looks(DATA, 16),
    ),
    case(
        "each stage skips on its own: stage Data has fallen behind",
        late().knowing(data_through=week(30).start).at(DATA, next_look=NOW).at(QUALITY, immature_looks=1),
        says(measurement__stage=DATA, measurement__window=week(26)),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), WHEN)
def test_when_which_stage_looks(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def asked(seen: World) -> EvaluationInput:
    """What the Job that is wanted is asked."""
    (start,) = [one for one in decide(seen.seen, NOW).actions if isinstance(one, StartEvaluation)]
    assert (start.record.stage, start.record.window) == (start.job_input.stage, start.job_input.window)
    return start.job_input


def test_stage_data_is_asked_about_the_data_alone_at_the_end_of_the_window() -> None:
    given = asked(late().spec(windows={"grace": "3h"}).measuring(stage=DATA))
    assert (given.stage, given.metrics) == (DATA, ())
    assert (given.drift, given.quality) == (late().seen.spec.drift, late().seen.spec.quality)
    assert given.closes == week(16).end + 3 * HOUR


def test_stage_quality_is_asked_about_the_metrics_alone_when_labels_have_had_their_time() -> None:
    given = asked(late().measuring(week(15)))
    assert (given.stage, given.drift, given.quality) == (QUALITY, None, None)
    assert given.metrics == late().seen.spec.metrics
    assert given.closes == week(15).end + 9 * DAY


def test_one_evaluation_is_asked_about_both_while_labels_come_with_the_rows() -> None:
    given = asked(world().looking_at_data().measuring())
    assert (given.stage, given.metrics) == (QUALITY, world().seen.spec.metrics)
    assert given.drift is not None
    assert given.quality is not None
    assert given.closes == week(16).end


def test_what_stage_data_has_been_through_is_not_asked_a_second_time() -> None:
    seen = world().looking_at_data().next(week(17), DATA).measuring()
    assert (asked(seen).drift, asked(seen).quality) == (None, None)


def test_a_comparison_is_not_asked_about_the_data() -> None:
    given = asked(
        late().comparing().knowing(data_through=week(20).start, measurement=None).at(DATA, next_look=NEXT + DAY)
    )
    assert (given.stage, given.drift, given.quality) == (QUALITY, None, None)
    assert given.metrics


def found_data(seen: World, verdict: Verdict = Verdict.PASS, **fields: object) -> World:
    """The look of stage Data at week 16 has ended."""
    said = {"drift": drifted(verdict), "quality": data_are(Verdict.PASS), "data_through": week(17).start + HOUR}
    return seen.measuring(stage=DATA).found(Look.JUDGED, verdict, **{**said, **fields})


FOUND = [
    case(
        "a verdict on the data: stage Data goes on, stage Quality stays, nothing is said of the model",
        found_data(late()),
        finishes()
        & says(
            data__next_window=week(17),
            quality__next_window=week(15),
            last_data_evaluation__window=week(16),
            last_data_evaluation__verdict=Verdict.PASS,
            last_evaluation__window=week(15),
            failing_windows=(),
        ),
    ),
    case(
        "labels have had their time by now: stage Quality looks at once",
        found_data(late(), data_through=week(16).start + 9 * DAY),
        says(quality__next_look=NOW, data__next_window=week(17)),
    ),
    case(
        "... but not while it pauses for labels",
        found_data(immature(), data_through=week(18).start),
        says(quality__next_look=NOW + 8 * HOUR, quality__immature_looks=3),
    ),
    case(
        "stage Data found its window open",
        late().measuring(stage=DATA).found(Look.OPEN, data_through=week(16).end - HOUR),
        does() & says(data__next_window=week(16), quality__next_look=NEXT),
    ),
    case(
        "too few labels: stage Quality pauses, stage Data does not",
        late().knowing(data_through=week(17).start + DAY).measuring(week(15)).found(Look.IMMATURE, coverage=0.4),
        does()
        & says(quality__immature_looks=1, quality__coverage=0.4, quality__next_window=week(15), data__immature_looks=0),
    ),
    case(
        "a verdict on the model: stage Quality goes on, stage Data stays",
        late().knowing(data_through=week(17).start + DAY).measuring(week(15)).found_verdict(Verdict.PASS),
        finishes() & says(quality__next_window=week(16), data__next_window=week(16), last_evaluation__window=week(15)),
    ),
    case(
        "stage Data could not measure: stage Quality is not in trouble",
        late().measuring(stage=DATA).job(JobState.FAILED, reason="Evicted"),
        finishes() & says(data__trouble__count=1, quality__trouble=None, data__next_window=week(16)),
    ),
    case(
        "stage Quality measures well: the trouble of stage Data stays",
        late()
        .troubled(2, DATA)
        .knowing(data_through=week(17).start + DAY)
        .measuring(week(15))
        .found_verdict(Verdict.PASS),
        says(data__trouble__count=2, quality__trouble=None),
    ),
    case(
        "one evaluation about both: both stages go on",
        world().looking_at_data().measuring().found_verdict(Verdict.FAIL, drift=drifted(Verdict.PASS)),
        says(
            quality__next_window=week(17),
            data__next_window=week(17),
            last_evaluation__verdict=Verdict.FAIL,
            last_data_evaluation__verdict=Verdict.PASS,
            failing_windows=(week(16),),
        ),
    ),
    case(
        "one evaluation that could not look at the data, only at the model: both stages go on",
        world().looking_at_data().measuring().found_verdict(Verdict.PASS),
        says(quality__next_window=week(17), data__next_window=week(17), last_data_evaluation=None),
    ),
    case(
        "one evaluation of a window that stage Data left behind does not take it back",
        world().looking_at_data().next(week(19), DATA).measuring().found_verdict(Verdict.PASS),
        says(quality__next_window=week(17), data__next_window=week(19)),
    ),
    case(
        "the very first look: each stage begins with the newest window that is closed for it",
        newborn()
        .spec(data={"labels": {"delay": "9d"}}, quality={})
        .knowing(serving_model=world().status.serving_model)
        .measuring(stage=DATA)
        .found(Look.OPEN, data_through=week(15).start + DAY),
        says(data__next_window=week(14), quality__next_window=week(12), first_window=week(12)),
    ),
    case(
        "the very first look took so long that its window has closed: stage Quality begins with it too",
        newborn()
        .spec(data={"labels": {"delay": "9d"}}, quality={})
        .knowing(serving_model=world().status.serving_model)
        .measuring(stage=DATA)
        .found(Look.JUDGED, Verdict.PASS, data_through=week(17).start + DAY),
        says(data__next_window=week(17), quality__next_window=week(16), first_window=week(16)),
    ),
    case(
        "the model changed under a look of stage Data: that stage looks anew, at once",
        late().measuring(stage=DATA, model="s3://models/flights/b").found(Look.JUDGED, Verdict.PASS),
        says(measurement=None, data__next_look=NOW, quality__next_window=week(15)),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), FOUND)
def test_what_a_look_of_a_stage_found(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def waiting(seen: World) -> list[tuple[object, ...]]:
    """What is shown of the windows that wait for labels."""
    shown = settled(seen).pending_windows
    return [(one.window, one.reason, one.coverage, one.looks, one.next_look) for one in shown]


def test_windows_that_wait_for_labels_are_shown_with_why() -> None:
    seen = late().next(week(18), DATA)
    assert waiting(seen) == [(week(number), Waiting.LABELS_DUE, None, None, None) for number in (15, 16, 17)]
    assert waiting(immature().next(week(18), DATA).at(DATA, next_look=NEXT)) == [
        (week(15), Waiting.IMMATURE, 0.4, 3, NOW + 8 * HOUR),
        (week(16), Waiting.LABELS_DUE, None, None, None),
        (week(17), Waiting.LABELS_DUE, None, None, None),
    ]


def test_a_window_that_waits_for_an_earlier_one_says_so() -> None:
    seen = immature().knowing(data_through=week(16).end + 10 * DAY).next(week(19), DATA).at(DATA, next_look=NEXT)
    assert [reason for _, reason, *_ in waiting(seen)][:3] == [Waiting.IMMATURE, Waiting.HELD, Waiting.LABELS_DUE]


def test_a_window_short_of_labels_is_shown_also_where_there_is_one_stage() -> None:
    seen = world().at(immature_looks=2, coverage=0.5)
    assert waiting(seen) == [(week(16), Waiting.IMMATURE, 0.5, 2, NEXT)]


def test_a_monitor_without_drift_and_quality_has_no_pending_windows() -> None:
    assert waiting(world()) == []


def test_of_very_many_windows_that_wait_the_oldest_are_shown() -> None:
    seen = late().next(week(90), DATA)
    assert [window for window, *_ in waiting(seen)] == [week(15 + number) for number in range(MOST_PENDING)]


def test_a_short_pause_of_one_stage_is_what_next_evaluation_time_tells() -> None:
    assert settled(immature().at(DATA, next_look=NEXT)).next_evaluation_time == NEXT
    assert settled(immature().at(DATA, next_look=NOW + DAY)).next_evaluation_time == NOW + 8 * HOUR


def test_pauses_of_stage_data_do_not_grow_with_late_labels() -> None:
    seen = immature().measuring(stage=DATA).found(Look.OPEN, data_through=week(16).end - HOUR)
    again = decide(seen.seen, NOW).status.frontier(DATA).next_look
    assert again is not None
    assert timedelta(0) < again - NOW <= timedelta(hours=1.1)


def test_looks_of_two_stages_at_one_window_are_two_jobs() -> None:
    seen = late()
    one, other = seen.measuring(week(15), stage=DATA), seen.measuring(week(15))
    assert one.wanted_job() != other.wanted_job()
    check(one, acts(StartEvaluation, record__stage=DATA, record__model_uri=A))
