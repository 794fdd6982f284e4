"""Model (Seldon Core 2): what it serves, whether a roll is finished, and the patch that moves its model.

Its status never says which spec it speaks of (observedGeneration is in the schema and never set), so that it still says
ready of the old model just after a patch. But Seldon's operator drops what it hears of another generation than the
live one: whatever changes in the condition ModelReady after the patch is about the new model. So a roll is finished
when ModelReady is True *since* the roll began. Its message holds the state, its reason says why.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from modelmonitor.api.serving import SeldonModelRef
from modelmonitor.domain.observation import Problem, Progress, ServingSeen
from modelmonitor.kube.resources import SELDON_MODELS
from modelmonitor.serving.protocol import (
    JsonPatch,
    Live,
    Manifest,
    Move,
    ServingKey,
    ServingKind,
    Watched,
    annotate,
    itself,
    rollout_id,
)

GRACE: Final = timedelta(minutes=1)
"""A model that fails to load is given so long to be loaded elsewhere: Seldon tries other servers."""
_FAILED: Final = "ModelFailed"


@dataclass(frozen=True, slots=True)
class Readiness:
    """The condition ModelReady."""

    ready: bool
    state: str
    reason: str
    since: datetime | None


@dataclass(frozen=True, slots=True)
class SeldonModelSeen:
    """What a decision needs of a Model. `observed` and `available` are None where the status does not say them."""

    namespace: str
    name: str
    uid: str
    generation: int
    annotated: bool
    rollout_id: int
    uri: str
    versioned: bool
    readiness: Readiness | None
    observed: int | None
    replicas: int
    available: int | None

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """Read a live object; anything may be missing (just after creation there is no status)."""
        meta, spec, status = raw["metadata"], raw.get("spec") or {}, raw.get("status") or {}
        return cls(
            namespace=meta["namespace"],
            name=meta["name"],
            uid=meta["uid"],
            generation=int(meta.get("generation", 0)),
            annotated=meta.get("annotations") is not None,
            rollout_id=rollout_id(meta.get("annotations") or {}),
            uri=str(spec.get("storageUri") or ""),
            versioned=spec.get("artifactVersion") is not None,
            readiness=_readiness(status),
            observed=int(status["observedGeneration"]) if "observedGeneration" in status else None,
            replicas=int(status.get("replicas", 0)),
            available=int(status["availableReplicas"]) if "availableReplicas" in status else None,
        )


_HOLDERS: Final = Watched(SELDON_MODELS, "", SeldonModelSeen.of, itself)
KIND: Final = ServingKind("seldonModel", _HOLDERS)


@dataclass(frozen=True, slots=True)
class SeldonModelTarget:
    """A Model of Seldon Core 2."""

    model: SeldonModelRef

    @property
    def kind(self) -> ServingKind:
        """What serves it."""
        return KIND

    @property
    def key(self) -> ServingKey:
        """The Model."""
        return ServingKey(SELDON_MODELS.kind, self.model.name)

    def observe(self, live: Live, *, now: datetime, since: datetime | None) -> ServingSeen | Problem:
        """The Model as a decision sees it."""
        seen = live.get(_HOLDERS, self.model.name)
        if seen is None:
            return Problem(
                "ServingTargetNotFound",
                f"spec.model.serving.seldonModel: there is no Model {self.model.name} (mlops.seldon.io) in this "
                "namespace. Create it, or name another one.",
            )
        if not seen.uri:
            return Problem(
                "ServingModelWithoutUri",
                f"spec.model.serving.seldonModel: Model {self.model.name} has no storageUri. Set it.",
            )
        if seen.versioned:
            return Problem(
                "ServingModelVersioned",
                f"spec.model.serving.seldonModel: Model {self.model.name} has an artifactVersion, which chooses a "
                "folder inside storageUri. Name that folder in storageUri, and remove artifactVersion.",
            )
        progress, detail = _progress(seen, now, since)
        place = f"spec.storageUri of Model {self.model.name}"
        return ServingSeen(seen.uid, seen.generation, seen.uri, seen.rollout_id, progress, detail, place)

    def turns(self, live: Live, *, now: datetime, since: datetime | None) -> Iterator[datetime]:
        """When a model that does not load is given up."""
        seen = live.get(_HOLDERS, self.model.name)
        gives_up = _gives_up_at(seen.readiness, since) if seen is not None else None
        if gives_up is not None and gives_up > now:
            yield gives_up

    def patch(self, live: Live, move: Move) -> JsonPatch | None:
        """The storageUri."""
        seen = live.get(_HOLDERS, self.model.name)
        if seen is None or seen.uid != move.uid:
            return None
        return [
            {"op": "test", "path": "/metadata/uid", "value": move.uid},
            {"op": "test", "path": "/metadata/generation", "value": move.generation},
            {"op": "test", "path": "/spec/storageUri", "value": move.from_uri},
            {"op": "replace", "path": "/spec/storageUri", "value": move.to_uri},
            *annotate(annotated=seen.annotated, rollout_id=move.rollout_id),
        ]

    def manifest(self, uri: str, *, digest: str | None, rollout_id: int) -> Manifest | None:
        """Somebody else makes it."""
        return None


def _progress(seen: SeldonModelSeen, now: datetime, since: datetime | None) -> tuple[Progress, str]:
    told = seen.readiness
    if told is None:
        return Progress.UNDER_WAY, "the Model has no condition ModelReady yet"
    outdated = since is not None and (told.since is None or told.since < since)
    if outdated or (seen.observed is not None and seen.observed < seen.generation):
        return Progress.UNDER_WAY, "the Model's status still speaks of the model before"
    says = ": ".join(part for part in (told.state, told.reason) if part) or "nothing"
    if not told.ready:
        gives_up = _gives_up_at(told, since)
        failed = gives_up is not None and now >= gives_up
        return Progress.FAILED if failed else Progress.UNDER_WAY, f"the Model says {says}"
    if seen.available is not None and seen.available < seen.replicas:
        return Progress.UNDER_WAY, f"{seen.available} of {seen.replicas} replicas are available"
    return Progress.DONE, ""


def _gives_up_at(told: Readiness | None, since: datetime | None) -> datetime | None:
    """When the roll that began at `since` is given up; None while it has not failed.

    That no server has room is not the model's failure, and may pass: the rollout's own deadline is for that.
    """
    if told is None or told.ready or told.state != _FAILED or since is None or told.since is None or told.since < since:
        return None
    return told.since + GRACE


def _readiness(status: Mapping[str, Any]) -> Readiness | None:
    for one in status.get("conditions") or []:
        if one.get("type") == "ModelReady":
            since = one.get("lastTransitionTime")
            return Readiness(
                ready=one.get("status") == "True",
                state=str(one.get("message") or ""),
                reason=str(one.get("reason") or ""),
                since=datetime.fromisoformat(since) if since else None,
            )
    return None
