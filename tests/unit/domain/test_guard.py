"""The fleet guard, as a table of sentences."""

from datetime import timedelta

import pytest

from modelmonitor.api.monitor import ApprovalPolicy
from modelmonitor.api.requests import Verb
from modelmonitor.api.result import Comparison, ModelIdentity
from modelmonitor.api.status import Phase
from modelmonitor.domain.observation import JobState
from tests.unit.domain.expectations import (
    Expectation,
    case,
    check,
    condition,
    nothing,
    phase,
    says,
    settled,
    tells,
    trains,
)
from tests.unit.domain.worlds import HOUR, NOW, B, World, world

MINUTE = timedelta(minutes=1)
DIGEST = "sha256:" + "ab" * 32


def better(seen: World) -> World:
    return seen.comparing().compared(Comparison.BETTER, candidate=ModelIdentity(uri=B, digest=DIGEST))


def waits(seen: World) -> World:
    begun = better(seen)
    return begun.recording(settled(begun)).without_finished_jobs()


GUARDING = [
    case(
        "four others tripped, of twenty: the fifth closes the guard",
        world().failing(2).in_a_fleet(active=20, tripped=4),
        tells("FleetGuard", "5 of 20")
        & says(attempt=None, guard__tripped=5, guard__active=20)
        & condition("Retraining", "False", "FleetGuard", "modelmonitor.dev/resume")
        & phase(Phase.GUARDED),
    ),
    case("three others: that is few", world().failing(2).in_a_fleet(active=10, tripped=3), trains(trip=1)),
    case(
        "four others of a hundred: that is no great share",
        world().failing(2).in_a_fleet(active=100, tripped=4),
        trains(trip=1),
    ),
    case("exactly the share is not more than it", world().failing(2).in_a_fleet(active=25, tripped=4), trains(trip=1)),
    case(
        "a monitor that is well has nothing to do with it",
        world().in_a_fleet(active=20, tripped=9),
        says(guard=None) & nothing(),
    ),
    case("closed: nothing is trained", world().failing(2).guarded(), nothing() & says(attempt=None)),
    case(
        "closed: nor because it is time",
        world().guarded().judged_well().spec(retrain={"every": "30d"}),
        says(attempt=None),
    ),
    case(
        "closed: a hold's word does not open it",
        world().failing(2).guarded().told(Verb.HOLD, "1"),
        says(guard__tripped=9),
    ),
    case(
        "somebody says resume: trains, and the others' trips of this hour no longer hold it up",
        world().failing(2).guarded().in_a_fleet(active=20, tripped=9).told(Verb.RESUME, "1"),
        tells("Resumed") & trains(trip=1) & says(guard=None, guard_released_at=NOW),
    ),
    case(
        "an hour after that it can close again",
        world().failing(2).knowing(guard_released_at=NOW - HOUR).in_a_fleet(active=20, tripped=9),
        tells("FleetGuard"),
    ),
    case(
        "one that is training when it closes is drawn in",
        world()
        .attempting(job_known=True)
        .knowing(tripped_at=NOW - 5 * MINUTE)
        .job(JobState.RUNNING)
        .in_a_fleet(active=20, tripped=4),
        tells("FleetGuard") & says(attempt__trip=1),
    ),
    case(
        "one that has tripped long before is not",
        world()
        .attempting(job_known=True)
        .knowing(tripped_at=NOW - HOUR)
        .job(JobState.RUNNING)
        .in_a_fleet(active=20, tripped=4),
        says(guard=None, attempt__trip=1),
    ),
    case("closed: what runs goes on", world().attempting(job_known=True).job(JobState.RUNNING).guarded(), nothing()),
    case("closed: what was trained is compared", world().comparing().guarded(), says(comparison__challenger_uri=B)),
    case(
        "closed: a candidate that is better waits for a person, whatever the spec says",
        better(world().guarded()).guarded(),
        tells("AwaitingApproval") & says(rollout=None, approval__digest=DIGEST),
    ),
    case("closed: it goes on waiting", waits(better(world()).guarded()), nothing()),
    case(
        "closed: a person approves this one",
        waits(better(world()).guarded()).told(Verb.APPROVE, DIGEST),
        tells("Approved") & says(guard__tripped=9),
    ),
    case(
        "released: it is rolled out",
        waits(better(world()).guarded()).told(Verb.RESUME, "1"),
        tells("RollingOut") & says(rollout__to_uri=B),
    ),
]


@pytest.mark.parametrize(("seen", "expected"), GUARDING)
def test_the_fleet_guard(seen: World, expected: Expectation) -> None:
    check(seen, expected)


def test_no_spec_can_switch_the_guard_off() -> None:
    seen = better(world().spec(rollout={"approval": ApprovalPolicy.AUTOMATIC})).guarded()
    check(seen, says(rollout=None))
