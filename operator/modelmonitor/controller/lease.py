"""One active replica: a Lease. The others stand by, and take over when it is not renewed.

Own code, since the one in kubernetes 37's asyncio client cannot create a Lease: it passes `pretty=True` where its own
validation wants a string (docs/decisions).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from modelmonitor.kube.api import Api, Document, Patch
from modelmonitor.kube.errors import AlreadyExistsError, ApiError, ConflictError, NotFoundError
from modelmonitor.kube.resources import LEASES

DURATION: Final = timedelta(seconds=15)
RENEW_DEADLINE: Final = timedelta(seconds=10)
PAUSE: Final = timedelta(seconds=2)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Observed:
    """A version of the Lease, and when this process first saw it."""

    version: str
    holder: str
    at: datetime


class Lease:
    """The right to act, held by one process at a time.

    A process that loses it ends. If it was asleep and wakes up late it still cannot do harm: every status write
    carries the version that it was decided on, and every action follows only from a written status.
    """

    def __init__(self, api: Api, clock: Callable[[], datetime], *, name: str, namespace: str, holder: str) -> None:
        self._api = api
        self._clock = clock
        self._name = name
        self._namespace = namespace
        self._holder = holder
        self._observed: Observed | None = None
        self._told = ""
        self.answered = False
        """Whether the API server has ever let us see it: before that nobody should count on this replica."""

    async def acquire(self) -> None:
        """Wait until it is ours."""
        while True:
            if await self.attempt():
                return
            await asyncio.sleep(PAUSE.total_seconds())

    async def attempt(self) -> bool:
        """Take it or renew it; whether it is ours now."""
        try:
            found = await self._api.get(LEASES.path(self._namespace, self._name))
        except NotFoundError:
            return await self._create()
        except ApiError as error:
            self._tell(error)
            return False
        self._note(found)
        observed = self._observed
        if observed is None or (observed.holder not in ("", self._holder) and not self._ran_out(observed)):
            return False
        return await self._write(observed.version, self._holder)

    async def keep(self) -> None:
        """Renew it, for as long as that can be done; return when it is lost."""
        renewed = self._clock()
        while self._clock() - renewed < RENEW_DEADLINE:
            await asyncio.sleep(PAUSE.total_seconds())
            if await self.attempt():
                renewed = self._clock()
            elif self._observed is not None and self._observed.holder != self._holder:
                return

    async def release(self) -> None:
        """Give it back, so that the next one need not wait until it runs out."""
        if self._observed is not None and self._observed.holder == self._holder:
            await self._write(self._observed.version, "")

    def _ran_out(self, observed: Observed) -> bool:
        """By this machine's clock alone: the holder's clock may be wrong, a Lease that does not change is not held."""
        return self._clock() - observed.at >= DURATION

    def _note(self, found: Document) -> None:
        self.answered, self._told = True, ""
        version = found["metadata"]["resourceVersion"]
        if self._observed is None or self._observed.version != version:
            holder = str((found.get("spec") or {}).get("holderIdentity") or "")
            self._observed = Observed(version, holder, self._clock())

    async def _create(self) -> bool:
        meta = {"name": self._name, "namespace": self._namespace}
        body = {
            "apiVersion": LEASES.api_version,
            "kind": LEASES.kind,
            "metadata": meta,
            "spec": self._spec(self._holder),
        }
        try:
            self._note(await self._api.create(LEASES.path(self._namespace), body))
        except AlreadyExistsError:
            return False
        except ApiError as error:
            self._tell(error)
            return False
        return True

    async def _write(self, version: str, holder: str) -> bool:
        body = {"metadata": {"resourceVersion": version}, "spec": self._spec(holder)}
        try:
            self._note(await self._api.patch(LEASES.path(self._namespace, self._name), body, Patch.MERGE))
        except ConflictError:
            return False
        except ApiError as error:
            self._tell(error)
            return False
        return True

    def _tell(self, error: ApiError) -> None:
        """It is tried again every other second, for ever perhaps: said once, not each time, and not never."""
        if error.message != self._told:
            _log.warning("the lease cannot be had", lease=self._name, message=error.message)
        self._told = error.message

    def _spec(self, holder: str) -> Document:
        now = self._clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {"holderIdentity": holder, "leaseDurationSeconds": round(DURATION.total_seconds()), "renewTime": now}
