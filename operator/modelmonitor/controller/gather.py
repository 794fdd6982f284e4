"""From the cache to one frozen Observation. Reads, never asks."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.api.status import ModelMonitorStatus, RolloutStage
from modelmonitor.controller.cache import EXPLAINED_FOR, Cache
from modelmonitor.controller.projections import JobView, Key, MonitorSeen, PodView
from modelmonitor.domain import schedule
from modelmonitor.domain.job_trouble import explained
from modelmonitor.domain.names import child, training_name
from modelmonitor.domain.observation import (
    Annotations,
    EvaluationSeen,
    Fleet,
    JobSeen,
    JobState,
    Observation,
    Problem,
    serving_of,
)
from modelmonitor.serving.protocol import Target
from modelmonitor.serving.targets import target_of


@dataclass(frozen=True, slots=True)
class Gathered:
    """An observation, the version of the monitor that it was made from, and when it turns though nothing happens."""

    seen: Observation
    resource_version: str
    turns: datetime | None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the operator's own settings say to every monitor."""

    observe_only: bool = False
    fleet: Fleet = Fleet()  # noqa: RUF009 - frozen


def gather(cache: Cache, key: Key, around: Surroundings, *, now: datetime) -> Gathered | None:
    """What is known of a monitor and everything around it; None when it is gone or going."""
    monitor = cache.monitors.get(key.namespace, key.name)
    if monitor is None or monitor.deleting:
        return None
    spec = ModelMonitorSpec.model_validate_json(monitor.spec)
    status = status_of(monitor)
    trains = child(key.name, "t", "")
    jobs = [explained(job, spec, trains=job.name.startswith(trains)) for job in _jobs(cache, monitor, status)]
    rollout = status.rollout
    target = target_of(serving_of(spec, status), key.name)
    live = cache.serving_in(key.namespace)
    since = rollout.started_at if rollout and rollout.stage is RolloutStage.PROGRESSING else None
    return Gathered(
        Observation(
            namespace=key.namespace,
            name=key.name,
            uid=monitor.uid,
            generation=monitor.generation,
            spec=spec,
            recorded=status,
            status=status,
            serving=target.observe(live, now=now, since=since) if target.kind in cache.kinds else _unwatched(target),
            annotations=Annotations(monitor.requested_at, monitor.requests),
            invalid=schedule.problem(spec.schedule, spec.windows.time_zone),
            owner_of_target=_older_monitor(cache, monitor),
            jobs={job.name: job for job in jobs},
            evaluations=tuple(
                EvaluationSeen(one.name, one.uid, one.look, one.role)
                for one in cache.evaluations.inside(key.namespace)
                if one.owner_uid == monitor.uid
            ),
            observe_only=around.observe_only,
            fleet=cache.fleet.beside(monitor.uid, around.fleet, now),
        ),
        monitor.resource_version,
        min((*target.turns(live, now=now, since=since), *_turns(cache, jobs, now)), default=None),
    )


def _turns(cache: Cache, jobs: list[JobSeen], now: datetime) -> Iterator[datetime]:
    for job in jobs:
        explained = cache.explained.get(job.uid)
        if job.state is JobState.WAITING and explained is not None and explained.at + EXPLAINED_FOR > now:
            yield explained.at + EXPLAINED_FOR


def _unwatched(target: Target) -> Problem:
    kind = target.kind
    return Problem(
        "ServingKindNotWatched",
        f"spec.model.serving.{kind.name}: the cluster has no kind {kind.holder.resource.kind}, or the operator's chart "
        f"leaves {kind.name} out of operator.serving.",
    )


def status_of(monitor: MonitorSeen) -> ModelMonitorStatus:
    """The status as it stands; one that cannot be read is none, as after a restore without status.

    Somebody with the right to write it may have written nonsense. The live objects win over it in any case.
    """
    try:
        return ModelMonitorStatus.model_validate(json.loads(monitor.status))
    except (ValidationError, ValueError):
        return ModelMonitorStatus()


def _older_monitor(cache: Cache, monitor: MonitorSeen) -> str | None:
    """The monitor that owns this serving target, if it is not this one: the oldest that does not only observe."""
    rivals = [
        one
        for one in cache.monitors.inside(monitor.key.namespace)
        if one.target == monitor.target and not one.deleting and '"retrain":' in one.spec
    ]
    first = min((monitor, *rivals), key=lambda one: (one.observes, one.created, one.key))
    return None if first.key == monitor.key else first.key.name


def _jobs(cache: Cache, monitor: MonitorSeen, status: ModelMonitorStatus) -> list[JobSeen]:
    namespace = monitor.key.namespace
    views = [job for job in cache.jobs.inside(namespace) if job.owner_uid == monitor.uid]
    names = {job.name for job in views}
    pods: dict[str, list[PodView]] = {}
    for pod in cache.pods.inside(namespace):
        if pod.job in names:
            pods.setdefault(pod.job, []).append(pod)
    seen = [_job(cache, job, pods.get(job.name, [])) for job in views]
    attempt = status.attempt
    if attempt is not None and attempt.job_uid is not None and attempt.job_uid in cache.deleted:
        name = training_name(monitor.key.name, monitor.uid, attempt)
        message = "somebody deleted the training Job before its result was read"
        seen.append(JobSeen(name, attempt.job_uid, JobState.FAILED, attempt.started_at, "JobDeleted", message))
    return seen


def _job(cache: Cache, job: JobView, pods: list[PodView]) -> JobSeen:
    # Of several Pods the newest; of a Job that succeeded the one that did.
    succeeded = job.state is JobState.SUCCEEDED
    pod = max(pods, key=lambda one: (succeeded and one.succeeded, one.created), default=None)
    reason, message, state = job.reason, job.message, job.state
    if pod is not None and state is JobState.FAILED and pod.failed_reason and reason != "DeadlineExceeded":
        reason, message = pod.failed_reason, pod.failed_message
    if pod is not None and state is JobState.WAITING and not job.reason:
        reason, message = pod.waiting_reason, pod.waiting_message
        state = JobState.RUNNING if pod.running else state
    explained = cache.explained.get(job.uid)
    if state is JobState.WAITING and not reason and explained is not None:
        reason, _, message = explained.message.partition(": ")
    return JobSeen(job.name, job.uid, state, job.created, reason, message, pod.output if pod else None)
