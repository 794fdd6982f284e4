"""What is left over: Jobs and evaluations that nobody wants any more."""

from datetime import datetime

from modelmonitor.domain.actions import Action, DeleteEvaluation, DeleteJob
from modelmonitor.domain.evaluations import comparison_name, measurement_name
from modelmonitor.domain.names import training_name
from modelmonitor.domain.observation import Observation
from modelmonitor.domain.step import Step


def leftovers(seen: Observation, now: datetime) -> Step | None:
    """Delete what nobody wants any more.

    Wanted is what the *recorded* status wants: a Job whose result this very decision takes is deleted by the next
    one. Deleted now, and the operator killed before the status is written, its result would be lost.
    """
    wanted = wanted_jobs(seen)
    actions: list[Action] = [DeleteJob(job.name, job.uid) for job in seen.jobs.values() if job.name not in wanted]
    dead = [one for one in seen.evaluations if one.name not in wanted]
    actions += [DeleteEvaluation(one.name, one.uid) for one in dead]
    return Step(seen.status, tuple(actions)) if actions else None


def wanted_jobs(seen: Observation) -> frozenset[str]:
    """The names of the Jobs that the recorded status wants."""
    recorded = seen.recorded
    names = []
    if recorded.measurement is not None:
        names.append(measurement_name(seen, recorded.measurement))
    if recorded.comparison is not None:
        names.append(comparison_name(seen, recorded.comparison))
    if recorded.attempt is not None and recorded.candidate is None:
        names.append(training_name(seen.name, seen.uid, recorded.attempt))
    return frozenset(names)
