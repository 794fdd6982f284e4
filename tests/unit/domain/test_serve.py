"""Who serves, and what people do to it, as a table of sentences."""

import pytest

from modelmonitor.api.requests import Verb
from modelmonitor.api.result import Baseline
from modelmonitor.api.status import AttemptOutcome, Direction, Phase, RolloutStage
from modelmonitor.domain.actions import CreateServing, DeleteJob
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import JobState, Progress
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
)
from tests.unit.domain.worlds import DAY, HOUR, NEXT, NOW, A, B, C, World, newborn, week, world

RESTS = tells("Reverted", A, "modelmonitor.dev/resume") & phase(Phase.REVERTED)
NEW = tells("NewChampion", C) & says(serving_model__uri=C, failing_windows=(), attempts=0, cooldown_ends=None)
OTHER = "sha256:" + "fedcba9876543210" * 4
FORGOTTEN = says(attempt=None, candidate=None, comparison=None, last_attempt__outcome=AttemptOutcome.SUPERSEDED)

SIGHT = [
    case(
        "a newborn takes the live model for the champion",
        newborn(),
        says(serving_model__uri=A, serving_model__since=NOW),
    ),
    case(
        "a monitor restored without its status does too, in the middle of a rollout that it no longer knows",
        newborn().live(uri=B, rollout_id=7, progress=Progress.UNDER_WAY),
        says(serving_model__uri=B, trips=0, attempt=None, rollout=None) & does(),
    ),
    case(
        "a serving object that is not there: nothing is known, and the conditions say what is missing",
        newborn().out_of_sight(),
        nothing()
        & says(serving_model=None)
        & condition("Stalled", "True", "ServingTargetNotFound", "no SeldonDeployment"),
    ),
    case(
        "a serving object out of sight for a while: what is known stays",
        world().failing(1).out_of_sight(),
        nothing() & says(serving_model__uri=A, failing_windows=(week(15),)) & phase(Phase.STALLED),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), SIGHT)
def test_first_sight(seen: World, expected: Expectation) -> None:
    check(seen, expected)


MOVED = [
    case(
        "somebody puts another model into service: a new champion, counts at zero", world().failing(1).live(uri=C), NEW
    ),
    case("... while a candidate is trained", world().attempting().live(uri=C), NEW & FORGOTTEN),
    case("... while a candidate is compared", world().comparing().live(uri=C), NEW & FORGOTTEN),
    case(
        "... while our rollout is not patched yet",
        world().rolling(patched=False).live(uri=C),
        NEW & FORGOTTEN & says(rollout__stage=RolloutStage.ROLLED_BACK) & does(),
    ),
    case("... while our rollout is under way", world().rolling().live(uri=C), NEW & FORGOTTEN & does()),
    case(
        "... at the very moment at which our rollout is done",
        world().rolling(progress=Progress.DONE).live(uri=C),
        NEW & FORGOTTEN & does(),
    ),
    case("... while we roll back", world().rolling(Direction.BACK).live(uri=C), NEW & does()),
    case("... while the new model is verified", world().verifying().live(uri=C), NEW),
    case(
        "... while the new model is compared with the previous one",
        world().comparing_with_previous().live(uri=C),
        NEW & FORGOTTEN,
    ),
    case(
        "... long after",
        world().finished_rollout(RolloutStage.KEPT).live(uri=C),
        NEW & says(rollout__stage=RolloutStage.KEPT),
    ),
    case(
        "... after looks that could not measure: the other model may be the cure, and is looked at at once",
        world().troubled(5).live(uri=C),
        NEW & says(measurement__model_uri=C),
    ),
    case(
        "somebody moves back to the model before our rollout, while it is under way: remediation rests",
        world().rolling().live(uri=A),
        RESTS & FORGOTTEN & does() & says(serving_model__uri=A),
    ),
    case(
        "... with a tool that replaces the whole object, and our annotation with it: that is no patch that is missing",
        world().rolling().live(uri=A, rollout_id=0),
        RESTS & FORGOTTEN & does() & says(serving_model__uri=A, rollout__id=1),
    ),
    case("... while the new model is verified", world().verifying().live(uri=A), RESTS & does()),
    case(
        "... while the new model is compared with the previous one",
        world().comparing_with_previous().live(uri=A),
        RESTS & FORGOTTEN,
    ),
    case("... after the new model was kept", world().finished_rollout(RolloutStage.KEPT).live(uri=A), RESTS & does()),
    case(
        "... with a tool that replaces the whole object and so takes our annotation away",
        world().finished_rollout(RolloutStage.KEPT).live(uri=A, rollout_id=0),
        RESTS & says(rollout__id=1),
    ),
    case(
        "somebody puts the candidate back that we had rolled back: remediation rests as well",
        world().finished_rollout(RolloutStage.ROLLED_BACK).live(uri=B),
        tells("Reverted", B) & says(serving_model__uri=B),
    ),
    case(
        "somebody rolls back by hand what we are about to roll back: that is one rollback",
        world().rolling(Direction.BACK, patched=False).live(uri=A, progress=Progress.DONE),
        tells("RolledBack") & says(reverted=None, rollout__stage=RolloutStage.ROLLED_BACK, serving_model__uri=A),
    ),
    case("a rollout that waits to be patched is not a revert", world().rolling(patched=False), says(reverted=None)),
    case(
        "after a new champion by hand the model before our rollout is just another model",
        world().finished_rollout(RolloutStage.KEPT).knowing(serving_model=world().status.serving_model).live(uri=C),
        NEW,
    ),
    case(
        "a status from an older backup than the live object: the live model wins, its id is not used again",
        world().rolling().live(uri=C, rollout_id=5),
        NEW & says(rollout__id=5, rollout__stage=RolloutStage.ROLLED_BACK) & does(),
    ),
    case(
        "a status from an older backup, the live model as it was: what was under way is forgotten",
        world().rolling(patched=False).live(rollout_id=5),
        says(attempt=None, rollout__id=5, serving_model__uri=A) & does(),
    ),
    case(
        "logged predictions are the new champion's from the newest event on",
        world().live(uri=C),
        says(serving_model__since_event=week(16).start + 2 * DAY),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), MOVED)
