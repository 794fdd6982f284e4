"""Carrying out actions. Each is idempotent; a failure is returned, not raised; every answer feeds the cache."""

import contextlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final

import structlog

from modelmonitor.api.result import Comparison
from modelmonitor.api.status import Direction, ModelMonitorStatus, RolloutStatus
from modelmonitor.controller import jobs, labels
from modelmonitor.controller.admission import Admission, Kind
from modelmonitor.controller.cache import Cache
from modelmonitor.controller.failures import failure_of
from modelmonitor.controller.projections import Key
from modelmonitor.controller.refresh import explain
from modelmonitor.domain.actions import (
    Action,
    CreateServing,
    DeleteEvaluation,
    DeleteJob,
    Explain,
    FinishEvaluation,
    PatchServing,
    StartEvaluation,
    StartTraining,
    Tell,
)
from modelmonitor.domain.observation import Observation
from modelmonitor.domain.outcomes import Failure, Remedy
from modelmonitor.kube import events
from modelmonitor.kube.api import Api, Patch
from modelmonitor.kube.errors import (
    AlreadyExistsError,
    ApiError,
    ConflictError,
    NotFoundError,
    RefusedError,
)
from modelmonitor.kube.identity import service_account_user
from modelmonitor.kube.resources import EVALUATIONS, JOBS, Resource
from modelmonitor.serving.protocol import Move, Target
from modelmonitor.serving.targets import target_of

FIELD_MANAGER: Final = "modelmonitor"
_log = structlog.get_logger()


def changes_something(action: Action) -> bool:
    """Whether an action changes more than what people are told."""
    return not isinstance(action, Explain | Tell)


class NotYetError(Exception):
    """A Job is not created now: others run, or are before it in the line."""


