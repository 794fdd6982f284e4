"""A training that the cluster took away before it was done: started again, a bounded number of times."""

from datetime import datetime, timedelta
from typing import Final

from modelmonitor.api.status import Attempt
from modelmonitor.api.types import format_duration
from modelmonitor.domain import names
from modelmonitor.domain.actions import Tone
from modelmonitor.domain.observation import JobSeen, JobState, Observation
from modelmonitor.domain.policies.measure import LONGEST_PAUSE
from modelmonitor.domain.step import Step, backoff, noted, waiting

MOST_RETRIES: Final = 3
RETRY_PAUSE: Final = timedelta(minutes=1)
# What the kubelet, the scheduler and the node controllers write; a Job that somebody deleted is not among them.
_TAKEN_AWAY: Final = frozenset(
    {
        "Evicted",
        "Interrupted",
        "Disrupted",
        "DeletionByPodGC",
        "DeletionByTaintManager",
        "EvictionByEvictionAPI",
        "PreemptionByScheduler",
        "TerminationByKubelet",
    }
)


def taken_away(job: JobSeen) -> bool:
    """Whether a Job failed for a reason that lies in the cluster and not in the Job."""
    return job.state is JobState.FAILED and job.reason in _TAKEN_AWAY


def until_it_may_start(seen: Observation, now: datetime, attempt: Attempt) -> Step | None:
    """Reasons to wait with a training Job that is not there yet: a pause, or one before it that is still going."""
    if attempt.not_before is not None and now < attempt.not_before:
        return waiting(seen, until=attempt.not_before)
    going = any(name.startswith(names.child(seen.name, "t", "")) for name in seen.jobs)
    return waiting(seen) if going else None


def once_more(seen: Observation, now: datetime, attempt: Attempt, job: JobSeen) -> Step:
    """The cluster took the training away before it was done: that says nothing about it, and costs no cooldown.

    It gets a Job of another name, and a folder of its own, since it may have written half a model.
    """
    retry = attempt.retry + 1
    pause = backoff(retry, first=RETRY_PAUSE, most=LONGEST_PAUSE)
    again = attempt.model_copy(
        update={
            "retry": retry,
            "job_uid": None,
            "not_before": now + pause,
            "output_uri": output_uri(seen, attempt.trip, now + pause),
            "generation": seen.generation,
        }
    )
    message = (
        f"The training Job was taken away ({job.reason}): it is started again in "
        f"{format_duration(pause)}, {retry} of {MOST_RETRIES} times."
    )
    return noted(seen, now, "TrainingInterrupted", message, tone=Tone.WARNING, attempt=again)


def output_uri(seen: Observation, trip: int, begins: datetime) -> str:
    """A folder that no model was written to before.

    With the time: after a restore without status trips begin at 1 again, and a model's folder is written once.
    """
    root = seen.spec.retrain.output_uri.rstrip("/") if seen.spec.retrain else ""
    return f"{root}/{seen.name}/{trip}-{begins:%Y%m%dT%H%M%SZ}/"
