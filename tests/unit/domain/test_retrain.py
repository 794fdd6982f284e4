"""When a candidate is trained, when not, and what becomes of the training, as a table of sentences."""

import json
from datetime import timedelta

import pytest

from modelmonitor.api.requests import Verb
from modelmonitor.api.result import Verdict
from modelmonitor.api.status import AttemptOutcome, Phase
from modelmonitor.domain.actions import DeleteJob, Explain, StartTraining
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import JobState
from tests.unit.domain.expectations import (
    Expectation,
    acts,
    case,
    check,
    condition,
    does,
    idle_until,
    nothing,
    phase,
    says,
    tells,
    trains,
)
from tests.unit.domain.worlds import DAY, HOUR, NEXT, NOW, STALE, B, World, day, week, world

MINUTE = timedelta(minutes=1)


def used(seen: World) -> World:
    """The failing windows have made a trip already."""
    return seen.knowing(last_trip_window=week(15).index, trips=1, attempts=1)


TRIPPING = [
    case("no failing window", world(), idle_until(NEXT)),
    case("one failing window of two: waits for the next", world().failing(1), idle_until(NEXT)),
    case("two failing windows: trains", world().failing(2), trains(trip=1)),
    case(
        "three failing windows: the newest two are the reason",
        world().failing(3),
        says(attempt__because=(week(14), week(15))),
    ),
    case(
        "one failing window where one is enough: trains",
        world().spec(verdict={"failuresToTrip": 1}).failing(1),
        trains(trip=1),
    ),
    case(
        "the window that makes the trip is judged in the same decision",
        world().failing(1).measuring().found_verdict(Verdict.FAIL),
        trains(trip=1),
    ),
    case(
        "two failing windows while cooling down: waits, says until when",
        world().failing(2).cooling(HOUR / 2),
        nothing() & says(attempt=None, next_evaluation_time=NEXT) & phase(Phase.COOLING_DOWN),
    ),
    case(
        "while cooling down it still measures",
        world().failing(2).cooling(DAY).due(),
        says(measurement__window=week(16), attempt=None),
    ),
    case("the cooldown is over: trains", world().failing(2).cooling(timedelta(0)), trains(trip=1)),
    case("the windows of an attempt that ended do not make another", used(world().failing(2)), idle_until(NEXT)),
    case(
        "a failing window since the last attempt makes another",
        world().failing(3).knowing(last_trip_window=week(14).index, trips=1, attempts=1),
        trains(trip=2) & says(attempts=2, attempt__because=(week(14), week(15))),
    ),
    case(
        "without spec.retrain it only measures",
        world().without_retrain().failing(2),
        idle_until(NEXT) & condition("Retraining", "False", "NotConfigured"),
    ),
    case("suspended: nothing new", world().suspended().failing(2), idle_until(STALE) & phase(Phase.SUSPENDED)),
    case(
        "only observing: nothing new",
        world().observing_only().failing(2),
        idle_until(NEXT) & condition("Retraining", "False", "ObserveOnly"),
    ),
    case(
        "an older monitor owns the target: nothing new",
        world().taken().failing(2),
        idle_until(NEXT) & condition("Retraining", "False", "TargetTaken", "flights-old"),
    ),
    case(
        "the serving object is out of sight: nothing new",
        world().failing(2).out_of_sight(),
        nothing() & says(attempt=None),
    ),
    case(
        "as many attempts as are allowed, without a healthy window: the breaker is open",
        world().failing(2).knowing(attempts=3, trips=3),
        idle_until(NEXT)
        & phase(Phase.BREAKER_OPEN)
        & condition("Retraining", "False", "BreakerOpen", "modelmonitor.dev/resume"),
    ),
    case("one attempt is left: trains", world().failing(2).knowing(attempts=2, trips=2), trains(trip=3)),
    case(
        "a person resumes an open breaker: trains with the failing windows at hand",
        world().failing(2).knowing(attempts=3, trips=3).told(Verb.RESUME, "1"),
        tells("Resumed") & trains(trip=4) & says(attempts=1),
    ),
    case(
        "an earlier training Job is still being deleted: waits until it is gone",
        world().attempting().job(JobState.RUNNING).knowing(attempt=None, last_trip_window=None),
        does(DeleteJob) & says(attempt=None),
    ),
    case(
        "it trains up to the newest event, if that is before the comparison's window",
        world().failing(2).knowing(data_through=week(15).start + 3 * DAY),
        says(
            attempt__train_end=week(15).start + 3 * DAY,
            attempt__train_start=week(15).start + 3 * DAY - timedelta(days=60),
        ),
    ),
    case(
        "it trains up to the comparison's window, if data reach further",
        world().failing(2),
        says(attempt__train_end=week(16).start),
    ),
    case(
        "it trains on events whose labels have arrived",
        world().spec(data={"labels": {"delay": "3d"}}).failing(2),
        says(attempt__train_end=week(16).start - DAY),
    ),
    case(
        "the model's folder is named by trip and time, so that it is a new one even after a restore without status",
        world().failing(2),
        says(attempt__output_uri="s3://models/flights/flights/1-20130504T120000Z/"),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), TRIPPING)
