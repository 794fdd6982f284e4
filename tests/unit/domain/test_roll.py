"""A rollout that has begun, forward and back, as a table of sentences."""

from datetime import timedelta

import pytest

from modelmonitor.api.status import AttemptOutcome, Direction, Phase, RolloutStage
from modelmonitor.domain.actions import PatchServing
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import Progress
from tests.unit.domain.expectations import (
    Expectation,
    acts,
    case,
    check,
    condition,
    does,
    nothing,
    phase,
    says,
    tells,
    wakes,
)
from tests.unit.domain.worlds import DAY, NOW, A, B, World, week, world

MINUTE = timedelta(minutes=1)
LATE = timedelta(minutes=15)
PATCHES = does(PatchServing)
TURNS_BACK = (
    tells("RollingBack")
    & does()
    & says(
        rollout__id=2,
        rollout__direction=Direction.BACK,
        rollout__stage=RolloutStage.PROGRESSING,
        rollout__from_uri=B,
        rollout__to_uri=A,
        rollout__patched_at=None,
        rollout__deadline=NOW + LATE,
        last_attempt__outcome=AttemptOutcome.ROLLOUT_FAILED,
        attempt=None,
        candidate=None,
    )
)
GIVES_UP = (
    tells("RolloutFailed", "the champion served throughout")
    & does()
    & says(rollout__stage=RolloutStage.ROLLED_BACK, attempt=None, cooldown_ends=NOW + DAY, serving_model__uri=A)
)

FORWARD = [
    case(
        "written down: the serving object is patched, if it is what the decision saw",
        world().rolling(patched=False),
        PATCHES & acts(PatchServing, uid="uid-flights", generation=3, rollout__id=1) & phase(Phase.ROLLING_OUT),
    ),
    case(
        "the patch is seen: that is written down before anything else is said of it",
        world().rolling(patched=False, progress=Progress.DONE).live(uri=B, rollout_id=1),
        does() & says(rollout__patched_at=NOW, rollout__stage=RolloutStage.PROGRESSING, serving_model__uri=A),
    ),
    case(
        "a person has brought the same model into service before our patch: it was not our patch",
        world().rolling(patched=False).live(uri=B),
        nothing() & says(rollout__patched_at=None),
    ),
    case(
        "patched: waits for its deadline",
        world().rolling(),
        nothing() & wakes(NOW + 10 * MINUTE) & condition("Retraining", "True", "RollingOut"),
    ),
    case(
        "done: the candidate serves, counting begins anew",
        world().rolling(progress=Progress.DONE),
        tells("Promoted", B)
        & does()
        & says(
            serving_model__uri=B,
            serving_model__since=NOW,
            rollout__stage=RolloutStage.VERIFYING,
            rollout__verify_from=week(17).start,
            failing_windows=(),
            attempt=None,
            candidate=None,
        ),
    ),
    case("done at the deadline: it serves", world().rolling(progress=Progress.DONE, since=LATE), tells("Promoted")),
    case(
        "the candidate does not start: back at once",
        world().rolling(progress=Progress.FAILED).live(detail="no such key"),
        TURNS_BACK & tells("RollingBack", "does not start: no such key"),
    ),
    case("not finished at the deadline: back", world().rolling(since=LATE), TURNS_BACK),
    case("a moment before the deadline: waits", world().rolling(since=LATE - MINUTE / 60), nothing()),
    case("suspended and patched: watched on", world().suspended().rolling(progress=Progress.DONE), tells("Promoted")),
    case("suspended at the deadline: back", world().suspended().rolling(since=LATE), TURNS_BACK),
    case("a spec that cannot be used, at the deadline: back", world().invalid().rolling(since=LATE), TURNS_BACK),
    case("spec.retrain was removed, at the deadline: back", world().without_retrain().rolling(since=LATE), TURNS_BACK),
    case("suspended before it was patched: not patched", world().suspended().rolling(patched=False), nothing()),
    case("only observing: not patched", world().observing_only().rolling(patched=False), nothing()),
    case(
        "mode Observe was chosen since: not patched",
        world().rolling(patched=False).in_mode_observe(),
        nothing() & phase(Phase.ROLLING_OUT),
    ),
    case("an older monitor has taken the target: not patched", world().taken().rolling(patched=False), nothing()),
    case(
        "refused until a minute before the deadline: no more tries, one could still be on its way at the deadline",
        world().rolling(patched=False, since=LATE - MINUTE),
        nothing() & wakes(NOW + MINUTE),
    ),
    case("refused until the deadline: given up", world().rolling(patched=False, since=LATE), GIVES_UP),
    case(
        "suspended until the deadline: given up",
        world().suspended().rolling(patched=False, since=LATE),
        GIVES_UP,
    ),
    case(
        "the serving object is gone: waits for it, says so",
        world().rolling().out_of_sight(),
        nothing()
        & says(rollout__stage=RolloutStage.PROGRESSING)
        & condition("Stalled", "True", "ServingTargetNotFound"),
    ),
    case("the serving object is gone at the deadline: waits", world().rolling(since=LATE).out_of_sight(), nothing()),
    case(
        "a person's model while the spec cannot be used: its progress is not ours",
        world().invalid().rolling(progress=Progress.DONE).live(uri="s3://models/flights/c"),
        nothing() & says(serving_model__uri=A, rollout__stage=RolloutStage.PROGRESSING),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), FORWARD)
