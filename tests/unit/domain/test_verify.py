"""Watching the new model: keep it, or compare it with the previous one; as a table of sentences."""

import pytest

from modelmonitor.api.measuring import Counting
from modelmonitor.api.result import Cause, Comparison, Look, Verdict
from modelmonitor.api.status import AttemptOutcome, Direction, Phase, Purpose, RolloutStage
from modelmonitor.domain.actions import FinishEvaluation, StartEvaluation
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import JobState
from tests.unit.domain.expectations import Expectation, acts, case, check, does, nothing, phase, says, tells
from tests.unit.domain.worlds import DAY, NOW, A, B, C, World, day, week, world

KEPT = says(rollout__stage=RolloutStage.KEPT, comparison=None, serving_model__uri=B)
STAYS = KEPT & says(last_attempt__outcome=AttemptOutcome.STILL_FAILING, cooldown_ends=NOW + DAY)
WAITS = nothing() & says(rollout__stage=RolloutStage.VERIFYING) & phase(Phase.VERIFYING)

VERIFYING = [
    case("nothing judged yet: waits", world().verifying(), WAITS),
    case("a verdict on the earlier model: waits", world().verifying().judged(Verdict.FAIL, week(17), A), WAITS),
    case(
        "a verdict on a window that both were compared on: waits",
        world().verifying().judged(Verdict.PASS, week(16), B),
        WAITS,
    ),
    case(
        "Pass: kept",
        world().verifying().judged(Verdict.PASS, week(17)),
        KEPT
        & tells("Verified", "2013-05-06")
        & says(last_attempt__outcome=AttemptOutcome.VERIFIED, cooldown_ends=None),
    ),
    case("Warn: kept", world().verifying().judged(Verdict.WARN, week(17)), KEPT & tells("Verified")),
    case(
        "Fail: compared with the previous model on the same rows, before anything is moved",
        world().verifying().judged(Verdict.FAIL, week(17)),
        does()
        & tells("VerificationFailed", A)
        & says(
            comparison__purpose=Purpose.ROLL_BACK,
            comparison__window=week(17),
            comparison__challenger_uri=A,
            rollout__stage=RolloutStage.VERIFYING,
        ),
    ),
    case(
        "Insufficient: the next window",
        world().verifying().judged(Verdict.INSUFFICIENT, week(17)),
        does() & says(rollout__unjudged=1, rollout__verify_from=week(18).start, rollout__stage=RolloutStage.VERIFYING),
    ),
    case(
        "a Fail on data that are invalid says nothing about the new model: the next window",
        world().verifying().judged(Verdict.FAIL, week(17), counting=Counting.DATA_INVALID),
        does() & says(rollout__unjudged=1, comparison=None, rollout__stage=RolloutStage.VERIFYING),
    ),
    case("NoData: the next window", world().verifying().judged(Verdict.NO_DATA, week(17)), says(rollout__unjudged=1)),
    case(
        "the third that cannot be judged: the next window",
        world().verifying(unjudged=2).judged(Verdict.NO_DATA, week(17)),
        says(rollout__unjudged=3, rollout__stage=RolloutStage.VERIFYING),
    ),
    case(
        "the fourth that cannot be judged: kept, unverified",
        world().verifying(unjudged=3).judged(Verdict.NO_DATA, week(17)),
        KEPT & tells("Unverified") & says(last_attempt__outcome=AttemptOutcome.UNVERIFIED),
    ),
    case(
        "an error is no verdict: waits",
        world().verifying().measuring(week(17), model=B).job(JobState.FAILED),
        does(FinishEvaluation) & says(rollout__stage=RolloutStage.VERIFYING, rollout__unjudged=0),
    ),
    case(
        "failing windows train nothing while it is verified",
        world().verifying().knowing(failing_windows=(week(15), week(16)), last_trip_window=None),
        says(attempt=None, rollout__stage=RolloutStage.VERIFYING),
    ),
    case(
        "suspended: a verdict that is there is acted upon",
        world().suspended().verifying().judged(Verdict.PASS, week(17)),
        KEPT,
    ),
]


@pytest.mark.parametrize(("seen", "expected"), VERIFYING)
def test_verifying(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def previous(verdict: Comparison, *, tries: int = 0) -> World:
    return world().comparing_with_previous(tries=tries).compared(verdict)


COMPARED = [
    case(
        "both are scored on the window that failed",
        world().comparing_with_previous(),
        does(StartEvaluation) & acts(StartEvaluation, record__model_uri=B, record__candidate_uri=A),
    ),
    case("suspended: the Job is not made", world().suspended().comparing_with_previous(), nothing()),
    case(
        "the previous model is better: back",
        previous(Comparison.BETTER),
        does(FinishEvaluation)
        & tells("RollingBack", "previous model is better")
        & says(rollout__direction=Direction.BACK, rollout__id=2, rollout__to_uri=A, comparison=None),
    ),
    case(
        "the previous model is no better: the new one stays, and the attempt counts",
        previous(Comparison.NOT_BETTER),
        STAYS,
    ),
    case("no evidence: the next window", previous(Comparison.NO_EVIDENCE), says(comparison__window=week(18))),
    case("no evidence four times: the new one stays", previous(Comparison.NO_EVIDENCE, tries=3), STAYS),
    case(
        "could not measure five times: the new one stays",
        world().comparing_with_previous(errors=4).erred(Cause.CANDIDATE, "CandidateNotLoaded"),
        STAYS & tells("StillFailing", "CandidateNotLoaded"),
    ),
    case(
        "labels are late: the same window again",
        world().comparing_with_previous().found(Look.IMMATURE),
        says(comparison__window=week(17), comparison__purpose=Purpose.ROLL_BACK),
    ),
    case(
        "meanwhile later windows are judged and change nothing",
        world().comparing_with_previous().judged(Verdict.PASS, week(18)).job(JobState.RUNNING),
        nothing() & says(rollout__stage=RolloutStage.VERIFYING),
    ),
    case(
        "a third model by hand ends it",
        world().comparing_with_previous().live(uri=C),
        tells("NewChampion") & says(comparison=None, rollout__stage=RolloutStage.ROLLED_BACK),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), COMPARED)
def test_comparing_with_the_previous_model(seen: World, expected: Expectation) -> None:
    check(seen, expected)


@pytest.mark.parametrize(
    ("number", "stage"),
    [
        pytest.param(119, RolloutStage.VERIFYING, id="a window that overlaps the one before verifies nothing"),
        pytest.param(120, RolloutStage.KEPT, id="the next window that counts does"),
    ],
)
def test_only_windows_that_count_verify(number: int, stage: RolloutStage) -> None:
    counting = Counting.COUNTED if number % 2 == 0 else Counting.OVERLAPPING
    seen = world().overlapping().verifying().next(day(121)).judged(Verdict.PASS, day(number), B, counting)
    rollout = decide(seen.seen, NOW).status.rollout
    assert rollout is not None
    assert rollout.stage is stage
