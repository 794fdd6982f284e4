"""Conditions and phase: what people and programs read."""

from datetime import timedelta

import pytest

from modelmonitor.api.result import Verdict
from modelmonitor.api.status import AttemptOutcome, ModelMonitorStatus, Phase, RolloutStage
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import JobState
from tests.unit.domain.expectations import Expectation, case, check, condition, phase, settled
from tests.unit.domain.worlds import DAY, HOUR, NOW, STALE, B, World, newborn, week, world

NEWBORN = newborn().knowing(serving_model=world().status.serving_model)

SAID = [
    case("a newborn is not yet ready", newborn(), condition("Ready", "Unknown", "NotYetLooked")),
    case("a newborn is reconciling, as kstatus has it", newborn(), condition("Reconciling", "True", "FirstLook")),
    case(
        "after the first look it is not: watching for years is no reconciling",
        world(),
        condition("Reconciling", "False", "Settled"),
    ),
    case("a bad model under a working monitor: Ready", world().failing(2), condition("Ready", "True", "Watching")),
    case(
        "a bad model under a working monitor: not ModelHealthy",
        world().failing(1),
        condition("ModelHealthy", "False", "Fail", "2013-04-22"),
    ),
    case("a Warn is healthy", world().judged(Verdict.WARN), condition("ModelHealthy", "True", "Warn")),
    case(
        "too little data: nobody knows",
        world().judged(Verdict.INSUFFICIENT),
        condition("ModelHealthy", "Unknown", "Insufficient"),
    ),
    case("no window judged: nobody knows", NEWBORN, condition("ModelHealthy", "Unknown", "NotYetJudged")),
    case(
        "another model than was judged: nobody knows",
        world().judged(Verdict.FAIL, model=B),
        condition("ModelHealthy", "Unknown", "NewModel"),
    ),
    case(
        "looks that cannot measure: not Ready, and nothing is said against the model",
        world().troubled(2),
        condition("Ready", "False", "Evicted", "low on memory")
        & condition("ModelHealthy", "True", "Pass")
        & condition("Stalled", "False", "NotStalled"),
    ),
    case(
        "a Job that cannot start and says why",
        world().measuring().job(JobState.WAITING, reason="CreateContainerConfigError", message="secret lake not found"),
        condition("Ready", "False", "CreateContainerConfigError", "secret lake"),
    ),
    case(
        "a training Job that cannot start",
        world().attempting(job_known=True).job(JobState.WAITING, reason="ImagePullBackOff"),
        condition("Ready", "False", "ImagePullBackOff"),
    ),
    case(
        "a training Job that a queue has not admitted yet is in no trouble",
        world().attempting(job_known=True).job(JobState.WAITING, reason="JobSuspended", message="it is suspended"),
        condition("Ready", "True", "Watching")
        & condition("Retraining", "True", "TrainingQueued", "it is suspended")
        & phase(Phase.QUEUED),
    ),
    case(
        "something a person must change",
        world().out_of_sight(),
        condition("Stalled", "True", "ServingTargetNotFound") & condition("Ready", "False", "ServingTargetNotFound"),
    ),
    case(
        "a spec that cannot be used",
        world().invalid(),
        condition("Stalled", "True", "InvalidCron", "five fields") & phase(Phase.STALLED),
    ),
    case(
        "suspended: ready, since that was asked for",
        world().suspended(),
        condition("Ready", "True", "Suspended") & condition("Reconciling", "False", "Settled"),
    ),
    case("suspended before the first look", NEWBORN.suspended(), condition("Reconciling", "False", "Settled")),
    case("data arrive", world(), condition("DataAvailable", "True", "Arriving", "2013-05-01T00:00Z")),
    case("not yet looked", NEWBORN, condition("DataAvailable", "Unknown", "NotYetLooked")),
    case(
        "nothing newer for twice the distance of windows",
        world().knowing(data_moved_at=NOW - 14 * DAY),
        condition("DataAvailable", "False", "NoNewData", "2013-04-20"),
    ),
    case("no attempt yet", world(), condition("Promoted", "Unknown", "NoCandidate")),
    case(
        "the last candidate serves",
        world().finished_rollout(RolloutStage.KEPT),
        condition("Promoted", "True", "Verified", "What happened."),
    ),
    case(
        "the last candidate was not better",
        world().after_attempt(AttemptOutcome.NOT_BETTER),
        condition("Promoted", "False", "NotBetter"),
    ),
    case("one failing window of two", world().failing(1), condition("Retraining", "False", "NotNeeded", "1 of 2")),
    case(
        "cooling down",
        world().cooling(DAY),
        condition("Retraining", "False", "CoolingDown", "2013-05-05T12:00Z") & phase(Phase.COOLING_DOWN),
    ),
    case("no store for reports", world(), condition("Reported", "False", "NoStore")),
    case(
        "a store, nothing judged",
        NEWBORN.spec(reports={"uri": "s3://reports/"}),
        condition("Reported", "Unknown", "NotYetJudged"),
    ),
    case(
        "a store that could not be written",
        world().spec(reports={"uri": "s3://reports/"}),
        condition("Reported", "False", "NotWritten"),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), SAID)
