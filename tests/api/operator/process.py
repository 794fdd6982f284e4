"""The operator's process, in this one: started on what the API server has, killed at a call that the test names."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from modelmonitor.controller import labels
from modelmonitor.controller.cache import Cache, Store
from modelmonitor.controller.execute import Executor
from modelmonitor.controller.projections import Key
from modelmonitor.controller.queue import Queue
from modelmonitor.controller.reconcile import Reconciler
from modelmonitor.kube.api import Api, Document, Patch
from modelmonitor.kube.resources import (
    DEPLOYMENTS,
    EVALUATIONS,
    JOBS,
    MONITORS,
    PODS,
    SELDON_DEPLOYMENTS,
    Resource,
)

T = TypeVar("T")


class KilledError(BaseException):
    """The process is gone at this call. No `except Exception` holds it up, as nothing holds up SIGKILL."""


@dataclass
class Clock:
    """A clock that the test moves."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


@dataclass
class Call:
    """A call to the API server."""

    verb: str
    path: str
    body: Any = None

    @property
    def writes(self) -> bool:
        return self.verb != "get"


@dataclass
class WatchedApi:
    """`Api` that notes every call, and dies before or after the one it is told to."""

    inner: Api
    calls: list[Call] = field(default_factory=list)
    die_before: Callable[[int, Call], bool] = lambda _number, _call: False
    die_after: Callable[[int, Call], bool] = lambda _number, _call: False

    async def get(self, path: str, *, query: Mapping[str, str] | None = None) -> Document:
        return await self._through(Call("get", path), lambda: self.inner.get(path, query=query))

    async def create(self, path: str, body: Document, *, as_user: str | None = None, dry_run: bool = False) -> Document:
        call = Call("create", path, body)
        return await self._through(call, lambda: self.inner.create(path, body, dry_run=dry_run))

    async def patch(
        self, path: str, body: object, kind: Patch, *, as_user: str | None = None, manager: str | None = None
    ) -> Document:
        return await self._through(
            Call("patch", path, body), lambda: self.inner.patch(path, body, kind, manager=manager)
        )

    async def delete(self, path: str, *, uid: str | None = None, as_user: str | None = None) -> None:
        await self._through(Call("delete", path), lambda: self.inner.delete(path, uid=uid))

    async def _through(self, call: Call, send: Callable[[], Awaitable[T]]) -> T:
        number = len(self.calls)
        self.calls.append(call)
        if self.die_before(number, call):
            raise KilledError
        answer = await send()
        if self.die_after(number, call):
            raise KilledError
        return answer


class Process:
    """One life of the operator: an empty cache, filled by listing, as after every start."""

    def __init__(self, api: WatchedApi, namespace: str, clock: Clock) -> None:
        self.api = api
        self.namespace = namespace
        self.clock = clock
        self.cache = Cache()
        self.queue = Queue(clock)
        executor = Executor(api, self.cache, clock, image="evaluator:test", pull_policy="Never")
        self.reconciler = Reconciler(api, self.cache, self.queue, executor, clock)

    async def sync(self) -> None:
        """What the watches would have told."""
        stores: tuple[tuple[Resource, Store[Any], str], ...] = (
            (MONITORS, self.cache.monitors, ""),
            (EVALUATIONS, self.cache.evaluations, f"{labels.FINISHED}!=true"),
            (JOBS, self.cache.jobs, labels.MONITOR),
            (PODS, self.cache.pods, labels.MONITOR),
            (SELDON_DEPLOYMENTS, self.cache.seldon_deployments, ""),
            (DEPLOYMENTS, self.cache.deployments, ""),
        )
        for resource, store, selector in stores:
            query = {"labelSelector": selector} if selector else None
            found = (await self.api.inner.get(resource.path(self.namespace), query=query))["items"]
            names = {one["metadata"]["name"] for one in found}
            for one in found:
                store.apply(one)
            for known in list(store.inside(self.namespace)):
                name = known.key.name if hasattr(known, "key") else known.name
                if name not in names:
                    store.forget(self.namespace, name)

    async def settle(self, name: str = "flights", *, most: int = 30) -> None:
        """Reconcile until nothing more is done."""
        key = Key(self.namespace, name)
        for _ in range(most):
            await self.sync()
            before = len(self.api.calls)
            await self.reconciler.reconcile(key)
            if not any(call.writes for call in self.api.calls[before:]):
                return
        raise AssertionError(f"not settled after {most} rounds: {[c.path for c in self.api.calls[-8:]]}")
