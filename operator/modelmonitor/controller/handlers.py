"""What kopf is told to watch. A handler says only that something about a key changed."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import kopf

from modelmonitor.controller import labels
from modelmonitor.controller.cache import Cache, Store
from modelmonitor.controller.projections import Key
from modelmonitor.controller.queue import Queue
from modelmonitor.kube.resources import DEPLOYMENTS, EVALUATIONS, JOBS, MONITORS, PODS, SELDON_DEPLOYMENTS, Resource

Raw = Mapping[str, Any]
Keys = Callable[[Raw], Iterable[Key]]
# Seldon gives it to all its Deployments, also where names become md5 sums.
_SELDON_LABEL: Final = "seldon-deployment-id"


def register(registry: kopf.OperatorRegistry, cache: Cache, queue: Queue, *, seldon: bool) -> None:
    """Watch monitors and everything around them. `seldon`: the cluster has the SeldonDeployment kind."""

    def watch(resource: Resource, store: Store[Any], keys: Keys) -> None:
        # kopf logs and drops what a handler raises, so nothing here can fail but a bug: all work is in the queue.
        @kopf.on.event(resource.group, resource.version, resource.plural, registry=registry, id=resource.plural)
        async def changed(event: Mapping[str, Any], **_: object) -> None:
            raw = event["object"]
            if event["type"] == "DELETED":
                store.remove(raw)
            else:
                store.apply(raw)
            for key in keys(raw):
                await queue.add(key)

    watch(MONITORS, cache.monitors, lambda raw: _with_rivals(cache, _own_key(raw)))
    watch(EVALUATIONS, cache.evaluations, _labelled)
    watch(JOBS, cache.jobs, _labelled)
    watch(PODS, cache.pods, _labelled)
    if seldon:
        watch(
            SELDON_DEPLOYMENTS,
            cache.seldon_deployments,
            lambda raw: cache.monitors_of(raw["metadata"]["namespace"], raw["metadata"]["name"]),
        )
        watch(DEPLOYMENTS, cache.deployments, lambda raw: _of_seldon_owner(cache, raw))


def configure(settings: kopf.OperatorSettings, workers: int) -> None:
    """Kopf as informer and lifecycle host: nothing of its own is written into anybody's object."""
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.networking.request_timeout = 30
    settings.networking.connect_timeout = 10
    settings.watching.server_timeout = 300
    settings.execution.max_workers = workers
    selectors = settings.watching.label_selectors
    selectors[f"{EVALUATIONS.group}/{EVALUATIONS.version}", EVALUATIONS.plural] = f"{labels.FINISHED}!=true"
    selectors["batch/v1", JOBS.plural] = labels.MONITOR
    selectors["v1", PODS.plural] = labels.MONITOR
    selectors["apps/v1", DEPLOYMENTS.plural] = _SELDON_LABEL


def _own_key(raw: Raw) -> Key:
    return Key(raw["metadata"]["namespace"], raw["metadata"]["name"])


def _with_rivals(cache: Cache, key: Key) -> list[Key]:
    """A monitor, and those that look at the same serving target: they may own it now, or no longer."""
    monitor = cache.monitors.get(key.namespace, key.name)
    target = monitor.target if monitor else None
    rivals = [one.key for one in cache.monitors.inside(key.namespace) if one.target == target and one.key != key]
    return [key, *rivals] if monitor is None or rivals else [key]


def _labelled(raw: Raw) -> list[Key]:
    name = (raw["metadata"].get("labels") or {}).get(labels.MONITOR)
    return [Key(raw["metadata"]["namespace"], name)] if name else []


def _of_seldon_owner(cache: Cache, raw: Raw) -> list[Key]:
    namespace = raw["metadata"]["namespace"]
    owners = [one["name"] for one in raw["metadata"].get("ownerReferences") or [] if one.get("controller")]
    return [key for owner in owners for key in cache.monitors_of(namespace, owner)]
