"""SeldonDeployment (Seldon Core 1): what it serves, whether a roll is finished, and the patch that moves its model.

Its own `status.state` is no proof of anything: it says Available for up to a quarter of a second after a patch, may
flash Available in the middle of a roll, stays Creating for ever after a bad roll beside a live old pod, and never says
which spec it speaks of (all recorded, tests/data/seldon). The proof is in the Deployments that it owns.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from modelmonitor.api.serving import SeldonDeploymentRef
from modelmonitor.domain.observation import Problem, Progress, ServingSeen
from modelmonitor.kube.resources import DEPLOYMENTS, SELDON_DEPLOYMENTS
from modelmonitor.serving.protocol import (
    JsonPatch,
    Live,
    Manifest,
    Move,
    ServingKey,
    ServingKind,
    Watched,
    annotate,
    controller_of,
    itself,
)
from modelmonitor.serving.seldon_objects import DeploymentSeen, SeldonDeploymentSeen

_HOLDERS: Final = Watched(SELDON_DEPLOYMENTS, "", SeldonDeploymentSeen.of, itself)
# Seldon gives the label to all its Deployments, also where names become md5 sums.
_DEPLOYMENTS: Final = Watched(DEPLOYMENTS, "seldon-deployment-id", DeploymentSeen.of, controller_of)
KIND: Final = ServingKind("seldonDeployment", _HOLDERS, (_DEPLOYMENTS,))


@dataclass(frozen=True, slots=True)
class SeldonDeploymentTarget:
    """A node of a SeldonDeployment."""

    node: SeldonDeploymentRef

    @property
    def kind(self) -> ServingKind:
        """What serves it."""
        return KIND

    @property
    def key(self) -> ServingKey:
        """The node."""
        return ServingKey(SELDON_DEPLOYMENTS.kind, self.node.name, f"{self.node.predictor}/{self.node.node}")

    def observe(self, live: Live, *, now: datetime, since: datetime | None) -> ServingSeen | Problem:
        """See `observe` below."""
        holder = live.get(_HOLDERS, self.node.name)
        return observe(self.node, holder, live.inside(_DEPLOYMENTS), now=now, since=since)

    def turns(self, live: Live, *, now: datetime, since: datetime | None) -> Iterator[datetime]:
        """When a Deployment is given up."""
        holder = live.get(_HOLDERS, self.node.name)
        if holder is not None:
            yield from turns(holder, live.inside(_DEPLOYMENTS), now=now, since=since)

    def patch(self, live: Live, move: Move) -> JsonPatch | None:
        """The node's modelUri."""
        holder = live.get(_HOLDERS, self.node.name)
        if holder is None or holder.uid != move.uid:
            return None
        return rollout_patch(
            holder,
            self.node,
            rollout_id=move.rollout_id,
            generation=move.generation,
            from_uri=move.from_uri,
            to_uri=move.to_uri,
        )

    def manifest(self, uri: str, *, digest: str | None, rollout_id: int) -> Manifest | None:
        """Somebody else makes it."""
        return None


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
    place = f"modelUri of node {target.node} in predictor {target.predictor} of SeldonDeployment {target.name}"
    return ServingSeen(live.uid, live.generation, node.uri, live.rollout_id, progress, detail, place)


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
) -> JsonPatch | None:
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
        *annotate(annotated=live.annotated, rollout_id=rollout_id),
    ]
