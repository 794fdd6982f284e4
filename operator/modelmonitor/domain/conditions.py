"""Conditions and phase: computed from the whole state each time, so that no path can forget one."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from modelmonitor.api.measuring import Trouble
from modelmonitor.api.status import (
    AttemptOutcome,
    Direction,
    ModelMonitorStatus,
    Phase,
    RolloutStage,
)
from modelmonitor.api.types import ConditionStatus
from modelmonitor.domain.frontiers import next_evaluation_time, pending
from modelmonitor.domain.health import data_available, drift_detected, model_healthy, reported
from modelmonitor.domain.observation import JOB_SUSPENDED, JobSeen, JobState, Observation, Problem
from modelmonitor.domain.policies.tidy import wanted_jobs
from modelmonitor.domain.remedy import retraining
from modelmonitor.domain.said import Said, with_conditions

_TRUE, _FALSE, _UNKNOWN = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN
_GOOD: Final = (
    AttemptOutcome.PROMOTED,
    AttemptOutcome.VERIFIED,
    AttemptOutcome.UNVERIFIED,
    AttemptOutcome.STILL_FAILING,
)


def summarised(seen: Observation, now: datetime) -> ModelMonitorStatus:
    """The status with all its conditions, its phase, and the generation it speaks of."""
    said = {
        "Ready": ready(seen),
        "Reconciling": reconciling(seen),
        "Stalled": stalled(seen),
        "DataAvailable": data_available(seen, now),
        "DriftDetected": drift_detected(seen),
        "ModelHealthy": model_healthy(seen),
        "Retraining": retraining(seen, now),
        "Promoted": promoted(seen),
        "Reported": reported(seen),
    }
    return seen.status.model_copy(
        update={
            "pending_windows": pending(seen),
            "next_evaluation_time": next_evaluation_time(seen),
            "observed_generation": seen.generation,
            "conditions": with_conditions(seen.status.conditions, said, seen.generation, now),
            "phase": phase(seen, now),
        }
    )


def turns(seen: Observation) -> Iterator[datetime]:
    """When a condition will say something else although nothing happens."""
    status, rollout = seen.status, seen.status.rollout
    if status.data_moved_at is not None:
        yield status.data_moved_at + 2 * seen.spec.windows.every
    if status.cooldown_ends is not None:
        yield status.cooldown_ends
    if status.held is not None and status.held.until is not None:
        yield status.held.until
    if rollout is not None and rollout.stage is RolloutStage.PROGRESSING:
        yield rollout.deadline


def ready(seen: Observation) -> Said:
    """Does the monitor do its work? A bad model under a working monitor is not a monitor that is not ready."""
    problem = _problem(seen)
    if problem is not None:
        return Said(_FALSE, problem.reason, problem.message)
    stuck = _stuck(seen)
    if stuck is not None:
        return Said(_FALSE, stuck.reason, stuck.message)
    trouble = _trouble(seen)
    if trouble is not None:
        return Said(_FALSE, trouble.reason, trouble.message)
    if seen.spec.suspend:
        return Said(_TRUE, "Suspended", "spec.suspend is true: nothing new is begun.")
    if seen.status.data_through is None and seen.status.data_moved_at is None:
        return Said(_UNKNOWN, "NotYetLooked", "The first look at the data is not finished.")
    return Said(_TRUE, "Watching", "The model is judged on every new window.")


def reconciling(seen: Observation) -> Said:
    """In kstatus' sense: settling after a change. Watching for years is not reconciling."""
    first = seen.status.data_moved_at is None and _trouble(seen) is None and not seen.spec.suspend
    if first and _problem(seen) is None and _stuck(seen) is None:
        return Said(_TRUE, "FirstLook", "The first look at the data is not finished.")
    return Said(_FALSE, "Settled")


def stalled(seen: Observation) -> Said:
    """Somebody must change something before it can go on; it heals by itself when that happens."""
    problem = _problem(seen)
    if problem is not None:
        return Said(_TRUE, problem.reason, problem.message)
    return Said(_FALSE, "NotStalled")


def promoted(seen: Observation) -> Said:
    """Was the last candidate better?"""
    last = seen.status.last_attempt
    if last is None:
        return Said(_UNKNOWN, "NoCandidate", "No candidate has been made yet.")
    return Said(_TRUE if last.outcome in _GOOD else _FALSE, last.outcome, last.message)


def phase(seen: Observation, now: datetime) -> Phase:
    """One word for people."""
    status = seen.status
    rollout = status.rollout
    if _problem(seen) is not None:
        return Phase.STALLED
    if rollout is not None and rollout.stage is RolloutStage.PROGRESSING:
        return Phase.ROLLING_BACK if rollout.direction is Direction.BACK else Phase.ROLLING_OUT
    if seen.spec.suspend:
        return Phase.SUSPENDED
    remedy = _remedy_phase(seen, now)
    if remedy is not None:
        return remedy
    if status.measurement is not None:
        return Phase.EVALUATING
    return Phase.WATCHING if status.data_moved_at else Phase.PENDING


def _remedy_phase(seen: Observation, now: datetime) -> Phase | None:
    said = retraining(seen, now)
    return {
        "Verifying": Phase.VERIFYING,
        "Comparing": Phase.COMPARING,
        "AwaitingApproval": Phase.AWAITING_APPROVAL,
        "Held": Phase.HELD,
        "FleetGuard": Phase.GUARDED,
        "Training": Phase.TRAINING,
        "TrainingQueued": Phase.QUEUED,
        "Reverted": Phase.REVERTED,
        "BreakerOpen": Phase.BREAKER_OPEN,
        "CoolingDown": Phase.COOLING_DOWN,
    }.get(said.reason)


def _problem(seen: Observation) -> Problem | None:
    """What somebody must change before anything can go on."""
    missing = seen.serving if isinstance(seen.serving, Problem) and not seen.makes_serving else None
    return seen.invalid or missing


def _stuck(seen: Observation) -> JobSeen | None:
    """A wanted Job that waits and says why: a Secret that is missing, an image that cannot be pulled, a quota.

    One that a queue has not admitted yet is in no trouble.
    """
    wanted = wanted_jobs(seen)
    waits = (job for job in seen.jobs.values() if job.name in wanted and job.state is JobState.WAITING and job.reason)
    return next((job for job in waits if job.reason != JOB_SUSPENDED), None)


def _trouble(seen: Observation) -> Trouble | None:
    """Why the last look could not measure: the stages' in their order, else the comparison's."""
    looks = (seen.status.frontier(stage).trouble for stage in seen.stages)
    compared = seen.status.comparison
    return next(filter(None, looks), compared.trouble if compared is not None else None)
