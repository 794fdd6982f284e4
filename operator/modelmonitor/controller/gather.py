"""From the cache to one frozen Observation. Reads, never asks."""

import json
from dataclasses import dataclass

from pydantic import ValidationError

from modelmonitor.api.monitor import ModelMonitorSpec
from modelmonitor.api.status import ModelMonitorStatus
from modelmonitor.controller.cache import Cache
from modelmonitor.controller.projections import JobView, Key, MonitorSeen, PodView
from modelmonitor.domain import schedule
from modelmonitor.domain.names import training_name
from modelmonitor.domain.observation import (
    Annotations,
    EvaluationSeen,
    JobSeen,
    JobState,
    Observation,
    Problem,
    ServingSeen,
)
from modelmonitor.serving import seldon_deployment


@dataclass(frozen=True, slots=True)
class Gathered:
    """An observation, and the version of the monitor that it was made from."""

    seen: Observation
    resource_version: str


def gather(cache: Cache, key: Key, *, observe_only: bool) -> Gathered | None:
    """What is known of a monitor and everything around it; None when it is gone or going."""
    monitor = cache.monitors.get(key.namespace, key.name)
    if monitor is None or monitor.deleting:
        return None
    spec = ModelMonitorSpec.model_validate_json(monitor.spec)
    status = _status(monitor)
    return Gathered(
        Observation(
            namespace=key.namespace,
            name=key.name,
            uid=monitor.uid,
            generation=monitor.generation,
            spec=spec,
            recorded=status,
            status=status,
            serving=_serving(cache, key, spec),
            annotations=Annotations(monitor.requested_at, monitor.resume_at),
            invalid=schedule.problem(spec.schedule, spec.windows.time_zone),
            owner_of_target=_older_monitor(cache, monitor),
            jobs={job.name: job for job in _jobs(cache, monitor, status)},
            evaluations=tuple(
                EvaluationSeen(one.name, one.uid, one.look, one.role)
                for one in cache.evaluations.inside(key.namespace)
                if one.owner_uid == monitor.uid
            ),
            observe_only=observe_only,
        ),
        monitor.resource_version,
    )


def _status(monitor: MonitorSeen) -> ModelMonitorStatus:
    """The status as it stands; one that cannot be read is none, as after a restore without status.

    Somebody with the right to write it may have written nonsense. The live objects win over it in any case.
    """
    try:
        return ModelMonitorStatus.model_validate(json.loads(monitor.status))
    except (ValidationError, ValueError):
        return ModelMonitorStatus()


def _serving(cache: Cache, key: Key, spec: ModelMonitorSpec) -> ServingSeen | Problem:
    target = spec.model.serving.seldon_deployment
    if target is None:
        return Problem("ServingTargetNotFound", "spec.model.serving: name a seldonDeployment.")
    live = cache.seldon_deployments.get(key.namespace, target.name)
    return seldon_deployment.observe(target, live, cache.deployments.inside(key.namespace))


def _older_monitor(cache: Cache, monitor: MonitorSeen) -> str | None:
    """The monitor that owns this serving target, if it is not this one: the oldest that looks at it."""
    rivals = [
        one
        for one in cache.monitors.inside(monitor.key.namespace)
        if one.target == monitor.target and not one.deleting and '"retrain":' in one.spec
    ]
    oldest = min(rivals, key=lambda one: (one.created, one.key), default=monitor)
    return (
        None
        if oldest.key == monitor.key or (oldest.created, oldest.key) > (monitor.created, monitor.key)
        else oldest.key.name
    )


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
    pod = max(pods, key=lambda one: one.created, default=None)
    reason, message, state = job.reason, job.message, job.state
    if pod is not None and state is JobState.FAILED and pod.failed_reason and reason != "DeadlineExceeded":
        reason, message = pod.failed_reason, pod.failed_message
    if pod is not None and state is JobState.WAITING:
        reason, message = pod.waiting_reason, pod.waiting_message
        state = JobState.RUNNING if pod.running else state
    explained = cache.explained.get(job.uid)
    if state is JobState.WAITING and not reason and explained is not None:
        reason, _, message = explained.message.partition(": ")
    return JobSeen(job.name, job.uid, state, job.created, reason, message, pod.output if pod else None)