def test_tripping(seen: World, expected: Expectation) -> None:
    check(seen, expected)


FAILED = tells("TrainingFailed") & says(
    attempt=None,
    candidate=None,
    comparison=None,
    cooldown_ends=NOW + DAY,
    last_attempt__outcome=AttemptOutcome.TRAINING_FAILED,
    last_attempt__trip=1,
    attempts=1,
    last_trip_window=None,
)
COMPARES = tells("Trained", B) & says(candidate__uri=B, comparison__challenger_uri=B, comparison__window=week(16))

TRAINING = [
    case(
        "an attempt that is written down gets its Job",
        world().attempting(),
        does(StartTraining) & acts(StartTraining, attempt__trip=1),
    ),
    case(
        "the Job runs: waits",
        world().attempting(job_known=True).job(JobState.RUNNING),
        nothing() & phase(Phase.TRAINING),
    ),
    case(
        "the Job waits without a word for long: its Events are asked for",
        world().attempting(job_known=True).job(JobState.WAITING).later(HOUR / 2),
        does(Explain),
    ),
    case("the Job is done: its candidate is compared on the window after the trip", world().trained(), COMPARES),
    case(
        "its candidate says through when it was trained",
        world().trained(),
        says(comparison__trained_through=week(16).start - DAY),
    ),
    case(
        "it does not say: through the end that it was given",
        world().trained(trainedThrough=None),
        says(candidate__trained_through=week(16).start),
    ),
    case(
        "suspended: the finished Job is kept until that is over",
        world().suspended().trained(),
        nothing() & says(candidate=None),
    ),
    case("suspended before the Job was made: it is not made", world().suspended().attempting(), nothing()),
    case(
        "the Job failed",
        world().attempting(job_known=True).job(JobState.FAILED, reason="OutOfMemory", message="Raise the limit."),
        FAILED & says(last_attempt__message="Training failed: OutOfMemory: Raise the limit."),
    ),
    case(
        "the Job failed without a word",
        world().attempting(job_known=True).job(JobState.FAILED),
        FAILED & says(last_attempt__message="Training failed: the Job failed without a word"),
    ),
    case(
        "the Job was deleted by somebody",
        world().attempting(job_known=True).job(JobState.FAILED, reason="JobDeleted"),
        FAILED,
    ),
    case(
        "its Pod and result are gone",
        world().attempting(job_known=True).job(JobState.SUCCEEDED),
        FAILED & tells("TrainingFailed", "ResultLost"),
    ),
    case(
        "its result cannot be read",
        world().attempting(job_known=True).job(JobState.SUCCEEDED, output="done!"),
        FAILED & tells("TrainingFailed", "ResultUnreadable", "'done!'"),
    ),
    case("its result has no URI", world().trained(modelUri=""), FAILED & tells("TrainingFailed", "ResultUnreadable")),
    case(
        "its result is the serving model's URI",
        world().trained(modelUri="s3://models/flights/a"),
        FAILED & tells("TrainingFailed", "NotNew"),
    ),
    case(
        "spec.retrain is removed: the attempt is given up",
        world().attempting().without_retrain(),
        tells("Superseded") & says(attempt=None, last_attempt__outcome=AttemptOutcome.SUPERSEDED),
    ),
    case(
        "a Job that cannot start, and a spec that somebody edited since: it is begun anew, without a pause",
        world().attempting(job_known=True).job(JobState.WAITING, reason="ImagePullBackOff").edited(),
        tells("Superseded", "ImagePullBackOff", "begun anew")
        & says(attempt=None, cooldown_ends=None, last_trip_window=None, attempts=1),
    ),
    case(
        "a Job that cannot start, and a spec that nobody edited: waits",
        world().attempting(job_known=True).job(JobState.WAITING, reason="ImagePullBackOff"),
        nothing() & phase(Phase.TRAINING),
    ),
    case(
        "a Job that runs goes on under the spec that it began with",
        world().attempting(job_known=True).job(JobState.RUNNING).edited(),
        nothing() & phase(Phase.TRAINING),
    ),
    case(
        "a Job that was taken down and is not seen is asked for, not made: only a live answer may say that it is gone",
        world().attempting(job_known=True),
        does(StartTraining) & acts(StartTraining, attempt__job_uid="uid-training"),
    ),
]


