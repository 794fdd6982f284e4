"""One monitor, once: gather, decide, execute, write the status."""

from collections.abc import Callable
from datetime import datetime

import structlog
from pydantic import ValidationError

from modelmonitor.controller.cache import Cache
from modelmonitor.controller.execute import Executor, refresh
from modelmonitor.controller.gather import gather
from modelmonitor.controller.projections import Key
from modelmonitor.controller.queue import Queue
from modelmonitor.domain.actions import Explain
from modelmonitor.domain.decision import decide
from modelmonitor.domain.outcomes import after
from modelmonitor.kube import status
from modelmonitor.kube.api import Api
from modelmonitor.kube.errors import ApiError, ConflictError, NotFoundError
from modelmonitor.kube.resources import MONITORS

_log = structlog.get_logger()


class Reconciler:
    """The story of one key."""

    def __init__(
        self,
        api: Api,
        cache: Cache,
        queue: Queue,
        executor: Executor,
        clock: Callable[[], datetime],
        *,
        observe_only: bool = False,
    ) -> None:
        self._api = api
        self._cache = cache
        self._queue = queue
        self._executor = executor
        self._clock = clock
        self._observe_only = observe_only

    async def reconcile(self, key: Key) -> bool:
        """Do what is to be done about a monitor; whether everything asked for was done."""
        gathered = gather(self._cache, key, observe_only=self._observe_only)
        if gathered is None:
            await self._queue.at(key, None)
            return True
        if await refresh(self._api, self._cache, gathered.seen):
            gathered = gather(self._cache, key, observe_only=self._observe_only) or gathered
        seen = gathered.seen
        # Whole seconds, as Kubernetes writes them.
        now = self._clock().replace(microsecond=0)
        decision = decide(seen, now)
        failures = await self._executor.run(seen, decision.actions)
        wanted = after(decision.status, failures, recorded=seen.recorded, generation=seen.generation, now=now)
        if wanted.document() != seen.recorded.document():
            answer = await status.write(self._api, key.namespace, key.name, gathered.resource_version, wanted)
            self._cache.monitors.apply(answer)
            # What was written may be an intent: the next decision carries it out.
            await self._queue.add(key)
        elif not failures and any(not isinstance(action, Explain) for action in decision.actions):
            await self._queue.add(key)
        await self._queue.at(key, decision.next_time)
        return not failures

    async def work(self) -> None:
        """Take keys from the queue, for ever."""
        while True:
            key = await self._queue.get()
            failed = True
            try:
                failed = not await self.reconcile(key)
            except ConflictError:
                await self._read_again(key)
                failed = False
            except NotFoundError:
                self._cache.monitors.forget(key.namespace, key.name)
                failed = False
            except ApiError as error:
                _log.warning("the API server did not take it, trying again", monitor=str(key), message=error.message)
            except ValidationError as error:
                _log.exception("the spec cannot be read by this version", monitor=str(key), message=str(error))
            finally:
                await self._queue.done(key, failed=failed)

    async def _read_again(self, key: Key) -> None:
        """The monitor has changed since it was read: see it as it is, and decide again."""
        try:
            self._cache.monitors.apply(await self._api.get(MONITORS.path(key.namespace, key.name)))
            await self._queue.add(key)
        except NotFoundError:
            self._cache.monitors.forget(key.namespace, key.name)
        except ApiError as error:
            _log.warning("could not read the monitor again", monitor=str(key), message=error.message)
            await self._queue.add(key)