def test_rolling_out(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def test_with_logged_predictions_the_first_window_after_the_roll_verifies() -> None:
    seen = world().logging_predictions().rolling(progress=Progress.DONE)
    rollout = seen.status.rollout
    assert rollout is not None
    seen = seen.knowing(rollout=rollout.model_copy(update={"verify_from": None}))
    through = seen.status.data_through
    check(seen, says(rollout__verify_from=through, serving_model__since_event=through))


def test_a_very_short_deadline_leaves_time_for_the_patch() -> None:
    seen = world().rolling(patched=False, since=MINUTE / 6)
    rollout = seen.status.rollout
    assert rollout is not None
    seen = seen.knowing(rollout=rollout.model_copy(update={"deadline": rollout.started_at + MINUTE / 2}))
    check(seen, PATCHES)


def back(**fields: object) -> World:
    return world().rolling(Direction.BACK, **fields)  # type: ignore[arg-type]


BACK = [
    case(
        "written down: patched",
        back(patched=False),
        PATCHES & acts(PatchServing, rollout__id=2, rollout__to_uri=A) & phase(Phase.ROLLING_BACK),
    ),
    case("suspended: patched all the same", back(patched=False).suspended(), PATCHES),
    case("only observing: patched all the same", back(patched=False).observing_only(), PATCHES),
    case("in mode Observe by now: patched all the same", back(patched=False).in_mode_observe(), PATCHES),
    case("with a spec that cannot be used: patched all the same", back(patched=False).invalid(), PATCHES),
    case("patched: waits", back(), nothing() & condition("Retraining", "True", "RollingBack")),
    case(
        "done: the earlier model serves, counting begins anew, the next attempt has to wait",
        back(progress=Progress.DONE),
        tells("RolledBack", A)
        & does()
        & says(
            serving_model__uri=A,
            rollout__stage=RolloutStage.ROLLED_BACK,
            failing_windows=(),
            cooldown_ends=NOW + DAY,
            last_attempt__outcome=AttemptOutcome.ROLLED_BACK,
        ),
    ),
    case(
        "past its deadline: goes on, and says that a person should look",
        back(since=LATE),
        nothing() & condition("Retraining", "True", "RollingBack", "a person should look"),
    ),
    case("refused past its deadline: tried on", back(patched=False, since=LATE), PATCHES),
    case("the earlier model does not start either: waits", back(progress=Progress.FAILED), nothing()),
    case("the serving object is gone: waits", back().out_of_sight(), nothing()),
]


@pytest.mark.parametrize(("seen", "expected"), BACK)
def test_rolling_back(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def test_a_long_evaluation_does_not_hide_a_failing_rollout() -> None:
    rolling = world().rolling(since=LATE).status
    seen = world().rolling(since=LATE).recording(rolling).measuring(week(17))
    check(seen, tells("RollingBack") & says(measurement__window=week(17)))


def test_an_intent_that_is_only_just_written_down_is_carried_out_by_the_next_decision() -> None:
    first = decide(world().rolling(since=LATE).seen, NOW)
    assert not [action for action in first.actions if isinstance(action, PatchServing)]
    seen = world().rolling(since=LATE).recording(first.status)
    check(seen, PATCHES & acts(PatchServing, rollout__id=2))
