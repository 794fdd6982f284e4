"""One monitor, once: gather, decide, execute, write the status."""

from collections.abc import Callable
from datetime import datetime

import structlog

from modelmonitor.api.status import ModelMonitorStatus, Phase
from modelmonitor.controller.admission import Admission
from modelmonitor.controller.cache import Cache
from modelmonitor.controller.execute import Executor, changes_something
from modelmonitor.controller.failures import steadied
from modelmonitor.controller.gather import Gathered, Surroundings, gather, status_of
from modelmonitor.controller.projections import Key
from modelmonitor.controller.queue import Queue
from modelmonitor.controller.refresh import refresh
from modelmonitor.domain.actions import Action, Explain, StartEvaluation, StartTraining
from modelmonitor.domain.decision import decide
from modelmonitor.domain.observation import Observation
from modelmonitor.domain.outcomes import Failure, Remedy, after
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
        admission: Admission,
        clock: Callable[[], datetime],
        *,
        surroundings: Surroundings,
    ) -> None:
        self._api = api
        self._cache = cache
        self._queue = queue
        self._executor = executor
        self._admission = admission
        self._clock = clock
        self._surroundings = surroundings

    async def reconcile(self, key: Key) -> bool:
        """Do what is to be done about a monitor; whether everything asked for was done."""
        gathered = self._gather(key)
        if gathered is None:
            self._admission.leave(key)
            await self._queue.at(key, None)
            return True
        if await refresh(self._api, self._cache, gathered.seen, self._clock()):
            gathered = self._gather(key) or gathered
        seen = gathered.seen
        decision = decide(seen, self._clock())
        if any(changes_something(action) for action in decision.actions):
            await self._still(key, gathered.resource_version)
        if not any(isinstance(action, StartEvaluation | StartTraining) for action in decision.actions):
            self._admission.leave(key)
        failures = steadied(await self._executor.run(seen, decision.actions), seen.recorded)
        wanted = after(decision.status, failures, recorded=seen.recorded, generation=seen.generation, now=self._clock())
        if wanted.document() != seen.recorded.document():
            await self._write(key, gathered.resource_version, wanted)
            await self._rouse_the_fleet(seen, wanted)
        for called in self._admission.called():
            await self._queue.add(called)
        failed = [failure for failure in failures if failure.remedy is not Remedy.WAIT]
        acted = not failures and any(self._made_a_difference(seen, action) for action in decision.actions)
        # What was written may be an intent: the next decision carries it out. That something failed is none.
        if acted or _intents(wanted) != _intents(seen.recorded):
            await self._queue.add(key)
        await self._queue.at(key, min(filter(None, (decision.next_time, gathered.turns)), default=None))
        return not failed

    async def attempt(self, key: Key) -> bool:
        """Reconcile, whatever comes of it; whether it was done. A failed one is to be tried again later."""
        try:
            return await self.reconcile(key)
        except ConflictError:
            return await self._read_again(key)
        except NotFoundError:
            self._cache.monitors.forget(key.namespace, key.name)
            return True
        except ApiError as error:
            _log.warning("the API server did not take it, trying again", monitor=str(key), message=error.message)
        except Exception as error:  # noqa: BLE001 - logged with its traceback, told to the user, tried again
            # A bug, or a spec that this version cannot read. It is this monitor's trouble: without this line it would
            # end the process, and after each restart again, and none of the others would be watched any more.
            _log.exception("reconciling failed, trying again", monitor=str(key))
            await self._tell(key, error)
        return False

    async def work(self) -> None:
        """Take keys from the queue, for ever."""
        while True:
            key = await self._queue.get()
            done = False
            try:
                done = await self.attempt(key)
            finally:
                await self._queue.done(key, failed=not done)

    def _gather(self, key: Key) -> Gathered | None:
        return gather(self._cache, key, self._surroundings, now=self._clock())

    async def _rouse_the_fleet(self, seen: Observation, wanted: ModelMonitorStatus) -> None:
        """The trip that was one too many: those before it must not roll what they train."""
        fleet = seen.fleet
        if wanted.guard is None or seen.recorded.guard is not None or fleet.closes(fleet.tripped):
            return
        for other in self._cache.fleet.tripped(self._clock()):
            await self._queue.add(other)

    def _made_a_difference(self, seen: Observation, action: Action) -> bool:
        """Events that were asked for and told nothing did not: they are asked for again later."""
        if not isinstance(action, Explain):
            return True
        job = seen.jobs.get(action.job)
        told = self._cache.explained.get(job.uid) if job is not None else None
        return told is not None and bool(told.message)

    async def _write(self, key: Key, resource_version: str, wanted: ModelMonitorStatus) -> None:
        self._cache.monitors.apply(await status.write(self._api, key.namespace, key.name, resource_version, wanted))

    async def _still(self, key: Key, resource_version: str) -> None:
        """Ask, before anything is done, whether this is still the monitor that the decision saw.

        A leader that was asleep, or a second one, may act on an old status: that status wants a training Job which
        has long been and gone, and the new one would write into the folder of the model that serves. A creation
        carries no precondition, so this is the nearest thing.

        Raises:
            ConflictError: it has changed since.
        """
        live = await self._api.get(MONITORS.path(key.namespace, key.name))
        self._cache.monitors.apply(live)
        if live["metadata"]["resourceVersion"] != resource_version:
            raise ConflictError("the monitor has changed since it was read")

    async def _read_again(self, key: Key) -> bool:
        """The monitor has changed since it was read: see it as it is, and decide again."""
        try:
            self._cache.monitors.apply(await self._api.get(MONITORS.path(key.namespace, key.name)))
        except NotFoundError:
            self._cache.monitors.forget(key.namespace, key.name)
        except ApiError as error:
            _log.warning("could not read the monitor again", monitor=str(key), message=error.message)
            return False
        await self._queue.add(key)
        return True

    async def _tell(self, key: Key, error: Exception) -> None:
        """A monitor that is not looked after must not look as if it were."""
        monitor = self._cache.monitors.get(key.namespace, key.name)
        if monitor is None:
            return
        recorded = status_of(monitor)
        message = f"The operator cannot handle this monitor: {type(error).__name__}: {' '.join(str(error).split())}"
        failure = Failure(Remedy.RETRY, "InternalError", message)
        generation, now = monitor.generation, self._clock()
        wanted = after(recorded, [failure], recorded=recorded, generation=generation, now=now)
        if wanted.document() == recorded.document():
            return
        try:
            await self._write(key, monitor.resource_version, wanted)
        except ApiError as refused:
            _log.warning("could not write the status", monitor=str(key), message=refused.message)


def _intents(status: ModelMonitorStatus) -> ModelMonitorStatus:
    """The status without what only follows from the rest."""
    return status.model_copy(update={"conditions": (), "phase": Phase.PENDING})