def test_somebody_moves_the_model(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def reverted() -> World:
    return world().knowing(reverted="Somebody moved the serving model back.")


RESUMED = [
    case("reverted: failing windows train nothing", reverted().failing(2), idle_until(NEXT)),
    case(
        "reverted, then rolled by hand: it still rests, nobody has asked for more",
        reverted().live(uri=C),
        tells("NewChampion") & says(reverted="Somebody moved the serving model back."),
    ),
    case(
        "told to resume: the rest ends, counts of attempts begin at zero",
        reverted().knowing(attempts=3).cooling(HOUR).told(Verb.RESUME, "yes"),
        tells("Resumed") & says(reverted=None, attempts=0, cooldown_ends=None),
    ),
    case(
        "what was said once is heard once",
        reverted().told(Verb.RESUME, "yes").having_heard(Verb.RESUME, "yes"),
        idle_until(NEXT),
    ),
    case(
        "a very long word is heard once",
        reverted().told(Verb.RESUME, "yes" * 100).having_heard(Verb.RESUME, "yes" * 100),
        idle_until(NEXT),
    ),
    case(
        "moved and told to resume in one go: the move is seen first",
        world().rolling(progress=Progress.DONE).live(uri=A).told(Verb.RESUME, "yes"),
        tells("Reverted") & says(serving_model__uri=A),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), RESUMED)
def test_resting_and_resuming(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def test_the_training_job_of_a_superseded_attempt_is_deleted_when_that_is_recorded() -> None:
    seen = world().attempting(job_known=True).job(JobState.RUNNING).live(uri=C)
    first = decide(seen.seen, NOW)
    assert not [action for action in first.actions if isinstance(action, DeleteJob)]
    then = decide(seen.recording(first.status).seen, NOW)
    assert [type(action) for action in then.actions] == [DeleteJob]


def test_a_revert_with_the_longest_uris_still_fits_into_the_status() -> None:
    long = "s3://" + "a" * 1019
    seen = world().rolling()
    rollout = seen.status.rollout
    assert rollout is not None
    seen = seen.knowing(rollout=rollout.model_copy(update={"from_uri": long})).live(uri=long)
    reverted_status = decide(seen.seen, NOW).status
    assert reverted_status.reverted is not None
    assert type(reverted_status).model_validate(reverted_status.document()) == reverted_status


def makes(uri: str, *, number: int = 0, digest: str | None = None) -> Expectation:
    """The ConfigMap is made with this model, and nobody is told that something is wrong."""
    made = acts(CreateServing, uri=uri, rollout_id=number, digest=digest, target__batch__uri=A)
    return made & does(CreateServing) & condition("Stalled", "False", "NotStalled")


def told_to_create() -> Expectation:
    return nothing() & condition("Stalled", "True", "ServingTargetNotFound", "no ConfigMap") & phase(Phase.STALLED)


BATCH = [
    case(
        "a newborn makes the ConfigMap with the spec's model",
        newborn().in_batch().without_config_map(),
        makes(A) & says(serving_model=None) & condition("Reconciling", "True", "FirstLook"),
    ),
    case(
        "what is there already is the champion, whatever the spec says",
        newborn().in_batch().live(uri=C),
        says(serving_model__uri=C) & does(),
    ),
    case(
        "deleted: made again with the model that served",
        world().in_batch().finished_rollout(RolloutStage.KEPT).without_config_map(),
        makes(B),
    ),
    case(
        "deleted after our rollout was seen: made again with its number",
        world().in_batch().finished_rollout(RolloutStage.KEPT).patched().without_config_map(),
        makes(B, number=1),
    ),
    case(
        "deleted in the middle of our rollout: made with the candidate that was written already",
        world().in_batch().rolling().patched().without_config_map(),
        makes(B, number=1),
    ),
    case(
        "deleted before our rollout was written: made with the model from before",
        world().in_batch().rolling(patched=False).without_config_map(),
        makes(A),
    ),
    case(
        "its digest is known: it stands there again",
        world().in_batch().digest(OTHER).without_config_map(),
        makes(A, digest=OTHER),
    ),
    case("suspended: made all the same", newborn().in_batch().suspended().without_config_map(), makes(A)),
    case("without retraining: made", newborn().in_batch().without_retrain().without_config_map(), makes(A)),
    case(
        "mode Observe: somebody else has to",
        newborn().in_batch().in_mode_observe().without_config_map(),
        told_to_create(),
    ),
    case("only observing: so too", newborn().in_batch().observing_only().without_config_map(), told_to_create()),
    case("another monitor's target: so too", newborn().in_batch().taken().without_config_map(), told_to_create()),
    case(
        "a spec that cannot be used: nothing is made",
        newborn().in_batch().invalid().without_config_map(),
        nothing() & phase(Phase.STALLED),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), BATCH)
def test_a_config_map_that_is_not_there(seen: World, expected: Expectation) -> None:
    check(seen, expected)


WAS = Baseline(metric="f1", value=0.51, error=0.02, degrees=6)
HELD = {"baselines": (WAS,), "baseline_digest": "sha256:a"}


def held(seen: World, *, before: bool = False) -> World:
    """What serves is held to what it was; or the one before it is, as the rollout remembers."""
    status = seen.status
    if before:
        assert status.rollout is not None
        known = {"previous_baselines": (WAS,), "previous_digest": "sha256:a"}
        return seen.knowing(rollout=status.rollout.model_copy(update=known))
    assert status.serving_model is not None
    return seen.knowing(serving_model=status.serving_model.model_copy(update=HELD))


@pytest.mark.parametrize(
    ("seen", "uri", "baselines"),
    [
        case("before our rollout had arrived", held(world().rolling()).live(uri=A), A, (WAS,)),
        case("while the new model is verified", held(world().verifying(), before=True).live(uri=A), A, (WAS,)),
        case(
            "after it was kept",
            held(world().finished_rollout(RolloutStage.KEPT), before=True).live(uri=A),
            A,
            (WAS,),
        ),
        case(
            "to the candidate that we had rolled back: what the other one was is not its",
            held(world().finished_rollout(RolloutStage.ROLLED_BACK), before=True).live(uri=B),
            B,
            (),
        ),
        case("to any other model", held(world().verifying(), before=True).live(uri=C), C, ()),
    ],
)
def test_who_moves_back_to_the_model_before_our_rollout_brings_back_what_it_is_held_to(
    seen: World, uri: str, baselines: tuple[Baseline, ...]
) -> None:
    serving = decide(seen.seen, NOW).status.serving_model
    assert serving is not None
    assert (serving.uri, serving.baselines) == (uri, baselines)
    assert serving.baseline_digest == ("sha256:a" if baselines else None)
