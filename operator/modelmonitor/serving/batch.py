"""Batch: nothing serves the model. Its URI is in a ConfigMap that batch jobs read, and that the operator keeps.

A ConfigMap has no generation. Only people and we write it, so its resourceVersion is as good: any write in between
makes a patch fail.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from modelmonitor.api.serving import Batch
from modelmonitor.domain.observation import Absent, Problem, Progress, ServingSeen
from modelmonitor.kube.resources import CONFIG_MAPS
from modelmonitor.serving.protocol import (
    ROLLOUT_ANNOTATION,
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

LABEL: Final = "modelmonitor.dev/serving"
SELECTOR: Final = f"{LABEL}=batch"
_MODEL_URI, _VERSION, _DIGEST = "modelUri", "version", "digest"


@dataclass(frozen=True, slots=True)
class ConfigMapSeen:
    """What a decision needs of a ConfigMap."""

    namespace: str
    name: str
    uid: str
    version: int
    annotated: bool
    rollout_id: int
    uri: str

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """Read a live object."""
        meta = raw["metadata"]
        return cls(
            namespace=meta["namespace"],
            name=meta["name"],
            uid=meta["uid"],
            version=int(meta["resourceVersion"]),
            annotated=meta.get("annotations") is not None,
            rollout_id=rollout_id(meta.get("annotations") or {}),
            uri=str((raw.get("data") or {}).get(_MODEL_URI) or ""),
        )


# Those with our label only: the others are no business of ours, and there are many.
_HOLDERS: Final = Watched(CONFIG_MAPS, SELECTOR, ConfigMapSeen.of, itself)
KIND: Final = ServingKind("batch", _HOLDERS)


@dataclass(frozen=True, slots=True)
class BatchTarget:
    """The ConfigMap of a monitor."""

    batch: Batch
    monitor: str

    @property
    def kind(self) -> ServingKind:
        """What holds the URI."""
        return KIND

    @property
    def key(self) -> ServingKey:
        """The ConfigMap."""
        return ServingKey(CONFIG_MAPS.kind, self.batch.config_map or f"{self.monitor}-model")

    def observe(self, live: Live, *, now: datetime, since: datetime | None) -> ServingSeen | Problem:
        """The ConfigMap as a decision sees it. What is written there is in service: a roll is done at once."""
        name, seen = self.key.name, live.get(_HOLDERS, self.key.name)
        if seen is None:
            return Absent(
                "ServingTargetNotFound",
                f"spec.model.serving.batch: there is no ConfigMap {name} with the label {LABEL}: batch. Create it with "
                f"the key {_MODEL_URI}.",
                self.batch.uri,
            )
        if not seen.uri:
            return Problem(
                "ServingModelWithoutUri",
                f"spec.model.serving.batch: ConfigMap {name} has no {_MODEL_URI}. Set it, or delete the ConfigMap: it "
                "is made again.",
            )
        place = f"data.{_MODEL_URI} of ConfigMap {name}"
        return ServingSeen(seen.uid, seen.version, seen.uri, seen.rollout_id, Progress.DONE, place=place)

    def turns(self, live: Live, *, now: datetime, since: datetime | None) -> Iterator[datetime]:
        """Never."""
        return iter(())

    def patch(self, live: Live, move: Move) -> JsonPatch | None:
        """The three keys."""
        seen = live.get(_HOLDERS, self.key.name)
        if seen is None or seen.uid != move.uid:
            return None
        return [
            {"op": "test", "path": "/metadata/uid", "value": move.uid},
            {"op": "test", "path": "/metadata/resourceVersion", "value": str(move.generation)},
            {"op": "test", "path": f"/data/{_MODEL_URI}", "value": move.from_uri},
            {"op": "replace", "path": f"/data/{_MODEL_URI}", "value": move.to_uri},
            {"op": "add", "path": f"/data/{_VERSION}", "value": str(move.rollout_id)},
            {"op": "add", "path": f"/data/{_DIGEST}", "value": move.digest or ""},
            *annotate(annotated=seen.annotated, rollout_id=move.rollout_id),
        ]

    def manifest(self, uri: str, *, digest: str | None, rollout_id: int) -> Manifest | None:
        """The ConfigMap as it is made. No ownerReference: that a monitor is deleted must not stop a batch job."""
        return {
            "apiVersion": CONFIG_MAPS.api_version,
            "kind": CONFIG_MAPS.kind,
            "metadata": {
                "name": self.key.name,
                "labels": {LABEL: "batch"},
                "annotations": {ROLLOUT_ANNOTATION: str(rollout_id)},
            },
            "data": {_MODEL_URI: uri, _VERSION: str(rollout_id), _DIGEST: digest or ""},
        }
