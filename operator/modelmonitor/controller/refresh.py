"""What no watch will tell, asked before a decision that would rest on it."""

import contextlib
from datetime import datetime

from modelmonitor.controller import labels
from modelmonitor.controller.cache import EXPLAINED_FOR, Cache, Explained
from modelmonitor.domain.observation import JobSeen, JobState, Observation
from modelmonitor.domain.policies.tidy import wanted_jobs
from modelmonitor.kube import events
from modelmonitor.kube.api import Api
from modelmonitor.kube.errors import ApiError
from modelmonitor.kube.resources import PODS


async def refresh(api: Api, cache: Cache, seen: Observation, now: datetime) -> bool:
    """Ask what is worth asking; whether the cache has changed by it."""
    wanted = wanted_jobs(seen)
    asked = False
    for job in seen.jobs.values():
        if job.name not in wanted:
            continue
        if job.state in (JobState.SUCCEEDED, JobState.FAILED) and job.output is None:
            # Before it is said to have lost its result: its Pod's last event may still be under way.
            await _read_pods(api, cache, seen.namespace, job)
            asked = True
        elif job.state is JobState.WAITING and _outdated(cache.explained.get(job.uid), now):
            # What held it up is remedied perhaps, and something else is in its way now. Not to be told is no reason
            # not to go on.
            with contextlib.suppress(ApiError):
                await explain(api, cache, seen.namespace, job.name, now)
                asked = True
    return asked


async def explain(api: Api, cache: Cache, namespace: str, name: str, now: datetime) -> None:
    """Ask for the Events of a Job and its Pods."""
    job = cache.jobs.get(namespace, name)
    if job is None:
        return
    pods = [pod.uid for pod in cache.pods.inside(namespace) if pod.job == name]
    told = await events.about(api, namespace, (job.uid, *pods))
    known = cache.explained.get(job.uid)
    if told is not None or known is not None:
        # Events are deleted after an hour: what they said then is the best that is known.
        cache.explain(job.uid, Explained(told or (known.message if known else ""), now))


async def _read_pods(api: Api, cache: Cache, namespace: str, job: JobSeen) -> None:
    found = await api.get(PODS.path(namespace), query={"labelSelector": f"{labels.JOB_NAME}={job.name}"})
    for pod in found.get("items", []):
        cache.pods.apply(pod)


def _outdated(explained: Explained | None, now: datetime) -> bool:
    return explained is not None and now >= explained.at + EXPLAINED_FOR
