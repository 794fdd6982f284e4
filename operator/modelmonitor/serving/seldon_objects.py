"""What is read of SeldonDeployments and of the Deployments that they own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from modelmonitor.serving.protocol import rollout_id

GRACE: Final = timedelta(minutes=1)
_INITIALIZER: Final = "-model-initializer"


@dataclass(frozen=True, slots=True)
class Node:
    """A graph node: where it is in the spec, and its model."""

    predictor: str
    name: str
    pointer: str
    uri: str


@dataclass(frozen=True, slots=True)
class SeldonDeploymentSeen:
    """What a decision needs of a SeldonDeployment."""

    namespace: str
    name: str
    uid: str
    generation: int
    state: str
    annotated: bool
    rollout_id: int
    nodes: tuple[Node, ...]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """Read a live object; anything may be missing (just after creation there is no status)."""
        meta = raw["metadata"]
        predictors = (raw.get("spec") or {}).get("predictors") or []
        nodes = [
            node
            for index, predictor in enumerate(predictors)
            for node in _nodes(
                str(predictor.get("name", "")), predictor.get("graph"), f"/spec/predictors/{index}/graph"
            )
        ]
        return cls(
            namespace=meta["namespace"],
            name=meta["name"],
            uid=meta["uid"],
            generation=int(meta.get("generation", 0)),
            state=str((raw.get("status") or {}).get("state", "")),
            annotated=meta.get("annotations") is not None,
            rollout_id=rollout_id(meta.get("annotations") or {}),
            nodes=tuple(nodes),
        )


@dataclass(frozen=True, slots=True)
class DeploymentSeen:
    """What a decision needs of a Deployment that belongs to a SeldonDeployment.

    `models` maps a node's name to the URI that its init container loads.
    """

    namespace: str
    name: str
    owner_uid: str
    predictor: str
    current: bool
    wanted: int
    updated: int
    total: int
    available: int
    unavailable: int
    stopped: str
    stopped_at: datetime | None
    models: Mapping[str, str]

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """Read a live object."""
        meta, spec, status = raw["metadata"], raw.get("spec") or {}, raw.get("status") or {}
        pod = (spec.get("template") or {}).get("spec") or {}
        owners = [owner for owner in meta.get("ownerReferences") or [] if owner.get("controller")]
        stopped, stopped_at = _stopped(status)
        return cls(
            namespace=meta["namespace"],
            name=meta["name"],
            owner_uid=str(owners[0]["uid"]) if owners else "",
            predictor=_predictor_of(pod),
            current=int(status.get("observedGeneration", 0)) >= int(meta.get("generation", 0)),
            wanted=int(spec.get("replicas", 1)),
            updated=int(status.get("updatedReplicas", 0)),
            total=int(status.get("replicas", 0)),
            available=int(status.get("availableReplicas", 0)),
            unavailable=int(status.get("unavailableReplicas", 0)),
            stopped=stopped,
            stopped_at=stopped_at,
            models={
                container["name"].removesuffix(_INITIALIZER): str((container.get("args") or [""])[0])
                for container in pod.get("initContainers") or []
                if str(container.get("name", "")).endswith(_INITIALIZER)
            },
        )

    def loads(self, node: str, uri: str) -> bool:
        """Whether its pods are to load this model; a `pvc://claim/path` reaches the initializer as a mounted path."""
        wanted = uri if not uri.startswith("pvc://") else "/mnt/pvc/" + uri.removeprefix("pvc://").partition("/")[2]
        return self.models.get(node) == wanted

    @property
    def settled(self) -> bool:
        """Every replica is of the newest template and available, and no old one is left."""
        return self.current and self.updated == self.total == self.available == self.wanted and self.unavailable == 0

    def fails_at(self, since: datetime | None) -> datetime | None:
        """When the roll that began at `since` is given up: some time after the Deployment's own progress deadline.

        Not at the deadline itself. With one of 20 s a good model was past it for 3.7 s when it was first created and
        for 0.8 s when it was rolled (recorded, deadline20-good-model), since a pod is Ready after 21 s at the
        earliest: to roll back there would have taken away the better model. A model that does not load stays past
        its deadline, and meanwhile the old one serves, so that waiting costs nothing.

        And not for a deadline that passed before: for some milliseconds after the next roll has begun the Deployment
        still says so of the roll before (recorded, bad-init-deadline60).
        """
        if since is None or self.stopped_at is None or self.stopped_at < since or not self.current or self.settled:
            return None
        return self.stopped_at + GRACE


def _nodes(predictor: str, graph: Any, pointer: str) -> Iterable[Node]:
    if not isinstance(graph, Mapping):
        return
    yield Node(predictor, str(graph.get("name", "")), pointer, str(graph.get("modelUri") or ""))
    for index, child in enumerate(graph.get("children") or []):
        yield from _nodes(predictor, child, f"{pointer}/children/{index}")


def _predictor_of(pod: Mapping[str, Any]) -> str:
    """The predictor that a pod belongs to: names and labels become md5 sums when long, this variable never does."""
    for container in pod.get("containers") or []:
        for variable in container.get("env") or []:
            if variable.get("name") == "PREDICTOR_ID":
                return str(variable.get("value", ""))
    return ""


def _stopped(status: Mapping[str, Any]) -> tuple[str, datetime | None]:
    for condition in status.get("conditions") or []:
        if condition.get("type") == "Progressing" and condition.get("reason") == "ProgressDeadlineExceeded":
            message = str(condition.get("message") or "its progress deadline is exceeded")
            since = condition.get("lastTransitionTime")
            return message, datetime.fromisoformat(since) if since else None
    return "", None
