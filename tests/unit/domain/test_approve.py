"""A better candidate that waits for a person, as a table of sentences."""

import json
from typing import Any

import pytest

from modelmonitor.api.requests import Verb
from modelmonitor.api.result import Baseline, Comparison, ComparisonResult, Look, ModelIdentity, Verdict
from modelmonitor.api.status import Answer, AttemptOutcome, Phase
from modelmonitor.domain.actions import DeleteEvaluation, DeleteJob
from modelmonitor.domain.decision import decide
from tests.unit.domain.expectations import (
    Expectation,
    case,
    check,
    condition,
    does,
    finishes,
    nothing,
    phase,
    says,
    settled,
    tells,
)
from tests.unit.domain.worlds import DAY, NOW, A, B, C, World, week, world

DIGEST = "sha256:" + "0123456789abcdef" * 4
OTHER = "sha256:" + "fedcba9876543210" * 4


def manual(**rollout: Any) -> World:
    return world().spec(rollout={"approval": "Manual", **rollout})


def better(seen: World) -> World:
    """B is better on week 16, by a Job that has loaded it."""
    return seen.comparing().compared(Comparison.BETTER, candidate=ModelIdentity(uri=B, digest=DIGEST))


def waits(seen: World) -> World:
    """That is recorded, and the comparison's Job is gone."""
    begun = better(seen)
    return begun.recording(settled(begun)).without_finished_jobs()


KEEPS = says(approval=None, attempt=None, candidate=None, serving_model__uri=A, rollout=None)