def taken_away(reason: str = "Evicted", retry: int = 0) -> World:
    seen = world().attempting(job_known=True)
    attempt = seen.status.attempt
    assert attempt is not None
    return seen.knowing(attempt=attempt.model_copy(update={"retry": retry})).job(JobState.FAILED, reason=reason)


ONCE_MORE = tells("TrainingInterrupted") & says(
    attempt__trip=1, attempt__job_uid=None, trips=1, attempts=1, cooldown_ends=None, last_attempt=None
)
TRAINING += [
    case(
        "the Job was evicted: started again after a minute, under another name and in another folder",
        taken_away(),
        does()
        & ONCE_MORE
        & tells("TrainingInterrupted", "Evicted", "in 1m, 1 of 3 times")
        & says(
            attempt__retry=1,
            attempt__not_before=NOW + MINUTE,
            attempt__output_uri="s3://models/flights/flights/1-20130504T120100Z/",
        ),
    ),
    case("its Pod was taken away: the same", taken_away("Interrupted"), ONCE_MORE),
    case("somebody more important came: the same", taken_away("PreemptionByScheduler"), ONCE_MORE),
    case(
        "for the third time: after four minutes",
        taken_away(retry=2),
        ONCE_MORE & says(attempt__not_before=NOW + 4 * MINUTE),
    ),
    case("for the fourth time: it failed", taken_away(retry=3), FAILED),
    case("it needed more memory: that is its own, and it failed", taken_away("OutOfMemory"), FAILED),
    case(
        "suspended: a Job that was taken away is looked at when that is over",
        taken_away().suspended(),
        nothing() & says(attempt__retry=0),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), TRAINING)
def test_training(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def test_the_job_that_was_made_is_taken_down_and_from_then_on_never_made_again() -> None:
    seen = world().attempting().job(JobState.RUNNING)
    first = decide(seen.seen, NOW)
    assert first.actions == ()
    assert first.status.attempt is not None
    assert first.status.attempt.job_uid == next(iter(seen.seen.jobs.values())).uid


def test_a_training_that_was_taken_away_gets_a_job_of_another_name_when_the_first_is_gone() -> None:
    seen = taken_away()
    again = seen.recording(decide(seen.seen, NOW).status)
    check(again, does(DeleteJob))
    check(again.later(MINUTE), does(DeleteJob))
    gone = again.without_finished_jobs()
    check(gone, nothing())
    check(gone.later(MINUTE), does(StartTraining) & acts(StartTraining, attempt__retry=1))
    assert gone.wanted_job() != seen.wanted_job()


def test_a_training_that_failed_is_tried_again_after_the_cooldown_without_another_failing_window() -> None:
    failed = world().attempting(job_known=True).job(JobState.FAILED, reason="ContainerFailed")
    status = decide(failed.seen, NOW).status
    check(world().recording(status), says(trips=1))
    check(world().recording(status).later(DAY), trains(2) & says(attempts=2))


def test_windows_that_overlap_train_and_compare_without_sharing_a_row_with_the_trip() -> None:
    seen = world().overlapping().knowing(failing_windows=(day(106), day(108)))
    status = decide(seen.seen, NOW).status
    assert status.attempt is not None
    assert status.attempt.train_end == day(110).start
    known = status.model_copy(update={"attempt": status.attempt.model_copy(update={"job_uid": "uid"})})
    done = seen.recording(known).job(JobState.SUCCEEDED, output=json.dumps({"modelUri": B}))
    compared = decide(done.seen, NOW).status.comparison
    assert compared is not None
    assert compared.window == day(110)
