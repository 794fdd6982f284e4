"""The operator's process, in this one: started on what the API server has, killed at a call that the test names."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from modelmonitor.controller.admission import Admission, Kind, Limit
from modelmonitor.controller.cache import Cache
from modelmonitor.controller.execute import Executor
from modelmonitor.controller.gather import Surroundings
from modelmonitor.controller.listing import read_everything, sources
from modelmonitor.controller.projections import Key
from modelmonitor.controller.queue import Queue
from modelmonitor.controller.reconcile import Reconciler
from modelmonitor.kube.api import Api, Document, Patch
from modelmonitor.serving.targets import KINDS

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
    as_user: str | None = None
    succeeded: bool = False

    @property
    def writes(self) -> bool:
        return self.verb != "get"

    @property
    def tells(self) -> bool:
        """Whether it is only an Event for people."""
        return self.path.endswith("/events")


async def at_once(_call: Call) -> None:
    """Nothing happens before a call."""


@dataclass
class WatchedApi:
    """`Api` that notes every call, and dies before or after the one it is told to.

    `turn`: what happens in the world before a call; what it raises is the answer.
    `impersonates`: whether calls are made in the monitor's name, as the operator makes them. The admin of a test may
    do everything in its own.
    """

    inner: Api
    calls: list[Call] = field(default_factory=list)
    die_before: Callable[[int, Call], bool] = lambda _number, _call: False
    die_after: Callable[[int, Call], bool] = lambda _number, _call: False
    turn: Callable[[Call], Awaitable[None]] = at_once
    impersonates: bool = False

    async def get(self, path: str, *, query: Mapping[str, str] | None = None) -> Document:
        return await self._through(Call("get", path), lambda: self.inner.get(path, query=query))

    async def create(self, path: str, body: Document, *, as_user: str | None = None, dry_run: bool = False) -> Document:
        call = Call("create", path, body, as_user)
        user = as_user if self.impersonates else None
        return await self._through(call, lambda: self.inner.create(path, body, as_user=user, dry_run=dry_run))

    async def patch(
        self, path: str, body: object, kind: Patch, *, as_user: str | None = None, manager: str | None = None
    ) -> Document:
        user = as_user if self.impersonates else None
        return await self._through(
            Call("patch", path, body, as_user),
            lambda: self.inner.patch(path, body, kind, as_user=user, manager=manager),
        )

    async def delete(self, path: str, *, uid: str | None = None, as_user: str | None = None) -> None:
        user = as_user if self.impersonates else None
        await self._through(
            Call("delete", path, as_user=as_user), lambda: self.inner.delete(path, uid=uid, as_user=user)
        )

    async def _through(self, call: Call, send: Callable[[], Awaitable[T]]) -> T:
        await self.turn(call)
        number = len(self.calls)
        self.calls.append(call)
        if self.die_before(number, call):
            raise KilledError
        answer = await send()
        call.succeeded = True
        if self.die_after(number, call):
            raise KilledError
        return answer


class Process:
    """One life of the operator: an empty cache, filled by listing, as after every start."""

    def __init__(
        self, api: WatchedApi, namespace: str, clock: Clock, *, limits: Mapping[Kind, Limit] | None = None
    ) -> None:
        self.api = api
        self.namespace = namespace
        self.clock = clock
        self.cache = Cache()
        self.queue = Queue(clock)
        self.admission = Admission(self.cache, dict(limits or {}), clock)
        executor = Executor(api, self.cache, clock, self.admission, image="evaluator:test", pull_policy="Never")
        self.reconciler = Reconciler(
            api, self.cache, self.queue, executor, self.admission, clock, surroundings=Surroundings()
        )

    async def sync(self) -> None:
        """What the watches would have told; not among the calls."""
        kinds = sources(self.cache, KINDS)
        reading = (read_everything(self.api.inner, self.cache, [kind], [self.namespace]) for kind in kinds)
        await asyncio.gather(*reading)

    async def attempt(self, name: str = "flights") -> bool:
        """Reconcile once on what is known, as a worker does."""
        return await self.reconciler.attempt(Key(self.namespace, name))

    async def settle(self, name: str = "flights", *, most: int = 30) -> None:
        """Hear and reconcile until nothing more is done; what is refused is not done."""
        for _ in range(most):
            await self.sync()
            before = len(self.api.calls)
            await self.attempt(name)
            wrote = any(call.writes and call.succeeded for call in self.api.calls[before:])
            if not await self._wants_another_turn() and not wrote:
                return
        raise AssertionError(f"not settled after {most} rounds: {[c.path for c in self.api.calls[-8:]]}")

    async def _wants_another_turn(self) -> bool:
        """Whether the reconciler has put a key back into the queue."""
        wants = len(self.queue) > 0
        while len(self.queue) > 0:
            await self.queue.done(await self.queue.get())
        return wants
