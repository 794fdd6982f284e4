"""What people ask for, as a table of sentences: heard once, told, kept in the history."""

import json
from datetime import timedelta
from typing import Any

import pytest

from modelmonitor.api.requests import Verb
from modelmonitor.api.status import AttemptOutcome, Direction, Phase, RolloutStage, Trigger
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import JobState
from tests.unit.domain.expectations import (
    Expectation,
    case,
    check,
    condition,
    does,
    idle_until,
    nothing,
    phase,
    says,
    settled,
    tells,
)
from tests.unit.domain.worlds import DAY, NEXT, NOW, A, B, C, World, newborn, week, world


def saying(**fields: Any) -> str:
    return json.dumps(fields)


def held(**fields: Any) -> World:
    return world().recording(settled(world().told(Verb.HOLD, saying(**fields))))


ANNA = saying(by="anna", why="new tariffs", nonce="1")

HOLDING = [
    case(
        "not now: said, kept, and shown with who and why",
        world().told(Verb.HOLD, saying(by="anna", why="audit")),
        tells("Held", "anna: audit", "until told to resume")
        & says(held__by="anna")
        & condition("Retraining", "False", "Held", "anna: audit")
        & phase(Phase.HELD),
    ),
    case("while held a model that fails trains nothing", held().failing(2), nothing() & says(attempt=None)),
    case("while held it still measures", held().due(), says(measurement__window=week(16))),
    case(
        "while held a candidate that waits for its comparison goes on waiting",
        world().comparing().recording(settled(world().comparing().told(Verb.HOLD, "x"))),
        nothing() & condition("Retraining", "True", "Comparing"),
    ),
    case(
        "while held a rollout that has begun is watched on",
        world().rolling(patched=False).told(Verb.HOLD, "x"),
        tells("Held") & says(rollout__stage=RolloutStage.PROGRESSING),
    ),
    case(
        "a hold ends by itself",
        held(until="2013-05-05T00:00:00Z").failing(2).later(DAY),
        tells("Tripped") & says(attempt__trip=1),
    ),
    case("a hold ends when somebody resumes", held().told(Verb.RESUME, "x"), tells("Resumed") & says(held=None)),
    case(
        "a hold that is past already",
        world().told(Verb.HOLD, saying(until="2013-05-01T00:00:00Z")),
        tells("RequestRefused", "is past") & says(held=None),
    ),
    case(
        "a hold takes back what was asked for",
        world().suspended().told(Verb.TRIP, "1").recording(settled(world().suspended().told(Verb.TRIP, "1")))
        .told(Verb.HOLD, "x"),
        says(asked_trip=None),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "expected"), HOLDING)
def test_not_now(seen: World, expected: Expectation) -> None:
    check(seen, expected)


TRIPPING = [
    case(
        "somebody asks for a candidate: trains at once, though every window passes",
        world().told(Verb.TRIP, ANNA),
        tells("TripAsked", "anna: new tariffs")
        & tells("TrainingAsked", "anna: new tariffs")
        & says(
            attempt__trigger=Trigger.ASKED,
            attempt__reason="somebody asked for it (anna: new tariffs)",
            attempt__because=(week(15),),
            attempt__train_end=week(16).start,
            asked_trip=None,
            last_trip_window=None,
        ),
    ),
    case(
        "it need not say who",
        world().told(Verb.TRIP, "now"),
        says(attempt__reason="somebody asked for it"),
    ),
    case(
        "neither a cooldown nor an open breaker keeps a person from it",
        world().knowing(attempts=3, trips=3).cooling(DAY).told(Verb.TRIP, ANNA),
        says(attempt__trip=4, attempts=4),
    ),
    case(
        "suspended: it is remembered",
        world().suspended().told(Verb.TRIP, ANNA),
        tells("TripAsked") & says(attempt=None, asked_trip__by="anna"),
    ),
    case(
        "no longer suspended: it begins",
        world().recording(settled(world().suspended().told(Verb.TRIP, ANNA))),
        says(attempt__trigger=Trigger.ASKED, attempt__trip=1),
    ),
    case(
        "an attempt is under way already",
        world().attempting(job_known=True).job(JobState.RUNNING).told(Verb.TRIP, ANNA),
        tells("RequestRefused", "attempt 1 is under way") & says(asked_trip=None, attempt__trip=1),
    ),
    case(
        "there is no spec.retrain",
        world().without_retrain().told(Verb.TRIP, ANNA),
        tells("RequestRefused", "spec.retrain") & says(asked_trip=None),
    ),
    case(
        "nothing is known of the data yet: it waits for the first look",
        newborn().told(Verb.TRIP, ANNA),
        says(attempt=None),
    ),
    case(
        "nonsense is told once and remembered as heard",
        world().told(Verb.TRIP, "{"),
        tells("RequestRefused", "modelmonitor.dev/trip") & says(attempt=None),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), TRIPPING)
