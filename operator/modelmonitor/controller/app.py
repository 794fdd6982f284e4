"""The one place where everything is wired."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import kopf
import structlog
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from modelmonitor.controller import handlers, web
from modelmonitor.controller.admission import Admission, Kind, Limit
from modelmonitor.controller.cache import Cache
from modelmonitor.controller.discovery import serving_kinds
from modelmonitor.controller.execute import Executor
from modelmonitor.controller.gather import Surroundings
from modelmonitor.controller.lease import Lease
from modelmonitor.controller.listing import Source, read_everything, sources
from modelmonitor.controller.metrics import MonitorCollector
from modelmonitor.controller.queue import Queue
from modelmonitor.controller.reconcile import Reconciler
from modelmonitor.controller.settings import Mode, Settings
from modelmonitor.domain.observation import Fleet
from modelmonitor.kube.api import HttpApi
from modelmonitor.kube.errors import ApiError
from modelmonitor.serving.protocol import ServingKind

STUCK_AFTER: Final = timedelta(minutes=5)
DISCOVERY_PAUSE: Final = 60
LISTING_PAUSE: Final = 600
_log = structlog.get_logger()


class ServingKindsChangedError(Exception):
    """A serving kind was installed or removed: the process ends, the next one watches what is there."""


class WatchEndedError(Exception):
    """kopf ended by itself (an expired watch that it does not begin anew): the process ends and lists everything."""


class LeaseLostError(Exception):
    """Another replica leads: the process ends and stands by anew."""


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


def whole_seconds() -> datetime:
    """The wall clock as Kubernetes writes times: what decisions are made by and what stands in a status."""
    return utc_now().replace(microsecond=0)


async def run(
    settings: Settings, *, kubeconfig: str | None = None, hold_signals: Callable[[], None] = lambda: None
) -> None:
    """Run until something ends it; whatever ends it ends the process, and a restart is cheap.

    Args:
        settings: How to run.
        kubeconfig: Path of a kubeconfig; None for the ServiceAccount of the pod.
        hold_signals: Called when kopf has taken the signal handlers for itself, to take them back.
    """
    api = await HttpApi.from_environment(kubeconfig)
    cache, queue = Cache(), Queue(utc_now)
    registry = CollectorRegistry()
    registry.register(MonitorCollector(cache, queue))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    lease = Lease(api, utc_now, name=settings.lease_name, namespace=settings.pod_namespace, holder=settings.pod_name)
    runner = await web.serve(
        settings.metrics_port,
        registry,
        alive=lambda: queue.oldest_wait() < STUCK_AFTER,
        ready=lambda: lease.answered,
    )
    try:
        await lease.acquire()
        _log.info("leading", lease=settings.lease_name, holder=settings.pod_name)
        await _lead(api, cache, queue, lease, settings, hold_signals)
    finally:
        await lease.release()
        await runner.cleanup()
        await api.close()


async def _lead(
    api: HttpApi, cache: Cache, queue: Queue, lease: Lease, settings: Settings, hold_signals: Callable[[], None]
) -> None:
    kinds = await serving_kinds(api.get, settings.served_kinds())
    cache.kinds = kinds
    watched = sources(cache, kinds)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_until_lost(lease))
        for key in await read_everything(api, cache, watched, settings.watched_namespaces()):
            await queue.add(key)
        _log.info("everything is read", monitors=len(list(cache.monitors)))
        tasks.create_task(_until_kinds_change(api, kinds, settings.served_kinds()))
        tasks.create_task(_list_again(api, cache, queue, watched, settings.watched_namespaces()))
        reconciler = _reconciler(api, cache, queue, settings)
        for _ in range(settings.workers):
            tasks.create_task(reconciler.work())
        tasks.create_task(_watch(watched, queue, settings, hold_signals))


def _reconciler(api: HttpApi, cache: Cache, queue: Queue, settings: Settings) -> Reconciler:
    limits = {
        Kind.EVALUATION: Limit(settings.evaluations, settings.evaluations_per_namespace),
        Kind.TRAINING: Limit(settings.trainings, settings.trainings_per_namespace),
    }
    admission = Admission(cache, limits, utc_now)
    executor = Executor(
        api,
        cache,
        whole_seconds,
        admission,
        image=settings.evaluator_image,
        pull_policy=settings.evaluator_image_pull_policy,
    )
    surroundings = Surroundings(
        observe_only=settings.mode is Mode.OBSERVE_ONLY,
        fleet=Fleet(fewest=settings.fleet_guard_fewest, share=settings.fleet_guard_share),
    )
    return Reconciler(api, cache, queue, executor, admission, whole_seconds, surroundings=surroundings)


async def _until_lost(lease: Lease) -> None:
    await lease.keep()
    raise LeaseLostError


async def _until_kinds_change(api: HttpApi, kinds: tuple[ServingKind, ...], wanted: Sequence[str]) -> None:
    """Kopf does not see kinds that appear after its start."""
    while True:
        await asyncio.sleep(DISCOVERY_PAUSE)
        with contextlib.suppress(ApiError):
            if await serving_kinds(api.get, wanted) != kinds:
                raise ServingKindsChangedError


async def _list_again(
    api: HttpApi, cache: Cache, queue: Queue, watched: Sequence[Source], namespaces: Sequence[str]
) -> None:
    """Find what was deleted while a watch was broken."""
    while True:
        await asyncio.sleep(LISTING_PAUSE)
        try:
            news = await read_everything(api, cache, watched, namespaces)
        except ApiError as error:
            _log.warning("could not list everything again", message=error.message)
        else:
            for key in news:
                await queue.add(key)


async def _watch(watched: Sequence[Source], queue: Queue, settings: Settings, hold_signals: Callable[[], None]) -> None:
    registry = kopf.OperatorRegistry()
    handlers.register(registry, watched, queue)
    kopf_settings = kopf.OperatorSettings()
    handlers.configure(kopf_settings, watched, settings.workers)

    @kopf.on.login(registry=registry)
    def login(**kwargs: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_with_service_account(**kwargs) or kopf.login_with_kubeconfig(**kwargs)

    namespaces = settings.watched_namespaces()
    ours = asyncio.all_tasks()
    tasks = await kopf.spawn_tasks(
        registry=registry,
        settings=kopf_settings,
        # Given, since kopf would make it from the user's name, and the user of a container often has none.
        identity=settings.pod_name,  # type: ignore[arg-type]
        standalone=True,
        clusterwide=not namespaces,
        namespaces=namespaces,
    )
    hold_signals()
    # When they end, kopf cancels every task that is not among `ours`: whatever was begun since ends as well.
    await kopf.run_tasks(tasks, ignored=ours)
    raise WatchEndedError
