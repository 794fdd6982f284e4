"""What the operator knows of the cluster: projections, fed by watches and by every answer of the API server."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from modelmonitor.controller.projections import ActiveEvaluation, JobView, Key, MonitorSeen, PodView
from modelmonitor.serving.seldon_deployment import DeploymentSeen, SeldonDeploymentSeen

T = TypeVar("T")
Raw = Mapping[str, Any]


@dataclass(slots=True)
class _Entry(Generic[T]):
    version: int
    value: T


class Store(Generic[T]):
    """Projections of one kind by namespace and name; an older version never replaces a newer one.

    A watch event may arrive after the answer to our own write. Without the comparison the cache would step back in
    time, and the next decision would do again what has just been done.
    """

    def __init__(self, project: Callable[[Raw], T]) -> None:
        self._project = project
        self._entries: dict[str, dict[str, _Entry[T]]] = {}
        self._gone: dict[str, int] = {}

    def apply(self, raw: Raw) -> None:
        """Learn of an object."""
        meta = raw["metadata"]
        version = int(meta["resourceVersion"])
        inside = self._entries.setdefault(meta["namespace"], {})
        known = inside.get(meta["name"])
        if (known is not None and known.version > version) or self._gone.get(meta["uid"], -1) >= version:
            return
        inside[meta["name"]] = _Entry(version, self._project(raw))

    def remove(self, raw: Raw) -> None:
        """Learn that an object is gone."""
        meta = raw["metadata"]
        # Bounded: only the latest removals can still be overtaken by an event that was under way.
        self._gone[meta["uid"]] = int(meta["resourceVersion"])
        if len(self._gone) > 1000:
            del self._gone[next(iter(self._gone))]
        self.forget(meta["namespace"], meta["name"])

    def forget(self, namespace: str, name: str) -> None:
        """Learn from a 404 that an object is gone."""
        self._entries.get(namespace, {}).pop(name, None)

    def get(self, namespace: str, name: str) -> T | None:
        """One object."""
        entry = self._entries.get(namespace, {}).get(name)
        return entry.value if entry else None

    def inside(self, namespace: str) -> Iterator[T]:
        """All objects of a namespace."""
        return (entry.value for entry in list(self._entries.get(namespace, {}).values()))

    def __iter__(self) -> Iterator[T]:
        return (value for namespace in list(self._entries) for value in self.inside(namespace))


@dataclass(frozen=True, slots=True)
class Explained:
    """What the Events of a waiting Job say."""

    message: str
    at: datetime


@dataclass(slots=True)
class Cache:
    """Everything that is known."""

    monitors: Store[MonitorSeen] = field(default_factory=lambda: Store(MonitorSeen.of))
    evaluations: Store[ActiveEvaluation] = field(default_factory=lambda: Store(ActiveEvaluation.of))
    jobs: Store[JobView] = field(default_factory=lambda: Store(JobView.of))
    pods: Store[PodView] = field(default_factory=lambda: Store(PodView.of))
    seldon_deployments: Store[SeldonDeploymentSeen] = field(default_factory=lambda: Store(SeldonDeploymentSeen.of))
    deployments: Store[DeploymentSeen] = field(default_factory=lambda: Store(DeploymentSeen.of))
    explained: dict[str, Explained] = field(default_factory=dict)
    """By a Job's uid."""
    deleted: set[str] = field(default_factory=set)
    """uids of Jobs that were looked for and are gone."""
    asked: set[str] = field(default_factory=set)
    """uids of finished Jobs whose Pods were read from the API server."""

    def monitors_of(self, namespace: str, seldon_deployment: str) -> list[Key]:
        """The monitors that look at a SeldonDeployment."""
        needle = f'"name": "{seldon_deployment}"'
        return [one.key for one in self.monitors.inside(namespace) if needle in one.target]