def test_conditions(seen: World, expected: Expectation) -> None:
    check(seen, expected)


PHASES = [
    case("a newborn begins with a look", newborn(), Phase.EVALUATING),
    case(
        "a first look that could not measure",
        NEWBORN.troubled(1).at(next_look=NOW + HOUR),
        Phase.PENDING,
    ),
    case("nothing to do", world(), Phase.WATCHING),
    case("a look is wanted", world().measuring(), Phase.EVALUATING),
    case("a candidate is trained", world().attempting(), Phase.TRAINING),
    case("a candidate is compared", world().comparing(), Phase.COMPARING),
    case("rolled out", world().rolling(), Phase.ROLLING_OUT),
    case("the new model is watched", world().verifying(), Phase.VERIFYING),
    case("a look while the new model is watched", world().verifying().measuring(week(17), model=B), Phase.VERIFYING),
    case("suspended", world().suspended(), Phase.SUSPENDED),
    case("suspended in the middle of a rollout: that goes on", world().suspended().rolling(), Phase.ROLLING_OUT),
]


@pytest.mark.parametrize(("seen", "expected"), PHASES)
def test_phases(seen: World, expected: Phase) -> None:
    assert decide(seen.seen, NOW).status.phase is expected


def since(status: ModelMonitorStatus, name: str) -> object:
    return next(one.last_transition_time for one in status.conditions if one.type == name)


def test_the_transition_time_moves_only_when_the_status_flips() -> None:
    calm = settled(world())
    seen = world().recording(calm).later(HOUR / 2)
    louder = decide(seen.recording(calm).troubled(1).seen, seen.now)
    assert since(louder.status, "Ready") == NOW + HOUR / 2
    assert since(louder.status, "ModelHealthy") == NOW
    again = decide(seen.recording(louder.status).seen, NOW + DAY)
    assert since(again.status, "Ready") == NOW + HOUR / 2


def test_every_condition_is_there_from_the_first_visit_on() -> None:
    names = {one.type for one in decide(newborn().out_of_sight().seen, NOW).status.conditions}
    assert names >= {
        "Ready",
        "Reconciling",
        "Stalled",
        "DataAvailable",
        "DriftDetected",
        "ModelHealthy",
        "Retraining",
        "Promoted",
        "Reported",
    }


def test_conditions_speak_of_the_generation_that_was_seen() -> None:
    status = decide(world().seen, NOW).status
    assert {one.observed_generation for one in status.conditions} == {1}
    assert status.observed_generation == 1


@pytest.mark.parametrize(
    ("seen", "turn"),
    [
        pytest.param(world().suspended(), STALE, id="the data grow old"),
        pytest.param(world().cooling(HOUR / 2), NOW + HOUR / 2, id="the cooldown ends"),
        pytest.param(world().rolling(), NOW + timedelta(minutes=10), id="the rollout passes its deadline"),
    ],
)
def test_a_condition_that_time_alone_changes_is_written_in_time(seen: World, turn: object) -> None:
    assert decide(seen.seen, NOW).next_time == turn
