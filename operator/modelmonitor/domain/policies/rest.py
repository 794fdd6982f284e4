"""Reasons to begin nothing new."""

from datetime import datetime

from modelmonitor.api.status import AttemptOutcome, Hold
from modelmonitor.domain.observation import Observation, Problem
from modelmonitor.domain.policies.ends import ended
from modelmonitor.domain.step import Step, waiting


def resting(seen: Observation, now: datetime) -> Step | None:
    """Reasons to begin nothing new. What runs goes on, and is acted upon when the reason is gone."""
    status = seen.status
    if seen.spec.retrain is None and (status.attempt is not None or status.approval is not None):
        return ended(seen, now, AttemptOutcome.SUPERSEDED, "spec.retrain was removed: the attempt is given up.")
    if (
        seen.spec.retrain is None
        or seen.spec.suspend
        or seen.observe_only
        or status.reverted is not None
        or seen.owner_of_target is not None
        or status.serving_model is None
        or isinstance(seen.serving, Problem)
    ):
        return waiting(seen)
    held = holding(seen, now)
    return waiting(seen, until=held.until) if held is not None else None


def kept_from_training(seen: Observation, now: datetime) -> Step | None:
    """While the fleet is guarded nothing new is trained; what was trained is compared, and waits for a person."""
    return waiting(seen) if seen.status.guard is not None and seen.status.attempt is None else None


def holding(seen: Observation, now: datetime) -> Hold | None:
    """What somebody said, while it lasts: not now."""
    held = seen.status.held
    return held if held is not None and (held.until is None or now < held.until) else None
