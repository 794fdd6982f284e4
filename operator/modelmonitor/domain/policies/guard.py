"""The fleet guard: when very many models turn bad at once, it is not the models.

A broken label feed, a wrong unit upstream, a bad release of ours: each monitor by itself would do the right thing, and
all of them together would train and roll a fleet of models on garbage. So beyond a share of the fleet nothing new is
trained, and nothing rolled without a person's word.
"""

from datetime import datetime

from modelmonitor.api.monitor import ApprovalPolicy
from modelmonitor.api.status import Guard, Trigger
from modelmonitor.domain.actions import Tone
from modelmonitor.domain.observation import FLEET_PERIOD, Observation
from modelmonitor.domain.policies.trip import reason_to_train
from modelmonitor.domain.step import Step, noted


def guarded(seen: Observation, now: datetime) -> Step | None:
    """Too many tripped within the hour, this one among them or about to: wait for a person."""
    status, fleet = seen.status, seen.fleet
    released = status.guard_released_at
    if status.guard is not None or (released is not None and now < released + FLEET_PERIOD):
        return None
    lately = status.tripped_at is not None and now < status.tripped_at + FLEET_PERIOD
    involved = (lately and status.attempt is not None) or _about_to_trip(seen)
    if not involved or not fleet.closes(fleet.tripped + 1):
        return None
    return noted(
        seen,
        now,
        "FleetGuard",
        f"{fleet.tripped + 1} of {fleet.active} models turned bad within an hour: that is rarely the models' fault. "
        "Nothing new is trained or rolled out until the annotation modelmonitor.dev/resume is set to a new value.",
        tone=Tone.WARNING,
        guard=Guard(since=now, tripped=fleet.tripped + 1, active=fleet.active),
    )


def needs_approval(seen: Observation) -> bool:
    """Whether a better candidate waits for a person: as the spec says, or while the fleet is guarded."""
    return seen.rollout_spec.approval is ApprovalPolicy.MANUAL or seen.status.guard is not None


def _about_to_trip(seen: Observation) -> bool:
    why = reason_to_train(seen)
    return (
        seen.spec.retrain is not None
        and seen.status.attempt is None
        and (why is not None and why.trigger is Trigger.FAILING)
    )
