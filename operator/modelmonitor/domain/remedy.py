"""What the condition Retraining says: is a remedy under way, and if not, why not?"""

from datetime import datetime
from typing import Final

from modelmonitor.api.status import Direction, RolloutStage
from modelmonitor.api.types import ConditionStatus
from modelmonitor.domain.names import training_name
from modelmonitor.domain.observation import JOB_SUSPENDED, Observation
from modelmonitor.domain.policies.rest import holding
from modelmonitor.domain.policies.trip import reason_to_train
from modelmonitor.domain.said import Said

_TRUE: Final = ConditionStatus.TRUE
_FALSE: Final = ConditionStatus.FALSE


def retraining(seen: Observation, now: datetime) -> Said:
    """The first that holds: what runs, what keeps it from running, or that there is no reason."""
    said = _rolling(seen, now) or _under_way(seen) or _forbidden(seen, now) or _resting(seen, now)
    needed = f"{len(seen.status.failing_windows)} of {seen.spec.verdict.failures_to_trip} failing windows."
    return said or Said(_FALSE, "NotNeeded", needed)


def _rolling(seen: Observation, now: datetime) -> Said | None:
    rollout = seen.status.rollout
    if rollout is None or rollout.stage not in (RolloutStage.PROGRESSING, RolloutStage.VERIFYING):
        return None
    if rollout.stage is RolloutStage.VERIFYING:
        return Said(_TRUE, "Verifying", rollout.to_uri)
    hangs = ": past its deadline, a person should look" if now >= rollout.deadline else ""
    doing = "RollingBack" if rollout.direction is Direction.BACK else "RollingOut"
    return Said(_TRUE, doing, f"{rollout.to_uri}{hangs}")


def _under_way(seen: Observation) -> Said | None:
    status, waits = seen.status, seen.status.approval
    if waits is not None:
        return Said(
            _TRUE,
            "AwaitingApproval",
            f"{waits.candidate_uri} is better. Before {waits.deadline:%Y-%m-%dT%H:%MZ} set the annotation "
            f"modelmonitor.dev/approve to {waits.digest}, or modelmonitor.dev/reject.",
        )
    if status.comparison is not None:
        return Said(_TRUE, "Comparing", f"Waiting for the window from {status.comparison.window.start:%Y-%m-%d}.")
    if status.attempt is None:
        return None
    job = seen.jobs.get(training_name(seen.name, seen.uid, status.attempt))
    if job is not None and job.reason == JOB_SUSPENDED:
        return Said(_TRUE, "TrainingQueued", f"Attempt {status.attempt.trip}: its Job waits, {job.message}.")
    return Said(_TRUE, "Training", f"Attempt {status.attempt.trip}.")


def _forbidden(seen: Observation, now: datetime) -> Said | None:
    """Why nothing would be begun, whatever the verdicts."""
    if seen.spec.retrain is None:
        return Said(_FALSE, "NotConfigured", "There is no spec.retrain: the monitor only measures.")
    if seen.status.reverted is not None:
        return Said(_FALSE, "Reverted", seen.status.reverted)
    if seen.owner_of_target is not None:
        message = f"ModelMonitor {seen.owner_of_target} owns this serving target: this one only measures."
        return Said(_FALSE, "TargetTaken", message)
    if seen.observe_only:
        return Said(_FALSE, "ObserveOnly", "The operator runs with mode ObserveOnly: nothing is trained or rolled.")
    guard = seen.status.guard
    if guard is not None:
        message = (
            f"{guard.tripped} of {guard.active} models turned bad within an hour. When the cause is found, set the "
            "annotation modelmonitor.dev/resume to a new value."
        )
        return Said(_FALSE, "FleetGuard", message)
    held = holding(seen, now)
    if held is None:
        return None
    until = f"until {held.until:%Y-%m-%dT%H:%MZ}" if held.until is not None else "until told to resume"
    who = ": ".join(part for part in (held.by, held.why) if part)
    return Said(_FALSE, "Held", f"Nothing new {until}{f' ({who})' if who else ''}.")


def _resting(seen: Observation, now: datetime) -> Said | None:
    status, retrain = seen.status, seen.spec.retrain
    if retrain is not None and status.attempts >= retrain.max_attempts:
        return Said(
            _FALSE,
            "BreakerOpen",
            f"{status.attempts} attempts without a healthy window: look at the model, then set the annotation "
            "modelmonitor.dev/resume to a new value.",
        )
    if status.cooldown_ends is not None and now < status.cooldown_ends:
        return Said(_FALSE, "CoolingDown", f"No new attempt before {status.cooldown_ends:%Y-%m-%dT%H:%MZ}.")
    why = reason_to_train(seen)
    return Said(_FALSE, "Due", f"About to train: {why.message}.") if why is not None else None
