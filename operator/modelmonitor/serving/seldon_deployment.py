"""SeldonDeployment (Seldon Core 1): what it serves, whether a roll is finished, and the patch that moves its model.

Its own `status.state` is no proof of anything: it says Available for up to a quarter of a second after a patch, may
flash Available in the middle of a roll, stays Creating for ever after a bad roll beside a live old pod, and never says
which spec it speaks of (all recorded, tests/data/seldon). The proof is in the Deployments that it owns.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Self

from modelmonitor.api.monitor import SeldonDeploymentRef
from modelmonitor.domain.observation import Problem, Progress, ServingSeen

ROLLOUT_ANNOTATION: Final = "modelmonitor.dev/rollout"
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
            rollout_id=_rollout_id(meta.get("annotations") or {}),
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


def observe(
    target: SeldonDeploymentRef,
    live: SeldonDeploymentSeen | None,
    deployments: Iterable[DeploymentSeen],
    *,
    now: datetime,
    since: datetime | None = None,
) -> ServingSeen | Problem:
    """The serving object as a decision sees it, or what cannot be found.

    Args:
        target: The node whose model is looked at.
        live: The SeldonDeployment, if there is one.
        deployments: The Deployments of its namespace.
        now: The time.
        since: When the roll began that is under way, if one is. Only such a roll can fail.
    """
    if live is None:
        return Problem(
            "ServingTargetNotFound",
            f"spec.model.serving.seldonDeployment: there is no SeldonDeployment {target.name} in this namespace. "
            "Create it, or name another one.",
        )
    node = next((one for one in live.nodes if one.predictor == target.predictor and one.name == target.node), None)
    if node is None:
        known = ", ".join(f"{one.predictor}/{one.name}" for one in live.nodes) or "none"
        return Problem(
            "ServingNodeNotFound",
            f"spec.model.serving.seldonDeployment: {target.name} has no node {target.node} in predictor "
            f"{target.predictor} (it has predictor/node: {known}). Name one of them.",
        )
    if not node.uri:
        return Problem(
            "ServingNodeWithoutModel",
            f"spec.model.serving.seldonDeployment: node {target.node} of {target.name} has no modelUri. "
            "Name the node that has one.",
        )
    owned = [one for one in deployments if one.owner_uid == live.uid and one.predictor in ("", target.predictor)]
    progress, detail = _progress(live, target, node.uri, owned, now, since)
    return ServingSeen(live.uid, live.generation, node.uri, live.rollout_id, progress, detail)


def turns(
    live: SeldonDeploymentSeen, deployments: Iterable[DeploymentSeen], *, now: datetime, since: datetime | None
) -> Iterator[datetime]:
    """When `observe` will say something else although nothing happens."""
    for one in deployments:
        fails_at = one.fails_at(since) if one.owner_uid == live.uid else None
        if fails_at is not None and fails_at > now:
            yield fails_at


def _progress(
    live: SeldonDeploymentSeen,
    target: SeldonDeploymentRef,
    uri: str,
    owned: list[DeploymentSeen],
    now: datetime,
    since: datetime | None,
) -> tuple[Progress, str]:
    loading = [one for one in owned if target.node in one.models]
    if not loading:
        return Progress.UNDER_WAY, "no Deployment loads the node's model yet"
    for one in owned:
        if one in loading and not one.loads(target.node, uri):
            return Progress.UNDER_WAY, f"Deployment {one.name} still loads another model"
        fails_at = one.fails_at(since)
        if fails_at is not None and now >= fails_at:
            return Progress.FAILED, f"Deployment {one.name}: {one.stopped}"
        if not one.settled:
            return (
                Progress.UNDER_WAY,
                f"Deployment {one.name}: {one.updated} of {one.wanted} updated, {one.available} available",
            )
    if live.state != "Available":
        return Progress.UNDER_WAY, f"the Deployments are ready, the SeldonDeployment says {live.state or 'nothing'}"
    return Progress.DONE, ""


def rollout_patch(
    live: SeldonDeploymentSeen,
    target: SeldonDeploymentRef,
    *,
    rollout_id: int,
    generation: int,
    from_uri: str,
    to_uri: str,
) -> list[dict[str, Any]] | None:
    """The JSON Patch of a rollout: tests that it is still the object we saw, then the URI and our annotation.

    Generation, not resourceVersion, is tested: the status is written several times in each roll, the spec only by
    people. None when the node is no longer there.
    """
    node = next((one for one in live.nodes if one.predictor == target.predictor and one.name == target.node), None)
    if node is None:
        return None
    return [
        {"op": "test", "path": "/metadata/uid", "value": live.uid},
        {"op": "test", "path": "/metadata/generation", "value": generation},
        {"op": "test", "path": f"{node.pointer.partition('/graph')[0]}/name", "value": target.predictor},
        {"op": "test", "path": f"{node.pointer}/name", "value": target.node},
        {"op": "test", "path": f"{node.pointer}/modelUri", "value": from_uri},
        {"op": "replace", "path": f"{node.pointer}/modelUri", "value": to_uri},
        *_annotate(live, rollout_id),
    ]


def _annotate(live: SeldonDeploymentSeen, rollout_id: int) -> list[dict[str, Any]]:
    if live.annotated:
        path = f"/metadata/annotations/{ROLLOUT_ANNOTATION.replace('/', '~1')}"
        return [{"op": "add", "path": path, "value": str(rollout_id)}]
    # Metadata has no generation: the test makes sure that no annotation came in between, to be overwritten here.
    return [
        {"op": "test", "path": "/metadata/annotations", "value": None},
        {"op": "add", "path": "/metadata/annotations", "value": {ROLLOUT_ANNOTATION: str(rollout_id)}},
    ]


def _nodes(predictor: str, graph: Any, pointer: str) -> Iterable[Node]:
    if not isinstance(graph, Mapping):
        return
    yield Node(predictor, str(graph.get("name", "")), pointer, str(graph.get("modelUri") or ""))
    for index, child in enumerate(graph.get("children") or []):
        yield from _nodes(predictor, child, f"{pointer}/children/{index}")


def _rollout_id(annotations: Mapping[str, str]) -> int:
    text = annotations.get(ROLLOUT_ANNOTATION, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


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