class Executor:
    """Does what a decision asks for."""

    def __init__(
        self,
        api: Api,
        cache: Cache,
        clock: Callable[[], datetime],
        admission: Admission,
        *,
        image: str,
        pull_policy: str,
    ) -> None:
        self._api = api
        self._cache = cache
        self._clock = clock
        self._admission = admission
        self._image = image
        self._pull_policy = pull_policy

    async def run(self, seen: Observation, actions: Iterable[Action]) -> tuple[Failure, ...]:
        """Do them in order; one that fails does not keep the others from being done."""
        failures = []
        for action in actions:
            try:
                await self._do(seen, action)
            except NotYetError as error:
                failures.append(Failure(Remedy.WAIT, "Queued", str(error)))
            except ApiError as error:
                failure = failure_of(action, error, account=_user(seen))
                _log.warning(
                    "action failed", action=type(action).__name__, reason=failure.reason, message=failure.message
                )
                if not isinstance(action, Tell):
                    failures.append(failure)
        return tuple(failures)

    async def _do(self, seen: Observation, action: Action) -> None:
        match action:
            case StartEvaluation():
                await self._start_evaluation(seen, action)
            case FinishEvaluation():
                await self._finish_evaluation(seen, action)
            case StartTraining():
                await self._start_training(seen, action)
            case DeleteJob():
                path = JOBS.path(seen.namespace, action.name)
                await _gone_is_fine(self._api.delete(path, uid=action.uid, as_user=_user(seen)))
                self._cache.jobs.forget(seen.namespace, action.name, action.uid)
                self._cache.explained.pop(action.uid, None)
            case DeleteEvaluation():
                path = EVALUATIONS.path(seen.namespace, action.name)
                await _gone_is_fine(self._api.delete(path, uid=action.uid))
                self._cache.evaluations.forget(seen.namespace, action.name, action.uid)
            case CreateServing():
                await self._create_serving(seen, action)
            case PatchServing():
                await self._patch_serving(seen, action)
            case Explain():
                await explain(self._api, self._cache, seen.namespace, action.job, self._clock())
            case Tell():
                subject = events.Subject(seen.namespace, seen.name, seen.uid)
                await events.post(
                    self._api,
                    subject,
                    tone=action.tone,
                    reason=action.reason,
                    message=action.message,
                    now=self._clock(),
                )

    async def _start_evaluation(self, seen: Observation, action: StartEvaluation) -> None:
        record = jobs.evaluation_record(
            seen, action.name, action.identity, action.record.document(), action.record.role
        )
        job = jobs.evaluation_job(
            seen, action.name, action.identity, action.job_input, image=self._image, pull_policy=self._pull_policy
        )
        with self._turn(seen, Kind.EVALUATION, action.name):
            self._cache.evaluations.apply(await self._ensure(seen, EVALUATIONS, record, as_user=None))
            self._cache.jobs.apply(await self._ensure(seen, JOBS, job, as_user=_user(seen)))

    async def _start_training(self, seen: Observation, action: StartTraining) -> None:
        uid = action.attempt.job_uid
        if uid is not None:
            # It was there. Only a live answer may say that it is gone: the watch can lag, and a second training Job
            # is what must never be.
            live = await self._get(JOBS, seen.namespace, action.name)
            if live is not None and live["metadata"]["uid"] == uid:
                self._cache.jobs.apply(live)
            else:
                self._cache.deleted.add(uid)
            return
        job = jobs.training_job(seen, action.name, action.identity, action.attempt)
        with self._turn(seen, Kind.TRAINING, action.name):
            self._cache.jobs.apply(await self._ensure(seen, JOBS, job, as_user=_user(seen)))

    @contextlib.contextmanager
    def _turn(self, seen: Observation, kind: Kind, name: str) -> Iterator[None]:
        with self._admission.turn(Key(seen.namespace, seen.name), kind, name) as admitted:
            if not admitted:
                raise NotYetError(
                    f"The {kind} waits for its turn: as many Jobs run as the operator lets run at once, in all or in "
                    "this namespace."
                )
            yield

    async def _ensure(
        self, seen: Observation, resource: Resource, manifest: dict[str, Any], *, as_user: str | None
    ) -> dict[str, Any]:
        """Create, or adopt what we created before a restart.

        Raises:
            RefusedError: the name belongs to somebody else's object.
        """
        try:
            return await self._api.create(resource.path(seen.namespace), manifest, as_user=as_user)
        except AlreadyExistsError:
            name = manifest["metadata"]["name"]
            live = await self._api.get(resource.path(seen.namespace, name))
            mine = [one for one in live["metadata"].get("ownerReferences") or [] if one.get("uid") == seen.uid]
            identity = (live["metadata"].get("annotations") or {}).get(labels.IDENTITY)
            if mine and identity == manifest["metadata"]["annotations"][labels.IDENTITY]:
                return live
            raise RefusedError(
                f"{resource.kind} {name} exists and is not this monitor's: delete it.", reason="NameTaken"
            ) from None

    async def _finish_evaluation(self, seen: Observation, action: FinishEvaluation) -> None:
        path = EVALUATIONS.path(seen.namespace, action.name)
        try:
            await self._api.patch(path + "/status", {"status": action.result.document()}, Patch.MERGE)
            await self._api.patch(path, {"metadata": {"labels": {labels.FINISHED: "true"}}}, Patch.MERGE)
        except NotFoundError:
            return
        self._cache.evaluations.forget(seen.namespace, action.name)
        await self._prune(seen)

    async def _prune(self, seen: Observation) -> None:
        """Keep the newest records only. They are not in the watch, so they are listed when one is added."""
        selector = f"{labels.MONITOR}={seen.name},{labels.FINISHED}=true"
        found = await self._api.get(EVALUATIONS.path(seen.namespace), query={"labelSelector": selector})
        mine = [
            one
            for one in found.get("items", [])
            if any(owner.get("uid") == seen.uid for owner in one["metadata"].get("ownerReferences") or [])
        ]
        mine.sort(key=lambda one: int(one["spec"]["look"]))
        for old in mine[: -seen.spec.history.evaluations]:
            meta = old["metadata"]
            await _gone_is_fine(self._api.delete(EVALUATIONS.path(seen.namespace, meta["name"]), uid=meta["uid"]))

    async def _create_serving(self, seen: Observation, action: CreateServing) -> None:
        """Create, or take what is there already.

        Raises:
            RefusedError: the name belongs to an object that is not for this.
        """
        target = target_of(action.target, seen.name)
        holder, name = target.kind.holder, target.key.name
        manifest = target.manifest(action.uri, digest=action.digest, rollout_id=action.rollout_id)
        assert manifest is not None  # noqa: S101 - only what is made by the operator is ever seen as Absent
        try:
            live = await self._api.create(holder.resource.path(seen.namespace), manifest, as_user=_user(seen))
        except AlreadyExistsError:
            live = await self._api.get(holder.resource.path(seen.namespace, name))
        if not holder.selects(live):
            raise RefusedError(
                f"{holder.resource.kind} {name} exists and has no label {holder.selector}: add it, or name another one "
                "in spec.model.serving.",
                reason="NameTaken",
            )
        self._cache.serving[holder.resource].apply(live)

    async def _patch_serving(self, seen: Observation, action: PatchServing) -> None:
        rollout = action.rollout
        if not _proven(seen.recorded, rollout):
            raise RefusedError(
                f"status.rollout wants {rollout.to_uri}, and no comparison in the status says that it is better. Did "
                "somebody edit the status? Nothing is moved; the rollout is given up at its deadline.",
                reason="Unproven",
            )
        target = target_of(rollout.target, seen.name)
        body = target.patch(
            self._cache.serving_in(seen.namespace),
            Move(
                uid=action.uid,
                generation=action.generation,
                rollout_id=rollout.id,
                from_uri=rollout.from_uri,
                to_uri=rollout.to_uri,
                digest=rollout.to_digest,
            ),
        )
        if body is None:
            raise ConflictError("the serving object is not the one that the decision saw")
        path = target.kind.holder.resource.path(seen.namespace, target.key.name)
        try:
            answer = await self._api.patch(path, body, Patch.JSON, as_user=_user(seen), manager=FIELD_MANAGER)
        except (ConflictError, NotFoundError):
            await self._read_serving_again(seen, target)
            raise
        self._cache.serving[target.kind.holder.resource].apply(answer)

    async def _read_serving_again(self, seen: Observation, target: Target) -> None:
        resource, name = target.kind.holder.resource, target.key.name
        live = await self._get(resource, seen.namespace, name)
        if live is not None:
            self._cache.serving[resource].apply(live)
        else:
            self._cache.serving[resource].forget(seen.namespace, name)

    async def _get(self, resource: Resource, namespace: str, name: str) -> dict[str, Any] | None:
        try:
            return await self._api.get(resource.path(namespace, name))
        except NotFoundError:
            return None


async def _gone_is_fine(deleting: Awaitable[None]) -> None:
    """A conflict means the same: another object has the name now, and its uid is not the one we named."""
    with contextlib.suppress(NotFoundError, ConflictError):
        await deleting


def _proven(recorded: ModelMonitorStatus, rollout: RolloutStatus) -> bool:
    """Whether the status that wants a rollout has the comparison from which it follows; a rollback needs none.

    The decision has seen to that. A status that was edited has not been decided on.
    """
    if rollout.direction is Direction.BACK:
        return True
    candidate, last = recorded.candidate, recorded.last_attempt
    return (
        candidate is not None
        and candidate.uri == rollout.to_uri
        and last is not None
        and last.comparison is not None
        and last.comparison.verdict is Comparison.BETTER
    )


def _user(seen: Observation) -> str:
    return service_account_user(seen.namespace, seen.spec.service_account_name)