def test_a_candidate_is_asked_for(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def test_of_several_requests_each_is_heard_and_kept_in_the_history() -> None:
    seen = world().told(Verb.HOLD, "1").told(Verb.TRIP, "{").told(Verb.APPROVE, "no")
    status = settled(seen)
    assert [entry.reason for entry in status.history] == ["Held", "RequestRefused", "RequestRefused"]
    assert {one.verb for one in status.handled_requests} == {Verb.HOLD, Verb.TRIP, Verb.APPROVE}


def test_the_same_words_again_are_heard_when_a_nonce_makes_them_new() -> None:
    first = settled(world().told(Verb.HOLD, saying(nonce="1")))
    resumed = settled(world().recording(first).told(Verb.HOLD, saying(nonce="1")).told(Verb.RESUME, "1"))
    assert resumed.held is None
    again = world().recording(resumed).told(Verb.RESUME, "1")
    assert settled(again.told(Verb.HOLD, saying(nonce="1"))).held is None, "heard before"
    assert settled(again.told(Verb.HOLD, saying(nonce="2"))).held is not None


def rolled() -> World:
    return world().finished_rollout(RolloutStage.KEPT)


BACK = [
    case(
        "the model that was rolled out is taken back, when somebody asks",
        rolled().told(Verb.ROLLBACK, saying(by="anna", why="complaints")),
        tells("RollingBack", "anna: complaints")
        & says(
            rollout__direction=Direction.BACK,
            rollout__to_uri=A,
            rollout__from_uri=B,
            rollout__id=2,
            rollout__stage=RolloutStage.PROGRESSING,
        ),
    ),
    case("also while it is verified", world().verifying().told(Verb.ROLLBACK, "1"), says(rollout__to_uri=A)),
    case(
        "a model that somebody put there is not ours to take back",
        world().told(Verb.ROLLBACK, "1"),
        tells("RequestRefused", "not one that this monitor rolled out") & says(rollout=None),
    ),
    case(
        "nor one that replaced ours",
        rolled().knowing(serving_model=rolled().status.serving_model.model_copy(update={"uri": C})).live(uri=C)  # type: ignore[union-attr]
        .told(Verb.ROLLBACK, "1"),
        tells("RequestRefused") & does(),
    ),
    case(
        "in mode Observe they have to do it themselves",
        rolled().in_mode_observe().told(Verb.ROLLBACK, "1"),
        tells("RequestRefused", "rollout.mode is Observe", A) & says(rollout__stage=RolloutStage.KEPT),
    ),
    case(
        "in mode Observe by now, a rollout that is not over is taken back",
        world().verifying().in_mode_observe().told(Verb.ROLLBACK, "1"),
        says(rollout__to_uri=A),
    ),
    case(
        "what was rolled back already stays so",
        world().finished_rollout(RolloutStage.ROLLED_BACK).told(Verb.ROLLBACK, "1"),
        tells("RequestRefused"),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "expected"), BACK)
def test_a_rollback_is_asked_for(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def test_a_candidate_that_was_rolled_back_is_remembered_by_its_digest() -> None:
    digest = "sha256:" + "ab" * 32
    seen = world().rolling(Direction.BACK)
    rollout = seen.status.rollout
    assert rollout is not None
    seen = seen.knowing(rollout=rollout.model_copy(update={"candidate_digest": digest}))
    done = settled(seen.live(uri=A, rollout_id=rollout.id))
    arrived = decide(seen.live(progress=world().seen.serving.progress).seen, NOW).status  # type: ignore[union-attr]
    assert done.rolled_back_digests == ()
    assert arrived.rolled_back_digests == (digest,)
    assert arrived.last_attempt is not None
    assert arrived.last_attempt.outcome is AttemptOutcome.ROLLED_BACK


SCHEDULED = [
    case(
        "so much event time has passed since the last training: trains anyway",
        world().spec(retrain={"every": "30d"}).judged_well().knowing(last_train_end=week(10).start),
        tells("TrainingScheduled", "spec.retrain.every is 30d")
        & says(attempt__trigger=Trigger.SCHEDULED, attempt__because=(week(15),), last_trip_window=None),
    ),
    case(
        "not yet",
        world().spec(retrain={"every": "60d"}).judged_well().knowing(last_train_end=week(10).start),
        idle_until(NEXT),
    ),
    case(
        "of a monitor that has never trained it counts from its first window",
        world().spec(retrain={"every": "30d"}).judged_well(),
        says(attempt__trigger=Trigger.SCHEDULED),
    ),
    case(
        "labels that have not come yet are nothing to train on",
        world().spec(retrain={"every": "30d"}, data={"labels": {"delay": "20d"}}).judged_well()
        .knowing(last_train_end=week(13).start),
        idle_until(NEXT),
    ),
    case(
        "before anything was judged: waits",
        world().spec(retrain={"every": "1d"}).knowing(last_evaluation=None),
        says(attempt=None),
    ),
    case(
        "somebody has just put another model into service: it counts from there",
        world().spec(retrain={"every": "30d"}).judged_well().live(uri=C),
        tells("NewChampion") & says(attempt=None, last_train_end=world().status.data_through),
    ),
    case(
        "a cooldown and an open breaker hold it up",
        world().spec(retrain={"every": "30d"}).judged_well().knowing(attempts=3),
        idle_until(NEXT) & phase(Phase.BREAKER_OPEN),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "expected"), SCHEDULED)
def test_a_candidate_is_trained_because_it_is_time(seen: World, expected: Expectation) -> None:
    check(seen, expected)


@pytest.mark.parametrize(("attempts", "days"), [(1, 1), (2, 2), (3, 4), (4, 8), (9, 8)])
def test_after_each_attempt_in_a_row_that_came_to_nothing_the_rest_is_longer(attempts: int, days: int) -> None:
    seen = world().spec(retrain={"maxAttempts": 20}).attempting(job_known=True).knowing(attempts=attempts)
    status = decide(seen.job(JobState.FAILED, reason="Error").seen, NOW).status
    assert status.cooldown_ends == NOW + timedelta(days=days)