APPROVING = [
    case(
        "approval Automatic: rolled out at once, with its digest",
        better(world()),
        tells("RollingOut") & says(rollout__to_uri=B, rollout__candidate_digest=DIGEST, approval=None) & finishes(),
    ),
    case(
        "approval Manual: it waits, and says for what and how",
        better(manual()),
        tells("AwaitingApproval", DIGEST)
        & says(approval__candidate_uri=B, approval__digest=DIGEST, approval__window=week(16))
        & says(comparison=None, rollout=None)
        & condition("Retraining", "True", "AwaitingApproval", f"modelmonitor.dev/approve to {DIGEST}")
        & phase(Phase.AWAITING_APPROVAL)
        & finishes(),
    ),
    case("nobody has said anything: waits", waits(manual()), nothing() & says(approval__answer=None)),
    case(
        "its digest is approved: said first, rolled out by the next decision",
        waits(manual()).told(Verb.APPROVE, json.dumps({"digest": DIGEST, "by": "anna", "why": "looks good"})),
        tells("Approved", "anna: looks good") & says(approval__answer=Answer.APPROVED, rollout=None) & does(),
    ),
    case(
        "the approval is recorded: rolled out, and who approved it stands there",
        waits(manual()).recording(settled(waits(manual()).told(Verb.APPROVE, DIGEST)).model_copy(
            update={"rollout": None, "approval": waits(manual()).status.approval.model_copy(  # type: ignore[union-attr]
                update={"answer": Answer.APPROVED, "by": "anna"})})),
        tells("RollingOut", "approved by anna") & says(rollout__to_uri=B, rollout__approved_by="anna", approval=None),
    ),
    case(
        "the beginning of its digest is enough",
        waits(manual()).told(Verb.APPROVE, DIGEST[:19]),
        tells("Approved"),
    ),
    case(
        "an approval of another digest does nothing",
        waits(manual()).told(Verb.APPROVE, OTHER),
        tells("RequestRefused", OTHER, DIGEST) & says(approval__answer=None, rollout=None) & does(),
    ),
    case(
        "an approval of nothing that waits does nothing, also when such a candidate comes later",
        better(manual()).having_heard(Verb.APPROVE, DIGEST).told(Verb.APPROVE, DIGEST),
        says(approval__answer=None),
    ),
    case(
        "it is rejected: said first",
        waits(manual()).told(Verb.REJECT, json.dumps({"digest": DIGEST, "by": "ben"})),
        tells("Rejected", "ben") & says(approval__answer=Answer.REJECTED),
    ),
    case(
        "the rejection is recorded: the champion is kept, and it cools down",
        waits(manual()).knowing(approval=waits(manual()).status.approval.model_copy(  # type: ignore[union-attr]
            update={"answer": Answer.REJECTED, "by": "ben"})),
        tells("Rejected", "ben") & KEEPS & says(last_attempt__outcome=AttemptOutcome.REJECTED),
    ),
    case(
        "nobody has said anything by the deadline: it is given up",
        waits(manual(approvalDeadline="2d")).later(2 * DAY),
        tells("NotApproved", "Nobody approved") & KEEPS & says(last_attempt__outcome=AttemptOutcome.NOT_APPROVED),
    ),
    case(
        "the spec no longer asks for approval: rolled out",
        waits(manual()).spec(rollout={"approval": "Automatic"}),
        tells("RollingOut") & says(rollout__to_uri=B),
    ),
    case(
        "spec.retrain is removed: given up",
        waits(manual()).spec(retrain=None, rollout=None),
        KEEPS & says(last_attempt__outcome=AttemptOutcome.SUPERSEDED),
    ),
    case(
        "another model is put into service meanwhile: it was compared with one that serves no more",
        waits(manual()).live(uri=C).told(Verb.APPROVE, DIGEST),
        tells("NewChampion") & says(approval=None, rollout=None, last_attempt__outcome=AttemptOutcome.SUPERSEDED),
    ),
    case(
        "a candidate that was rolled back before is not rolled out again",
        better(world().knowing(rolled_back_digests=(OTHER, DIGEST))),
        tells("KnownBad", "was rolled back before") & KEEPS & says(last_attempt__outcome=AttemptOutcome.KNOWN_BAD),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("seen", "expected"), APPROVING)
def test_approval(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def test_while_it_waits_the_comparisons_job_is_tidied_up_and_no_second_attempt_begins() -> None:
    begun = better(manual()).failing(3)
    waiting = begun.recording(settled(begun))
    assert waiting.status.attempt is not None
    check(waiting, does(DeleteJob, DeleteEvaluation) & says(rollout=None, trips=waiting.status.trips))


WAS = Baseline(metric="f1", value=0.43, error=0.02, degrees=6)
BEFORE = Baseline(metric="f1", value=0.51, error=0.02, degrees=6)


def test_a_promoted_model_is_held_to_what_it_was_and_a_rollback_brings_back_what_the_one_before_it_was() -> None:
    measured = ComparisonResult(verdict=Comparison.BETTER, metric="f1", low=0.1, baselines=(WAS,))
    serving = world().status.serving_model
    assert serving is not None
    held = serving.model_copy(update={"baselines": (BEFORE,), "baseline_digest": OTHER})
    begun = world().comparing().knowing(serving_model=held)
    found = begun.found(Look.JUDGED, Verdict.FAIL, comparison=measured, candidate=ModelIdentity(uri=B, digest=DIGEST))
    status = decide(found.seen, NOW).status
    assert status.rollout is not None
    assert status.rollout.baselines == (WAS,)
    assert status.last_attempt is not None
    assert status.last_attempt.comparison is not None
    assert status.last_attempt.comparison.baselines == (), "kept where it is needed"

    rolled = begun.recording(status).without_finished_jobs().live(uri=B, rollout_id=status.rollout.id)
    arrived = settled(rolled)
    assert arrived.serving_model is not None
    served = arrived.serving_model
    assert (served.uri, served.baselines, served.baseline_digest) == (B, (WAS,), DIGEST)

    asked = settled(rolled.recording(arrived).told(Verb.ROLLBACK, "1"))
    assert asked.rollout is not None
    turned = rolled.recording(asked).live(uri=A, rollout_id=asked.rollout.id)
    again = settled(turned).serving_model
    assert again is not None
    assert (again.uri, again.baselines, again.baseline_digest) == (A, (BEFORE,), OTHER)


def test_a_model_that_somebody_put_there_is_held_to_nothing() -> None:
    serving = world().status.serving_model
    assert serving is not None
    held = world().knowing(serving_model=serving.model_copy(update={"baselines": (BEFORE,)}))
    check(held.live(uri=C), says(serving_model__uri=C, serving_model__baselines=()))


OBSERVED = (
    says(rollout=None, approval=None, attempt=None, candidate=None, serving_model__uri=A)
    & says(last_attempt__outcome=AttemptOutcome.OBSERVE, cooldown_ends=NOW + DAY)
    & condition("Promoted", "False", "Observe", f"{B} is better", "set modelUri of SeldonDeployment flights to it")
)

OBSERVING = [
    case(
        "a better candidate: nothing is rolled out, and somebody is told what to do",
        better(world().in_mode_observe()),
        tells("Observe", f"{B} is better and is not rolled out, since rollout.mode is Observe") & OBSERVED & finishes(),
    ),
    case(
        "mode Observe is chosen while a candidate waits: nobody need say yes any more",
        waits(manual()).spec(rollout={"mode": "Observe", "approval": "Automatic"}),
        tells("Observe") & OBSERVED & does(),
    ),
    case(
        "... and while the fleet is guarded",
        waits(manual()).guarded().spec(rollout={"mode": "Observe", "approval": "Automatic"}),
        tells("Observe") & OBSERVED,
    ),
    case(
        "no better: as in any other mode",
        world().in_mode_observe().comparing().compared(Comparison.NOT_BETTER),
        tells("NotBetter") & says(rollout=None),
    ),
    case(
        "somebody follows: their model is a new champion, and nothing rests",
        world().in_mode_observe().after_attempt(AttemptOutcome.OBSERVE).cooling(DAY).live(uri=B),
        tells("NewChampion", B) & says(serving_model__uri=B, cooldown_ends=None, attempts=0),
    ),
    case(
        "ConfigMap where it is served in batch: rolled out",
        better(world().in_batch()),
        tells("RollingOut") & says(rollout__to_uri=B, rollout__target__batch__uri=A),
    ),
    case("Observe where it is served in batch: told", better(world().in_batch().in_mode_observe()), tells("Observe")),
]


@pytest.mark.parametrize(("seen", "expected"), OBSERVING)
def test_in_mode_observe_a_better_candidate_is_told(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def test_a_rollout_remembers_the_digest_of_the_model_that_it_replaces() -> None:
    known = world().digest(OTHER)
    check(better(known), says(rollout__candidate_digest=DIGEST, rollout__champion_digest=OTHER))
